using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;

namespace Orchestration.Workflows.Guidance;

/// <summary>Tells who wrote a note what the owning team decided, in the transaction that completes its task.</summary>
internal static class TellWriter
{
    /// <summary>Adds the notifications to the batch that writes the events. Whoever decides on their own note isn't told.</summary>
    /// <param name="histories">Chains of instances, of the same time and actor.</param>
    /// <param name="batch">Where they go.</param>
    public static void Write(IReadOnlyList<HistoryAppend> histories, NpgsqlBatch batch)
    {
        foreach (var history in histories)
        {
            if (!history.Events.Any(e => e is { Action: "task.completed", ActivityId: ReportGuidance.DecideStep }))
                continue;
            batch.Add(
                $"""
                with told as (
                    insert into notification (id, person_id, kind, title, body, path, created_at)
                    select $3, w.id, $4, coalesce(d.display_name, $5)
                        || case when t.outcome = 'Accept' then case n.kind when 'NoAnswer' then ' answered' else ' accepted' end else ' declined' end
                        || case n.kind when 'Proposal' then ' your proposal for “' || coalesce(a.title, '') || '”'
                            when 'OutOfDate' then ' your report on “' || coalesce(a.title, '') || '”' else ' your question “' || left(n.body, 80) || '”' end,
                        coalesce(t.data ->> 'reply', ''), '/guidance/notes?mine=true', $1
                    from guidance_note n join task t on t.instance_id = n.instance_id and t.activity_id = $6 and t.outcome is not null
                    join person w on w.user_name = n.written_by left join person d on d.user_name = $5
                    left join guidance_article a on a.id = n.article_id
                    where n.instance_id = $7 and n.written_by <> $5
                    returning id, person_id, kind, instance_id
                )
                {Notify.MailTold}
                """,
                history.At,
                history.At + SendMail.Grace,
                Ids.New(history.At),
                NotificationKinds.GuidanceDecided,
                history.Actor,
                ReportGuidance.DecideStep,
                history.Chain
            );
        }
    }
}
