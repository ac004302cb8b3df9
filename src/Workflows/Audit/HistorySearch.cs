using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Audit;

/// <summary>An event that a search found. What was entered is left out of its payload: the case shows it to whoever may see it.
/// Of a sensitive customer that the reader gave no reason for, there is no payload at all.</summary>
/// <param name="Chain">Its chain: the case, or another thing.</param>
/// <param name="Event">The event.</param>
/// <param name="CaseReference">Reference of its case, or null.</param>
/// <param name="Customer">Name of the customer of the case, or null.</param>
/// <param name="Journey">Journey of the case, or null.</param>
/// <param name="Thing">Name of the chain of something that is no case, such as <c>person:…</c>.</param>
/// <param name="Source">Where it came from: page, api, job or workflow.</param>
public sealed record HistoryHit(Guid Chain, CaseEvent Event, string? CaseReference, string? Customer, string? Journey, string? Thing, string Source)
{
    /// <summary>Where it is in the order of a search.</summary>
    public HistoryCursor Cursor => new(Event.At.ToInstant(), Chain, Event.Sequence);
}

/// <summary>A search looked at more than it may.</summary>
public sealed class SearchTooWideException(string message, Exception inner) : Exception(message, inner);

/// <summary>
/// Search over all history, newest first, for compliance. An index leads to the events of a person, customer, case or action; without any of these a search
/// is limited in time (<see cref="HistoryFilter.Check"/>). Payloads are only looked into for what is left, and no search takes longer than
/// <see cref="MostTime"/>.
/// </summary>
public static class HistorySearch
{
    /// <summary>Most time a search may take.</summary>
    public static readonly Duration MostTime = Duration.FromSeconds(15);

    /// <summary>Searched when nothing is asked for.</summary>
    public static readonly Duration Recent = Duration.FromDays(1);

    private static readonly string[] Entered = ["data", "value", "inputs", "payload", JournalEvents.VariablesMember];

    /// <summary>One page.</summary>
    /// <param name="filter">Which events; its <see cref="HistoryFilter.Check"/> found nothing.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="reader">Who asks: what is hidden from them isn't searched by its value.</param>
    /// <returns>The page, and where the next begins; null at the end.</returns>
    /// <exception cref="SearchTooWideException">It took too long.</exception>
    public static async Task<(IReadOnlyList<HistoryHit> Hits, HistoryCursor? Next)> PageAsync(
        WorkflowRuntime runtime,
        HistoryFilter filter,
        int limit,
        Person reader,
        CancellationToken cancel = default
    )
    {
        var hits = new List<HistoryHit>();
        await foreach (var hit in ReadAsync(runtime, filter, limit + 1, reader, MostTime, cancel))
            hits.Add(hit);
        if (hits.Count <= limit)
            return (hits, null);
        hits.RemoveAt(limit);
        return (hits, hits[^1].Cursor);
    }

