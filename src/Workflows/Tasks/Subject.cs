using System.Data;
using System.Data.Common;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks;

/// <summary>A person in relation to a task, and to the verb that is about them.</summary>
/// <param name="Id">Who.</param>
/// <param name="UserName">Their user name.</param>
/// <param name="DisplayName">What others call them.</param>
/// <param name="May">Whether the rules allow them to perform the verb, or to receive the task.</param>
/// <param name="IsActive">Whether they work here.</param>
/// <param name="IsEntitled">Whether the task is theirs to have, skills and four eyes aside.</param>
/// <param name="WorkedOnIt">For verbs of a review: whether they have worked on the task.</param>
/// <param name="MissingSkill">A required skill they don't hold today, or not at its level.</param>
/// <param name="HeldLevel">Their level of it; null: they don't hold it.</param>
/// <param name="ExcludedBy">Excluded step they have worked on.</param>
/// <param name="IsConflicted">Whether they have a conflict of interest with the customer of the case.</param>
/// <param name="IsCandidate">Named as a candidate, or in the team.</param>
/// <param name="InPlaceOf">Who was named and is away, when this is their substitute.</param>
/// <param name="StandsInFor">The absent candidate or owner whose substitute they are.</param>
/// <param name="ActorSees">Whether the actor can see the task: candidate, lead, owner, reviewer, watcher, worker, or substitute of one.</param>
/// <param name="ActorLeadsTeam">Whether the actor leads the task's team.</param>
/// <param name="ActorIsCandidate">Whether the actor is a candidate or in the team.</param>
internal sealed record Subject(
    Guid Id,
    string UserName,
    string DisplayName,
    bool May,
    bool IsActive,
    bool IsEntitled,
    bool WorkedOnIt,
    string? MissingSkill,
    int? HeldLevel,
    (string Id, string Title)? ExcludedBy,
    bool IsConflicted,
    bool IsCandidate,
    (Guid Id, string Name)? InPlaceOf,
    (Guid Id, string Name)? StandsInFor,
    bool ActorSees,
    bool ActorLeadsTeam,
    bool ActorIsCandidate
)
{
    private static readonly Eligibility Actor = Eligibility.OfRow("me", "$2");
    private static readonly Eligibility Named = Eligibility.OfRow("n", "$2");
    private static readonly Eligibility Rules = Eligibility.OfRow("p", "$2");
    private static readonly Eligibility Absent = Eligibility.OfRow("a", "$2");

    /// <summary>Statements by the rule a verb needs and by whether a substitute receives the task instead of the named person.</summary>
    private static readonly string Claims = Text(Rules.MayTake, Rules.IsEntitled);
    private static readonly string TakesOver = Text(Rules.MayTakeOver, "true");
    private static readonly string IsGiven = Text(Rules.MayBeGiven, Rules.MayReceive, receiver: Named.Receiver);
    private static readonly string IsGivenBySupervisor = Text(
        $"({Rules.MayBeGiven} or {Rules.MayBeGivenUnclaimable})",
        Rules.MayReceive,
        receiver: Named.Receiver
    );
    private static readonly string IsForwarded = Text(Rules.IsFit, "true");
    private static readonly string Reviews = Text(Rules.MayReview, Rules.MayJudge, workedOnIt: Rules.WorkedOnIt);
    private static readonly string Other = Text("true", "true");

    /// <summary>Statements that read the task, by what makes a verb of the actor plain (see <see cref="Plain"/>).</summary>
    private static readonly string PlainClaim = TaskRow.Select(Plainly(Actor.PlainlyMayTake));
    private static readonly string PlainWork = TaskRow.Select(Plainly($"(t.owner_id = me.id and {Actor.IsFit})"));
    private static readonly string NotPlain = TaskRow.Select("false");

    /// <summary>What four eyes or a conflict of interest refuse them; null: nothing.</summary>
    public TaskResult? Exclusion =>
        IsConflicted ? new TaskResult.Forbidden($"{DisplayName} has a conflict of interest with this customer.")
        : ExcludedBy is { } step ? new TaskResult.ExcludedByFourEyes(step.Id, step.Title)
        : null;

    /// <summary>
    /// Reads a task, and with it whether the verb is plain: the actor certainly may, and need not be read. Reading a person costs the server more than any
    /// other statement of a verb, and most claims and completions are plain.
    /// </summary>
    public static NpgsqlBatchCommand SelectTask(TaskVerb verb, Guid task, Instant now, Person actor) =>
        verb switch
        {
            TaskVerb.Claim => Sql.Command(PlainClaim, task, now, actor.Id),
            TaskVerb.Start or TaskVerb.Complete => Sql.Command(PlainWork, task, now, actor.Id),
            _ => Sql.Command(NotPlain, task),
        };

    /// <summary>Whether the verb can be plain.</summary>
    public static bool CanBePlain(TaskVerb verb) => verb is TaskVerb.Claim or TaskVerb.Start or TaskVerb.Complete;

    /// <summary>The actor of a plain verb: a candidate who claims, or the owner; nothing stands against it.</summary>
    public static Subject Plain(Person actor) =>
        new(
            actor.Id,
            actor.UserName,
            actor.DisplayName,
            May: true,
            IsActive: true,
            IsEntitled: true,
            WorkedOnIt: false,
            MissingSkill: null,
            HeldLevel: null,
            ExcludedBy: null,
            IsConflicted: false,
            IsCandidate: true,
            InPlaceOf: null,
            StandsInFor: null,
            ActorSees: true,
            ActorLeadsTeam: false,
            ActorIsCandidate: true
        );

    private static string Plainly(string condition) => $"coalesce((select {condition} from person me where me.id = $3), false)";

    /// <summary>Reads the person with this user name in relation to a task.</summary>
    public static NpgsqlBatchCommand Select(TaskVerb verb, string person, Guid task, Instant now, Person actor) =>
        Sql.Command(
            verb switch
            {
                TaskVerb.Claim => Claims,
                TaskVerb.TakeOver => TakesOver,
                TaskVerb.Assign when Assignees.MayOverride(actor) => IsGivenBySupervisor,
                TaskVerb.Assign or TaskVerb.Delegate => IsGiven,
                TaskVerb.Forward => IsForwarded,
                TaskVerb.RequestReview or TaskVerb.StartReview or TaskVerb.ApproveReview => Reviews,
                _ => Other,
            },
            actor.Id,
            now,
            task,
            person
        );

    /// <summary>The row the reader is about to enter; null when there is no such person.</summary>
    public static async Task<Subject?> ReadAsync(DbDataReader r, CancellationToken cancel) =>
        await r.ReadAsync(cancel)
            ? new(
                r.GetGuid("id"),
                r.GetString("user_name"),
                r.GetString("display_name"),
                r.GetBoolean("may"),
                r.GetBoolean("active"),
                r.GetBoolean("entitled"),
                r.GetBoolean("worked_on_it"),
                r.Text("missing_skill"),
                r["missing_held"] as int?,
                r.Text("excluded_step") is { } step ? (step, r.GetString("excluded_title")) : null,
                r.GetBoolean("conflicted"),
                r.GetBoolean("candidate"),
                r.GetGuid("named_id") is var named && named != r.GetGuid("id") ? (named, r.GetString("named_name")) : null,
                r.GuidOrNull("absent_id") is { } absent ? (absent, r.GetString("absent_name")) : null,
                r.GetBoolean("actor_sees"),
                r.GetBoolean("actor_leads"),
                r.GetBoolean("actor_is_candidate")
            )
            : null;

    private static string Text(string may, string entitled, string workedOnIt = "false", string receiver = "n.id") =>
        $"""
            select p.id, p.user_name, p.display_name, p.active, coalesce({may}, false) may, coalesce({entitled}, false) entitled,
                {workedOnIt} worked_on_it, n.id named_id, n.display_name named_name,
                lack.skill missing_skill, lack.held missing_held,
                x.activity_id excluded_step, x.title excluded_title, {Rules.IsConflicted} conflicted,
                coalesce({Rules.IsCandidate}, false) candidate, z.id absent_id, z.display_name absent_name,
                coalesce({Actor.Sees}, false) actor_sees, coalesce({Actor.Leads}, false) actor_leads, coalesce({Actor.IsCandidate}, false) actor_is_candidate
            from task t
            join person me on me.id = $1
            join person n on lower(n.user_name) = lower($4)
            join person p on p.id = {receiver}
            left join lateral (
                select k skill, (select s.level from person_skill s where s.person_id = p.id and s.skill = split_part(k, ':', 1)
                    and {Eligibility.IsCertified("s", "$2")}) held
                from unnest(t.required_skills) k where not k = any({Rules.Skills}) limit 1) lack on true
            left join lateral (
                select a.id, a.display_name from person a where a.id in ({Rules.Absent}) and {Absent.IsRepresented}
                order by a.id = t.owner_id desc nulls last, a.id = n.id desc limit 1) z on true
            left join lateral (
                select o.activity_id, o.title from task o where {Eligibility.IsExcludedStep("o")} and p.id = any{Eligibility.WorkedOn(
                "o"
            )} limit 1) x on true
            where t.id = $3
            """;
}
