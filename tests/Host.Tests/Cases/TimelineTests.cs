using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orchestration.Host.Cases;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Tests.Conventions;
using Orchestration.Workflows.Cases;

namespace Orchestration.Host.Tests.Cases;

public sealed partial class TimelineTests
{
    /// <summary>Names of that form in the sources that no case has in its history: notifications, and what conditions of clocks wait for.</summary>
    private static readonly string[] NotInHistory =
    [
        "task.mention",
        "history.differs",
        "guidance.decided",
        "task.comment",
        "task.review-approved",
        "sla.reminder",
        "task.review-returned",
        "case.changed",
        "case.opened",
        "case.moved",
        "case.completed",
    ];

    [Fact]
    public void Every_kind_of_event_that_the_sources_name_has_words_of_its_own()
    {
        var kinds = SourceTree
            .Files("src/Engine", ".cs")
            .Concat(SourceTree.Files("src/Workflows", ".cs"))
            .SelectMany(file => Event().Matches(file.Text).Select(match => match.Groups[1].Value))
            .Distinct()
            .Except(NotInHistory)
            .Order(StringComparer.Ordinal)
            .ToList();
        kinds.Count.ShouldBeGreaterThan(40);
        kinds.ShouldContain("task.suspended");

        var timeline = new Timeline(new Dictionary<string, string>(), new Dictionary<string, string>(), null);
        foreach (var named in new[] { true, false })
            kinds.Where(kind => !HasWords(timeline, kind, named)).ShouldBeEmpty(named ? "with the name of a clock" : "without one");
    }

    [Theory]
    [InlineData(
        "task.suspended",
        """{ "title": "Assess", "reason": "waitingForCustomer", "note": "asked for photographs" }""",
        "Suspended: Assess",
        "waiting for customer: asked for photographs"
    )]
    [InlineData(
        "task.returned",
        """{ "title": "Decide", "stepTitle": "Assess", "note": "Salvage is missing" }""",
        "Returned to Assess: Decide",
        "Salvage is missing"
    )]
    [InlineData("sla.rung", """{ "name": "Summary resolution", "rung": "100%", "over": "window" }""", "Window closed: Summary resolution", null)]
    [InlineData("sla.rung", """{ "name": "Summary resolution", "rung": "75%" }""", "Escalated at 75%: Summary resolution", null)]
    [InlineData(
        "history.erased",
        """{ "reason": "The customer asked for it", "sequences": [1] }""",
        "Personal data erased from the history",
        "The customer asked for it"
    )]
    [InlineData("promise.broken", """{ "title": "Call back", "reason": "Nobody called" }""", "Promise broken: Call back", "Nobody called")]
    [InlineData("promise.moved", """{ "title": "Call back", "reason": "They agreed" }""", "New date agreed: Call back", "They agreed")]
    [InlineData("promise.date-asked", """{ "title": "Call back" }""", "Asked the customer for a later date: Call back", null)]
    [InlineData(
        "fix.applied",
        """{ "title": "Call back", "before": 0.91, "after": 0.08 }""",
        "Fix of the forecast applied: Call back",
        "91% → 8% to be missed"
    )]
    [InlineData("promise.withdrawn", """{ "title": "Call back", "reason": "They called us" }""", "Promise withdrawn: Call back", "They called us")]
    [InlineData("promise.made", """{ "title": "Call back", "channel": "Phone" }""", "Promised: Call back", "Phone")]
    [InlineData("effect.discarded", """{ "kind": "email", "reason": "wrong address" }""", "Discarded: email", "wrong address")]
    public void An_event_is_told_with_its_reason(string action, string payload, string text, string? more)
    {
        var line = Tell(new(new Dictionary<string, string>(), new Dictionary<string, string>(), null), action, JsonNode.Parse(payload)!)
            .Lines.ShouldHaveSingleItem();
        (line.Text, line.More).ShouldBe((text, more));
    }

    [Fact]
    public void A_promise_that_its_step_keeps_is_told_as_a_promise() =>
        Tell(
            new(new Dictionary<string, string>(), new Dictionary<string, string>(), null),
            "sla.met",
            JsonNode.Parse("""{ "policy": "promise", "name": "Call back" }""")!
        )
            .Lines.ShouldHaveSingleItem()
            .Text.ShouldBe("Promise kept: Call back");

    private static bool HasWords(Timeline timeline, string kind, bool named)
    {
        var payload = new JsonObject
        {
            ["title"] = "Assess",
            ["policy"] = "claims-assess",
            ["kind"] = "webhook",
            ["rung"] = "75%",
        };
        if (named)
            payload["name"] = "Assess a claim";
        var entry = Tell(timeline, kind, payload);
        return entry.Lines is [{ Text.Length: > 3 }] || entry.Technical is [var text] && text != Words.Humanize(kind.Replace('.', '-'));
    }

    private static TimelineEntry Tell(Timeline timeline, string kind, JsonNode payload) =>
        timeline
            .Tell([
                new CaseEvent(
                    1,
                    DateTime.UnixEpoch,
                    "system",
                    null,
                    kind,
                    kind[..kind.IndexOf('.', StringComparison.Ordinal)],
                    Guid.Empty.ToString(),
                    1,
                    null,
                    null,
                    payload,
                    ""
                ),
            ])
            .ShouldHaveSingleItem();

    [GeneratedRegex("\"((?:task|sla|promise|case|incident|effect|instance)\\.[a-z-]+)\"")]
    private static partial Regex Event();
}
