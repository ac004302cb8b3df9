using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Access;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

/// <summary>Up to what amount people may decide, and the report of what they decided.</summary>
public sealed class AuthorityTests : IAsyncLifetime
{
    private const string Form = """
        {
          "type": "object",
          "properties": { "amount": { "type": "number", "title": "Approved amount" }, "why": { "type": "string" } },
          "x-outcomes": { "Approve": ["amount"] }
        }
        """;

    private World _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await _world.PublishAsync(
            "claim",
            (
                "decide",
                Step.Of(
                    "Decide",
                    Step.Outcomes("Approve", "Decline"),
                    Step.Form(Form),
                    ("team", "String", "claims-adjusting"),
                    ("decidesOn", "String", "amount"),
                    ("decidesIn", "String", "GBP")
                )
            )
        );
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task An_amount_above_the_limit_is_refused_kept_as_a_draft_and_recorded()
    {
        await LimitAsync(Roles.Employee, 5000);
        await LimitAsync(Roles.Supervisor, 50_000);
        var (id, desk, adjuster) = await ClaimedAsync("adjuster1");

        var refused = (await CompleteTask.RunAsync(_world.Tasks, desk.Next, "Approve", Amount(5000.01m), adjuster)).ShouldBeOfType<TaskResult.AboveAuthority>();

        refused.Decision.ShouldBe(new("amount", "Approved amount", 5000.01m, "GBP", true, 5000, "employee"));
        refused.Others.ShouldBe(["Helen Kowalski", "Tomás Herrera"]);
        var task = await _world.OpenTaskAsync(id);
        task.State.ShouldBe(TaskState.Reserved);
        task.Draft!["amount"]!.GetValue<decimal>().ShouldBe(5000.01m);
        (await _world.ActionsAsync(id)).ShouldContain("task.authority-exceeded");
        await desk.DoneAsync(CompleteTask.RunAsync(_world.Tasks, desk.Next, "Approve", Amount(5000), adjuster));
    }

