using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Guidance;

public sealed class ArticleTaskTests
{
    private static readonly ArticleContent Usual = new("Assess a roof", "Look at the gutter first.") { Pins = [new("claims", "assess")] };

    [Fact]
    public async Task A_draft_to_approve_is_one_task_of_the_owning_team_that_its_writers_cannot_take()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (writer, other, lead) = (await world.ColleagueAsync("adjuster1"), await world.ColleagueAsync("adjuster2"), await world.ColleagueAsync("senior1"));
        var id = (await SaveArticle.AddAsync(world.Runtime, "claims-adjusting", Usual, writer)).ShouldBeOfType<ArticleResult.Done>().Id;
        await LookAsync(world);
        (await TasksAsync(world)).ShouldBeEmpty();

        await ReviewArticle.SubmitAsync(world.Runtime, id, 1, writer);
        await LookAsync(world);
        await LookAsync(world);
        var task = (await OpenAsync(world)).ShouldNotBeNull();
        (task.Title, task.Team).ShouldBe(("Approve: Assess a roof", "claims-adjusting"));
        (await ArticleTasks.OfInstanceAsync(world.Database, task.CaseId)).ShouldBe((id, "Assess a roof"));
        (await ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "w"), writer)).ShouldBeOfType<TaskResult.Forbidden>();
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "o"), other));

        // Who approves has done the work, whoever has the task.
        await ReviewArticle.ApproveAsync(world.Runtime, id, 2, lead);
        await LookAsync(world);
        (await TasksAsync(world)).ShouldBe([("Approve: Assess a roof", "Completed", "Accept", "senior1")]);
        (await world.ScalarAsync<string>("select owner.user_name from task t join person owner on owner.id = t.owner_id")).ShouldBe("senior1");
        (await world.ScalarAsync<long>("select count(*) from workflow_instance where status = 'Running'")).ShouldBe(0);
        (await world.ScalarAsync<string>("select actor from event where action = 'task.completed'")).ShouldBe("senior1");
    }

    [Fact]
    public async Task The_task_of_a_draft_ends_with_its_review_and_is_withdrawn_with_the_draft()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (writer, lead) = (await world.ColleagueAsync("adjuster1"), await world.ColleagueAsync("senior1"));
        var id = (await SaveArticle.AddAsync(world.Runtime, "claims-adjusting", Usual, writer)).ShouldBeOfType<ArticleResult.Done>().Id;
        await ReviewArticle.SubmitAsync(world.Runtime, id, 1, writer);
        await LookAsync(world);
        await ReviewArticle.SendBackAsync(world.Runtime, id, 2, "Which gutter?", lead);
        await LookAsync(world);
        (await TasksAsync(world))[^1].ShouldBe(("Approve: Assess a roof", "Completed", "Decline", "senior1"));

        await ReviewArticle.SubmitAsync(world.Runtime, id, 3, writer);
        await LookAsync(world);
        await SaveArticle.ChangeAsync(world.Runtime, id, 4, Usual with { Body = "The upper one." }, writer);
        await LookAsync(world);
        (await TasksAsync(world))[^1].ShouldBe(("Approve: Assess a roof", "Cancelled", null, "adjuster1"));

        await ReviewArticle.SubmitAsync(world.Runtime, id, 5, writer);
        await LookAsync(world);
        await ReviewArticle.DiscardAsync(world.Runtime, id, 6, writer);
        await LookAsync(world);
        (await TasksAsync(world)).Select(task => task.State).ShouldBe(["Completed", "Cancelled", "Cancelled"]);
    }

    [Fact]
    public async Task An_overdue_check_is_a_task_until_someone_confirms_the_article_and_comes_back_if_it_is_only_ticked_off()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        var (other, today) = (await world.ColleagueAsync("adjuster2"), world.Clock.GetCurrentInstant().InUtc().Date);
        var id = await world.PublishedAsync(Usual with { ReviewOn = today.PlusDays(2).ToDateOnly() });
        world.Clock.Advance(Duration.FromDays(2));
        await LookAsync(world);
        (await TasksAsync(world)).ShouldBeEmpty();
        world.Clock.Advance(Duration.FromDays(1));
        await LookAsync(world);
        var task = (await OpenAsync(world)).ShouldNotBeNull();
        (task.Title, task.Team).ShouldBe(("Check: Assess a roof", "claims-adjusting"));

        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "c"), other));
        await world.DoneAsync(CompleteTask.RunAsync(world.Tasks, new(task.Id, claimed.Revision, "d"), "Accept", new JsonObject(), other));
        world.Clock.Advance(Duration.FromDays(1));
        await LookAsync(world);
        (await OpenAsync(world)).ShouldNotBeNull().Id.ShouldNotBe(task.Id);

        await ReviewArticle.ConfirmAsync(world.Runtime, id, 3, other);
        await LookAsync(world);
        (await TasksAsync(world))[^1].ShouldBe(("Check: Assess a roof", "Completed", "Accept", "adjuster2"));
        world.Clock.Advance(Duration.FromDays(ReviewArticle.UsualReviewDays + 1));
        await LookAsync(world);
        await ReviewArticle.RetireAsync(world.Runtime, id, 4, other);
        await LookAsync(world);
        (await TasksAsync(world)).Select(ended => ended.State).ShouldBe(["Completed", "Completed", "Cancelled"]);
        (await world.ScalarAsync<DateTime?>("select look_at from guidance_article")).ShouldBeNull();
    }

    /// <summary>Looks a second later: what ends a task happened after it was opened.</summary>
    private static async Task LookAsync(World world)
    {
        await world.Get<ArticleTasks>().SweepAsync(100);
        world.Clock.Advance(Duration.FromSeconds(1));
    }

    private static async Task<TaskDetail?> OpenAsync(World world) =>
        await world.ScalarAsync<Guid?>("select id from task where ended_at is null") is { } id
            ? await TaskDetail.FindAsync(world.Runtime, id, await world.ColleagueAsync("senior1"))
            : null;

    private static async Task<List<(string Title, string State, string? Outcome, string? EndedBy)>> TasksAsync(World world)
    {
        await using var query = world.Database.CreateCommand("select title, state, outcome, ended_by from task order by created_at, id");
        await using var r = await query.ExecuteReaderAsync();
        var tasks = new List<(string, string, string?, string?)>();
        while (await r.ReadAsync())
            tasks.Add((r.GetString(0), r.GetString(1), r.IsDBNull(2) ? null : r.GetString(2), r.IsDBNull(3) ? null : r.GetString(3)));
        return tasks;
    }
}
