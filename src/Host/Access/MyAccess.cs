using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;

namespace Orchestration.Host.Access;

/// <summary>What is recorded about someone's own opening of records.</summary>
internal static class MyAccess
{
    private const int PageSize = 50;

    public static void MapMyAccess(this WebApplication app)
    {
        app.MapGet("/api/me/access", ListAsync)
            .WithTags("Session")
            .WithSummary("Lists what is recorded about your opening of customers, cases, tasks, files, searches and exports, newest first")
            .ProducesProblem(422);
        app.MapGet(
                "/me/access",
                async (string? cursor, WorkflowRuntime runtime, AccessLog log, Person me, CancellationToken cancel) =>
                {
                    await log.FlushAsync(cancel);

                    // A cursor that doesn't parse counts as none.
                    Cursor.TryRead(cursor, out var before);
                    var page = await AccessQueries.ListAsync(
                        runtime.Database,
                        new()
                        {
                            Person = me.Id,
                            Before = before,
                            Limit = PageSize,
                        },
                        cancel
                    );
                    return Html.Page(new MyAccessPage { Page = page, IsFirst = before is null });
                }
            )
            .ExcludeFromDescription();
    }

    private static async Task<Results<Ok<Page<AccessRow>>, ProblemHttpResult>> ListAsync(
        WorkflowRuntime runtime,
        AccessLog log,
        Person me,
        CancellationToken cancel,
        string? cursor = null,
        int limit = PageSize
    )
    {
        var errors = new Dictionary<string, string[]>();
        Problems.CheckPage(cursor, limit, errors, out var before);
        if (errors.Count > 0)
            return Problems.Invalid(errors);
        await log.FlushAsync(cancel);
        var page = await AccessQueries.ListAsync(
            runtime.Database,
            new()
            {
                Person = me.Id,
                Before = before,
                Limit = limit,
            },
            cancel
        );

        // What a rule says about them is compliance's.
        return TypedResults.Ok(page with { Items = [.. page.Items.Select(row => row with { Flags = [] })] });
    }
}