    [Fact]
    public async Task An_outcome_that_asks_for_no_amount_decides_on_none()
    {
        await LimitAsync(Roles.Employee, 5000);
        var (id, desk, adjuster) = await ClaimedAsync("adjuster1");

        await desk.DoneAsync(CompleteTask.RunAsync(_world.Tasks, desk.Next, "Decline", Amount(900_000), adjuster));

        (await ReportAsync()).Decisions.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_reviewer_decides_within_their_own_limit_whatever_the_owner_proposes()
    {
        await LimitAsync(Roles.Employee, 5000);
        await LimitAsync(Roles.Supervisor, 50_000);
        var (id, desk, adjuster) = await ClaimedAsync("adjuster1");
        var (other, senior) = (await _world.PersonAsync("adjuster2"), await _world.PersonAsync("senior1"));

        await desk.DoneAsync(RequestReview.RunAsync(_world.Tasks, desk.Next, "Approve", Amount(20_000), null, adjuster));
        await desk.DoneAsync(StartReview.RunAsync(_world.Tasks, desk.Next, other));
        var above = (await ApproveReview.RunAsync(_world.Tasks, desk.Next, other)).ShouldBeOfType<TaskResult.AboveAuthority>();
        above.Others.ShouldBe(["Helen Kowalski", "Tomás Herrera"]);
        await desk.DoneAsync(RequestChanges.RunAsync(_world.Tasks, desk.Next, "Not mine to decide", other));
        await desk.DoneAsync(RequestReview.RunAsync(_world.Tasks, desk.Next, "Approve", Amount(20_000), "senior1", adjuster));
        await desk.DoneAsync(StartReview.RunAsync(_world.Tasks, desk.Next, senior));
        await desk.DoneAsync(ApproveReview.RunAsync(_world.Tasks, desk.Next, senior));

        var report = await ReportAsync();
        report
            .Decisions.Select(d => (d.By, d.Amount, d.Limit, d.Finding))
            .ShouldBe([("senior1", 20_000m, 50_000m, AuthorityFinding.Within), ("adjuster2", 20_000m, 5000m, AuthorityFinding.Refused)]);
    }

    [Theory]
    [InlineData("GBP", true)]
    [InlineData("", true)]
    [InlineData("EUR", false)]
    public async Task A_limit_holds_for_amounts_of_its_currency(string currency, bool holds)
    {
        await LimitAsync(Roles.Supervisor, null);
        await LimitAsync(Roles.Employee, 5000, currency);
        var (_, desk, adjuster) = await ClaimedAsync("adjuster1");

        var result = await CompleteTask.RunAsync(_world.Tasks, desk.Next, "Approve", Amount(100), adjuster);

        (result is TaskResult.Done).ShouldBe(holds);
        if (!holds)
            result.ShouldBeOfType<TaskResult.AboveAuthority>().Decision.Role.ShouldBeNull();
    }

    [Fact]
    public async Task The_limit_of_then_is_judged_after_it_changed_and_a_decision_without_one_by_todays()
    {
        var (first, _) = await DecidedAsync(9000);
        await LimitAsync(Roles.Employee, 10_000);
        var (second, _) = await DecidedAsync(9000);
        var (third, _) = await DecidedAsync(100);
        await LimitAsync(Roles.Employee, 500, revision: 1);

        var report = await ReportAsync();

        report
            .Decisions.ToDictionary(d => d.Case, d => (d.Limit, d.Today, d.Finding))
            .ShouldBe(
                new Dictionary<Guid, (decimal?, decimal?, AuthorityFinding)>
                {
                    [first] = (null, 500, AuthorityFinding.Unlimited),
                    [second] = (10_000, 500, AuthorityFinding.Near),
                    [third] = (10_000, 500, AuthorityFinding.Within),
                },
                ignoreOrder: true
            );
        report.People.ShouldBe([new("adjuster1", 3, 1, 0, 1)]);
        (await ReportAsync(AuthorityFinding.Near)).Decisions.Select(d => d.Case).ShouldBe([second]);
        (await ReportAsync(by: "senior1")).Decisions.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_limit_is_refused_with_every_reason_and_its_changes_are_history()
    {
        (await SaveAsync(new(Roles.Employee, "claim", "why", "Euro", -1, 0)))
            .ShouldBeOfType<StaffResult.Invalid>()
            .Errors.Keys.ShouldBe(["field", "currency", "amount"], ignoreOrder: true);
        (await SaveAsync(new(Roles.Employee, "no-journey", "amount", "", 1, 0))).ShouldBeOfType<StaffResult.Invalid>().Errors.Keys.ShouldBe(["journey"]);
        (await SaveAsync(new("no-role", "claim", "amount", "", 1, 0))).ShouldBeOfType<StaffResult.NotFound>();
        await LimitAsync(Roles.Employee, 5000, "gbp");
        (await SaveAsync(new(Roles.Employee, "claim", "amount", "GBP", 6000, 0))).ShouldBeOfType<StaffResult.Invalid>();
        (await SaveAsync(new(Roles.Employee, "claim", "amount", "GBP", 6000, 7))).ShouldBeOfType<StaffResult.Stale>();
        await LimitAsync(Roles.Employee, 6000, "GBP", 1);
        (await AuthorityLimits.RemoveAsync(_world.Runtime, new(Roles.Employee, "claim", "amount", "GBP", null, 2), "admin")).ShouldBeOfType<StaffResult.Done>();

        (await AuthorityLimits.ListAsync(_world.Database)).ShouldBeEmpty();
        (await StaffHistory.OfRoleAsync(_world.Database, Roles.Employee))
            .Select(e => e.Changes.Single())
            .ShouldBe([
                new("claim amount", "GBP up to 6,000", ""),
                new("claim amount", "GBP up to 5,000", "GBP up to 6,000"),
                new("claim amount", "", "GBP up to 5,000"),
            ]);
    }

    private static JsonObject Amount(decimal amount) => new() { ["amount"] = amount };

    private async Task<StaffResult> SaveAsync(AuthorityLimit limit) =>
        await AuthorityLimits.SaveAsync(
            _world.Runtime,
            await AuthorityLimits.DecidedAsync(_world.Runtime.Definitions, _world.Get<FormCatalog>()),
            limit,
            "admin"
        );

    private async Task LimitAsync(string role, decimal? amount, string currency = "", int revision = 0) =>
        (await SaveAsync(new(role, "claim", "amount", currency, amount, revision))).ShouldBeOfType<StaffResult.Done>();

    private async Task<(Guid Case, Desk Desk, Person Person)> ClaimedAsync(string userName)
    {
        var id = await _world.StartAsync("claim", $"REF-{Ids.New(_world.Clock.Now()):N}");
        var person = await _world.PersonAsync(userName);
        var desk = await Desk.AtAsync(_world, id);
        await desk.DoneAsync(ClaimTask.RunAsync(_world.Tasks, desk.Next, person));
        return (id, desk, person);
    }

    private async Task<(Guid Case, Desk Desk)> DecidedAsync(decimal amount)
    {
        var (id, desk, person) = await ClaimedAsync("adjuster1");
        await desk.DoneAsync(CompleteTask.RunAsync(_world.Tasks, desk.Next, "Approve", Amount(amount), person));
        return (id, desk);
    }

    private Task<AuthorityDecisions> ReportAsync(AuthorityFinding? only = null, string? by = null)
    {
        var now = _world.Clock.Now();
        return AuthorityReport.ReadAsync(_world.Runtime, new(now - Duration.FromDays(1), now + Duration.FromDays(1), only is { } finding ? [finding] : [], by));
    }
}
