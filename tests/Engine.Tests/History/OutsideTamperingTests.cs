using System.Security.Cryptography.X509Certificates;
using System.Text;
using Orchestration.Engine.Storage;
using Orchestration.Proof;
using Orchestration.Testing;
using static Orchestration.Proof.FindingKind;

namespace Orchestration.Engine.Tests.History;

/// <summary>What someone could do to what is held outside or was exported, and what a check says of it.</summary>
public sealed class OutsideTamperingTests : IAsyncLifetime
{
    private static readonly DateTime Stamped = new(2026, 6, 1, 10, 0, 0, DateTimeKind.Utc);
    private readonly TimestampAuthority _authority = new();
    private Office _office = null!;

    public async ValueTask InitializeAsync()
    {
        _office = await Office.CreateAsync();
        await _office.WriteAsync("a", 1, 20);
        await StampAsync(await _office.SignAsync());
        await _office.WriteAsync("b", 1, 10);
        await StampAsync(await _office.SignAsync());
    }

    public async ValueTask DisposeAsync() => await _office.DisposeAsync();

    [Fact]
    public async Task Each_kind_of_tampering_with_heads_and_timestamps_is_found()
    {
        (await _office.CheckAsync()).Findings.ShouldBeEmpty();
        Kept(_office).ShouldBeEmpty();
        var other = new TimestampAuthority("another");
        var stolen = SigningKey.Create(Office.Origin);
        (string What, FindingKind Kind, Func<Files, Task> Do)[] kinds =
        [
            ("another size", Head, f => f.EditHeadAsync(0, text => text.Replace("\n20\n", "\n19\n", StringComparison.Ordinal))),
            ("another root", Head, f => f.EditHeadAsync(0, text => text.Replace(Root(text), Convert.ToBase64String(new byte[32]), StringComparison.Ordinal))),
            ("another time", Head, f => f.EditHeadAsync(0, text => text.Replace("\nat 20", "\nat 19", StringComparison.Ordinal))),
            ("another origin", Head, f => f.EditHeadAsync(0, text => text.Replace("office\n20", "shop\n20", StringComparison.Ordinal))),
            ("a signature of another head", Head, f => f.EditHeadAsync(0, text => text[..text.IndexOf('—')] + f.Head(1)[f.Head(1).IndexOf('—')..])),
            ("no signature", Head, f => f.EditHeadAsync(0, text => text[..text.IndexOf('—')])),
            ("cut in the middle", Head, f => f.EditHeadAsync(0, text => text[..10])),
            ("forged: signed with a key that isn't ours", Head, f => f.AddAsync(new(Office.Origin, 30, f.RootOf(1), 31), stolen)),
            ("a retired key signs on: the verifier has the new one only", Head, f => f.AddAsync(new(Office.Origin, 30, f.RootOf(1), 32), f.Retired)),
            ("a second history: the right key over another root", Rewritten, f => f.AddAsync(new(Office.Origin, 20, f.RootOf(1), 21), _office.Key)),
            ("a clock that was set back", Head, f => f.AddAsync(new(Office.Origin, 29, f.RootOf(1), 5), _office.Key)),
            ("a head of another log", Head, f => f.AddAsync(new("shop", 30, f.RootOf(1), 40), _office.Key)),
            ("a head over nothing that has a root", Rewritten, f => f.AddAsync(new(Office.Origin, 0, f.RootOf(1), 1), _office.Key)),
            ("more events than there are", Older, f => f.AddAsync(new(Office.Origin, 31, f.RootOf(1), 50), _office.Key)),
            ("a timestamp of another head", FindingKind.Timestamp, f => f.SwapTimestampsAsync()),
            ("a flipped bit in a timestamp's signature", FindingKind.Timestamp, f => f.EditTimestampAsync(bytes => Flip(bytes, bytes.Length - 5))),
            ("a flipped bit in a timestamp's time", FindingKind.Timestamp, f => f.EditTimestampAsync(FlipTime)),
            ("a timestamp that is none", FindingKind.Timestamp, f => f.EditTimestampAsync(_ => [1, 2, 3])),
            ("an authority that doesn't count", FindingKind.Timestamp, f => f.EditTimestampAsync(_ => other.Stamp(f.HeadBytes(0), Stamped))),
            (
                "a timestamp older than its head",
                FindingKind.Timestamp,
                f => f.EditTimestampAsync(_ => _authority.Stamp(f.HeadBytes(0), new(1969, 12, 31, 23, 0, 0, DateTimeKind.Utc)))
            ),
            ("a timestamp whose head is gone", FindingKind.Timestamp, f => f.DeleteHeadAsync(0)),
            ("a flipped bit in an entry", Rewritten, f => f.EditEntriesAsync(bytes => Flip(bytes, (2 * 52) + 30))),
            ("an entry of another case", Rewritten, f => f.EditEntriesAsync(bytes => Flip(bytes, 2 * 52))),
            ("two entries in another order", Rewritten, f => f.EditEntriesAsync(bytes => [.. bytes[52..104], .. bytes[..52], .. bytes[104..]])),
            ("an entry that was taken out", Rewritten, f => f.EditEntriesAsync(bytes => [.. bytes[..52], .. bytes[104..]])),
            ("an entry that was put in", Rewritten, f => f.EditEntriesAsync(bytes => [.. bytes[..52], .. bytes])),
            ("more entries than the database has", Older, f => f.EditEntriesAsync(bytes => [.. bytes, .. bytes[..52]])),
        ];
        foreach (var (what, kind, tamper) in kinds)
        {
            await using var copy = await _office.CopyAsync();
            await tamper(new(copy.Folder));

            var check = new HistoryCheck(copy.Source, [copy.Key.Public], copy.Kept) { Authorities = [_authority.Certificate] };
            var findings = (await check.RunAsync()).Findings;

            findings.ShouldContain(f => f.Kind == kind, $"{what}: {string.Join("; ", findings)}");

            // The tree covers leaves; whose they are, and how many there should be, only the database says.
            if (kind is not Older && what is not "an entry of another case")
                Kept(copy).ShouldNotBeEmpty($"{what}, without a database");
        }
    }

