using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Workforce;

/// <summary>What people do now, as far as offers change it.</summary>
public sealed class Presence
{
    /// <summary>Offers in a row that someone can let expire before they are away.</summary>
    public const int MissedAllowed = 2;

    /// <summary>
    /// An offer to this person expired: the second in a row makes them away, and tells them why. It belongs into the transaction that ends the offer, on its
    /// connection.
    /// </summary>
    /// <returns>What to publish after the commit (<see cref="Changes.Publish"/>).</returns>
    public static async Task<IReadOnlyList<Change>> MissedOfferAsync(NpgsqlConnection connection, Guid person, Instant now, CancellationToken cancel = default)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            update presence set missed_offers = missed_offers + 1,
                state = case when missed_offers + 1 >= $3 then 'Away' else state end,
                cause = case when missed_offers + 1 >= $3 then 'MissedOffers' else cause end,
                since = case when missed_offers + 1 >= $3 then $2 else since end
            where person_id = $1 and state = 'Available'
            """,
            person,
            now,
            MissedAllowed
        );
        await batch.ExecuteNonQueryAsync(cancel);
        return [];
    }

    /// <summary>An offer was accepted or declined: missed offers before it no longer count.</summary>
    public static NpgsqlBatchCommand OfferAnswered(Guid person) =>
        Sql.Command("update presence set missed_offers = 0 where person_id = $1 and missed_offers > 0", person);
}
