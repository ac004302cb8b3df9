using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Background;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Workflows.Jobs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks.Bulk;

/// <summary>One of many and how it went.</summary>
/// <param name="Id">Which.</param>
/// <param name="Title">What it is called; null when whoever asked may not see it.</param>
/// <param name="Refused">Why not, in words; null: it was done.</param>
public sealed record BulkOutcome(Guid Id, string? Title, string? Refused);

/// <summary>The same of many tasks of a list, with an answer for each.</summary>
internal static class BulkPages
{
    public const string TaskField = ":task";
    public const string VerbField = ":verb";

    public static void Map(WebApplication app) =>
        app.MapPost(
                "/tasks/bulk",
                async (HttpContext http, TaskRuntime tasks, BackgroundWork work, Person me, CancellationToken cancel) =>
                {
                    var form = await http.Request.ReadFormAsync(cancel);
                    var operation = form[TaskFields.Operation].ToString();
                    var items = form[TaskField].OfType<string>().Select(Item).OfType<BulkItem>().DistinctBy(item => item.Id).ToList();
                    var asked = new BulkVerb(
                        form[VerbField].ToString(),
                        form[TaskFields.Person].ToString(),
                        TaskFields.Number(form, TaskFields.Priority),
                        form[TaskFields.Reason].ToString() is { Length: > 0 } reason ? reason : null,
                        Until(form, tasks.Runtime.Clock.Now())?.ToDateTimeOffset()
                    );
                    var verb = asked.On(tasks, me, cancel);
                    var to = Requests.LocalOr(form[TaskFields.To], "/");
                    if (verb is null || operation.Length is 0 or > 160 || items.Count > WorkOrder.MaxItems)
                        return Results.BadRequest();
                    if (items.Count == 0)
                        return Results.LocalRedirect(to);
                    if (items.Count > BulkTasks.MaxItems)
                        return await work.AskAsync(new WorkOrder.Bulk(asked, items), operation, me, cancel) is { } id
                            ? Results.LocalRedirect(WorkWords.Page(id))
                            : Results.BadRequest();

                    var answers = await BulkTasks.RunAsync(items, operation, verb);
                    if (answers.All(one => one.Result is TaskResult.Done))
                        return Results.LocalRedirect(
                            $"{to}{(to.Contains('?', StringComparison.Ordinal) ? '&' : '?')}did={answers.Count.ToString(CultureInfo.InvariantCulture)}"
                        );
                    var names = await TeamQueries.NamesAsync(tasks.Runtime.Database, answers.Select(one => Words.WhoElse(one.Result)).OfType<string>(), cancel);
                    var outcomes = new List<BulkOutcome>();
                    foreach (var one in answers)
                    {
                        var task = await TaskDetail.FindAsync(tasks.Runtime, one.Id, me, cancel);
                        outcomes.Add(
                            new(
                                one.Id,
                                task is null ? null : string.Join(", ", new[] { task.Title, task.Reference }.OfType<string>()),
                                one.Result is TaskResult.Done ? null : Words.Refusal(one.Result, names)
                            )
                        );
                    }

                    return Html.Page(new BulkPage { Outcomes = outcomes, To = to });
                }
            )
            .ExcludeFromDescription();

    private static BulkItem? Item(string text) =>
        text.Split(':') is [var id, var revision]
        && Guid.TryParseExact(id, "N", out var task)
        && int.TryParse(revision, NumberStyles.None, CultureInfo.InvariantCulture, out var seen)
            ? new(task, seen)
            : null;

    private static Instant? Until(IFormCollection form, Instant now) =>
        TaskFields.Number(form, TaskFields.Days) is { } days and > 0 and <= 366 ? now + Duration.FromDays(days) : null;
}
