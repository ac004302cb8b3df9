using System.Globalization;
using System.Text.Json.Nodes;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Distribution;

namespace Orchestration.Host.Distribution;

/// <summary>The form of a policy as its document. What is no number stays text, so that the policy's own check complains about it.</summary>
internal static class PolicyForm
{
    public static readonly string[] Weights = ["affinity", "preferred", "scarcity", "idle"];

    public static readonly string[] Numbers =
    [
        "lateShare",
        "slackStepMinutes",
        "urgentMinutes",
        "withoutClockHours",
        "deferredShare",
        "offerSeconds",
        "offersAtATime",
        "againMinutes",
        "affinityDays",
    ];

    public static string Document(IFormCollection form)
    {
        var weights = new JsonObject();
        foreach (var name in Weights)
            weights[name] = Value(form[name]);
        var document = new JsonObject { ["weights"] = weights };
        if (form["calendar"].ToString() is { Length: > 0 } calendar)
            document["calendar"] = calendar;
        if (form["unanswered"].ToString() is { Length: > 0 } unanswered)
            document["unanswered"] = unanswered;
        foreach (var name in Numbers)
            document[name] = Value(form[name]);
        document["values"] = new JsonArray([.. form["values"].Select(Value)]);
        var tiers = form["tierMinutes"].Zip(form["tierPercent"]).Where(tier => tier is not (null or "", null or ""));
        document["lateTiers"] = new JsonArray([
            .. tiers.Select(tier => new JsonObject { ["afterMinutes"] = Value(tier.First), ["percent"] = Value(tier.Second) }),
        ]);
        document["shadow"] = form["shadow"] == "true";
        return document.ToJsonString();
    }

    /// <summary>What differs between two documents: the members of each, by name.</summary>
    public static IReadOnlyList<string> Changes(string? before, string after)
    {
        var (old, now) = (before is null ? [] : Members(before), Members(after));
        return
        [
            .. now
                .Keys.Union(old.Keys)
                .Where(name => old.GetValueOrDefault(name) != now.GetValueOrDefault(name))
                .Select(name => $"{Words.Humanize(name)}: {old.GetValueOrDefault(name, "default")} → {now.GetValueOrDefault(name, "default")}"),
        ];
    }

    private static Dictionary<string, string> Members(string document) =>
        JsonNode.Parse(document)!.AsObject().ToDictionary(member => member.Key, member => member.Value?.ToJsonString() ?? "none");

    public static int Days(IFormCollection form) =>
        int.TryParse(form["days"], NumberStyles.None, CultureInfo.InvariantCulture, out var days) ? Math.Clamp(days, 1, Replay.MostDays) : 30;

    private static JsonNode? Value(string? text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : text;
}
