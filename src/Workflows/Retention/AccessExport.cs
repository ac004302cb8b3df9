using System.Data;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using NodaTime;
using NodaTime.Text;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Retention;

/// <summary>
/// All we hold of a customer, for the customer: a ZIP with a page to read or print, the same as JSON, and the documents. It reads what erasure would remove,
/// row by row, so that it takes the memory of one row.
/// </summary>
public static class AccessExport
{
    private const string History = "History";
    private const int BufferSize = 64 * 1024;

    // Hashes, keys of the product, and contents of files, which are files of their own.
    private const string Columns =
        "to_jsonb(t) - array['content', 'hash', 'leaf', 'event_head', 'event_sequence', 'words', 'order_at', 'bookmark_id', 'container_id',"
        + " 'definition_version_id', 'actors', 'reviewers', 'gave_up', 'watchers']";

    /// <summary>Records that someone exports a customer. The record that is left after merging; null: there is none.</summary>
    /// <param name="reason">Why.</param>
    public static async Task<Guid?> BeginAsync(WorkflowRuntime runtime, Guid customer, string reason, Person actor, CancellationToken cancel = default)
    {
        await using var t = await CustomerTransaction.OpenAsync(runtime, actor.UserName, cancel);
        await using var find = t.Connection.CreateBatch();
        find.Add("select survivor, (select revision from customer s where s.id = c.survivor) from customer c where id = $1", customer);
        Guid survivor;
        int revision;
        await using (var r = await find.ExecuteReaderAsync(cancel))
        {
            if (!await r.ReadAsync(cancel))
                return null;
            (survivor, revision) = (r.GetGuid(0), r.GetInt32(1));
        }

        await t.LockAsync([survivor], cancel);
        t.Record(survivor, "customer.exported", revision, new { reason });
        await t.CommitAsync(cancel);
        return survivor;
    }

    /// <summary>Writes the ZIP, as it is in one snapshot.</summary>
    /// <param name="survivor">From <see cref="BeginAsync"/>.</param>
    /// <param name="to">Written from beginning to end.</param>
    public static async Task WriteAsync(NpgsqlDataSource database, Guid survivor, Instant now, Stream to, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        var scope = await ScopeAsync(connection, survivor, cancel);

        // A ZIP ends each entry with a few bytes that it doesn't write asynchronously, which the answer to a request needs: they go to an empty buffer.
        var buffer = new BufferedStream(to, BufferSize);
        var zip = await ZipArchive.CreateAsync(buffer, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8, cancel);
        await using (zip)
        {
            await AddAsync("index.html", CompressionLevel.Optimal, stream => WritePageAsync(connection, scope, now, stream, cancel));
            await AddAsync("data.json", CompressionLevel.Optimal, stream => WriteJsonAsync(connection, scope, now, stream, cancel));
            foreach (var (id, name) in await FilesAsync(connection, scope, cancel))
                await AddAsync($"documents/{id:N}-{Safe(name)}", CompressionLevel.NoCompression, stream => CopyAsync(connection, id, stream, cancel));
        }

        await buffer.FlushAsync(cancel);

        async Task AddAsync(string name, CompressionLevel level, Func<Stream, Task> write)
        {
            await using var entry = await zip.CreateEntry(name, level).OpenAsync(cancel);
            await write(entry);
            await entry.FlushAsync(cancel);
            await buffer.FlushAsync(cancel);
        }
    }

