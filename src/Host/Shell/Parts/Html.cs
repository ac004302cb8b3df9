using System.Reflection;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Orchestration.Host.Shell.Parts;

/// <summary>Answers with rendered components.</summary>
internal static class Html
{
    /// <summary>
    /// A page, or a part of one, with the parameters that were set: <c>Html.Page(new WorkPage { Work = work, Me = me })</c>. The compiler
    /// checks their names and types, and that none that is required is missing.
    /// </summary>
    public static RazorComponentResult<TPage> Page<TPage>(TPage page, int status = StatusCodes.Status200OK)
        where TPage : IComponent =>
        new(Parameters<TPage>.All.ToDictionary(parameter => parameter.Name, parameter => parameter.GetValue(page))) { StatusCode = status };

    private static class Parameters<TPage>
    {
        public static readonly PropertyInfo[] All = [.. typeof(TPage).GetProperties().Where(p => p.IsDefined(typeof(ParameterAttribute)))];
    }
}
