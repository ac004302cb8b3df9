using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Storage;

/// <summary>
/// What some conditions of a list leave, where that is few: the list then begins with these rows. Where it is many, the list finds a page of them soon in its
/// own order. So neither who sees almost nothing nor who searches for what isn't there makes a list read to its end, and the planner has nothing to guess.
/// </summary>
internal sealed class FewIds(int most)
{
    /// <summary>More are many: reading as many takes about as long as a page may.</summary>
    public const int Most = 5000;

    private readonly List<NpgsqlBatchCommand> _sets = [];
    private readonly List<Guid[]?> _few = [];
    private readonly Dictionary<Guid, DateTime> _at = [];

    /// <summary>Adds a set. Returns its number.</summary>
    /// <param name="select">SQL whose first column are ids.</param>
    /// <param name="values">Its parameters.</param>
    public int Add(string select, params ReadOnlySpan<object?> values) => Add(select, "id", [IfFew("id")], values);

    /// <summary>Adds a set of which <see cref="At"/> is known.</summary>
    /// <param name="select">SQL that selects ids and instants.</param>
    /// <param name="values">Its parameters.</param>
    public int AddDated(string select, params ReadOnlySpan<object?> values) => Add(select, "id, at", [IfFew("id"), IfFew("at")], values);

    private int Add(string select, string names, string[] columns, ReadOnlySpan<object?> values)
    {
        _sets.Add(Sql.Command($"select {string.Join(", ", columns)} from (select * from ({select}) s limit {most + 1}) few ({names})", values));
        return _sets.Count - 1;
    }

    private string IfFew(string column) => $"case when count(*) <= {most} then coalesce(array_agg({column}), '{{}}') end";

    /// <summary>Reads all sets in one round trip.</summary>
    public async Task ReadAsync(NpgsqlDataSource database, CancellationToken cancel)
    {
        if (_sets.Count == 0)
            return;
        await using var batch = database.CreateBatch();

        // Each set has an index. A plan for any text, or one that trusts an estimate, would read the table instead.
        batch.Add("select set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)");
        foreach (var set in _sets)
            batch.BatchCommands.Add(set);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        while (await r.NextResultAsync(cancel))
        {
            await r.ReadAsync(cancel);
            var ids = r.IsDBNull(0) ? null : r.GetFieldValue<Guid[]>(0);
            _few.Add(ids);
            if (ids is null || r.FieldCount == 1)
                continue;
            foreach (var (id, at) in ids.Zip(r.GetFieldValue<DateTime[]>(1)))
                _at[id] = at;
        }
    }

    /// <summary>The instant of an id that a dated set has.</summary>
    public DateTime At(Guid id) => _at[id];

    /// <summary>How many sets there are.</summary>
    public int Count => _sets.Count;

    /// <summary>The ids of a set, or null if they are many.</summary>
    public Guid[]? this[int set] => _few[set];

    /// <summary>The ids that are in one of these sets, or null if one has many.</summary>
    public Guid[]? Either(int one, int other) => _few[one] is { } a && _few[other] is { } b ? [.. a.Union(b)] : null;

    /// <summary>The ids that are in all of these, or null if each has many.</summary>
    public static Guid[]? Common(IEnumerable<Guid[]?> all) =>
        all.OfType<Guid[]>().OrderBy(few => few.Length).Aggregate((Guid[]?)null, (all, few) => all is null ? few : [.. all.Intersect(few)]);
}