    [Fact]
    public async Task A_folder_without_its_last_entries_is_incomplete()
    {
        await using var copy = await _office.CopyAsync();
        await new Files(copy.Folder).EditEntriesAsync(bytes => bytes[..(25 * 52)]);
        Kept(copy).ShouldHaveSingleItem().Kind.ShouldBe(Missing);
    }

    [Fact]
    public async Task Any_authority_counts_when_none_is_given()
    {
        await using var copy = await _office.CopyAsync();
        var files = new Files(copy.Folder);
        await files.EditTimestampAsync(_ => new TimestampAuthority("another").Stamp(files.HeadBytes(0), Stamped));
        (await copy.CheckAsync()).Findings.ShouldBeEmpty();
    }

    [Fact]
    public async Task Each_kind_of_tampering_with_an_export_is_found_and_its_event_is_named()
    {
        var head = await _office.SignAsync();
        var export = await HistoryExport.ReadAsync(_office.Source, Ids.Named("b"), "b", head, _ => true);
        var foreign = await HistoryExport.ReadAsync(_office.Source, Ids.Named("a"), "a", head, _ => true);
        export.Check([_office.Key.Public]).ShouldBeEmpty();
        (string What, FindingKind Kind, int Sequence, Func<CaseProof, CaseProof> Do)[] kinds =
        [
            ("another actor", Changed, 3, p => Edit(p, 3, e => e with { Actor = "bob" })),
            ("another time", Changed, 3, p => Edit(p, 3, e => e with { At = e.At + 1 })),
            ("another action", Changed, 3, p => Edit(p, 3, e => e with { Action = "task.released" })),
            ("another payload", Payload, 3, p => Edit(p, 3, e => e with { Payload = "{}" })),
            ("another salt", Payload, 3, p => Edit(p, 3, e => e with { Salt = new byte[16] })),
            ("another commitment", Changed, 3, p => Edit(p, 3, e => e with { Payload = null, Salt = null, Commitment = new byte[32] })),
            ("another leaf", Changed, 3, p => Edit(p, 3, e => e with { Leaf = new byte[32] })),
            ("another position", NotInLog, 3, p => Edit(p, 3, e => e with { Position = e.Position + 1 })),
            ("no position, as if it were newer", NotInLog, 3, p => Edit(p, 3, e => e with { Position = null })),
            ("a proof of another event", NotInLog, 3, p => Edit(p, 3, e => e with { Proof = p.Events[4].Proof })),
            ("an event that is gone", Missing, 4, p => p with { Events = [.. p.Events.Where(e => e.Sequence != 3)] }),
            ("an event twice", Missing, 3, p => p with { Events = [.. p.Events.Take(3), .. p.Events.Skip(2)] }),
            ("events in another order", Changed, 4, p => p with { Events = [.. p.Events.Take(2), p.Events[3], p.Events[2], .. p.Events.Skip(4)] }),
            ("events of another case", Changed, 1, p => p with { Events = foreign.Events }),
            ("made anew from an event on", NotInLog, 3, p => Rebuild(p, 3, keepsPositions: true)),
            ("made anew, as if it were newer", NotInLog, 3, p => Rebuild(p, 3, keepsPositions: false)),
            ("an older head", NotInLog, 3, p => p with { Head = SignedHead.Sign(head.Head with { Size = 20 }, _office.Key).ToString() }),
            ("a forged head", Head, 0, p => p with { Head = SignedHead.Sign(head.Head, SigningKey.Create(Office.Origin)).ToString() }),
            ("no head", Head, 0, p => p with { Head = null }),
        ];
        foreach (var (what, kind, sequence, tamper) in kinds)
        {
            var findings = tamper(export).Check([_office.Key.Public]);
            findings.ShouldContain(f => f.Kind == kind && (f.Place == null ? 0 : f.Place.Sequence) == sequence, $"{what}: {string.Join("; ", findings)}");
        }
    }

