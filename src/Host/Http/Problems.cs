using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Orchestration.Workflows.Storage;

namespace Orchestration.Host.Http;

/// <summary>Expected refusals as problem details (RFC 9457). Their type is <c>/problems/{code}</c>, so that a program can tell them apart.</summary>
internal static class Problems
{
    public static ProblemHttpResult Of(int status, string code, string title, string? detail = null, params ReadOnlySpan<(string Name, object? Value)> facts)
    {
        var problem = new ProblemDetails
        {
            Status = status,
            Type = $"/problems/{code}",
            Title = title,
            Detail = detail,
        };
        foreach (var (name, value) in facts)
            problem.Extensions[name] = value;
        return TypedResults.Problem(problem);
    }

    public static ProblemHttpResult NotFound(string what, object id) =>
        Of(404, "not-found", $"{char.ToUpperInvariant(what[0])}{what[1..]} not found", $"No {what} with the id {id} exists, or you don't have access to it.");

    /// <summary>The errors by field.</summary>
    public static ProblemHttpResult Invalid(
        Dictionary<string, string[]> errors,
        int status = StatusCodes.Status422UnprocessableEntity,
        string title = "The request isn't valid",
        string? detail = null
    ) =>
        TypedResults.Problem(
            new HttpValidationProblemDetails(errors)
            {
                Status = status,
                Type = "/problems/invalid",
                Title = title,
                Detail = detail,
            }
        );

    /// <summary>Checks the parameters every list has.</summary>
    public static void CheckPage(string? cursor, int limit, Dictionary<string, string[]> errors, out (DateTime At, Guid Id)? after)
    {
        if (limit is < 1 or > Cursor.MaxLimit)
            errors["limit"] = [$"must be from 1 to {Cursor.MaxLimit}"];
        if (!Cursor.TryRead(cursor, out after))
            errors["cursor"] = ["isn't a cursor of this list"];
    }
}
