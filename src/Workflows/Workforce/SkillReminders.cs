using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;

namespace Orchestration.Workflows.Workforce;

/// <summary>Tells people and the leads of their teams that a certificate expires: 30, 7 and 1 days before, each once.</summary>
internal static class SkillReminders
{
    /// <summary>Tells everyone who has to be told by now. Returns how many certificates that was about.</summary>
    /// <remarks>After an outage only the last of the reminders that were missed is sent.</remarks>
    public static async Task<int> RunAsync(WorkflowRuntime runtime, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var notices = new List<Notice>();
        var told = 0;
        await using (var due = connection.CreateBatch())
        {
            due.Add(
                """
                with due as (
                    insert into skill_reminder (person_id, skill, certified_until, days, at)
                    select s.person_id, s.skill, s.certified_until, min(d.days), $1 from person_skill s join person p on p.id = s.person_id and p.active
                        join unnest(array[30, 7, 1]) d(days) on s.certified_until - $1::date <= d.days
                    where s.certified_until > $1::date
                    group by s.person_id, s.skill, s.certified_until
                    on conflict do nothing returning person_id, skill, certified_until
                )
                select d.person_id, p.display_name, k.title, d.certified_until - $1::date, to_char(d.certified_until, 'FMDD Mon YYYY'),
                    array(select distinct t.lead_id from team t join team_member m on m.team_key = t.key
                        join person l on l.id = t.lead_id and l.active and l.id <> d.person_id where m.person_id = d.person_id)
                from due d join person p on p.id = d.person_id join skill k on k.key = d.skill order by d.person_id, d.skill
                """,
                now
            );
            await using var r = await due.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
            {
                told++;
                var (name, skill, days, until) = (r.GetString(1), r.GetString(2), r.GetInt32(3), r.GetString(4));
                var left = days == 1 ? "tomorrow" : $"in {days} days";
                notices.Add(
                    new(
                        r.GetGuid(0),
                        NotificationKinds.SkillExpires,
                        $"Your certificate for {skill} expires {left}",
                        $"From {until} on, you can't take steps that require it.",
                        null,
                        null
                    )
                );
                notices.AddRange(
                    r.GetFieldValue<Guid[]>(5)
                        .Select(lead => new Notice(
                            lead,
                            NotificationKinds.SkillExpires,
                            $"{name}'s certificate for {skill} expires {left}",
                            $"From {until} on, {name} can't take steps that require it.",
                            null,
                            null
                        ))
                );
            }
        }

        if (notices.Count == 0)
            return 0;
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(Notify.Command(now, notices));
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish(notices.Select(notice => new Change(ChangeKind.Person, notice.Person)).Distinct());
        return told;
    }
}
