using System.Text;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Parquet;
using Parquet.Schema;

namespace Orchestration.Workflows.ProcessMining;

/// <summary>
/// Parquet has its directory at the end, so a file can't be written in parts by several hosts. Parts are lines of JSON first, one an event; the last step
/// makes the file of them, a group of rows at a time.
/// </summary>
internal static class ParquetLog
{
    /// <summary>Rows of a group: what is in memory at once.</summary>
    private const int GroupRows = 50_000;
    private const int PartSize = 1 << 20;

    private static readonly DataField<string>[] Texts = [new("case"), new("journey"), new("activity"), new("lifecycle"), new("resource"), new("action")];

    private static readonly DateTimeDataField At = new("timestamp", DateTimeFormat.DateAndTimeMicros, isAdjustedToUTC: true);

    /// <summary>Events as lines.</summary>
    public static string Lines(IEnumerable<MinedCase> cases)
    {
        var text = new StringBuilder();
        foreach (var one in cases)
        {
            foreach (var e in one.Events)
                text.Append(
                        JsonSerializer.Serialize(new Row([one.Reference, one.Journey, e.Activity, e.Transition, e.Actor, e.Action], e.At.ToUnixTimeTicks()))
                    )
                    .Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Makes the file of parts with lines, and puts it in their place, a megabyte a part. Returns its size.</summary>
    /// <param name="connection">With the transaction.</param>
    /// <param name="file">Whose parts.</param>
    /// <param name="parts">The parts, as they were committed; each ends with a line.</param>
    public static async Task<long> ReplaceAsync(NpgsqlConnection connection, Guid file, IAsyncEnumerable<byte[]> parts, CancellationToken cancel)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        await WriteAsync(parts, stream, cancel);
        await stream.FlushAsync(cancel);
        stream.Position = 0;
        await using (var delete = connection.CreateBatch())
        {
            delete.Add("delete from export_part where file_id = $1", file);
            await delete.ExecuteNonQueryAsync(cancel);
        }

        var buffer = new byte[PartSize];
        for (var number = 0; await stream.ReadAtLeastAsync(buffer, PartSize, throwOnEndOfStream: false, cancel) is > 0 and var length; number++)
        {
            await using var part = connection.CreateBatch();
            part.Add("insert into export_part (file_id, number, content) values ($1, $2, $3)", file, number, buffer[..length]);
            await part.ExecuteNonQueryAsync(cancel);
        }

        return stream.Length;
    }

    private static async Task WriteAsync(IAsyncEnumerable<byte[]> parts, Stream to, CancellationToken cancel)
    {
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema([.. Texts, At]), to, cancellationToken: cancel);
        var rows = new List<Row>();
        await foreach (var part in parts.WithCancellation(cancel))
        {
            foreach (var line in Encoding.UTF8.GetString(part).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                rows.Add(JsonSerializer.Deserialize<Row>(line)!);
            if (rows.Count >= GroupRows)
                await GroupAsync(writer, rows, cancel);
        }

        if (rows.Count > 0)
            await GroupAsync(writer, rows, cancel);
    }

    private static async Task GroupAsync(ParquetWriter writer, List<Row> rows, CancellationToken cancel)
    {
        using var group = writer.CreateRowGroup();
        for (var i = 0; i < Texts.Length; i++)
            await group.WriteAsync(Texts[i], rows.ConvertAll(row => row.Texts[i]));
        await group.WriteAsync<DateTime>(
            At,
            rows.ConvertAll(row => Instant.FromUnixTimeTicks(row.At).ToDateTimeUtc()).ToArray().AsMemory(),
            cancellationToken: cancel
        );
        rows.Clear();
    }

    private sealed record Row(string[] Texts, long At);
}