    /// <summary>All of them, as they are read.</summary>
    /// <param name="most">At most this many.</param>
    /// <param name="time">Most time it may take.</param>
    public static async IAsyncEnumerable<HistoryHit> ReadAsync(
        WorkflowRuntime runtime,
        HistoryFilter filter,
        int most,
        Person reader,
        Duration time,
        [EnumeratorCancellation] CancellationToken cancel = default
    )
    {
        var viewer = FactViewer.Of(reader, [.. reader.Teams, .. reader.Leads]);
        var hides = new Dictionary<string, bool>();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (sql, values) = await QueryAsync(connection, filter, most, reader.Id, runtime.Clock.Now(), cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(string.Create(CultureInfo.InvariantCulture, $"set local statement_timeout = {(long)time.TotalMilliseconds}"));
        batch.Add("set local plan_cache_mode = force_custom_plan");
        batch.Add(sql, [.. values]);
        await using var r = await LimitedAsync(() => batch.ExecuteReaderAsync(cancel));
        while (await LimitedAsync(() => r.ReadAsync(cancel)))
        {
            var version = r.Text(16);
            if (filter.Field is not null && version is not null)
            {
                if (!hides.TryGetValue(version, out var hidden))
                    hides[version] = hidden = await FactSchema.HidesAsync(runtime.Definitions, version, viewer, cancel);
                if (hidden)
                    continue;
            }

            var payload = r.Text(11) is { } text ? JsonNode.Parse(text, documentOptions: new() { MaxDepth = 512 }) : null;
            var source =
                payload is JsonObject told && told[HistorySource.Member]?.GetValueKind() == JsonValueKind.String ? (string)told[HistorySource.Member]!
                : r.GetString(6) == JournalEvents.Entity ? "workflow"
                : "job";
            if (payload is JsonObject members)
            {
                foreach (var member in Entered)
                    members.Remove(member);
            }

            // What happened is told; of what was entered or said, nothing.
            if (r.GetBoolean(18))
                payload = null;
            yield return new(
                r.GetGuid(0),
                new(
                    r.GetInt32(1),
                    r.GetDateTime(2),
                    r.GetString(3),
                    r.Text(4),
                    r.GetString(5),
                    r.GetString(6),
                    r.GetString(7),
                    r.GetInt64(8),
                    r.Text(9),
                    r.Text(10),
                    payload,
                    Convert.ToHexStringLower(r.GetFieldValue<byte[]>(12))
                ),
                r.Text(13),
                r.Text(14),
                r.Text(15),
                r.Text(17),
                source
            );
        }
    }

    private static async Task<(string Sql, List<object?> Values)> QueryAsync(
        NpgsqlConnection connection,
        HistoryFilter filter,
        int most,
        Guid reader,
        Instant now,
        CancellationToken cancel
    )
    {
        var (conditions, values) = (new List<string>(), new List<object?>());
        var chains = await ChainsAsync(connection, filter, cancel);
        if (chains is not null)
            conditions.Add($"e.chain_id = any({Value(chains)})");
        else
            conditions.Add("e.entity <> 'activity'");
        if (filter.Person is { } person)
            conditions.Add($"e.actor = {Value(person)}");
        if (filter.Action is { } action)
            conditions.Add($"e.action = {Value(action)}");
        else if (filter.Outcome is not null)
            conditions.Add($"e.action = any({Value(HistoryFilter.OutcomeActions)})");
        if (filter.Step is { } step)
            conditions.Add($"e.activity_id = {Value(step)}");
        if ((filter.From ?? (filter.IsNarrow ? null : (filter.To ?? now) - Recent)) is { } from)
            conditions.Add($"e.at >= {Value(from)}");
        if (filter.To is { } to)
            conditions.Add($"e.at < {Value(to)}");
        if (filter.Before is { } before)
            conditions.Add($"(e.at, e.chain_id, e.sequence) < ({Value(before.At)}, {Value(before.Chain)}, {Value(before.Sequence)})");
        if (filter.Outcome is { } outcome)
            conditions.Add($"e.payload ->> 'outcome' = {Value(outcome)}");
        if (filter.Source is { } source)
            conditions.Add(
                source switch
                {
                    "workflow" => "e.entity = 'activity'",
                    "job" => $"(e.entity <> 'activity' and e.payload ->> '{HistorySource.Member}' is null)",
                    _ => $"e.payload ->> '{HistorySource.Member}' = {Value(source)}",
                }
            );
        if (filter is { Field: { } field, Value: { } wanted })
        {
            var path = field.Split('.');
            var found =
                $"coalesce(e.payload #>> {Value(path)}, e.payload #>> {Value((string[])["data", .. path])}, "
                + $"e.payload #>> {Value((string[])[JournalEvents.VariablesMember, .. path])})";
            conditions.Add(
                wanted is [('>' or '<') and var comparison, .. var number]
                    ? $"(case when {found} ~ '^-?[0-9]+([.][0-9]+)?$' then ({found})::numeric {comparison} "
                        + $"{Value(decimal.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture))} end)"
                    : $"lower({found}) = lower({Value(wanted)})"
            );
        }

        // Few rows are found before their names are looked up.
        var sql = $"""
            select e.chain_id, e.sequence, e.at, e.actor, p.display_name, e.action, e.entity, e.entity_id, e.revision, e.activity_id, e.activity_type,
                e.payload, e.leaf, c.reference, c.customer_name, c.journey, i.definition_version_id, n.name,
                case when n.name like 'customer:%' then coalesce(is_guarded_number((select k.number from customer k where k.id = substr(n.name, 10)::uuid),
                        {Value(reader)}, {Value(now)}), false)
                    else is_guarded_number(coalesce(c.customer_id, above.customer_id), {Value(reader)}, {Value(now)}) end
            from (select * from event e where {string.Join(" and ", conditions)}
                order by e.at desc, e.chain_id desc, e.sequence desc limit {most.ToString(CultureInfo.InvariantCulture)}) e
            left join person p on p.user_name = e.actor
            left join journey_case c on c.id = e.chain_id
            left join workflow_instance i on i.id = e.chain_id
            left join journey_case above on above.id = i.parent_id
            left join event_chain n on n.id = e.chain_id
            order by e.at desc, e.chain_id desc, e.sequence desc
            """;
        return (sql, values);

        string Value(object value)
        {
            values.Add(value);
            return $"${values.Count}";
        }
    }

    /// <summary>The chains of a case or customer; null: any.</summary>
    private static async Task<Guid[]?> ChainsAsync(NpgsqlConnection connection, HistoryFilter filter, CancellationToken cancel)
    {
        if (filter.Case is null && filter.Customer is null)
            return null;
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select c.id from journey_case c where ($1::text is null or c.reference = $1 or c.id = $2)
                and ($3::text is null or c.customer_id in (
                    select m.number from customer m where m.survivor = (select k.survivor from customer k where k.number = $3)))
            """,
            filter.Case,
            Guid.TryParse(filter.Case, out var id) ? id : null,
            filter.Customer
        );
        batch.Add("select m.id from customer m where m.survivor = (select k.survivor from customer k where k.number = $1)", filter.Customer);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var chains = new List<Guid>();
        while (await r.ReadAsync(cancel))
            chains.Add(r.GetGuid(0));
        await r.NextResultAsync(cancel);
        while (filter.Case is null && await r.ReadAsync(cancel))
            chains.Add(CustomerTransaction.ChainOf(r.GetGuid(0)));
        return [.. chains];
    }

    private static async Task<T> LimitedAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            throw new SearchTooWideException(
                $"The search looked at more events than it may in {MostTime.TotalSeconds:0} seconds. Narrow it: a person, a case, an action or a shorter time.",
                e
            );
        }
    }
}