    [Fact]
    public async Task Each_kind_of_tampering_with_a_proof_of_growth_is_found()
    {
        await _office.WriteAsync("a", 21, 20);
        var old = SignedHead.Parse(_office.Kept.ReadHeads().First().Text)!;
        var latest = await _office.SignAsync();
        var growth = new GrowthProof(old.ToString(), latest.ToString(), await _office.Log.ProveGrowthAsync(old.Head.Size, latest.Head.Size));
        growth.Check([_office.Key.Public]).ShouldBeEmpty();
        (string What, FindingKind Kind, GrowthProof Proof)[] kinds =
        [
            ("heads swapped", Rewritten, new(growth.New, growth.Old, growth.Proof)),
            ("a hash of the proof changed", Rewritten, growth with { Proof = [.. growth.Proof.Skip(1), new byte[32]] }),
            ("a hash of the proof left out", Rewritten, growth with { Proof = [.. growth.Proof.Skip(1)] }),
            ("a head of another log", Head, growth with { New = SignedHead.Sign(latest.Head with { Origin = "shop" }, _office.Key).ToString() }),
            (
                "another history under the right key",
                Rewritten,
                growth with
                {
                    Old = SignedHead.Sign(old.Head with { Root = new byte[32] }, _office.Key).ToString(),
                }
            ),
            ("a forged head", Head, growth with { New = SignedHead.Sign(latest.Head, SigningKey.Create(Office.Origin)).ToString() }),
            ("a head that can't be read", Head, growth with { Old = "nothing" }),
        ];
        foreach (var (what, kind, proof) in kinds)
            proof.Check([_office.Key.Public]).ShouldContain(f => f.Kind == kind, what);
    }

