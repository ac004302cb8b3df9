using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Documents;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Workflows.Customers;

/// <summary>
/// Adds and changes customers by a file: all of it or, when anything is wrong, nothing. A number that exists is changed, and only in the columns that the file
/// has; an empty cell clears. Why someone needs particular care is no column: it is entered by those who may know it.
/// </summary>
public static class ImportCustomers
{
    private const string Number = "number";

    /// <summary>Columns a file can have.</summary>
    public static readonly IReadOnlyList<string> Columns =
    [
        Number,
        "name",
        "other_names",
        "emails",
        "phones",
        "addresses",
        "languages",
        "born_on",
        "consents",
        "identifiers",
    ];

    /// <summary>A file to begin with.</summary>
    public const string Sample = """
        number,name,other_names,emails,phones,addresses,languages,born_on,consents,identifiers
        C-10001,Jürgen Weiß,Juergen Weiss,j.weiss@example.com,+49 30 5550134,"Lindenstraße 4, 10969 Berlin",de;en,1968-04-12,marketing:2026-01-31,policy:P-4711
        C-10002,王小伟,Wang Xiaowei,,+44 20 7946 0991,,zh;en,,,policy:P-4712;tax-number:AB123456C

        """;

    /// <summary>Previews a file, or applies it.</summary>
    /// <param name="file">Its text.</param>
    /// <param name="apply">False: only say what it would do.</param>
    /// <param name="fingerprint">Of the preview that is to be applied; null: apply whatever the file does now.</param>
    /// <param name="actor">User name of who imports. The caller has checked that they may keep customers.</param>
    public static async Task<ImportResult> RunAsync(
        WorkflowRuntime runtime,
        string file,
        bool apply,
        string? fingerprint,
        string actor,
        CancellationToken cancel = default
    )
    {
        var errors = new List<ImportError>();
        var lines = CsvTable.Read(file, Columns, Number, errors);
        await using var t = await CustomerTransaction.OpenAsync(runtime, actor, cancel);
        var numbers = lines.Select(row => row[Number] ?? "").ToList();
        var ids = (await CustomerQueries.OfAsync(t.Connection, [], numbers, cancel)).ToDictionary(k => k.Data.Number, k => k.Id);

        // Locked before they are read: nobody changes them in between.
        if (apply)
            await t.LockAsync(numbers.Select(number => ids.TryGetValue(number, out var id) ? id : ids[number] = Ids.New(t.Now)), cancel);
        var known = (await CustomerQueries.OfAsync(t.Connection, ids.Values, numbers, cancel)).ToDictionary(k => k.Data.Number);
        var read = new List<(int Line, CustomerDetails? Before, CustomerData After)>();
        var seen = new Dictionary<string, int>();
        foreach (var row in lines)
        {
            var number = row[Number] ?? "";
            var before = known.GetValueOrDefault(number);
            var after = CustomerRules.Tidy(Read(row, before?.Data ?? new(number, ""), errors));
            errors.AddRange(
                CustomerRules.Check(after, t.Now.InUtc().Date).Select(e => new ImportError(row.Line, Column(e.Field), ImportResult.Sentence(e.Reason)))
            );
            if (before is not null && before.Survivor != before.Id)
                errors.Add(new(row.Line, Number, $"“{number}” was merged into another customer. Change that one."));
            ImportResult.CheckTwice(seen, row.Line, Number, number, errors);
            read.Add((row.Line, before, after));
        }

        await CheckIdentifiersAsync(t, read, errors, cancel);
        if (errors.Count > 0)
            return ImportResult.Of(errors, Columns);

        var rows = read.ConvertAll(r => Tell(r.Line, r.Before, r.After));
        if (ImportResult.Before(apply, fingerprint, file, rows) is { } answer)
            return answer;

        // An identifier may move from one line to another: all that go, go first.
        var changed = read.Where(r => r.Before is not null).Select(r => r.Before!.Id).ToArray();
        t.Writes.Add("delete from customer_identifier where customer_id = any($1)", (object)changed);
        foreach (var (_, before, after) in read)
            SaveCustomer.Write(t, ids[after.Number], before, after, keepsIdentifiers: false);
        t.Writes.Add(CustomerWords.Keep, (object)read.Select(r => ids[r.After.Number]).ToArray());
        try
        {
            await t.CommitAsync(cancel);
        }
        catch (PostgresException e) when (e.ConstraintName is "customer_number_key" or "customer_identifier_taken")
        {
            return new ImportResult.Outdated(rows, ImportResult.FingerprintOf(file, rows));
        }

        return new ImportResult.Applied(rows);
    }

