using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.OwnView;

/// <summary>
/// Who is told what a customer did in their own view, so that it reaches someone: the owner of the task; else its team, or who else may take it; else the front
/// office. Only the owner reads what it says: of a sensitive customer, others would have to give a reason first.
/// </summary>
/// <param name="Owner">Owner of the task that it is about, or of the oldest open one; null: there is none.</param>
/// <param name="Task">That task; null: no task is open.</param>
/// <param name="Others">Without an owner: the team, or the front office.</param>
internal sealed record WhoIsTold(Guid? Owner, Guid? Task, IReadOnlyList<Guid> Others)
{
    /// <summary>Reads who that is.</summary>
    /// <param name="answers">The task that it is about, if it is open; null: none in particular.</param>
    public static async Task<WhoIsTold> ReadAsync(NpgsqlDataSource database, Guid @case, Guid? answers, CancellationToken cancel)
    {
        await using var query = database.Query(
            $"""
            with target as materialized (select t.id, t.owner_id, t.team, t.candidates from task t where t.instance_id = $1 and t.ended_at is null
                order by t.id = $2::uuid desc nulls last, t.created_at, t.id limit 1),
            team as materialized (select p.id from target x join person p on p.active and (p.user_name = any(x.candidates)
                or exists (select from team_member m where m.team_key = x.team and m.person_id = p.id)
                or exists (select from team l where l.key = x.team and l.lead_id = p.id)))
            select (select p.id from target x join person p on p.id = x.owner_id and p.active), (select id from target),
                case when exists (select from team) then array(select id from team order by id)
                    else array(select p.id from person p where p.active and {PermissionHolders.FrontOffice("p")} order by p.id) end
            """,
            @case,
            answers
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        return new(r.GuidOrNull(0), r.GuidOrNull(1), r.GetFieldValue<Guid[]>(2));
    }

    /// <summary>What they are told.</summary>
    /// <param name="title">One line, without the customer's words.</param>
    /// <param name="words">What the customer said, for the owner.</param>
    public IReadOnlyList<Notice> Notices(Guid @case, string title, string words) =>
        Owner is { } owner
            ? [new(owner, "task.comment", title, words, @case, Task)]
            : [.. Others.Select(person => new Notice(person, NotificationKinds.CustomerWrote, title, "", @case, Task))];
}