    private async Task StampAsync(SignedHead head) =>
        await _office.Kept.AddAsync(head, "authority", _authority.Stamp(Encoding.UTF8.GetBytes(head.ToString()), Stamped));

    private IReadOnlyList<Finding> Kept(Office office) =>
        new KeptCheck(office.Kept, [office.Key.Public]) { Authorities = new X509Certificate2Collection(_authority.Certificate) }.Run();

    private static CaseProof Edit(CaseProof proof, int sequence, Func<ProvenEvent, ProvenEvent> edit) =>
        proof with
        {
            Events = [.. proof.Events.Select(e => e.Sequence == sequence ? edit(e) : e)],
        };

    private static CaseProof Rebuild(CaseProof proof, int sequence, bool keepsPositions)
    {
        var (previous, events) = (EventHash.Genesis, new List<ProvenEvent>());
        foreach (var e in proof.Events)
        {
            var next = e.Sequence == sequence ? e with { Actor = "bob" } : e;
            var header = new EventHeader(
                proof.Chain,
                next.Sequence,
                next.At,
                next.Actor,
                next.Action,
                next.Entity,
                next.EntityId,
                next.Revision,
                next.ActivityId,
                next.NodeId,
                next.ActivityType
            );
            previous = EventHash.Leaf(header, previous, next.Commitment);
            events.Add(
                next with
                {
                    Leaf = previous,
                    Position = keepsPositions || next.Sequence < sequence || next.Sequence == proof.Events.Count ? next.Position : null,
                }
            );
        }

        return proof with
        {
            Events = events,
        };
    }

    private static string Root(string head) => head.Split('\n')[2];

    private static byte[] Flip(byte[] bytes, int index)
    {
        bytes[index] ^= 1;
        return bytes;
    }

    /// <summary>Its time is a GeneralizedTime, which begins with the year.</summary>
    private static byte[] FlipTime(byte[] bytes) => Flip(bytes, bytes.AsSpan().IndexOf("20260601"u8) + 7);

    /// <summary>The files of a folder, for someone who can write to it.</summary>
    private sealed class Files(string folder)
    {
        private readonly string _heads = Path.Combine(folder, "heads");

        public SigningKey Retired { get; } = SigningKey.Create("retired");

        public string Head(int index) => File.ReadAllText(HeadFile(index));

        public byte[] HeadBytes(int index) => File.ReadAllBytes(HeadFile(index));

        public byte[] RootOf(int index) => SignedHead.Parse(Head(index))!.Head.Root;

        public Task EditHeadAsync(int index, Func<string, string> edit) => File.WriteAllTextAsync(HeadFile(index), edit(Head(index)));

        public Task AddAsync(TreeHead head, SigningKey key) => new KeptLog(folder).AddAsync(SignedHead.Sign(head, key));

        public Task DeleteHeadAsync(int index)
        {
            File.Delete(HeadFile(index));
            return Task.CompletedTask;
        }

        public async Task EditTimestampAsync(Func<byte[], byte[]> edit)
        {
            var file = Timestamps()[0];
            await File.WriteAllBytesAsync(file, edit(await File.ReadAllBytesAsync(file)));
        }

        public async Task SwapTimestampsAsync()
        {
            var (one, other) = (Timestamps()[0], Timestamps()[1]);
            var bytes = await File.ReadAllBytesAsync(one);
            File.Move(other, one, overwrite: true);
            await File.WriteAllBytesAsync(other, bytes);
        }

        public async Task EditEntriesAsync(Func<byte[], byte[]> edit)
        {
            var file = Directory.GetFiles(folder, "entries-*")[0];
            await File.WriteAllBytesAsync(file, edit(await File.ReadAllBytesAsync(file)));
        }

        private string HeadFile(int index) => Directory.GetFiles(_heads, "*.txt").Order(StringComparer.Ordinal).ElementAt(index);

        private string[] Timestamps() => [.. Directory.GetFiles(_heads, "*.tst").Order(StringComparer.Ordinal)];
    }
}
