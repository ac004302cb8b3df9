using System.Globalization;
using Orchestration.Engine.Storage;
using Orchestration.Host.Background;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks.Bulk;

/// <summary>One of many tasks, and how the verb went.</summary>
/// <param name="Id">The task.</param>
/// <param name="Title">Its title; null when the person may not see it.</param>
/// <param name="Refused">Why the verb was refused, as sentences; null: it was done.</param>
public sealed record BulkOutcome(Guid Id, string? Title, string? Refused);

/// <summary>One verb on many tasks of a list, with an answer for each.</summary>
internal static class BulkPages
{
    public const string TaskField = ":task";
    public const string VerbField = ":verb";

    /// <summary>Set when a verb is for everything that a list matches, and not only for what is ticked.</summary>
    public const string AllField = ":all";

    public static void Map(WebApplication app) =>
        app.MapPost(
                "/tasks/bulk",
                async (HttpContext http, BulkVerbs verbs, TaskRuntime tasks, BackgroundWork work, Person me, CancellationToken cancel) =>
                    await RunAsync(http, null, verbs, tasks, work, me, cancel)
            )
            .ExcludeFromDescription();

    /// <summary>Does the verb of a form.</summary>
    /// <param name="all">All tasks that the list matches; null: those that are ticked.</param>
    public static async Task<IResult> RunAsync(
        HttpContext http,
        IReadOnlyList<BulkItem>? all,
        BulkVerbs verbs,
        TaskRuntime tasks,
        BackgroundWork work,
        Person me,
        CancellationToken cancel
    )
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var operation = form[TaskFields.Operation].ToString();
        var items = all ?? [.. form[TaskField].OfType<string>().Select(Item).OfType<BulkItem>().DistinctBy(item => item.Id)];
        var input = TaskFields.Read(form, tasks.Runtime.Clock.Now());
        var verb = verbs.Find(form[VerbField]);

        // The bar has one field for people and one for teams: each button takes its own.
        if (verb?.Name == "forward" && input.Team is not null)
            input = input with { Person = null };
        var to = Requests.LocalOr(form[TaskFields.To], "/");
        if (BulkEndpoints.Check(verbs, verb, operation, Math.Max(1, items.Count)) is { Count: > 0 } errors)
        {
            if (!http.Request.IsPage())
                return Problems.Invalid(errors, StatusCodes.Status400BadRequest);
            var reasons = errors.Select(error => $"{Words.Humanize(error.Key)} {error.Value[0]}.");
            await ErrorHandling.WriteAsync(http, StatusCodes.Status400BadRequest, "Check what you entered", string.Join(" ", reasons));
            return Results.Empty;
        }

        if (items.Count == 0)
            return Results.LocalRedirect(to);
        if (items.Count > BulkTasks.MaxItems)
            return await work.AskAsync(new WorkOrder.Bulk(verb!.Name, input, items), operation, me, cancel) is { } id
                ? Results.LocalRedirect(WorkWords.Page(id))
                : WorkWords.Reused(operation);

        var answers = await BulkEndpoints.RunAsync(tasks, verb!, input, items, operation, me, cancel);
        if (answers.All(one => one.Refused is null) && !http.Request.IsFragment())
            return Results.LocalRedirect(
                $"{to}{(to.Contains('?', StringComparison.Ordinal) ? '&' : '?')}did={answers.Count.ToString(CultureInfo.InvariantCulture)}"
            );
        var outcomes = new List<BulkOutcome>();
        foreach (var (task, _, refused) in answers)
        {
            var found = await TaskDetail.FindAsync(tasks.Runtime, task, me, cancel);
            var title = found is null ? null : string.Join(", ", new[] { found.Title, found.Reference }.OfType<string>());
            outcomes.Add(new(task, title, refused?.Detail));
        }

        if (http.Request.IsFragment())
            return Html.Page(new BulkToasts { Outcomes = outcomes, Done = await ToldAsync(tasks, verb!.Name, input, cancel) });
        return Html.Page(new BulkPage { Outcomes = outcomes, To = to });
    }

    /// <summary>What was done, for a message: “Assigned to Sofia Rossi”.</summary>
    private static async Task<string> ToldAsync(TaskRuntime tasks, string verb, VerbInput input, CancellationToken cancel)
    {
        var database = tasks.Runtime.Database;
        var person = input.Person is { } name ? (await TeamQueries.NamesAsync(database, [name], cancel)).GetValueOrDefault(name, name) : null;
        var team = input.Team is { } key ? (await TeamQueries.ListAsync(database, cancel)).FirstOrDefault(t => t.Key == key)?.Title ?? key : null;
        return (verb, person ?? team) switch
        {
            ("assign", { } to) => $"Assigned to {to}",
            ("forward", { } to) => $"Forwarded to {to}",
            ("offer", { } to) => $"Offered to {to}",
            ("release", _) => "Returned to the team",
            _ => "Done",
        };
    }

    private static BulkItem? Item(string text) =>
        text.Split(':') is [var id, var revision]
        && Guid.TryParseExact(id, "N", out var task)
        && int.TryParse(revision, NumberStyles.None, CultureInfo.InvariantCulture, out var seen)
            ? new(task, seen)
            : null;
}
