using System.Text;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.ProcessMining;

/// <summary>
/// Writes logs for process mining. A person asks; a job writes the file in parts, a hundred cases each, and goes on after the last part that was committed,
/// so a log of any size needs little memory and survives the end of a host. What happened after the request is not in it.
/// </summary>
public sealed class WriteLogs(WorkflowRuntime runtime)
{
    internal const string Chain = "exports";
    private const int LongestReason = 1000;

    /// <summary>Cases of a part.</summary>
    internal int Step { get; init; } = 100;

    private const string Columns =
        "id, format, journey, started_from, started_before, reason, requested_by, requested_at, state, cases, events, size, error, ended_at, keep_days";

    /// <summary>Asks for a log. The caller has checked the role.</summary>
    public async Task<LogResult> AskAsync(LogRequest request, Person actor, CancellationToken cancel = default)
    {
        var (errors, reason) = (new Dictionary<string, string[]>(), request.Reason?.Trim() ?? "");
        if (!LogFormats.All.Contains(request.Format))
            errors["format"] = [$"must be one of {string.Join(", ", LogFormats.All)}"];
        if (reason.Length == 0)
            errors["reason"] = ["is required"];
        else if (reason.Length > LongestReason)
            errors["reason"] = [$"must have at most {LongestReason} characters"];
        else if (Engine.Model.WorkflowData.Unfit(reason) is { } unfit)
            errors["reason"] = [unfit];
        if (request.StartedFrom > request.StartedUntil)
            errors["startedUntil"] = ["must not be before startedFrom"];
        var journey = string.IsNullOrWhiteSpace(request.Journey) ? null : request.Journey.Trim();
        if (journey is not null && await runtime.Definitions.FindPublishedAsync(journey, cancel) is null)
            errors["journey"] = ["is no journey that exists"];
        if (errors.Count > 0)
            return new LogResult.Invalid(errors);
        var now = runtime.Clock.Now();
        var id = Ids.New(now);
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            insert into export_file (id, format, journey, started_from, started_before, reason, requested_by, requested_at, state)
                values ($1, $2, $3, $4, $5, $6, $7, $8, 'Queued')
            """,
            id,
            request.Format,
            journey,
            Day(request.StartedFrom),
            Day(request.StartedUntil?.PlusDays(1)),
            reason,
            actor.UserName,
            now
        );
        var told = new
        {
            format = request.Format,
            journey,
            startedFrom = request.StartedFrom?.ToString(),
            startedUntil = request.StartedUntil?.ToString(),
            reason,
        };
        await RecordAsync(connection, batch, id, "export.requested", told, actor.UserName, now, cancel);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new LogResult.Asked(id);
    }

    /// <summary>The newest files.</summary>
    public async Task<IReadOnlyList<LogFile>> ListAsync(int limit, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query($"select {Columns} from export_file order by requested_at desc, id desc limit $1", limit);
        return await ReadAsync(query, cancel);
    }

    /// <summary>A file, or null.</summary>
    public async Task<LogFile?> FindAsync(Guid id, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query($"select {Columns} from export_file where id = $1", id);
        return await ReadAsync(query, cancel) is [var found, ..] ? found : null;
    }

    /// <summary>Writes a finished file to a stream, part by part, and that someone has it into history.</summary>
    public async Task DownloadAsync(LogFile file, Person actor, Stream to, CancellationToken cancel = default)
    {
        await using (var connection = await runtime.Database.OpenConnectionAsync(cancel))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            await using var batch = connection.CreateBatch();
            await RecordAsync(connection, batch, file.Id, "export.downloaded", new { size = file.Size }, actor.UserName, runtime.Clock.Now(), cancel);
            await batch.ExecuteNonQueryAsync(cancel);
            await transaction.CommitAsync(cancel);
        }

        await foreach (var part in PartsAsync(file.Id, cancel))
            await to.WriteAsync(part, cancel);
    }

    /// <summary>Writes what was asked for, and deletes old files. Returns how many cases were written.</summary>
    public async Task<int> RunAsync(CancellationToken stop = default)
    {
        await using (var purge = runtime.Database.Query("delete from export_file where ended_at + keep_days * interval '1 day' < $1", runtime.Clock.Now()))
            await purge.ExecuteNonQueryAsync(stop);
        var total = 0;
        while (!stop.IsCancellationRequested && await StepAsync(CancellationToken.None) is { } cases)
            total += cases;
        return total;
    }

    /// <summary>Writes one part of the oldest file. Returns how many cases it has; null: nothing is to be written.</summary>
    internal async Task<int?> StepAsync(CancellationToken cancel)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await OpenAsync(connection, cancel) is not { } open)
            return null;
        if (open is { Format: LogFormats.Parquet, Phase: 1 })
        {
            await ConvertAsync(connection, open, cancel);
            await transaction.CommitAsync(cancel);
            return 0;
        }

        var cases = await CasesAsync(connection, open, cancel);
        var isLast = cases.Count < Step;
        var isNew = open.Phase == 0 && open.After is null;
        var text = new StringBuilder(isNew ? Head(open.Format) : "");
        var events = open.Phase == 0 ? cases.Sum(c => c.Events.Count) : 0;
        var activities = open.Activities.Union(cases.SelectMany(c => c.Events).Select(e => e.Activity)).ToArray();
        var people = open.People.Union(cases.SelectMany(c => c.Events).Select(e => e.Actor)).ToArray();
        var isDone = isLast && (open.Format is not (LogFormats.Ocel or LogFormats.Parquet) || open.Phase == 1);
        Write(text, open, cases, isLast, activities, people);
        var content = Encoding.UTF8.GetBytes(text.ToString());
        var now = runtime.Clock.Now();
        await using var batch = connection.CreateBatch();
        batch.Add(
            "insert into export_part (file_id, number, content) select $1, coalesce(max(number) + 1, 0), $2 from export_part where file_id = $1",
            open.Id,
            content
        );
        batch.Add(
            """
            update export_file set state = $2, phase = $3, after_case = $4, cases = cases + $5, events = events + $6, size = size + $7, activities = $8,
                people = $9, ended_at = $10 where id = $1
            """,
            open.Id,
            isDone ? nameof(LogState.Done) : nameof(LogState.Running),
            (short)(isLast && !isDone ? 1 : open.Phase),
            isLast ? null : cases[^1].Id,
            open.Phase == 0 ? (long)cases.Count : 0L,
            (long)events,
            (long)content.Length,
            activities,
            people,
            isDone ? now : null
        );
        if (isDone)
        {
            var told = new
            {
                cases = open.Cases + (open.Phase == 0 ? cases.Count : 0),
                events = open.Events + events,
                size = open.Size + content.Length,
            };
            await RecordAsync(connection, batch, open.Id, "export.done", told, "system", now, cancel);
        }

        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return cases.Count;
    }

    /// <summary>The last step of a Parquet file. Broken off, it begins anew.</summary>
    private async Task ConvertAsync(NpgsqlConnection connection, OpenFile open, CancellationToken cancel)
    {
        var size = await ParquetLog.ReplaceAsync(connection, open.Id, PartsAsync(open.Id, cancel), cancel);
        var now = runtime.Clock.Now();
        await using var batch = connection.CreateBatch();
        batch.Add("update export_file set state = 'Done', size = $2, ended_at = $3 where id = $1", open.Id, size, now);
        var told = new
        {
            cases = open.Cases,
            events = open.Events,
            size,
        };
        await RecordAsync(connection, batch, open.Id, "export.done", told, "system", now, cancel);
        await batch.ExecuteNonQueryAsync(cancel);
    }

    private async IAsyncEnumerable<byte[]> PartsAsync(Guid file, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await using var query = runtime.Database.Query("select content from export_part where file_id = $1 order by number", file);
        await using var r = await query.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            yield return r.GetFieldValue<byte[]>(0);
    }

    private static string Head(string format) =>
        format switch
        {
            LogFormats.Xes => XesWriter.Head,
            LogFormats.Ocel => OcelWriter.Head,
            LogFormats.Parquet => "",
            _ => CsvWriter.Head,
        };

    private static void Write(StringBuilder text, OpenFile open, List<MinedCase> cases, bool isLast, string[] activities, string[] people)
    {
        switch (open.Format)
        {
            case LogFormats.Xes:
                text.Append(XesWriter.Cases(cases)).Append(isLast ? XesWriter.End : "");
                break;
            case LogFormats.Csv:
                text.Append(CsvWriter.Cases(cases));
                break;
            case LogFormats.Parquet:
                text.Append(ParquetLog.Lines(cases));
                break;
            case LogFormats.Ocel when open.Phase == 0:
                var isFirst = open.Events == 0;
                text.Append(OcelWriter.Events(cases, ref isFirst)).Append(isLast ? OcelWriter.Between : "");
                break;
            default:
                isFirst = open.After is null;
                text.Append(OcelWriter.Objects(cases, ref isFirst)).Append(isLast ? OcelWriter.End(people, activities, ref isFirst) : "");
                break;
        }
    }

    private static async Task<OpenFile?> OpenAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select id, format, journey, started_from, started_before, requested_at, phase, after_case, activities, people, cases, events, size
            from export_file where state in ('Queued', 'Running') order by requested_at, id limit 1 for update
            """
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel)
            ? new(
                r.GetGuid(0),
                r.GetString(1),
                r.Text(2),
                r.InstantOrNull(3),
                r.InstantOrNull(4),
                r.Instant(5),
                r.GetInt16(6),
                r.GuidOrNull(7),
                r.GetFieldValue<string[]>(8),
                r.GetFieldValue<string[]>(9),
                r.GetInt64(10),
                r.GetInt64(11),
                r.GetInt64(12)
            )
            : null;
    }

    private async Task<List<MinedCase>> CasesAsync(NpgsqlConnection connection, OpenFile open, CancellationToken cancel)
    {
        const string Fits = """
            {0}.test_by is null and {0}.created_at <= $1 and ($2::text is null or {0}.journey = $2) and ($3::timestamptz is null or {0}.created_at >= $3)
                and ($4::timestamptz is null or {0}.created_at < $4)
            """;
        var cases = new List<MinedCase>();
        object?[] values = [open.RequestedAt, open.Journey, open.From, open.Before, open.After ?? Guid.Empty, Step];
        await using (var batch = connection.CreateBatch())
        {
            batch.Add(
                $"""
                select c.id, c.reference, c.journey, c.customer_id, c.created_at,
                    not exists (select from journey_case x where x.customer_id = c.customer_id and x.id < c.id and {Fits.Replace("{0}", "x")})
                from journey_case c where {Fits.Replace("{0}", "c")} and c.id > $5 order by c.id limit $6
                """,
                values
            );
            await using var r = await batch.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
                cases.Add(new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetBoolean(5), r.Instant(4)));
        }

        await ReadEventsAsync(connection, cases.ToDictionary(c => c.Id), open.RequestedAt, cancel);
        return cases;
    }

    private static async Task ReadEventsAsync(NpgsqlConnection connection, Dictionary<Guid, MinedCase> cases, Instant until, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select e.chain_id, e.sequence, coalesce(t.title, case when json_typeof(e.payload) = 'object' then e.payload ->> 'title' end, e.activity_id,
                case e.action when 'case.started' then 'Case started' else e.action end), e.action, e.actor, e.at,
                case when e.entity = 'task' then e.entity_id end
            from event e left join task t on t.id = case when e.entity = 'task' then e.entity_id::uuid end
            where e.chain_id = any($1) and e.entity in ('task', 'case') and e.at <= $2 order by e.chain_id, e.sequence
            """,
            cases.Keys.ToArray(),
            until
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            cases[r.GetGuid(0)].Events.Add(new(r.GetInt32(1), r.GetString(2), r.GetString(3), r.GetString(4), r.Instant(5), r.Text(6)));
    }

    private static Instant? Day(LocalDate? day) => day?.AtStartOfDayInZone(DateTimeZone.Utc).ToInstant();

    /// <summary>Adds what happened to an export to the history of exports.</summary>
    internal static async Task RecordAsync(
        NpgsqlConnection connection,
        NpgsqlBatch batch,
        Guid id,
        string action,
        object payload,
        string actor,
        Instant now,
        CancellationToken cancel
    )
    {
        var history = await NamedChain.LockAsync(connection, Chain, actor, now, cancel);
        history.Add(new(action, "export", Ids.Text(id), 0, JsonSerializer.SerializeToUtf8Bytes(payload, JsonSerializerOptions.Web)));
        batch.WriteChain(history);
    }

    private static async Task<IReadOnlyList<LogFile>> ReadAsync(NpgsqlCommand query, CancellationToken cancel)
    {
        await using var r = await query.ExecuteReaderAsync(cancel);
        var files = new List<LogFile>();
        while (await r.ReadAsync(cancel))
            files.Add(
                new(
                    r.GetGuid(0),
                    r.GetString(1),
                    r.Text(2),
                    r.InstantOrNull(3)?.InUtc().Date,
                    r.InstantOrNull(4)?.InUtc().Date.PlusDays(-1),
                    r.GetString(5),
                    r.GetString(6),
                    r.Instant(7),
                    Enum.Parse<LogState>(r.GetString(8)),
                    r.GetInt64(9),
                    r.GetInt64(10),
                    r.GetInt64(11),
                    r.Text(12),
                    r.InstantOrNull(13),
                    r.GetInt32(14)
                )
            );
        return files;
    }

    private sealed record OpenFile(
        Guid Id,
        string Format,
        string? Journey,
        Instant? From,
        Instant? Before,
        Instant RequestedAt,
        short Phase,
        Guid? After,
        string[] Activities,
        string[] People,
        long Cases,
        long Events,
        long Size
    );
}
