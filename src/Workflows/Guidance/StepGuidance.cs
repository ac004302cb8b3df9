using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Facts;

namespace Orchestration.Workflows.Guidance;

/// <summary>A step at which someone works.</summary>
/// <param name="Journey">Definition id of its journey.</param>
/// <param name="VersionId">Version of the journey that the case runs on.</param>
/// <param name="Step">Its id.</param>
/// <param name="Skills">Skills it needs, at whatever level.</param>
public sealed record GuidedStep(string Journey, string VersionId, string Step, IReadOnlyList<string> Skills);

/// <summary>A published article that fits a step.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">Its title.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Audience">Who may read it.</param>
/// <param name="Language">Its language.</param>
/// <param name="Team">Key of the owning team.</param>
/// <param name="TeamTitle">What the team is called.</param>
/// <param name="ReviewOn">When someone has to check it again.</param>
/// <param name="Fields">Fields of the form that it is about; empty: the step as a whole.</param>
/// <param name="Outcomes">Outcomes that it is about.</param>
public sealed record GuidanceMatch(
    Guid Id,
    string Title,
    ArticleKind Kind,
    ArticleAudience Audience,
    string Language,
    string Team,
    string TeamTitle,
    DateOnly? ReviewOn,
    IReadOnlyList<string> Fields,
    IReadOnlyList<string> Outcomes
)
{
    /// <summary>Whether it is about the step itself, neither one of its fields nor every step.</summary>
    public bool IsOfStep { get; init; }
}

/// <summary>Finds what fits a step: pinned to it (and its version) or to a skill it needs, with rules that the facts of the case meet.</summary>
public static class StepGuidance
{
    // As many pins are compared with the facts: reading stops when there are enough articles, so this is for rules that hardly any case meets.
    private const int MostPinned = 10_000;
    private const int MostShown = 20;

    internal const string Statement = """
        with pinned as (
            select article_id, field, outcome, 0 rank from guidance_pin where journey = $1 and step = $2 and (version is null or version = $3)
            union all select article_id, null, null, 1 from guidance_pin where skill = any($4)
            union all select article_id, null, null, 2 from guidance_pin where journey = $1 and step is null and (version is null or version = $3))
        select a.id, a.title, a.kind, a.audience, a.language, a.team, t.title, a.review_on, a.rules, p.field, p.outcome, p.rank
        from pinned p join guidance_article a on a.id = p.article_id join team t on t.key = a.team
        where a.version is not null and a.retired_at is null
        order by p.rank, a.title, a.id limit $5
        """;

    /// <summary>The articles, those of the step itself first.</summary>
    /// <param name="facts">Facts of the case that the person can see.</param>
    public static async Task<IReadOnlyList<GuidanceMatch>> FindAsync(
        WorkflowRuntime runtime,
        GuidedStep step,
        IReadOnlyList<CaseFact> facts,
        CancellationToken cancel = default
    )
    {
        await using var query = runtime.Database.Query(
            Statement,
            step.Journey,
            step.Step,
            await VersionAsync(runtime, step.VersionId, cancel),
            step.Skills.Select(skill => skill.Split(':')[0]).ToArray(),
            MostPinned
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var found = new List<(GuidanceMatch Match, string? Field, string? Outcome, int Rank)>();
        var articles = new HashSet<Guid>();
        while (await r.ReadAsync(cancel))
        {
            if (articles.Count == MostShown && !articles.Contains(r.GetGuid(0)))
                break;
            if (!FactRules.TryParse(r.GetFieldValue<string[]>(8), out var rules, out _) || !rules.Fits(facts))
                continue;
            var match = new GuidanceMatch(
                r.GetGuid(0),
                r.GetString(1),
                Enum.Parse<ArticleKind>(r.GetString(2)),
                Enum.Parse<ArticleAudience>(r.GetString(3)),
                r.GetString(4),
                r.GetString(5),
                r.GetString(6),
                r.IsDBNull(7) ? null : r.GetFieldValue<DateOnly>(7),
                [],
                []
            );
            articles.Add(match.Id);
            found.Add((match, r.Text(9), r.Text(10), r.GetInt32(11)));
        }

        return
        [
            .. found
                .GroupBy(f => f.Match.Id)
                .Select(g =>
                    g.First().Match with
                    {
                        Fields = [.. g.Select(f => f.Field).OfType<string>().Distinct()],
                        Outcomes = [.. g.Select(f => f.Outcome).OfType<string>().Distinct()],
                        IsOfStep = g.Any(f => f is { Rank: 0, Field: null, Outcome: null }),
                    }
                )
                .Take(MostShown),
        ];
    }

    private static async Task<int> VersionAsync(WorkflowRuntime runtime, string versionId, CancellationToken cancel)
    {
        try
        {
            return (await runtime.Definitions.GetVersionAsync(versionId, cancel)).Version;
        }
        catch (DefinitionUnavailableException)
        {
            // Then only what is pinned to every version fits.
            return 0;
        }
    }
}
