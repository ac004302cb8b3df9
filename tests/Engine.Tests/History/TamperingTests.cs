using System.Globalization;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Proof;
using static Orchestration.Proof.FindingKind;

namespace Orchestration.Engine.Tests.History;

/// <summary>
/// What someone with every right could do to history, and what a check says of it. Chain <c>a</c> has 300 events, <c>b</c> ten and <c>c</c> five;
/// the first tree head covers 305 of them, the second all.
/// </summary>
public sealed class TamperingTests
{
    private const string A3 = "chain_id = {a} and sequence = 3";

    private static readonly (string Sql, FindingKind Kind, string Chain, int Sequence)[] Rows =
    [
        // One field of an event.
        ($"update event set actor = 'bob' where {A3}", Changed, "a", 3),
        ($"update event set at = at + interval '1 microsecond' where {A3}", Changed, "a", 3),
        ($"update event set at = at - interval '40 days' where {A3}", Changed, "a", 3),
        ($"update event set action = 'task.released' where {A3}", Changed, "a", 3),
        ($"update event set entity = 'case' where {A3}", Changed, "a", 3),
        ($"update event set entity_id = 't4' where {A3}", Changed, "a", 3),
        ($"update event set revision = 9 where {A3}", Changed, "a", 3),
        ($"update event set activity_id = 'b' where {A3}", Changed, "a", 3),
        ($"update event set activity_id = null where {A3}", Changed, "a", 3),
        ($"update event set node_id = 'm' where {A3}", Changed, "a", 3),
        ($"update event set activity_type = 'U' where {A3}", Changed, "a", 3),
        ($"update event set activity_id = '', node_id = 'an' where {A3}", Changed, "a", 3),
        ($"update event set actor = upper(actor) where chain_id = {{a}} and sequence = 300", Changed, "a", 300),
        ($"update event set actor = 'bob' where chain_id = {{a}} and sequence = 1", Changed, "a", 1),
        // Hashes.
        ($"update event set leaf = set_byte(leaf, 0, get_byte(leaf, 0) # 1) where {A3}", Changed, "a", 3),
        ($"update event set leaf = set_byte(leaf, 31, get_byte(leaf, 31) # 128) where {A3}", Changed, "a", 3),
        ($"update event set commitment = set_byte(commitment, 7, get_byte(commitment, 7) # 1) where {A3}", Payload, "a", 3),
        ($"update event set salt = set_byte(salt, 15, get_byte(salt, 15) # 1) where {A3}", Payload, "a", 3),
        ($"update event set leaf = '\\x' where {A3}", Changed, "a", 3),
        // Payloads.
        ($"update event set payload = '{{{{\"note\": \"another\"}}}}' where {A3}", Payload, "a", 3),
        ($"update event set payload = '{{{{\"note\":  \"no. 3\"}}}}' where {A3}", Payload, "a", 3),
        ($"update event set payload = null, salt = null where {A3}", Payload, "a", 3),
        ($"update event set payload = null, salt = null, commitment = null where {A3}", Changed, "a", 3),
        ($"update event set payload = '{{{{}}}}', salt = '\\x00', commitment = sha256('\\x007b7d') where {A3}", Changed, "a", 3),
        (
            "update event e set payload = o.payload, salt = o.salt, commitment = o.commitment from event o "
                + "where e.chain_id = {a} and e.sequence = 3 and o.chain_id = {a} and o.sequence = 4",
            Changed,
            "a",
            3
        ),
        (
            "update event set payload = null, salt = null where chain_id = {b} and sequence = 2; select erase_history({b}, '{{3}}', now(), 'x', 'y')",
            Payload,
            "b",
            2
        ),
        ($"update event set salt = null where {A3}", Payload, "a", 3),
        ($"update event set payload = null where {A3}", Payload, "a", 3),
        ($"update event set commitment = null where {A3}", Payload, "a", 3),
        (
            "update event e set payload = o.payload, salt = o.salt, commitment = o.commitment from event o "
                + "where e.chain_id = {c} and e.sequence = 2 and o.chain_id = {b} and o.sequence = 2",
            Changed,
            "c",
            2
        ),
        (
            "select erase_history({b}, '{{2}}', now(), 'x', 'y'); update event set payload = null, salt = null where chain_id = {b} and sequence = 5; "
                + "update event set payload = '{{\"reason\":\"y\",\"sequences\":[2,5]}}' where chain_id = {b} and sequence = 11",
            Payload,
            "b",
            11
        ),
        (
            "select erase_history({b}, '{{2}}', now(), 'x', 'y'); delete from event where chain_id = {b} and sequence = 11; update event_chain set "
                + "event_sequence = 10, event_head = (select leaf from event where chain_id = {b} and sequence = 10) where id = {b}",
            Payload,
            "b",
            2
        ),
        (
            "select erase_history({b}, '{{2}}', now(), 'x', 'y'); update event set payload = null, salt = null where chain_id = {b} and sequence = 11",
            Payload,
            "b",
            11
        ),
        // Events that go.
        ($"delete from event where {A3}", Missing, "a", 3),
        ("delete from event where chain_id = {a} and sequence = 1", Missing, "a", 1),
        ("delete from event where chain_id = {a} and sequence = 300", Missing, "a", 300),
        ("delete from event where chain_id = {a} and sequence > 290", Missing, "a", 291),
        ("delete from event where chain_id = {a} and sequence between 100 and 200", Missing, "a", 150),
        ("delete from event where chain_id = {b}", Missing, "b", 1),
        ("delete from event where chain_id = {b}; delete from event_chain where id = {b}", Missing, "b", 10),
        (
            "delete from event where chain_id = {b} and sequence = 10; update event_chain set event_sequence = 9, "
                + "event_head = (select leaf from event where chain_id = {b} and sequence = 9) where id = {b}",
            Missing,
            "b",
            10
        ),
        ("truncate event", Missing, "c", 5),
        (
            "delete from event where chain_id = {a} and sequence = 7; update event set sequence = sequence - 1000 where chain_id = {a} and sequence > 7; "
                + "update event set sequence = sequence+999 where chain_id = {a} and sequence < 0; update event_chain set event_sequence = 299 where id = {a}",
            Missing,
            "a",
            300
        ),
        // Events that come.
        (Copy("b", "at = at + interval '1 hour'", "sequence = 2"), NotInLog, "b", 2),
        (Copy("b", "sequence = 11, actor = 'bob'", "sequence = 10"), NotInLog, "b", 11),
        (Copy("b", "sequence = 12", "sequence = 10"), Missing, "b", 11),
        (
            Copy("b", "sequence = 11", "sequence = 10")
                + "; update event_chain set event_sequence = 11, event_head = (select leaf from event where chain_id = {b} and sequence = 11) where id = {b}",
            NotInLog,
            "b",
            11
        ),
        (Copy("b", "chain_id = '00000000-0000-0000-0000-000000000001', sequence = 1", "sequence = 1"), NotInLog, "00000000-0000-0000-0000-000000000001", 1),
        // Events in another order or place.
        (
            "update event set sequence = 1000 where chain_id = {a} and sequence = 5; update event set sequence = 5 where chain_id = {a} and sequence = 6; "
                + "update event set sequence = 6 where chain_id = {a} and sequence = 1000",
            Changed,
            "a",
            5
        ),
        (
            "update event e set at = o.at from event o where e.chain_id = {a} and o.chain_id = {a} and (e.sequence, o.sequence) in ((5, 6), (6, 5))",
            Changed,
            "a",
            5
        ),
        ("update event set chain_id = {c}, sequence = 6 where chain_id = {b} and sequence = 10", NotInLog, "c", 6),
        (
            "update event e set actor = o.actor, entity_id = o.entity_id from event o "
                + "where e.chain_id = {a} and o.chain_id = {a} and (e.sequence, o.sequence) in ((5, 6), (6, 5))",
            Changed,
            "a",
            6
        ),
        ("update event set sequence = 1000 - sequence where chain_id = {b}; update event set sequence = sequence - 989 where chain_id = {b}", Changed, "b", 1),
        // Heads of chains.
        ("update event_chain set event_sequence = 11 where id = {b}", Missing, "b", 11),
        ("update event_chain set event_sequence = 9 where id = {b}", NotInLog, "b", 10),
        ("update event_chain set event_head = sha256('') where id = {b}", Changed, "b", 0),
        ("insert into event_chain values ('00000000-0000-0000-0000-000000000002', 'ghost', 3, '')", Missing, "00000000-0000-0000-0000-000000000002", 0),
        ("update event_chain set name = 'another' where id = {b}", Changed, "b", 0),
        (
            "update event_chain set name = case id when {b} then 'c' else 'b' end || '-' where id in ({b}, {c}); "
                + "update event_chain set name = rtrim(name, '-') where id in ({b}, {c})",
            Changed,
            "c",
            0
        ),
        // The log's own rows, which follow the events or what is held outside.
        ("update log_tile set hashes = set_byte(hashes, 64, get_byte(hashes, 64) # 1) where level = 0 and number = 0", Rewritten, "a", 3),
        ("update log_tile set chains[3] = {b} where level = 0 and number = 0", Rewritten, "a", 3),
        ("update log_tile set sequences[3] = 4 where level = 0 and number = 0", Rewritten, "a", 3),
        ("update log_tile set hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) where level = 1", FindingKind.Log, "", 0),
        ("delete from log_tile where level = 1", FindingKind.Log, "", 0),
        ("delete from log_tile where level = 0 and number = 0", FindingKind.Log, "", 0),
        ("delete from log_tile where level = 0 and number = 1", Older, "", 0),
        ("update log_state set size = 200", FindingKind.Log, "", 0),
        ("insert into log_tile values (1, 1, sha256(''), null, null)", FindingKind.Log, "", 0),
        (
            "update log_tile set hashes = hashes||sha256(''), chains = chains || {b}::uuid, sequences = sequences || 11 where level = 0 and number = 1; "
                + "update log_state set size = 316",
            Missing,
            "b",
            11
        ),
        (
            "update log_tile t set hashes = substr(hashes, 33, 32) || substr(hashes, 1, 32) || substr(hashes, 65), "
                + "sequences = sequences[2:2] || sequences[1:1] || sequences[3:256] where level = 0 and number = 0",
            Rewritten,
            "a",
            1
        ),
        ("delete from log_tile; update log_state set size = 0, horizon = 0", Older, "", 0),
        (
            "update log_tile set hashes = substr(hashes, 1, 32 * 40), chains = chains[1:40], sequences = sequences[1:40] where level = 0 and number = 1; "
                + "update log_state set size = 296",
            Older,
            "",
            0
        ),
    ];

