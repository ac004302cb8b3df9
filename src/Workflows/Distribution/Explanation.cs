using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using NodaTime.Text;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Distribution;

/// <summary>Why a task was given to someone, or to no one: what <c>distribution_decision.document</c> keeps.</summary>
/// <param name="Order">Why the task came when it did.</param>
/// <param name="Candidates">Who could have had it, the best first.</param>
/// <param name="Filtered">Who could not, by what.</param>
/// <param name="Nobody">Why no one could; null if someone was chosen.</param>
/// <param name="Gain">What deciding several tasks at once brought, if there were several.</param>
public sealed record Explanation(
    WorkPlace Order,
    IReadOnlyList<Candidate> Candidates,
    IReadOnlyList<FilteredPerson> Filtered,
    NobodyReason? Nobody,
    PlanGain? Gain
)
{
    private const int MostPeople = 200;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new InstantText() },
    };

    /// <summary>Explains a decision about one task.</summary>
    /// <param name="snapshot">What it was based on.</param>
    /// <param name="fit">Its filters and scores.</param>
    /// <param name="work">The task.</param>
    /// <param name="chosen">Whom it was given to; null: no one.</param>
    /// <param name="gain">Of the plan.</param>
    internal static Explanation Of(TeamSnapshot snapshot, Fit fit, Work work, DistributionPolicy policy, Instant now, Guid? chosen, PlanGain? gain)
    {
        var candidates = new List<Candidate>();
        var filtered = new List<FilteredPerson>();
        var nobody = new List<(Worker, Obstacle)>();
        foreach (var person in snapshot.People.OrderBy(person => person.Id))
        {
            if (fit.Of(person, work) is { } obstacle)
            {
                filtered.Add(new(person.Id, person.Name, obstacle, obstacle == Obstacle.Presence ? person.Presence : null));
                nobody.Add((person, obstacle));
            }
            else
            {
                var score = fit.With(fit.Base(person, work), person, work);
                candidates.Add(new(person.Id, person.Name, score.Total, score.Affinity, score.Preferred, score.Scarcity, score.Idle));
            }
        }

        var key = WorkKey.Of(work, policy, now);
        return new(
            new(
                key.Late,
                work.Slack is { } slack ? (int)slack.TotalMinutes : null,
                work.Statutory,
                work.Priority,
                key.Value,
                (int)(now - work.OpenedAt).TotalMinutes
            ),
            [.. candidates.OrderByDescending(one => one.Total).ThenBy(one => one.Id).Take(MostPeople)],
            [.. filtered.OrderByDescending(one => one.Obstacle).ThenBy(one => one.Name, StringComparer.OrdinalIgnoreCase).Take(MostPeople)],
            chosen is null ? NobodyReason.Of(work, nobody, candidates.Count > 0) : null,
            gain
        );
    }

    /// <summary>As JSON.</summary>
    public byte[] ToUtf8() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Reads it.</summary>
    public static Explanation Read(string json) => JsonSerializer.Deserialize<Explanation>(json, Json)!;

    private sealed class InstantText : JsonConverter<Instant>
    {
        public override Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            InstantPattern.ExtendedIso.Parse(reader.GetString()!).Value;

        public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) =>
            writer.WriteStringValue(InstantPattern.ExtendedIso.Format(value));
    }
}

/// <summary>Why a task came when it did.</summary>
/// <param name="Late">Its deadline can't be met.</param>
/// <param name="SlackMinutes">Working time until its deadline, less the expected effort; null: it has no clock.</param>
/// <param name="Statutory">The law sets its deadline.</param>
/// <param name="Priority">1 (critical) to 5 (planning).</param>
/// <param name="Value">What it is worth, by priority and lateness.</param>
/// <param name="AgeMinutes">Since it opened.</param>
public sealed record WorkPlace(bool Late, int? SlackMinutes, bool Statutory, int Priority, int Value, int AgeMinutes);

/// <summary>Someone who could have had a task, with the parts of their score.</summary>
public sealed record Candidate(Guid Id, string Name, int Total, int Affinity, int Preferred, int Scarcity, int Idle);

/// <summary>Someone who could not have a task.</summary>
/// <param name="Id">Who.</param>
/// <param name="Name">What others call them.</param>
/// <param name="Obstacle">Why not.</param>
/// <param name="Presence">Their presence, if that is why.</param>
public sealed record FilteredPerson(Guid Id, string Name, Obstacle Obstacle, string? Presence = null);

