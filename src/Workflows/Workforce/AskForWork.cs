using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Workforce;

/// <summary>
/// Asks the push engine to look at people, in the transaction of the change that made them free: one row of <c>distribution_request</c> for each team of
/// theirs whose work is not only pulled.
/// </summary>
public static class AskForWork
{
    /// <summary>Trigger: they became available.</summary>
    public const string Available = "available";

    /// <summary>Trigger: they have less work than before, or a larger capacity.</summary>
    public const string CapacityFreed = "capacity-freed";

    /// <summary>Trigger: they accepted an offer, and may have room for another.</summary>
    public const string Answered = "offer-accepted";

    /// <summary>Trigger: they got a team or a skill.</summary>
    public const string Eligible = "eligible";

    /// <summary>The requests for these people.</summary>
    /// <param name="people">Their ids. For who works in no team that pushes, nothing is written.</param>
    /// <param name="trigger">One of the triggers of this class, or another short name of the cause.</param>
    public static NpgsqlBatchCommand For(IEnumerable<Guid> people, string trigger, Instant now) => Sql.Command(Statement(""), people.ToArray(), trigger, now);

    /// <summary>The requests for someone whom this transaction relieves of a task; none if they still hold it.</summary>
    /// <param name="person">Who had the task before.</param>
    public static NpgsqlBatchCommand Relieved(Guid person, Guid task, Instant now) =>
        Sql.Command(
            Statement($"and not exists (select from task k where k.id = $4 and m.person_id in ({Load.HolderOf("k")}))"),
            new[] { person },
            CapacityFreed,
            now,
            task
        );

    private static string Statement(string condition) =>
        $"""
            insert into distribution_request (team, person_id, trigger, at)
                select m.team_key, m.person_id, $2, $3 from team_member m join team t on t.key = m.team_key
                where m.person_id = any($1) and t.distribution <> 'pull' {condition}
            """;
}