    [Fact]
    public async Task Each_kind_of_tampering_is_found_and_its_row_is_named()
    {
        await using var office = await MakeAsync();
        (await office.CheckAsync()).ShouldSatisfyAllConditions(
            clean => clean.Findings.ShouldBeEmpty(),
            clean => clean.Events.ShouldBe(315),
            clean => clean.Entries.ShouldBe(315),
            clean => clean.Heads.ShouldBe(2)
        );
        await office.SaveAsync();
        foreach (var (sql, kind, chain, sequence) in Rows)
        {
            await office.TamperAsync(Fill(sql));

            var findings = (await office.CheckAsync()).Findings;

            findings.ShouldContain(
                f => f.Kind == kind && (chain.Length == 0 || (f.Place != null && f.Place.Chain == Chain(chain) && f.Place.Sequence == sequence)),
                $"{sql}: {string.Join("; ", findings.Take(5))}"
            );
            await office.RestoreAsync();
        }

        (await office.CheckAsync()).Findings.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_chain_made_anew_is_found_even_when_the_log_is_made_anew_with_it()
    {
        await using var office = await MakeAsync();
        await using var copy = await office.CopyAsync();
        await RebuildAsync(copy, "b", 4, "bob");
        var findings = (await copy.CheckAsync()).Findings;
        findings.Select(f => (f.Kind, f.Place!.Name, f.Place.Sequence)).ShouldBe(Enumerable.Range(4, 7).Select(i => (Rewritten, (string?)"b", i)));

        // The log is made anew too: then only what is held outside tells.
        await copy.TamperAsync("delete from log_tile; delete from log_chain; update log_state set size = 0, horizon = 0");
        await copy.AppendAsync();
        findings = (await copy.CheckAsync()).Findings;
        findings.Count(f => f.Kind == Rewritten && f.Place is { Name: "b", Sequence: >= 4 }).ShouldBe(7);
        findings.Count(f => f.Kind == Rewritten && f.Place is null).ShouldBe(1);

        // Heads signed with another key don't help.
        Directory.Delete(copy.Folder, recursive: true);
        await copy.SignAsync(SigningKey.Create(Office.Origin));
        (await copy.CheckAsync()).Findings.ShouldHaveSingleItem().Kind.ShouldBe(Head);
    }

    [Fact]
    public async Task An_old_backup_is_older_than_the_heads_held_outside()
    {
        await using var office = await Office.CreateAsync();
        await office.WriteAsync("a", 1, 20);
        await office.SignAsync();
        await using var backup = await office.CopyAsync();
        await office.WriteAsync("a", 21, 5);
        await office.SignAsync();

        // As it was restored, and after work went on in it.
        var restored = new HistoryCheck(backup.Source, [office.Key.Public], office.Kept);
        (await restored.RunAsync()).Findings.ShouldContain(f => f.Kind == Older);
        await backup.WriteAsync("a", 21, 5);
        await backup.AppendAsync();
        var again = new HistoryCheck(backup.Source, [office.Key.Public], office.Kept);
        (await again.RunAsync()).Findings.ShouldContain(f => f.Kind == Rewritten && f.Place != null && f.Place.Sequence == 21);
    }

    [Fact]
    public async Task A_flipped_bit_in_any_stored_column_of_an_event_is_found()
    {
        await using var office = await MakeAsync();
        await office.SaveAsync();
        await using var query = office.Source.CreateCommand(
            "select attname || ' ' || format_type(atttypid, null) from pg_attribute where attrelid = 'event'::regclass and attnum > 0 and not attisdropped"
        );
        var columns = new List<(string Name, string Type)>();
        await using (var reader = await query.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
                columns.Add((reader.GetString(0).Split(' ')[0], reader.GetString(0).Split(' ', 2)[1]));
        }

        // Which transaction wrote an event says when it is due in the log, and is no part of it.
        columns.Count.ShouldBe(16);
        columns.RemoveAll(column => column.Name == "xact").ShouldBe(1);
        foreach (var (name, type) in columns)
        {
            var flipped = type switch
            {
                "uuid" => $"encode(set_byte(uuid_send({name}), 15, get_byte(uuid_send({name}), 15) # 1), 'hex')::uuid",
                "integer" or "bigint" => $"{name} # 4096",
                "bytea" => $"set_byte({name}, 3, get_byte({name}, 3) # 16)",
                "json" => "convert_from(set_byte(convert_to(payload::text, 'UTF8'), 11, get_byte(convert_to(payload::text, 'UTF8'), 11) # 1), 'UTF8')::json",
                "text" => $"convert_from(set_byte(convert_to({name}, 'UTF8'), 0, get_byte(convert_to({name}, 'UTF8'), 0) # 1), 'UTF8')",
                _ => $"{name} + interval '32 microseconds'",
            };
            await office.TamperAsync(Fill($"update event set {name} = {flipped} where {A3}"));
            (await office.CheckAsync()).Findings.ShouldContain(f => f.Place != null && f.Place.Chain == Ids.Named("a") && f.Place.Sequence == 3, name);
            await office.RestoreAsync();
        }
    }

    [Fact]
    public async Task A_log_that_was_made_to_begin_again_is_found_once_it_has()
    {
        await using var office = await MakeAsync();
        await office.TamperAsync("update log_state set horizon = 0");
        await office.Log.AppendAsync();
        (await office.CheckAsync()).Findings.ShouldContain(f => f.Kind == Missing && f.Place != null && f.Place.Chain == Ids.Named("a"));
    }

    [Fact]
    public async Task Damage_outside_is_found_too()
    {
        await using var office = await MakeAsync();
        await using (var copy = await office.CopyAsync())
        {
            var head = Directory.GetFiles(Path.Combine(copy.Folder, "heads"))[0];
            await File.WriteAllTextAsync(head, (await File.ReadAllTextAsync(head)).Replace("\n305\n", "\n304\n", StringComparison.Ordinal));
            (await copy.CheckAsync()).Findings.ShouldHaveSingleItem().Kind.ShouldBe(Head);
            await File.WriteAllTextAsync(head, "nothing");
            (await copy.CheckAsync()).Findings.ShouldHaveSingleItem().Kind.ShouldBe(Head);
        }

        await using (var copy = await office.CopyAsync())
        {
            var file = Directory.GetFiles(copy.Folder, "entries-*")[0];
            var bytes = await File.ReadAllBytesAsync(file);
            bytes[(2 * 52) + 30] ^= 1;
            await File.WriteAllBytesAsync(file, bytes);
            (await copy.CheckAsync()).Findings.ShouldHaveSingleItem().Place!.Sequence.ShouldBe(3);
        }
    }

    [Fact]
    public async Task Hosts_that_go_on_while_history_is_checked_cause_no_finding()
    {
        await using var office = await MakeAsync();
        for (var round = 0; round < 5; round++)
        {
            var check = office.CheckAsync();
            await office.WriteAsync("d", (round * 3) + 1, 3);
            await office.SignAsync();
            (await check).Findings.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task A_recorded_erasure_is_no_finding()
    {
        await using var office = await MakeAsync();
        await using var erase = office.Source.CreateCommand(Fill("select erase_history({b}, null, now(), 'compliance', 'asked by the customer')"));
        (await erase.ExecuteScalarAsync()).ShouldBe(10);
        (await office.CheckAsync()).Findings.ShouldBeEmpty();
        await office.SignAsync();
        (await office.CheckAsync()).Findings.ShouldBeEmpty();
    }

    private static async Task<Office> MakeAsync()
    {
        var office = await Office.CreateAsync();
        await office.WriteAsync("a", 1, 300);
        await office.WriteAsync("c", 1, 5);
        await office.SignAsync();
        await office.WriteAsync("b", 1, 10);
        await office.SignAsync();
        return office;
    }

    /// <summary>Changes an actor and makes all hashes of the chain right again, as its owner could.</summary>
    private static async Task RebuildAsync(Office office, string chain, int sequence, string actor)
    {
        var export = await HistoryExport.ReadAsync(office.Source, Ids.Named(chain), chain, null, _ => true);
        var (previous, sql) = (EventHash.Genesis, new List<string>());
        foreach (var e in export.Events)
        {
            var who = e.Sequence == sequence ? actor : e.Actor;
            var header = new EventHeader(
                export.Chain,
                e.Sequence,
                e.At,
                who,
                e.Action,
                e.Entity,
                e.EntityId,
                e.Revision,
                e.ActivityId,
                e.NodeId,
                e.ActivityType
            );
            previous = EventHash.Leaf(header, previous, e.Commitment);
            var hash = Convert.ToHexStringLower(previous);
            sql.Add($"update event set actor = '{who}', leaf = '\\x{hash}' where chain_id = '{export.Chain}' and sequence = {e.Sequence}");
        }

        sql.Add($"update event_chain set event_head = '\\x{Convert.ToHexStringLower(previous)}' where id = '{export.Chain}'");
        await office.TamperAsync(string.Join("; ", sql));
    }

    private static string Copy(string chain, string set, string where) =>
        $"create temp table copied as select * from event where chain_id = {{{chain}}} and {where}; update copied set {set}; "
        + "insert into event select * from copied; drop table copied";

    private static string Fill(string sql) =>
        new[] { "a", "b", "c" }
            .Aggregate(sql, (text, chain) => text.Replace($"{{{chain}}}", $"'{Ids.Named(chain)}'", StringComparison.Ordinal))
            .Replace("{{", "{", StringComparison.Ordinal)
            .Replace("}}", "}", StringComparison.Ordinal);

    private static Guid Chain(string name) => Guid.TryParse(name, CultureInfo.InvariantCulture, out var id) ? id : Ids.Named(name);
}
