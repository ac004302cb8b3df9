using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Workforce;

/// <summary>
/// Asks the push engine to look at a task, in the transaction of the change that calls for it: one row of <c>distribution_request</c>, if the task is open
/// and its team's work is not only pulled. It belongs after the statement that changes the task.
/// </summary>
public static class AskForPeople
{
    /// <summary>The request for one task.</summary>
    /// <param name="trigger">A short name of the cause.</param>
    public static NpgsqlBatchCommand For(Guid task, string trigger, Instant now) => For([task], trigger, now);

    /// <summary>The requests for these tasks.</summary>
    public static NpgsqlBatchCommand For(Guid[] tasks, string trigger, Instant now) =>
        Sql.Command(
            """
            insert into distribution_request (team, task_id, trigger, at)
                select t.team, t.id, $2, $3 from task t join team e on e.key = t.team
                where t.id = any($1) and t.state = 'Ready' and t.test_by is null and e.distribution <> 'pull'
            """,
            tasks,
            trigger,
            now
        );
}