    private static async Task CopyAsync(NpgsqlConnection connection, Guid file, Stream to, CancellationToken cancel)
    {
        await using var query = new NpgsqlCommand("select content from task_attachment where id = $1", connection) { Parameters = { new() { Value = file } } };
        await using var r = await query.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancel);
        if (!await r.ReadAsync(cancel))
            return;
        await using var content = await r.GetStreamAsync(0, cancel);
        await content.CopyToAsync(to, cancel);
    }

    private static async Task WriteJsonAsync(NpgsqlConnection connection, Scope scope, Instant now, Stream stream, CancellationToken cancel)
    {
        await using var text = new StreamWriter(stream, new UTF8Encoding(false), 8192, leaveOpen: true);
        await text.WriteAsync($"{{\"exportedAt\":\"{InstantPattern.ExtendedIso.Format(now)}\"");
        foreach (var title in Titles)
        {
            await text.WriteAsync($",\n{JsonSerializer.Serialize(title)}:[");
            var first = true;
            await foreach (var row in RowsAsync(connection, title, scope, cancel))
            {
                await text.WriteAsync(first ? "\n" : ",\n");
                await text.WriteAsync(row);
                first = false;
            }

            await text.WriteAsync(']');
        }

        await text.WriteAsync("}\n");
    }

    private static async Task WritePageAsync(NpgsqlConnection connection, Scope scope, Instant now, Stream stream, CancellationToken cancel)
    {
        await using var text = new StreamWriter(stream, new UTF8Encoding(false), 8192, leaveOpen: true);
        var page = new AccessExportPage(text);
        await page.BeginAsync(now);
        foreach (var title in Titles)
        {
            var any = false;
            await foreach (var row in RowsAsync(connection, title, scope, cancel))
            {
                if (!any)
                    await page.SectionAsync(title);
                any = true;
                using var document = JsonDocument.Parse(row);
                await page.RowAsync(document.RootElement);
            }
        }

        await page.EndAsync();
    }

    private static IEnumerable<string> Titles => PersonalData.Places.Where(p => p.IsExported).Reverse().Select(p => p.Title).Append(History);

    private static async IAsyncEnumerable<string> RowsAsync(
        NpgsqlConnection connection,
        string title,
        Scope scope,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel
    )
    {
        await using var batch = connection.CreateBatch();
        if (title == History)
        {
            batch.Add(
                """
                select json_strip_nulls(json_build_object('at', at, 'by', actor, 'action', action, 'what', entity, 'details', payload))::text
                from event where chain_id = any($1) order by at, chain_id, sequence
                """,
                (object)scope.Chains
            );
        }
        else
        {
            var place = PersonalData.Places.First(p => p.Title == title);
            batch.Add(
                $"select ({Columns})::text from {place.Table} t where {place.Where}",
                Removal.Values(place, scope.Runs, scope.Customers, scope.References, scope.Numbers)
            );
        }

        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            yield return r.GetString(0);
    }

    private static async Task<List<(Guid Id, string Name)>> FilesAsync(NpgsqlConnection connection, Scope scope, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            "select a.id, a.name from task_attachment a join task t on t.id = a.task_id where t.instance_id = any($1) order by a.created_at, a.id",
            (object)scope.Runs
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var files = new List<(Guid, string)>();
        while (await r.ReadAsync(cancel))
            files.Add((r.GetGuid(0), r.GetString(1)));
        return files;
    }

    private static async Task<Scope> ScopeAsync(NpgsqlConnection connection, Guid survivor, CancellationToken cancel)
    {
        var (customers, numbers, references, cases, runs) = (new List<Guid>(), new List<string>(), new List<string>(), new List<Guid>(), new List<Guid>());
        await using (var batch = connection.CreateBatch())
        {
            batch.Add("select id, number from customer where survivor = $1 order by id", survivor);
            batch.Add("select c.id, c.reference from customer k join journey_case c on c.customer_id = k.number where k.survivor = $1 order by c.id", survivor);
            await using var r = await batch.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
            {
                customers.Add(r.GetGuid(0));
                numbers.Add(r.GetString(1));
            }

            await r.NextResultAsync(cancel);
            while (await r.ReadAsync(cancel))
            {
                cases.Add(r.GetGuid(0));
                references.Add(r.GetString(1));
            }
        }

        await using (var batch = connection.CreateBatch())
        {
            batch.Add("select distinct run from runs_of($1)", (object)cases.ToArray());
            await using var r = await batch.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
                runs.Add(r.GetGuid(0));
        }

        return new([.. runs], [.. customers], [.. references], [.. numbers], [.. runs, .. customers.Select(CustomerTransaction.ChainOf)]);
    }

    private static string Safe(string name) => string.Concat(name.Select(c => char.IsControl(c) || c is '/' or '\\' or ':' ? '_' : c)).TrimStart('.');

    private sealed record Scope(Guid[] Runs, Guid[] Customers, string[] References, string[] Numbers, Guid[] Chains);
}
