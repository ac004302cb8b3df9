using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Administration;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using TeamAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<Orchestration.Workflows.Staff.TeamDetails>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;

namespace Orchestration.Host.Staff;

/// <summary>The API of teams, for administrators.</summary>
internal static class StaffTeamEndpoints
{
    public static void MapStaffTeams(this WebApplication app)
    {
        var api = app.MapGroup("/api/teams").WithTags("Teams").RequireAuthorization(Permissions.ManagePeople);
        api.MapGet("", async (NpgsqlDataSource database, CancellationToken cancel) => TypedResults.Ok(await TeamDetails.ListAsync(database, cancel)))
            .WithSummary("Lists teams with their lead and members");
        api.MapGet(
                "/{key}",
                async Task<TeamAnswer> (string key, NpgsqlDataSource database, CancellationToken cancel) =>
                    await TeamDetails.FindAsync(database, key, cancel) is { } team ? TypedResults.Ok(team) : Problems.NotFound("team", key)
            )
            .WithSummary("Gets a team")
            .ProducesProblem(404);
        api.MapPost(
                "",
                async Task<Results<Created<TeamDetails>, ProblemHttpResult>> (AddTeamBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                {
                    var data = body.Data;
                    var result = await SaveTeam.AddAsync(runtime, data, me.UserName, cancel);
                    return result is StaffResult.Done
                        ? TypedResults.Created($"/api/teams/{data.Key.Trim()}", await TeamDetails.FindAsync(runtime.Database, data.Key.Trim(), cancel))
                        : StaffAnswers.Refused(result, "team", data.Key);
                }
            )
            .WithSummary("Adds a team")
            .ProducesProblem(422);
        api.MapPut(
                "/{key}",
                async Task<TeamAnswer> (string key, ChangeTeamBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await SaveTeam.ChangeAsync(runtime, body.Revision ?? 0, body.Data(key), me.UserName, cancel), runtime, key, cancel)
            )
            .WithSummary("Changes a team's title, description, lead, members, office and time zone")
            .Changes();
        api.MapPost(
                "/{key}/retire",
                (string key, RevisionBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    RetireAsync(key, body, true, runtime, me, cancel)
            )
            .WithSummary("Retires a team: it isn't offered for new work, and its members finish what it has")
            .Changes();
        api.MapPost(
                "/{key}/restore",
                (string key, RevisionBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    RetireAsync(key, body, false, runtime, me, cancel)
            )
            .WithSummary("Restores a retired team")
            .Changes();
        api.MapPost("/import", ImportAsync)
            .WithSummary("Previews a CSV file of teams, or applies it; with an error in any line nothing is imported")
            .WithDescription(
                $"Columns: {string.Join(", ", ImportTeams.Columns)}. `lines` of a 422 are all errors, with line, column and reason. Send `apply=true` and the "
                    + "`fingerprint` of a preview to apply it."
            )
            .TakesCsv();
        api.MapGet("/import/sample", () => StaffAnswers.Sample(ImportTeams.Sample, "teams.csv")).WithSummary("Downloads a sample file");
    }

    private static async Task<TeamAnswer> RetireAsync(
        string key,
        RevisionBody body,
        bool retire,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) => await AnswerAsync(await SaveTeam.RetireAsync(runtime, key, body.Revision ?? 0, retire, me.UserName, cancel), runtime, key, cancel);

    private static async Task<Results<Ok<ImportAnswer>, ProblemHttpResult>> ImportAsync(
        bool? apply,
        string? fingerprint,
        HttpRequest request,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        StaffAnswers.Of(
            await StaffAnswers.TextAsync(request, cancel) is { } file
                ? await ImportTeams.RunAsync(runtime, file, apply == true, fingerprint, me.UserName, cancel)
                : StaffAnswers.NotText
        );

    private static async Task<TeamAnswer> AnswerAsync(StaffResult result, WorkflowRuntime runtime, string key, CancellationToken cancel) =>
        result is StaffResult.Done && await TeamDetails.FindAsync(runtime.Database, key, cancel) is { } team
            ? TypedResults.Ok(team)
            : StaffAnswers.Refused(result, "team", key);
}
