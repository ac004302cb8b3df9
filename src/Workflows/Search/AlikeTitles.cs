using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.HumanStep;

namespace Orchestration.Workflows.Search;

/// <summary>
/// Finds the titles that misspelt words mean among those of published journeys: there are few, so that tasks are then found by their whole title, and no task
/// is compared letter by letter.
/// </summary>
internal static class AlikeTitles
{
    private const int Most = 5;

    /// <summary>How alike each word must be, of 1.</summary>
    private const string Alike = "0.5";

    /// <summary>The titles with a word that is alike for every word, the best first.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(WorkflowRuntime runtime, IReadOnlyList<string> words, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            $"""
            select k.title from unnest($1::text[]) k(title) cross join lateral (select fold(' ' || k.title) folded) f
            where not exists (select from unnest($2::text[]) w(word)
                where word_similarity(fold(w.word), f.folded) < {Alike} and position(' ' || fold(w.word) in f.folded) = 0)
            order by word_similarity(fold($3), f.folded) desc, k.title limit {Most}
            """,
            await TitlesAsync(runtime.Definitions, cancel),
            words.ToArray(),
            string.Join(' ', words)
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var titles = new List<string>();
        while (await r.ReadAsync(cancel))
            titles.Add(r.GetString(0));
        return titles;
    }

    private static async Task<string[]> TitlesAsync(DefinitionStore definitions, CancellationToken cancel)
    {
        var titles = new HashSet<string>();
        foreach (var id in await definitions.PublishedIdsAsync(cancel))
        {
            CompiledWorkflow? workflow;
            try
            {
                workflow = await definitions.FindPublishedAsync(id, cancel);
            }
            catch (DefinitionUnavailableException)
            {
                continue;
            }

            titles.UnionWith(workflow?.Nodes.Where(node => node.TypeName == HumanTask.TypeName).Select(node => node.Literal("Title")).OfType<string>() ?? []);
        }

        return [.. titles];
    }
}
