using System.Text;
using System.Text.Json;
using NodaTime;
using NodaTime.Text;
using Orchestration.Workflows.ProcessMining;
using Orchestration.Workflows.Simulation;
using Orchestration.Workflows.Tests.Retention;
using Parquet;

namespace Orchestration.Workflows.Tests.ProcessMining;

public sealed class LogTests
{
    [Fact]
    public async Task Our_own_reader_finds_as_many_events_in_xes_as_history_has()
    {
        await using var office = await OfficeAsync();
        var (file, text) = await WriteAsync(office, new(LogFormats.Xes, "walk", null, null, "Mining"));
        var cases = XesLog.Read(new MemoryStream(Encoding.UTF8.GetBytes(text))).ToList();
        cases.Select(c => c.Name).ShouldBe(["REF-1", "REF-2", "REF-3", "REF <4> & \"more\"", "REF-5"]);
        cases.Sum(c => c.Events.Count).ShouldBe((int)file.Events);
        (await CountAsync(office)).ShouldBe(file.Events);
        cases[0].Events[0].ShouldBe(new("Assess", "schedule", "frontoffice", Instant.FromUtc(2026, 6, 1, 9, 0)));
        cases[0].Events.Select(e => e.Transition).ShouldBe(["schedule", "complete", "assign", "complete"], ignoreOrder: true);
    }

    [Fact]
    public async Task Ocel_has_the_same_events_and_every_object_and_type_they_name()
    {
        await using var office = await OfficeAsync();
        var (file, text) = await WriteAsync(office, new(LogFormats.Ocel, null, null, null, "Mining"));
        var log = JsonDocument.Parse(text).RootElement;
        var events = log.GetProperty("events").EnumerateArray().ToList();
        events.Count.ShouldBe((int)file.Events);
        (await CountAsync(office)).ShouldBe(file.Events);
        var objects = log.GetProperty("objects").EnumerateArray().ToDictionary(o => o.GetProperty("id").GetString()!, o => o.GetProperty("type").GetString()!);
        events.SelectMany(Related).Distinct().ShouldBeSubsetOf(objects.Keys);
        log.GetProperty("objects").EnumerateArray().SelectMany(Related).ShouldBeSubsetOf(objects.Keys);
        objects.Values.Distinct().Order().ShouldBe(["case", "customer", "person", "task"]);
        events.Select(e => e.GetProperty("type").GetString()).Distinct().Order().ShouldBe(Names("eventTypes").Order());
        objects.Values.Distinct().ShouldBeSubsetOf(Names("objectTypes"));
        events.ShouldAllBe(e => InstantPattern.ExtendedIso.Parse(e.GetProperty("time").GetString()!).Success);

        static IEnumerable<string> Related(JsonElement of) =>
            of.GetProperty("relationships").EnumerateArray().Select(r => r.GetProperty("objectId").GetString()!);

        IEnumerable<string> Names(string types) => log.GetProperty(types).EnumerateArray().Select(t => t.GetProperty("name").GetString()!);
    }

    [Fact]
    public async Task Parquet_has_as_many_rows_as_history_has_events_and_goes_on_where_a_host_left_it()
    {
        await using var office = await OfficeAsync();
        var logs = new WriteLogs(office.World.Runtime) { Step = 2 };
        var me = await office.World.PersonAsync("compliance");
        var id = (await logs.AskAsync(new(LogFormats.Parquet, null, null, null, "Mining"), me)).ShouldBeOfType<LogResult.Asked>().Id;
        (await logs.StepAsync(CancellationToken.None)).ShouldBe(2);
        await using (var other = await office.World.AnotherHostAsync())
            await new WriteLogs(other.Runtime) { Step = 2 }.RunAsync();
        var file = (await logs.FindAsync(id))!;
        (file.State, file.Cases, file.Events).ShouldBe((LogState.Done, 5, await CountAsync(office)));
        using var stream = new MemoryStream();
        await logs.DownloadAsync(file, me, stream);
        stream.Length.ShouldBe(file.Size);
        stream.Position = 0;

        await using var reader = await ParquetReader.CreateAsync(stream);
        using var group = reader.OpenRowGroupReader(0);
        (reader.RowGroupCount, group.RowCount).ShouldBe((1, file.Events));
        var cases = new string?[group.RowCount];
        await group.ReadAsync(reader.Schema.DataFields.Single(f => f.Name == "case"), cases.AsMemory());
        cases.Distinct().ShouldBe(["REF-1", "REF-2", "REF-3", "REF <4> & \"more\"", "REF-5"]);
        (await office.World.ActionsAsync(Engine.Storage.Ids.Named("exports"))).ShouldBe(["export.requested", "export.done", "export.downloaded"]);
    }

