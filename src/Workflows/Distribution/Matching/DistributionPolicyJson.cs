using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Documents;

namespace Orchestration.Workflows.Distribution.Matching;

/// <summary>Reads a policy's JSON and reports all its errors together; writes it back in the same form.</summary>
public static class DistributionPolicyJson
{
    private static readonly JsonSerializerOptions Written = new() { WriteIndented = true };

    /// <summary>What becomes of an offer that nobody answers in time: it goes to the next best, or the task is assigned to the person.</summary>
    private static readonly IReadOnlyDictionary<string, bool> Unanswered = new Dictionary<string, bool> { ["next"] = false, ["assign"] = true };

    /// <summary>Reads a policy. A missing member has its default.</summary>
    /// <param name="json">The document.</param>
    /// <param name="version">Its version.</param>
    /// <param name="calendarExists">Whether there is a calendar with this id.</param>
    /// <param name="errors">Everything that is wrong, by JSON path.</param>
    public static bool TryParse(
        string json,
        int version,
        Func<string, bool> calendarExists,
        [NotNullWhen(true)] out DistributionPolicy? policy,
        out IReadOnlyList<DefinitionError> errors
    )
    {
        List<DefinitionError> found = [];
        policy = DocumentReader.Open(json, found) is { } reader ? Read(reader, version, calendarExists) : null;
        if (found.Count > 0)
            policy = null;
        errors = found;
        return policy is not null;
    }

    /// <summary>The document of a policy, with all members.</summary>
    public static string Write(DistributionPolicy policy) =>
        new JsonObject
        {
            ["calendar"] = policy.Calendar,
            ["weights"] = new JsonObject
            {
                ["affinity"] = policy.Affinity,
                ["preferred"] = policy.Preferred,
                ["scarcity"] = policy.Scarcity,
                ["idle"] = policy.Idle,
            },
            ["values"] = new JsonArray([.. policy.Values.Select(value => JsonValue.Create(value))]),
            ["lateTiers"] = new JsonArray([
                .. policy.LateTiers.Select(tier => new JsonObject { ["afterMinutes"] = (int)tier.After.TotalMinutes, ["percent"] = tier.Percent }),
            ]),
            ["lateShare"] = policy.LateShare,
            ["slackStepMinutes"] = (int)policy.SlackStep.TotalMinutes,
            ["urgentMinutes"] = (int)policy.Urgent.TotalMinutes,
            ["withoutClockHours"] = (int)policy.WithoutClock.TotalHours,
            ["deferredShare"] = policy.DeferredShare,
            ["offerSeconds"] = (int)policy.OfferTimeout.TotalSeconds,
            ["unanswered"] = Unanswered.Single(choice => choice.Value == policy.AssignUnanswered).Key,
            ["offersAtATime"] = policy.OffersAtATime,
            ["againMinutes"] = (int)policy.Again.TotalMinutes,
            ["affinityDays"] = (int)policy.AffinityWindow.TotalDays,
            ["shadow"] = policy.Shadow,
        }.ToJsonString(Written);

    private static DistributionPolicy Read(DocumentReader reader, int version, Func<string, bool> calendarExists)
    {
        var usual = new DistributionPolicy();
        var calendar = reader.Text("calendar", required: false, maxLength: 100);
        if (calendar is not null && !calendarExists(calendar))
            reader.Error("calendar", $"names no calendar: '{calendar}'");
        var weights = reader.Object("weights", required: false);
        int Weight(string name, int otherwise) => weights?.Int(name, 0, 100, required: false) ?? otherwise;
        var policy = usual with
        {
            Version = version,
            Calendar = calendar,
            Affinity = Weight("affinity", usual.Affinity),
            Preferred = Weight("preferred", usual.Preferred),
            Scarcity = Weight("scarcity", usual.Scarcity),
            Idle = Weight("idle", usual.Idle),
            LateShare = reader.Int("lateShare", 1, 99, required: false) ?? usual.LateShare,
            SlackStep = Minutes(reader, "slackStepMinutes", 1, 10_080) ?? usual.SlackStep,
            Urgent = Minutes(reader, "urgentMinutes", 0, 43_200) ?? usual.Urgent,
            WithoutClock = reader.Int("withoutClockHours", 1, 8760, required: false) is { } hours ? Duration.FromHours(hours) : usual.WithoutClock,
            DeferredShare = reader.Int("deferredShare", 0, 90, required: false) ?? usual.DeferredShare,
            OfferTimeout = reader.Int("offerSeconds", 10, 86_400, required: false) is { } seconds ? Duration.FromSeconds(seconds) : usual.OfferTimeout,
            AssignUnanswered = reader.Choice("unanswered", Unanswered, required: false) ?? usual.AssignUnanswered,
            OffersAtATime = reader.Int("offersAtATime", 1, 20, required: false) ?? usual.OffersAtATime,
            Again = Minutes(reader, "againMinutes", 1, 10_080) ?? usual.Again,
            AffinityWindow = reader.Int("affinityDays", 0, 365, required: false) is { } days ? Duration.FromDays(days) : usual.AffinityWindow,
            Shadow = reader.Bool("shadow", usual.Shadow),
            Values = Values(reader) ?? usual.Values,
            LateTiers = Tiers(reader) ?? usual.LateTiers,
        };
        if (weights is not null && policy.Affinity + policy.Preferred + policy.Scarcity + policy.Idle == 0)
            reader.Error("weights", "must not all be 0");
        weights?.NoOthers();
        reader.NoOthers();
        return policy;
    }

    private static Duration? Minutes(DocumentReader reader, string name, int min, int max) =>
        reader.Int(name, min, max, required: false) is { } minutes ? Duration.FromMinutes(minutes) : null;

    private static List<int>? Values(DocumentReader reader)
    {
        if (!reader.Has("values"))
            return null;
        var values = reader.Ints("values", 0, 1000, required: true);
        if (values.Count != 5)
            reader.Error("values", "must have five numbers, one for each priority");
        return values.Count == 5 ? values : null;
    }

    private static List<LateTier>? Tiers(DocumentReader reader)
    {
        if (!reader.Has("lateTiers"))
            return null;
        var tiers = new List<LateTier>();
        foreach (var tier in reader.Objects("lateTiers", required: true, max: 20))
        {
            var (after, percent) = (tier.Int("afterMinutes", 0, 525_600), tier.Int("percent", 0, 1000));
            tier.NoOthers();
            if (after is not null && percent is not null)
                tiers.Add(new(Duration.FromMinutes(after.Value), percent.Value));
        }

        if (tiers.Count == 0)
            reader.Error("lateTiers", "must have at least one step");
        else if (tiers[0].After != Duration.Zero)
            reader.Error("lateTiers", "must begin at 0 minutes");
        else if (tiers.Zip(tiers.Skip(1)).Any(pair => pair.Second.After <= pair.First.After))
            reader.Error("lateTiers", "must be in ascending order of time");
        return tiers.Count == 0 ? null : tiers;
    }
}
