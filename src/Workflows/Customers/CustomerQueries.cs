using System.Data;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Customers;

/// <summary>Reads customers. Who doesn't see every case sees the customers of the cases they see.</summary>
public static class CustomerQueries
{
    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private const string Columns = """
        k.id, k.number, k.name, k.other_names, k.emails, k.phones, k.addresses, k.languages, k.born_on, k.consents::text consents,
            k.revision, k.created_at, k.created_by, k.changed_at, k.survivor,
            (select json_agg(json_build_object('kind', i.kind, 'value', i.value) order by i.kind, i.value)::text from customer_identifier i
                where i.customer_id = k.id) identifiers
        """;

    /// <summary>SQL of the numbers of a record and its duplicates.</summary>
    /// <param name="survivor">SQL of the id of the record that is left after merging.</param>
    internal static string NumbersOf(string survivor) => $"select m.number from customer m where m.survivor = {survivor}";

    /// <summary>The record with this id, or the one it was merged into; null if there is none that the person can see.</summary>
    public static async Task<CustomerDetails?> FindAsync(NpgsqlDataSource database, Guid id, Person actor, Instant now, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            $"""
            select {Columns}, case when $5 then k.vulnerability end vulnerability, case when $5 then k.vulnerable_since end vulnerable_since,
                s.kind sensitive_kind, s.reason sensitive_reason, s.marked_by sensitive_by, s.marked_at sensitive_at
            from customer one join customer k on k.survivor = one.survivor
            left join lateral (select s.* from sensitive_customer s join customer m on m.id = s.customer_id where m.survivor = k.survivor
                order by m.id = k.survivor desc, s.marked_at desc limit 1) s on true
            where one.id = $3 and ($4 or {CustomerAccess.Sees(Eligibility.Of("$1", "$2"), "one.survivor")})
            order by k.id = k.survivor desc, k.number
            """,
            actor.Id,
            now,
            id,
            Eligibility.SeesAll(actor),
            CustomerAccess.SeesVulnerability(actor)
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var found = Read(r) with
        {
            Sensitive =
                r.InstantOrNull("sensitive_at") is not { } at ? null
                : actor.May(Permissions.MarkSensitive)
                    ? new(Enum.Parse<SensitiveKind>(r.GetString("sensitive_kind")), r.Text("sensitive_reason"), r.Text("sensitive_by"), at)
                : new(null, null, null, at),
        };
        var merged = new List<MergedCustomer>();
        while (await r.ReadAsync(cancel))
        {
            var duplicate = Read(r);
            merged.Add(new(duplicate.Id, duplicate.Data, duplicate.VulnerableSince));
        }

        return found with
        {
            Merged = merged,
        };
    }

    /// <summary>The record that a number, or a value of an identifier, leads to, also if it was merged; null if the person can see none.</summary>
    public static async Task<CustomerDetails?> OfNumberAsync(
        NpgsqlDataSource database,
        string number,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        if (WorkflowData.Unfit(number) is not null)
            return null;
        await using var query = database.Query(
            """
            select id from (select id, 1 place from customer where number = $1 union all select customer_id, 2 from customer_identifier where value = $1) k
            order by place limit 1
            """,
            number
        );
        return await query.ExecuteScalarAsync(cancel) is Guid id ? await FindAsync(database, id, actor, now, cancel) : null;
    }

    /// <summary>Customers with the newest records first; those that were merged are left out.</summary>
    public static async Task<Page<CustomerSummary>> ListAsync(
        NpgsqlDataSource database,
        (DateTime At, Guid Id)? before,
        int limit,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var few = await CaseViewers.FewSeenAsync(database, actor, now, cancel);
        var sees =
            Eligibility.SeesAll(actor) ? "true"
            : few is null ? CustomerAccess.Sees(Eligibility.Of("$1", "$2"), "k.id")
            : """
                k.id = any(array(select m.survivor from journey_case c join customer m on m.number = c.customer_id
                    where c.id = any($6) and c.test_by is null))
                """;
        await using var query = database.Query(
            $"""
            select k.id, k.created_at from customer k
            where k.merged_into is null and {sees} and ($4::timestamptz is null or (k.created_at, k.id) < ($4, $5::uuid))
            order by k.created_at desc, k.id desc limit $3
            """,
            actor.Id,
            now,
            limit + 1,
            before?.At,
            before?.Id,
            few ?? []
        );
        var ids = new List<(Guid Id, DateTime At)>();
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            while (await r.ReadAsync(cancel))
                ids.Add((r.GetGuid(0), r.GetDateTime(1)));
        }