    [Fact]
    public async Task A_log_goes_on_where_a_host_left_it_and_has_nothing_that_came_later()
    {
        await using var office = await OfficeAsync();
        var logs = new WriteLogs(office.World.Runtime) { Step = 2 };
        var me = await office.World.PersonAsync("compliance");
        var id = (await logs.AskAsync(new(LogFormats.Csv, null, new(2026, 6, 1), new(2026, 6, 1), "Mining"), me)).ShouldBeOfType<LogResult.Asked>().Id;
        var events = await CountAsync(office);
        (await logs.StepAsync(CancellationToken.None)).ShouldBe(2);
        office.World.Clock.Advance(Duration.FromMinutes(1));
        await office.ClosedAsync("REF-9", "C-9");
        await using (var other = await office.World.AnotherHostAsync())
            (await new WriteLogs(other.Runtime) { Step = 2 }.RunAsync()).ShouldBe(3);
        var file = (await logs.FindAsync(id))!;
        (file.State, file.Cases, file.Events).ShouldBe((LogState.Done, 5, events));
        using var stream = new MemoryStream();
        await logs.DownloadAsync(file, me, stream);
        stream.Length.ShouldBe(file.Size);
        Encoding.UTF8.GetString(stream.ToArray()).Split('\n').Length.ShouldBe((int)events + 2, "a head, the events, and nothing after the last");
        (await office.World.ActionsAsync(Engine.Storage.Ids.Named("exports"))).ShouldBe(["export.requested", "export.done", "export.downloaded"]);
        office.World.Clock.Advance(Duration.FromDays(8));
        await logs.RunAsync();
        (await logs.FindAsync(id)).ShouldBeNull();
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_is_refused_with_field_and_reason()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var wrong = new LogRequest("xls", "nothing", new(2026, 2, 2), new(2026, 2, 1), " ");
        (await new WriteLogs(office.World.Runtime).AskAsync(wrong, await office.World.PersonAsync("compliance")))
            .ShouldBeOfType<LogResult.Invalid>()
            .Errors.Keys.Order()
            .ShouldBe(["format", "journey", "reason", "startedUntil"]);
        var (file, text) = await WriteAsync(office, new(LogFormats.Xes, "walk", null, null, "Mining"));
        file.Cases.ShouldBe(0);
        XesLog.Read(new MemoryStream(Encoding.UTF8.GetBytes(text))).ShouldBeEmpty();
    }

    private static async Task<RetentionWorld> OfficeAsync()
    {
        var office = await RetentionWorld.CreateAsync();
        foreach (var (reference, customer) in new[] { ("REF-1", "C-1"), ("REF-2", "C-2"), ("REF-3", "C-1"), ("REF <4> & \"more\"", "C-3") })
        {
            await office.ClosedAsync(reference, customer);
            office.World.Clock.Advance(Duration.FromMilliseconds(1));
        }

        await office.StartAsync("REF-5", "C-2");
        return office;
    }

    private static Task<long> CountAsync(RetentionWorld office) =>
        office.World.ScalarAsync<long>("select count(*) from event where entity in ('task', 'case') and chain_id in (select id from journey_case)");

    private static async Task<(LogFile File, string Text)> WriteAsync(RetentionWorld office, LogRequest request)
    {
        var logs = new WriteLogs(office.World.Runtime) { Step = 2 };
        var me = await office.World.PersonAsync("compliance");
        var id = (await logs.AskAsync(request, me)).ShouldBeOfType<LogResult.Asked>().Id;
        await logs.RunAsync();
        var file = (await logs.FindAsync(id))!;
        file.State.ShouldBe(LogState.Done);
        using var stream = new MemoryStream();
        await logs.DownloadAsync(file, me, stream);
        return (file, Encoding.UTF8.GetString(stream.ToArray()));
    }
}
