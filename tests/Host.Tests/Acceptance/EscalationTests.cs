using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>
/// The ladder of an overdue step. Monday 2026-06-01 09:00 UTC is 05:00 in the claims office, which opens at 08:00: 8 working hours end at 16:00
/// there.
/// </summary>
public sealed class EscalationTests(Office office) : IClassFixture<Office>
{
    private static readonly Instant Due = Instant.FromUtc(2026, 6, 1, 20, 0);

    [Fact]
    public async Task An_overdue_step_reminds_its_owner_then_breaches_and_goes_to_the_lead_each_once()
    {
        var id = await office.FrontOffice.OpenAsync(
            "claims",
            office.NewReference("CLM"),
            new
            {
                jurisdiction = "US-CA",
                claimedAmount = 900,
                lossDescription = "Hail",
            }
        );
        var task = await office.Person("adjuster1").ClaimAsync(id, "acknowledge");
        task["dueAt"]!.GetValue<DateTimeOffset>().ShouldBe(Due.ToDateTimeOffset());

        office.Clock.Set(Due - Duration.FromHours(2) - Duration.FromSeconds(1));
        await SweepAsync();
        (await ActionsAsync(id)).ShouldBeEmpty("three quarters are not over yet");

        office.Clock.Set(Due - Duration.FromHours(2));
        await UntilAsync(id, "sla.rung");
        await SweepAsync();
        await SweepAsync();
        (await ActionsAsync(id)).ShouldBe(["sla.rung 75%"]);
        (await NotificationsAsync(id)).ShouldBe(["adjuster1 sla.reminder"]);

        office.Clock.Set(Due);
        await UntilAsync(id, "sla.breached");
        await SweepAsync();
        await SweepAsync();
        (await ActionsAsync(id)).ShouldBe(["sla.rung 75%", "sla.rung 100%", "sla.breached ", "task.priority-raised ", "task.reassigned "], ignoreOrder: true);
        (await NotificationsAsync(id)).ShouldBe(["adjuster1 sla.reminder", "supervisor sla.breached"]);

        var now = await office.Supervisor.TaskAsync(id, "acknowledge");
        ((bool)now["breached"]!).ShouldBeTrue();
        ((int)now["priority"]!).ShouldBe(2);
        ((string)now["state"]!).ShouldBe("Reserved");
        ((string)now["owner"]!).ShouldBe("Tomás Herrera");

        // The previous owner gets a clear error when they continue on their open page.
        var late = await (
            await office
                .Person("adjuster1")
                .AskAsync(task, "complete", new { outcome = "Acknowledged", data = new { channel = "Letter", acknowledgedOn = "2026-06-01" } })
        ).ProblemAsync(409);
        ((string)late["changedBy"]!).ShouldBe("system");
        (
            await (
                await office.Supervisor.AskAsync(
                    now,
                    "complete",
                    new { outcome = "Acknowledged", data = new { channel = "Letter", acknowledgedOn = "2026-06-01" } }
                )
            ).JsonAsync()
        )["state"]!
            .GetValue<string>()
            .ShouldBe("Completed");
        (await ActionsAsync(id)).ShouldContain("sla.missed ", "a completed clock stays breached");
    }

    private async Task SweepAsync() => await office.Host.Services.GetRequiredService<Escalate>().SweepAsync(1000);

    /// <summary>The host's job sweeps every second; the test waits for its effect.</summary>
    private async Task UntilAsync(Guid id, string action) =>
        await Eventually.AsksAsync(
            () => ActionsAsync(id),
            actions => actions.Any(a => a.StartsWith(action, StringComparison.Ordinal)),
            $"{action} in the history of {id}"
        );

    private async Task<List<string>> ActionsAsync(Guid id) =>
        [
            .. (await office.Supervisor.HistoryAsync(id))
                .Where(e =>
                    (string)e["action"]! is "sla.rung" or "sla.rung-skipped" or "sla.breached" or "sla.missed" or "task.priority-raised" or "task.reassigned"
                )
                .Select(e => $"{e["action"]} {(e["payload"] as JsonObject)?["rung"]}"),
        ];

    private async Task<List<string>> NotificationsAsync(Guid id) =>
        await office.QueryAsync<string>(
            $"select p.user_name || ' ' || n.kind from notification n join person p on p.id = n.person_id "
                + $"where n.instance_id = '{id}' and n.kind like 'sla.%' order by n.created_at, n.id"
        );
}
