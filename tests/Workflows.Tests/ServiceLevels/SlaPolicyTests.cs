using NodaTime;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tests.Calendars;

namespace Orchestration.Workflows.Tests.ServiceLevels;

public sealed class SlaPolicyTests
{
    public static SlaPolicy Policy(string id) => Parse(File.ReadAllText(Path.Combine(Shipped.Folder("sla"), $"{id}.json")));

    [Fact]
    public void Every_shipped_policy_is_valid_named_as_its_file_and_names_its_source_when_it_is_law()
    {
        var files = Directory.GetFiles(Shipped.Folder("sla"), "*.json");
        files.Length.ShouldBeGreaterThan(30);
        foreach (var file in files)
        {
            var policy = Parse(File.ReadAllText(file));
            policy.Id.ShouldBe(Path.GetFileNameWithoutExtension(file));
            (policy.Kind != SlaKind.Statutory || (policy.Source is not null && !policy.Pausable)).ShouldBeTrue(policy.Id);
            Parse(policy.ToJson()).ToJson().ShouldBe(policy.ToJson());
        }
    }

    [Fact]
    public void What_a_policy_leaves_out_has_sensible_defaults()
    {
        var policy = Parse("""{ "id": "p", "version": 2, "name": "P", "target": { "amount": "PT8H", "unit": "workingTime" }, "calendar": "24x7" }""");
        policy.Start.Events.ShouldBe(["task.opened"]);
        policy.Stop.Events.ShouldBe(["task.completed"]);
        policy.Cancel.Events.ShouldBe(["task.cancelled"]);
        policy.Pausable.ShouldBeTrue();
        policy.MissedRungsAct.ShouldBeTrue();
        policy.Ladder.Select(rung => rung.Key).ShouldBe(["75%", "100%"]);
        policy
            .Ladder[1]
            .Actions.ShouldBe([new LadderAction.RaisePriority(1), new LadderAction.Notify(LadderTarget.Lead), new LadderAction.Reassign(LadderTarget.Lead)]);
        Policy("us-ca-claims-acknowledge").Ladder.Select(rung => rung.Key).ShouldBe(["75%", "100%", "120%"]);
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once() =>
        Errors(
                """
                { "id": "p", "version": 0, "name": "P", "kind": "legal", "direction": "backward", "target": { "amount": "1", "unit": "days" },
                  "calendar": "moon",
                  "pausable": false, "pauseReasons": ["x"], "stop": { "events": [] }, "recurrence": { "target": { "amount": "0", "unit": "weeks" } }, "ladr": 1,
                  "ladder": [ { "percent": 75 }, { "percent": 301, "actions": [ { "action": "shout" } ] }, { "actions": [] },
                    { "percent": 5, "before": { "amount": "1", "unit": "weeks" }, "actions": [] },
                              { "percent": 90, "actions": [ { "action": "reassign", "to": "owner" }, { "action": "webhook", "url": "ftp://x" },
                                { "action": "raisePriority", "by": 50 } ] } ] }
                """
            )
            .ShouldBe(
                [
                    "$.version",
                    "$.kind",
                    "$.target.unit",
                    "$.calendar",
                    "$.anchor",
                    "$.pauseReasons",
                    "$.stop.events",
                    "$.recurrence.target.amount",
                    "$.recurrence",
                    "$.recurrence",
                    "$.ladr",
                    "$.ladder[0].actions",
                    "$.ladder[1].percent",
                    "$.ladder[1].actions[0].action",
                    "$.ladder[2]",
                    "$.ladder[3]",
                    "$.ladder[4].actions[0].to",
                    "$.ladder[4].actions[1].url",
                    "$.ladder[4].actions[2].by",
                ],
                ignoreOrder: true
            );

    [Theory]
    [InlineData(
        "forward",
        """{ "percent": 75, "actions": [ { "action": "relaxSkills" } ] }, { "percent": 75, "actions": [ { "action": "relaxSkills" } ] }""",
        "$.ladder[1]",
        "two rungs at one place"
    )]
    [InlineData(
        "forward",
        """{ "before": { "amount": "5", "unit": "businessDays" }, "actions": [ { "action": "relaxSkills" } ] }""",
        "$.ladder[0].before",
        "a rung before the start"
    )]
    [InlineData(
        "backward",
        """{ "after": { "amount": "4", "unit": "businessDays" }, "actions": [ { "action": "relaxSkills" } ] }""",
        "$.ladder[0].after",
        "a rung after the end"
    )]
    [InlineData(
        "forward",
        """{ "after": { "amount": "PT0S", "unit": "elapsed" }, "actions": [ { "action": "relaxSkills" } ] }""",
        "$.ladder[0]",
        "a rung at no distance from the due time"
    )]
    public void A_rung_that_makes_no_sense_is_refused(string direction, string ladder, string path, string why)
    {
        var anchor = direction == "backward" ? "\"anchor\": \"closingDate\"," : "";
        Errors(
                $$"""
                { "id": "p", "version": 1, "name": "P", "direction": "{{direction}}", {{anchor}} "target": { "amount": "3", "unit": "businessDays" },
                  "calendar": "24x7", "ladder": [ {{ladder}} ] }
                """
            )
            .ShouldBe([path], why);
    }

    [Theory]
    [InlineData("\"opensOn\"", WaitEnd.OpensOn)]
    [InlineData("\"endsAfter\"", WaitEnd.EndsAfter)]
    [InlineData("true", WaitEnd.EndsAfter)]
    [InlineData("false", null)]
    public void A_waiting_period_says_how_it_ends(string written, WaitEnd? wait)
    {
        var policy = Parse(Waiting(written, "forward", "3", "businessDays"));
        policy.Wait.ShouldBe(wait);
        Parse(policy.ToJson()).Wait.ShouldBe(wait);
    }

    [Theory]
    [InlineData("\"sometime\"", "forward", "3", "businessDays")]
    [InlineData("\"opensOn\"", "backward", "3", "businessDays")]
    [InlineData("\"opensOn\"", "forward", "PT8H", "workingTime")]
    [InlineData("\"opensOn\"", "forward", "P3D", "elapsed")]
    public void A_waiting_period_that_can_not_open_on_a_day_is_refused(string written, string direction, string amount, string unit) =>
        Errors(Waiting(written, direction, amount, unit)).ShouldBe(["$.waitingPeriod"]);

    [Fact]
    public void A_window_is_no_waiting_period()
    {
        const string Json = """
            { "id": "p", "version": 1, "name": "P", "target": { "amount": "3", "unit": "businessDays" }, "calendar": "24x7", "window": true }
            """;
        var policy = Parse(Json);
        (policy.Wait, policy.Window, policy.WaitingPeriod, policy.IsDeadline).ShouldBe((WaitEnd.Closes, true, false, false));
        Parse(policy.ToJson()).Wait.ShouldBe(WaitEnd.Closes);
        Errors(Json.Replace("\"window\"", "\"waitingPeriod\": \"endsAfter\", \"window\"", StringComparison.Ordinal)).ShouldBe(["$.waitingPeriod"]);
    }

    private static string Waiting(string written, string direction, string amount, string unit) =>
        $$"""
            { "id": "p", "version": 1, "name": "P", "direction": "{{direction}}", {{(direction == "backward" ? "\"anchor\": \"closingDate\"," : "")}}
              "target": { "amount": "{{amount}}", "unit": "{{unit}}" }, "calendar": "24x7", "waitingPeriod": {{written}} }
            """;

    [Theory]
    [InlineData("PT8H", "workingTime", "8 h working time")]
    [InlineData("PT36H30M", "workingTime", "1 d 12 h 30 min working time")]
    [InlineData("P2D", "elapsed", "2 d elapsed")]
    [InlineData("PT90M", "elapsed", "1 h 30 min elapsed")]
    [InlineData("1", "businessDays", "1 business day")]
    [InlineData("15", "calendarDays", "15 calendar days")]
    [InlineData("8", "weeks", "8 weeks")]
    public void A_target_reads_and_writes_itself(string amount, string unit, string text)
    {
        SlaTarget.TryParse(amount, unit, out var target, out _).ShouldBeTrue();
        target.ToString().ShouldBe(text);
        SlaTarget.TryParse(target.Amount, target.UnitName, out var again, out _).ShouldBeTrue();
        again.ShouldBe(target);
    }

    [Theory]
    [InlineData("P1D", "workingTime", "1 day never silently means 24 working hours")]
    [InlineData("PT0S", "workingTime", "no time at all")]
    [InlineData("PT0S", "elapsed", "no time at all")]
    [InlineData("PT0M", "elapsed", "no minute")]
    [InlineData("P0D", "elapsed", "no day")]
    [InlineData("-PT1H", "elapsed", "negative")]
    [InlineData("P1M", "elapsed", "a month has no length")]
    [InlineData("P20Y", "elapsed", "years have no length")]
    [InlineData("PT999999999H", "elapsed", "too long")]
    [InlineData("0", "businessDays", "no day")]
    [InlineData("1.5", "businessDays", "half a day")]
    [InlineData("99999999999", "weeks", "too many")]
    [InlineData("1", "days", "a unit that is not explicit")]
    public void A_target_that_is_ambiguous_or_out_of_bounds_is_refused(string amount, string unit, string why) =>
        SlaTarget.TryParse(amount, unit, out _, out _).ShouldBeFalse(why);

    private static SlaPolicy Parse(string json)
    {
        SlaPolicy
            .TryParse(json, id => File.Exists(Path.Combine(Shipped.Folder("calendars"), $"{id}.json")), out var policy, out var errors)
            .ShouldBeTrue(string.Join("; ", errors));
        return policy!;
    }

    private static List<string> Errors(string json)
    {
        SlaPolicy.TryParse(json, id => id == "24x7", out _, out var errors).ShouldBeFalse();
        return [.. errors.Select(error => error.Path)];
    }
}
