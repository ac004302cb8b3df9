using System.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Access;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Rights;

/// <summary>Who can do what, and why: for those who give access, and those who review it.</summary>
internal static class RightsPages
{
    public const string Path = "/administration/access";

    public static void MapAccess(this WebApplication app)
    {
        var pages = app.MapGroup(Path).RequireAuthorization(Policies.SeeAccess).ExcludeFromDescription();
        pages.MapGet(
            "",
            async (HttpRequest request, WorkflowRuntime runtime, DutySettings duties, Person me, CancellationToken cancel) =>
            {
                var filter = Filter(request.Query);
                return Html.Page(
                    new RightsPage
                    {
                        Filter = filter,
                        People = await AccessReport.ReadAsync(runtime.Database, filter, cancel),
                        Roles = await CustomRoles.ListAsync(runtime.Database, cancel),
                        Refuses = duties.Mode == DutyMode.Refuse,
                        Query = request.QueryString.ToString(),
                    }
                );
            }
        );
        pages.MapGet(
            "/csv",
            async (HttpRequest request, WorkflowRuntime runtime, CancellationToken cancel) =>
                Results.File(Csv(await AccessReport.ReadAsync(runtime.Database, Filter(request.Query), cancel)), "text/csv; charset=utf-8", "access.csv")
        );
        pages.MapGet(
            "/{id:guid}",
            async (Guid id, WorkflowRuntime runtime, CancellationToken cancel) =>
                (await AccessReport.ReadAsync(runtime.Database, new(), cancel)).FirstOrDefault(person => person.Id == id) is { } person
                    ? Html.Page(new PersonAccessPage { Person = person })
                    : Results.NotFound()
        );
    }

    private static RightsFilter Filter(IQueryCollection query)
    {
        return new(Chosen("q"), Chosen("permission") is { } key && Permissions.Exists(key) ? key : null, Chosen("role"), query["conflicts"] == "true");

        string? Chosen(string name) => query[name].ToString().Replace("\0", "") is { Length: > 0 } text ? text : null;
    }

    /// <summary>A line for each person and permission, with the roles that give it.</summary>
    private static byte[] Csv(IReadOnlyList<PersonAccessRow> people)
    {
        var text = new StringBuilder("user_name,display_name,permission,title,by\r\n");
        foreach (var person in people)
        {
            foreach (var grant in person.Grants)
                text.AppendJoin(
                        ',',
                        new[]
                        {
                            person.UserName,
                            person.DisplayName,
                            grant.Permission,
                            Permissions.Title(grant.Permission),
                            string.Join("; ", grant.By),
                        }.Select(Cell)
                    )
                    .Append("\r\n");
        }

        return [.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(text.ToString())];

        // A spreadsheet takes a name that begins like a formula for one.
        static string Cell(string value) => $"\"{(value is ['=' or '+' or '-' or '@', ..] ? "'" : "")}{value.Replace("\"", "\"\"")}\"";
    }
}
