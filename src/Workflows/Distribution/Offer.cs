using System.Text.Json.Serialization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Workflows.Distribution;

/// <summary>States of an offer.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OfferState>))]
public enum OfferState
{
    /// <summary>Waits for an answer.</summary>
    Open,

    Accepted,
    Declined,

    /// <summary>Nobody answered in time.</summary>
    Expired,

    /// <summary>Taken back: the task is gone, or the person can't have it any more.</summary>
    Withdrawn,
}

/// <summary>A task offered to someone.</summary>
/// <param name="Id">The offer.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Title">Its title.</param>
/// <param name="State">How it stands.</param>
/// <param name="Reason">Why it was declined or withdrawn, or accepted without an answer.</param>
/// <param name="OfferedAt">Since when.</param>
/// <param name="ExpiresAt">Until when.</param>
/// <param name="Reference">Reference of the case.</param>
/// <param name="CustomerName">The customer.</param>
/// <param name="DueAt">When the task is due.</param>
/// <param name="PushedBy">Display name of who pushed it by hand; null: the push engine.</param>
/// <param name="Assigns">Without an answer in time, the task is assigned to the person.</param>
public sealed record Offer(
    Guid Id,
    Guid TaskId,
    string Title,
    OfferState State,
    string? Reason,
    Instant OfferedAt,
    Instant ExpiresAt,
    string? Reference,
    string? CustomerName,
    Instant? DueAt,
    string? PushedBy,
    bool Assigns
)
{
    /// <summary>Offers that wait for a person's answer, the one that expires first before the others. An offer of a task that is gone is left out.</summary>
    public static async Task<IReadOnlyList<Offer>> OpenOfAsync(NpgsqlDataSource database, Guid person, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select o.id, t.id, t.title, o.state, o.reason, o.offered_at, o.expires_at, coalesce(c.reference, i.correlation_id), c.customer_name, t.due_at,
                (select p.display_name from person p where p.user_name = o.pushed_by), o.assigns
            from task_offer o join task t on t.id = o.task_id and t.state = 'Ready' join workflow_instance i on i.id = t.instance_id
                left join journey_case c on c.id = t.instance_id
            where o.person_id = $1 and o.state = 'Open' and o.expires_at > $2 order by o.expires_at, o.id
            """,
            person,
            now
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var offers = new List<Offer>();
        while (await r.ReadAsync(cancel))
            offers.Add(
                new(
                    r.GetGuid(0),
                    r.GetGuid(1),
                    r.GetString(2),
                    Enum.Parse<OfferState>(r.GetString(3)),
                    r.Text(4),
                    r.Instant(5),
                    r.Instant(6),
                    r.Text(7),
                    r.Text(8),
                    r.InstantOrNull(9),
                    r.Text(10),
                    r.GetBoolean(11)
                )
            );
        return offers;
    }

    /// <summary>They declined it or let it expire: from now on their preferred skills keep the task from no one else. Before the request for others.</summary>
    internal static NpgsqlBatchCommand PassOn(Guid task, Guid person) =>
        Sql.Command("update task set passed_by = passed_by || $2::uuid where id = $1 and $2 <> all(passed_by)", task, person);

    /// <summary>Writes one offer in the transaction of the task's case.</summary>
    internal static void Write(
        InstanceTransaction transaction,
        Work work,
        Guid person,
        Guid? decision,
        OfferState state,
        Instant expires,
        string? pushedBy,
        bool assigns = false
    ) =>
        transaction.Write(
            """
            insert into task_offer (id, task_id, person_id, decision_id, state, weight, work_kind, offered_at, expires_at, ended_at, pushed_by, assigns)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            """,
            Ids.New(transaction.Now),
            work.Id,
            person,
            decision,
            state.ToString(),
            work.Weight,
            work.Kind == WorkKind.Live ? "live" : "deferred",
            transaction.Now,
            expires,
            state == OfferState.Open ? null : transaction.Now,
            pushedBy,
            assigns
        );
}

/// <summary>A task that was decided to be given to someone.</summary>
internal sealed record Decided(Pick Pick, Decision Decision);

/// <summary>An offer that is being made.</summary>
internal sealed record NewOffer(Work Work, Guid Person, Decision Decision)
{
    /// <summary>Writes offers of the push engine that wait for an answer.</summary>
    /// <param name="assigns">Without an answer in time, the tasks are assigned.</param>
    public static NpgsqlBatchCommand InsertAll(IReadOnlyList<NewOffer> all, Instant now, Instant expires, bool assigns) =>
        Sql.Command(
            """
            insert into task_offer (id, task_id, person_id, decision_id, state, weight, work_kind, offered_at, expires_at, assigns)
                select o.id, o.task, o.person, o.decision, 'Open', o.weight, o.kind, $1, $2, $3
                from unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::int[], $9::text[]) o(id, task, person, decision, weight, kind)
            """,
            now,
            expires,
            assigns,
            all.Select(_ => Ids.New(now)).ToArray(),
            all.Select(offer => offer.Work.Id).ToArray(),
            all.Select(offer => offer.Person).ToArray(),
            all.Select(offer => offer.Decision.Id).ToArray(),
            all.Select(offer => offer.Work.Weight).ToArray(),
            all.Select(offer => offer.Work.Kind == WorkKind.Live ? "live" : "deferred").ToArray()
        );
}
