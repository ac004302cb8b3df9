using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Board;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Teams;

/// <summary>The board for programs.</summary>
internal static class BoardEndpoints
{
    public static void Map(WebApplication app) =>
        app.MapGroup("/api/board")
            .WithTags("Workforce")
            .RequireAuthorization(Policies.Steer)
            .HideWithoutRight()
            .MapGet("", ReadAsync)
            .WithSummary("Counts the open tasks of the teams you steer, by team and step")
            .WithDescription(
                "Overdue, at risk and on track go by the worst running clock of a task and its case. `yesterday` and `lastWeek` are the counts at the same "
                    + "time of day, to the nearest hour; they are null while there is no snapshot of then. Test cases don't count."
            )
            .ProducesProblem(400)
            .ProducesProblem(404);

    private static async Task<Results<Ok<TeamBoard>, ProblemHttpResult>> ReadAsync(
        WorkflowRuntime runtime,
        KeptBoards boards,
        Person me,
        CancellationToken cancel,
        [Description("Key of a team; left out: all that you steer")] string? team = null,
        [Description("Time zone of “today” for teams without one, such as Europe/London; left out: the one you chose for notifications, else UTC")]
            string? zone = null
    )
    {
        var reader = zone is null
            ? await NotificationPreferences.ZoneOfAsync(runtime.Database, me.Id, cancel) ?? DateTimeZone.Utc
            : DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone);
        if (reader is null)
            return Problems.Invalid(new() { ["zone"] = ["must be a time zone such as Europe/London"] }, StatusCodes.Status400BadRequest);
        var (teams, shown, refused) = await TeamPages.SteeredAsync(runtime, team, me, cancel);
        return refused is null
            ? TypedResults.Ok(await boards.ReadCurrentAsync(shown is null ? teams : [shown], reader, cancel))
            : Problems.NotFound("team", team ?? "");
    }
}
