using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.HumanStep;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

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

    /// <summary>
    /// The titles with a word that is alike for every word, the best first: of journeys of which the person sees a case, and of workflows that are no journey
    /// of a case.
    /// </summary>
    public static async Task<IReadOnlyList<string>> FindAsync(
        WorkflowRuntime runtime,
        IReadOnlyList<string> words,
        Person actor,
        Instant now,
        CancellationToken cancel
    )
    {
        var known = (await runtime.Definitions.UsablePublishedAsync(cancel))
            .SelectMany(workflow =>
                workflow
                    .Nodes.Where(node => node.TypeName == HumanTask.TypeName)
                    .Select(node => (Title: node.Literal("Title") as string, Journey: workflow.DefinitionId))
            )
            .Where(step => step.Title is not null)
            .Distinct()
            .ToArray();
        var me = Eligibility.Of("$1", "$2");
        await using var query = runtime.Database.Query(
            $"""
            select k.title, max(k.alike) alike from (
                select k.title, word_similarity(fold($7), f.folded) alike
                from unnest($4::text[], $5::text[]) k (title, journey) cross join lateral (select fold(' ' || k.title) folded) f
                where ($3 or k.journey = any({me.SeenJourneys}) or not exists (select from viewer_journey j where j.journey = k.journey))
                    and not exists (select from unnest($6::text[]) w(word)
                        where word_similarity(fold(w.word), f.folded) < {Alike} and position(' ' || fold(w.word) in f.folded) = 0)) k
            group by 1 order by 2 desc, 1 limit {Most}
            """,
            actor.Id,
            now,
            Eligibility.SeesAll(actor),
            known.Select(step => step.Title).ToArray(),
            known.Select(step => step.Journey).ToArray(),
            words.ToArray(),
            string.Join(' ', words)
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var titles = new List<string>();
        while (await r.ReadAsync(cancel))
            titles.Add(r.GetString(0));
        return titles;
    }
}
