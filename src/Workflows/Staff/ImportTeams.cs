using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Documents;

namespace Orchestration.Workflows.Staff;

/// <summary>
/// Adds and changes teams by a file: all of it or, when anything is wrong, nothing. A key that exists is changed, and only in the columns that the file has; an
/// empty cell clears. No team is retired by being left out.
/// </summary>
public static class ImportTeams
{
    private const string Key = "key";

    /// <summary>Columns a file can have.</summary>
    public static readonly IReadOnlyList<string> Columns = [Key, "title", "description", "lead", "members"];

    /// <summary>A file to begin with.</summary>
    public const string Sample = """
        key,title,description,lead,members
        recoveries,Recoveries,Claims money back from the party that caused the loss.,supervisor,adjuster1;adjuster2
        complaints,Complaints,,,

        """;

    /// <summary>Previews a file, or applies it.</summary>
    /// <param name="file">Its text.</param>
    /// <param name="apply">False: only say what it would do.</param>
    /// <param name="fingerprint">Of the preview that is to be applied; null: apply whatever the file does now.</param>
    /// <param name="actor">User name of the administrator.</param>
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
        var lines = CsvTable.Read(file, Columns, Key, errors);
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        var teams = (await TeamDetails.ReadAsync(t.Connection, null, cancel)).ToDictionary(team => team.Key);
        var people = await PersonDetails.AllAsync(t.Connection, t.Now, cancel);
        var byName = people.ToDictionary(p => p.UserName, StringComparer.OrdinalIgnoreCase);

        var read = new List<(int Line, TeamDetails? Before, TeamData After)>();
        var seen = new Dictionary<string, int>();
        foreach (var row in lines)
        {
            var key = row[Key] ?? "";
            var before = teams.GetValueOrDefault(key);
            var data = before?.Data ?? new(key, "", "", null, []);
            data = StaffRules.Tidy(
                data with
                {
                    Title = row["title"] ?? data.Title,
                    Description = row["description"] ?? data.Description,
                    Lead = row["lead"] ?? data.Lead,
                    Members = row.List("members") ?? data.Members,
                }
            );
            errors.AddRange(StaffRules.Check(data, byName, before is null).Select(e => new ImportError(row.Line, e.Field, ImportResult.Sentence(e.Reason))));
            ImportResult.CheckTwice(seen, row.Line, Key, key, errors);
            read.Add((row.Line, before, data));
        }

        if (errors.Count > 0)
            return ImportResult.Of(errors, Columns);

        var rows = read.ConvertAll(r => Tell(r.Line, r.Before, r.After));
        if (ImportResult.Before(apply, fingerprint, file, rows) is { } answer)
            return answer;
        var plan = new StaffPlan(people, teams, t.Now);
        foreach (var (_, before, data) in read)
            SaveTeam.Write(t, plan, data, before, byName);
        await plan.WriteToAsync(t, cancel);
        await t.CommitAsync(cancel);
        return new ImportResult.Applied(rows);
    }

    private static ImportedRow Tell(int line, TeamDetails? before, TeamData after)
    {
        var changes = SaveTeam.Compare(before?.Data ?? new(after.Key, "", "", null, []), after);
        return ImportedRow.Of(line, after.Key, after.Title, before is null, changes);
    }
}