/// <summary>Why no one could have a task.</summary>
/// <param name="Code">What filtered the people who came closest: a short name for metrics.</param>
/// <param name="Text">One sentence without its full stop; "until" and a time may follow.</param>
/// <param name="Until">When that ends, as far as it is known.</param>
public sealed record NobodyReason(string Code, string Text, Instant? Until)
{
    /// <summary>The reason of those who came closest: the last obstacle in the order in which they are judged.</summary>
    internal static NobodyReason Of(Work work, IReadOnlyList<(Worker Person, Obstacle Obstacle)> filtered, bool othersCame)
    {
        if (othersCame)
            return new("other-work", "Everyone who could do it was given work that comes first", null);
        if (filtered.All(one => one.Obstacle == Obstacle.Team))
            return new("team", "The team has no active members", null);
        var closest = filtered.Max(one => one.Obstacle);
        var people = filtered.Where(one => one.Obstacle == closest).Select(one => one.Person).ToList();
        var skills = string.Join(" and ", work.Required.Select(Words));
        var others = filtered.Any(one => one.Obstacle == Obstacle.Passed) ? "No one else" : "No one";
        var preferred = $"the preferred skills ({string.Join(", ", work.Preferred.Select(Words))})";
        var who =
            filtered.Any(one => one.Obstacle == Obstacle.Preferred) ? $"with {preferred}"
            : work.Required.Count > 0 ? $"certified for {skills}"
            : "in the team";
        var (certified, able) = ($"{others} {who}", $"Everyone {who}");
        return closest switch
        {
            Obstacle.Presence when people.TrueForAll(person => person.Presence == "OffShift") => new(
                "off-shift",
                $"{certified} is on shift",
                people.Min(person => person.NextShift)
            ),
            Obstacle.Presence => new("presence", $"{certified} is available", null),
            Obstacle.Shift => new("shift", $"{able} has too little of their shift left", people.Min(person => person.NextShift)),
            Obstacle.Capacity => new("capacity", $"{able} is at capacity", null),
            Obstacle.DeferredShare => new("deferred-share", $"{able} has spent the time for live work of their shift", null),
            Obstacle.Offers => new("offers", $"{able} has another offer to answer", null),
            Obstacle.Preferred => new("preferred", $"Colleagues with {preferred} come first", null),
            Obstacle.Expired => new("expired", $"The certificates for {skills} have expired", null),
            Obstacle.Level or Obstacle.Skill => new("skill", $"No one in the team is certified for {skills}", null),
            Obstacle.Passed => new("passed", "Everyone who could do it declined it or let its offer expire", null),
            _ => new("excluded", "The four-eyes rule or a conflict of interest excludes everyone who could do it", null),
        };
    }

    private static string Words(SkillNeed need) => need.Level > 1 ? $"{need.Skill} at level {need.Level}" : need.Skill;
}

/// <summary>A decision about one task, for <c>distribution_decision</c>.</summary>
internal sealed record Decision(Guid Task, string Team, Instant At, DistributionPolicy Policy, string Trigger, Guid? Person, Explanation Why)
{
    private const string Columns = "insert into distribution_decision (id, task_id, team, at, policy, policy_version, trigger, person_id, shadow, document)";

    public Guid Id { get; } = Ids.New(At);

    /// <summary>Decisions about tasks of one team at the same time, which gave each to someone.</summary>
    public static NpgsqlBatchCommand InsertAll(IReadOnlyList<Decision> all) =>
        Sql.Command(
            $"""
            {Columns} select d.id, d.task, $1, $2, $3, $4, d.trigger, d.person, false, d.document
            from unnest($5::uuid[], $6::uuid[], $7::text[], $8::uuid[], $9::json[]) d(id, task, trigger, person, document)
            """,
            all[0].Team,
            all[0].At,
            all[0].PolicyName,
            all[0].Policy.Version,
            all.Select(one => one.Id).ToArray(),
            all.Select(one => one.Task).ToArray(),
            all.Select(one => one.Trigger).ToArray(),
            all.Select(one => one.Person!.Value).ToArray(),
            new JsonTexts([.. all.Select(one => Encoding.UTF8.GetString(one.Why.ToUtf8()))])
        );

    /// <summary>Unless the last decision about the task says the same.</summary>
    public NpgsqlBatchCommand InsertIfNew(bool shadow) =>
        Sql.Command(
            $"""
            {Columns} select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 where not exists (
                select from (select person_id, shadow, policy_version, document -> 'nobody' ->> 'text' why from distribution_decision
                    where task_id = $2 order by at desc, id desc limit 1) l
                where (l.person_id, l.shadow, l.policy_version, l.why) is not distinct from ($8::uuid, $9::bool, $6::int, $11::text))
            """,
            [.. Values(shadow), Why.Nobody?.Text]
        );

    private string PolicyName => Policy.Version == 0 ? DistributionPolicy.DefaultName : Team;

    private object?[] Values(bool shadow) => [Id, Task, Team, At, PolicyName, Policy.Version, Trigger, Person, shadow, new Json(Why.ToUtf8())];
}