        var page = Page<(Guid Id, DateTime At)>.Of(ids, limit, one => (one.At, one.Id));
        return new(await SummariesAsync(database, [.. page.Items.Select(one => one.Id)], actor, now, cancel), page.Next);
    }

    /// <summary>These customers, in this order, with the cases that the person sees. The caller has checked that the person can see them.</summary>
    public static async Task<IReadOnlyList<CustomerSummary>> SummariesAsync(
        NpgsqlDataSource database,
        Guid[] ids,
        Person actor,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            $"""
            select k.id, k.number, k.name, case when not g.guarded then coalesce(k.phones[1], k.emails[1]) end, n.open, n.cases, n.last, g.guarded
            from unnest($3::uuid[]) with ordinality w(id, place) join customer k on k.id = w.id
            cross join lateral (select is_guarded_number(k.number, $1, $2) guarded) g
            cross join lateral (select (count(*) filter (where i.status = 'Running'))::int open, count(*)::int cases, max(c.created_at) last
                from journey_case c join workflow_instance i on i.id = c.id
                where c.customer_id in ({NumbersOf("k.id")}) and c.test_by is null and ($4 or {Eligibility.Of("$1", "$2").SeesRun("c.id")})) n
            order by w.place
            """,
            actor.Id,
            now,
            ids,
            Eligibility.SeesAll(actor)
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var customers = new List<CustomerSummary>();
        while (await r.ReadAsync(cancel))
            customers.Add(
                new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.Text(3), r.GetInt32(4), r.GetInt32(5), r.InstantOrNull(6)) { NeedsReason = r.GetBoolean(7) }
            );
        return customers;
    }

    /// <summary>These records as they are, with everything; for changes.</summary>
    internal static async Task<List<CustomerDetails>> OfAsync(
        NpgsqlConnection connection,
        IEnumerable<Guid> ids,
        IEnumerable<string> numbers,
        CancellationToken cancel
    )
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"select {Columns}, k.vulnerability, k.vulnerable_since from customer k where k.id = any($1) or k.number = any($2)",
            ids.ToArray(),
            numbers.ToArray()
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var found = new List<CustomerDetails>();
        while (await r.ReadAsync(cancel))
            found.Add(Read(r));
        return found;
    }

    private static CustomerDetails Read(NpgsqlDataReader r) =>
        new(
            r.GetGuid("id"),
            new(r.GetString("number"), r.GetString("name"))
            {
                OtherNames = r.GetFieldValue<string[]>("other_names"),
                Emails = r.GetFieldValue<string[]>("emails"),
                Phones = r.GetFieldValue<string[]>("phones"),
                Addresses = r.GetFieldValue<string[]>("addresses"),
                Languages = r.GetFieldValue<string[]>("languages"),
                BornOn = r.IsDBNull("born_on") ? null : r.GetFieldValue<DateOnly>("born_on"),
                Consents = JsonSerializer.Deserialize<List<Consent>>(r.GetString("consents"), Json)!,
                Identifiers = r.Text("identifiers") is { } identifiers ? JsonSerializer.Deserialize<List<CustomerIdentifier>>(identifiers, Json)! : [],
                Vulnerability = r.Text("vulnerability"),
            },
            r.GetInt32("revision"),
            r.Instant("created_at"),
            r.GetString("created_by"),
            r.Instant("changed_at"),
            r.InstantOrNull("vulnerable_since"),
            r.GetGuid("survivor")
        );
}
