using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Findings;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Guidance;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Findings;

/// <summary>Findings of reviewers. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class FindingTests : IAsyncLifetime
{
    private static readonly LocalDate Friday = new(2026, 6, 5);

    private World _world = null!;
    private Person _reviewer = null!;
    private Guid _case;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await _world.LoadShippedAsync();
        await _world.PublishAsync("walk", ("assess", Step.Of("Assess the roof")));
        _reviewer = await _world.ColleagueAsync("compliance");
        _case = await _world.StartAsync("walk");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_finding_is_a_task_of_its_owner_with_the_due_date_and_the_priority_of_its_severity()
    {
        var id = await RecordAsync(Usual with { Severity = FindingSeverity.High });

        var finding = await FindAsync(id);
        (finding.State, finding.IsOverdue, finding.TeamTitle).ShouldBe((FindingState.Open, false, "Claims adjusting"));
        finding.DueAt.ShouldBe(Instant.FromUtc(2026, 6, 5, 23, 59));
        var task = await _world.OpenTaskAsync(id);
        (task.Title, task.Team, task.Priority, task.StepId).ShouldBe(("Remedy finding: No photographs", "claims-adjusting", (short)2, "remedy"));
        task.Description!.ShouldContain("The roof was assessed without photographs.");
        Instant.FromDateTimeUtc(task.DueAt!.Value).ShouldBe(finding.DueAt);
        (await _world.ActionsAsync(id)).ShouldContain("finding.recorded");

        _world.Clock.Advance(Duration.FromDays(5));
        (await FindAsync(id)).IsOverdue.ShouldBeTrue();
        (await FindingQueries.ListAsync(_world.Runtime, new() { Overdue = true })).Items.ShouldHaveSingleItem().Id.ShouldBe(id);
    }

    [Fact]
    public async Task A_remedy_is_accepted_by_a_reviewer_who_had_no_part_in_it_and_sent_back_until_then()
    {
        var id = await RecordAsync(Usual);
        var adjuster = await _world.ColleagueAsync("adjuster1");
        await AnswerAsync(id, adjuster, "Remedied", new() { ["done"] = "Took them." });
        (await FindAsync(id)).State.ShouldBe(FindingState.Remedied);
        var accept = await Desk.AtAsync(_world, id);
        (await ClaimTask.RunAsync(_world.Tasks, accept.Next, adjuster)).ShouldNotBeOfType<TaskResult.Done>();
        await AnswerAsync(id, _reviewer, "SendBack", new() { ["reply"] = "Where are they?" });
        (await FindAsync(id)).State.ShouldBe(FindingState.Open);
        (await _world.OpenTaskAsync(id)).Description!.ShouldContain("Sent back: Where are they?");

        var desk = await Desk.AtAsync(_world, id);
        await desk.DoneAsync(ClaimTask.RunAsync(_world.Tasks, desk.Next, adjuster));
        (await FindAsync(id)).ShouldSatisfyAllConditions(f => f.State.ShouldBe(FindingState.InProgress), f => f.WorkedOnBy.ShouldBe(adjuster.DisplayName));
        await desk.DoneAsync(CompleteTask.RunAsync(_world.Tasks, desk.Next, "Remedied", new() { ["done"] = "Attached." }, adjuster));
        _world.Clock.Advance(Duration.FromMinutes(1));
        await AnswerAsync(id, _reviewer, "Accept");

        (await FindAsync(id)).ShouldSatisfyAllConditions(f => f.State.ShouldBe(FindingState.Accepted), f => f.TaskId.ShouldBeNull());
        (await FindingQueries.AnswersAsync(_world.Database, id))
            .Select(answer => (answer.Outcome, answer.Text))
            .ShouldBe([("Remedied", "Took them."), ("SendBack", "Where are they?"), ("Remedied", "Attached."), ("Accept", null)]);
        (await FindingQueries.CountAsync(_world.Runtime)).ShouldBe(new(0, 0, 0, 0, 1));
    }

    [Fact]
    public async Task What_its_owner_disputes_is_rejected_when_a_reviewer_accepts_that()
    {
        var id = await RecordAsync(Usual with { Team = null, Owner = "adjuster1" });
        await AnswerAsync(id, await _world.ColleagueAsync("adjuster1"), "Dispute", new() { ["done"] = "None were needed." });
        (await FindAsync(id)).State.ShouldBe(FindingState.Disputed);
        await AnswerAsync(id, _reviewer, "Accept");
        (await FindAsync(id)).State.ShouldBe(FindingState.Rejected);
        (await _world.ScalarAsync<string>("select path from notification where kind = 'finding.recorded'")).ShouldBe($"/findings/{id:N}");
    }

    [Fact]
    public async Task An_owner_without_a_part_in_the_case_sees_what_the_finding_says_and_nothing_of_the_case()
    {
        var id = await RecordAsync(Usual with { Team = null, Owner = "closer1" });
        var (owner, adjuster, stranger) = (
            await _world.ColleagueAsync("closer1"),
            await _world.ColleagueAsync("adjuster1"),
            await _world.ColleagueAsync("processor1")
        );
        (await FindingQueries.FindAsync(_world.Runtime, id, owner))!.ShouldSatisfyAllConditions(
            f => f.Body.ShouldContain("photographs"),
            f => f.About.ShouldBeNull()
        );
        (await FindingQueries.FindAsync(_world.Runtime, id, stranger)).ShouldBeNull();
        (await FindingQueries.FindAsync(_world.Runtime, id, adjuster)).ShouldBeNull("seeing the case doesn't show what was found in it");
        (await FindAsync(id)).About.ShouldBe(new FindingSubject(_case, "assess") { Reference = "REF-1" });
        (await FindingQueries.FindAsync(_world.Runtime, await RecordAsync(Usual), adjuster))!.About!.Reference.ShouldBe("REF-1");
    }

    [Fact]
    public async Task The_run_of_a_finding_is_hidden_from_people_who_see_other_runs_in_the_designer()
    {
        var id = await RecordAsync(Usual);
        await using var connection = await _world.Database.OpenConnectionAsync();
        var now = _world.Clock.GetCurrentInstant();
        var (analyst, adjuster) = (await _world.ColleagueAsync("analyst"), await _world.ColleagueAsync("adjuster1"));
        (await RunVisibility.OfAsync(connection, [id], Viewer.Of(analyst, otherRuns: true), now)).ShouldBeEmpty();
        (await RunVisibility.OfAsync(connection, [id], Viewer.Of(adjuster, otherRuns: true), now)).ShouldBe([id]);
    }

    [Theory]
    [InlineData("title", "is required")]
    [InlineData("body", "is required")]
    [InlineData("due", "must not be in the past")]
    [InlineData("team", "choose a team or a person")]
    [InlineData("owner", "not both")]
    [InlineData("step", "no such step")]
    [InlineData("event", "no such event")]
    [InlineData("case", "doesn't exist")]
    [InlineData("about", "one case, person or search")]
    [InlineData("search", "must be the query")]
    public async Task What_is_wrong_is_refused_with_its_field(string field, string reason)
    {
        var request = field switch
        {
            "title" => Usual with { Title = " " },
            "body" => Usual with { Body = null },
            "due" => Usual with { Due = new(2026, 5, 31) },
            "team" => Usual with { Team = null },
            "owner" => Usual with { Owner = "adjuster1" },
            "step" => Usual with { About = new(_case, "attic") },
            "event" => Usual with { About = new(_case, Event: 9999) },
            "case" => Usual with { About = new(Guid.Empty) },
            "about" => Usual with { About = new(_case, Person: "adjuster1") },
            _ => Usual with { About = new(Search: "//elsewhere.example") },
        };
        var invalid = (await RecordFinding.RunAsync(_world.Runtime, request, _reviewer)).ShouldBeOfType<FindingResult.Invalid>();
        invalid.Errors.ShouldHaveSingleItem().Key.ShouldBe(field);
        invalid.Errors[field][0].ShouldContain(reason);
    }

    private FindingRequest Usual =>
        new("No photographs", "The roof was assessed without photographs.", FindingSeverity.Medium, new(_case, "assess"), "claims-adjusting", null, Friday);

    private async Task<Guid> RecordAsync(FindingRequest request) =>
        (await RecordFinding.RunAsync(_world.Runtime, request, _reviewer)).ShouldBeOfType<FindingResult.Done>().Id;

    private async Task<ReviewFinding> FindAsync(Guid id) => (await FindingQueries.FindAsync(_world.Runtime, id, _reviewer))!;

    private async Task AnswerAsync(Guid id, Person person, string outcome, JsonObject? data = null)
    {
        var desk = await Desk.AtAsync(_world, id);
        await desk.DoneAsync(ClaimTask.RunAsync(_world.Tasks, desk.Next, person));
        await desk.DoneAsync(CompleteTask.RunAsync(_world.Tasks, desk.Next, outcome, data ?? [], person));
        _world.Clock.Advance(Duration.FromMinutes(1));
    }
}