    private static async Task CheckIdentifiersAsync(
        CustomerTransaction t,
        List<(int Line, CustomerDetails? Before, CustomerData After)> read,
        List<ImportError> errors,
        CancellationToken cancel
    )
    {
        var all = read.SelectMany(r => r.After.Identifiers.Select(i => (r.Line, r.After.Number, Identifier: i))).ToList();
        foreach (var same in all.GroupBy(i => i.Identifier).Where(g => g.Count() > 1))
        {
            foreach (var (line, _, identifier) in same.Skip(1))
                errors.Add(new(line, "identifiers", $"“{identifier}” is in line {same.First().Line} already."));
        }

        var inFile = read.Select(r => r.After.Number).ToHashSet();
        await using var batch = t.Connection.CreateBatch();
        batch.Add(
            """
            select i.kind, i.value, k.number from customer_identifier i join customer k on k.id = i.customer_id
            join unnest($1::text[], $2::text[]) n(kind, value) on n.kind = i.kind and n.value = i.value
            """,
            all.Select(i => i.Identifier.Kind).ToArray(),
            all.Select(i => i.Identifier.Value).ToArray()
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var (taken, number) = (new CustomerIdentifier(r.GetString(0), r.GetString(1)), r.GetString(2));
            if (inFile.Contains(number))
                continue;
            foreach (var (line, _, _) in all.Where(i => i.Identifier == taken))
                errors.Add(new(line, "identifiers", $"“{taken}” belongs to customer {number}."));
        }
    }

    private static CustomerData Read(CsvRow row, CustomerData before, List<ImportError> errors)
    {
        return before with
        {
            Name = row["name"] ?? before.Name,
            OtherNames = row.List("other_names") ?? before.OtherNames,
            Emails = row.List("emails") ?? before.Emails,
            Phones = row.List("phones") ?? before.Phones,
            Addresses = row.List("addresses") ?? before.Addresses,
            Languages = row.List("languages") ?? before.Languages,
            BornOn =
                row["born_on"] is not { } born ? before.BornOn
                : born.Length == 0 ? null
                : Day(born),
            Consents = row.List("consents") is { } consents ? [.. consents.Select(ConsentOf).OfType<Consent>()] : before.Consents,
            Identifiers = row.List("identifiers") is { } identifiers ? [.. identifiers.Select(IdentifierOf).OfType<CustomerIdentifier>()] : before.Identifiers,
        };

        DateOnly? Day(string text)
        {
            if (Consent.Day(text) is { } day)
                return day;
            errors.Add(new(row.Line, "born_on", $"“{text}” isn't a date like 2026-01-31."));
            return null;
        }

        Consent? ConsentOf(string text)
        {
            if (Consent.Parse(text) is { } consent)
                return consent;
            errors.Add(new(row.Line, "consents", $"“{text}” isn't a consent like marketing:2026-01-31."));
            return null;
        }

        CustomerIdentifier? IdentifierOf(string text)
        {
            if (CustomerIdentifier.Parse(text) is { } identifier)
                return identifier;
            errors.Add(new(row.Line, "identifiers", $"“{text}” isn't an identifier like policy:P-4711."));
            return null;
        }
    }

    private static ImportedRow Tell(int line, CustomerDetails? before, CustomerData after)
    {
        var changes = SaveCustomer.Compare(before?.Data ?? new("", ""), after);
        return ImportedRow.Of(line, after.Number, after.Name, before is null, changes);
    }

    private static string Column(string field) =>
        field switch
        {
            "otherNames" => "other_names",
            "bornOn" => "born_on",
            _ => field,
        };
}
