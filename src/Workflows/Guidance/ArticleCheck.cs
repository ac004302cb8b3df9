using System.Text.RegularExpressions;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Facts;

namespace Orchestration.Workflows.Guidance;

/// <summary>What may be kept as an article. Pages and the API share it.</summary>
public static partial class ArticleCheck
{
    /// <summary>Most characters of a body.</summary>
    public const int LongestBody = 40_000;

    private const int MostPins = 50;
    private const int MostYears = 5;

    /// <summary>The content without blanks around it and empty lines.</summary>
    public static ArticleContent Tidy(ArticleContent content) =>
        content with
        {
            Title = content.Title.Trim(),
            Body = content.Body.ReplaceLineEndings("\n").TrimEnd(),
            Language = content.Language.Trim(),
            Rules = [.. content.Rules.Select(rule => rule.Trim()).Where(rule => rule.Length > 0).Distinct()],
            Pins = [.. content.Pins.Distinct()],
        };

    /// <summary>What is wrong with tidy content, by field of the API, as reasons that complete a sentence; empty: nothing.</summary>
    public static async Task<IReadOnlyDictionary<string, string[]>> RunAsync(
        WorkflowRuntime runtime,
        ArticleContent content,
        LocalDate today,
        CancellationToken cancel
    )
    {
        var errors = new List<(string Field, string Reason)>();
        if (content.Title.Length == 0)
            errors.Add(("title", "is required"));
        else if (CustomerRules.Unfit(content.Title, 200) is { } title)
            errors.Add(("title", title));
        if (content.Body.Trim().Length == 0)
            errors.Add(("body", "is required"));
        else if (CustomerRules.Unfit(content.Body, LongestBody, lines: true) is { } body)
            errors.Add(("body", body));
        if (!Language().IsMatch(content.Language))
            errors.Add(("language", "must be a language tag such as en or pt-BR"));
        if (content.ReviewOn is { } due && (LocalDate.FromDateOnly(due) <= today || LocalDate.FromDateOnly(due) > today.PlusYears(MostYears)))
            errors.Add(("reviewOn", $"must be in the next {MostYears} years"));
        var journeys = await PinsAsync(runtime, content.Pins, errors, cancel);
        var known = journeys.Count > 0 ? FactsOf(journeys) : FactsOf(await runtime.Definitions.UsablePublishedAsync(cancel));
        if (!FactRules.TryParse(content.Rules, out var rules, out var wrong))
            errors.AddRange(wrong.Select(reason => ("rules", reason)));
        else
            errors.AddRange(rules.Facts.Where(fact => !known.Contains(fact)).Select(fact => ("rules", $"names “{fact}”, which {Nowhere(journeys)}")));
        if (errors.All(error => error.Field != "body"))
            await BodyAsync(runtime.Database, content, known, journeys, errors, cancel);
        return errors.GroupBy(e => e.Field).ToDictionary(g => g.Key, g => g.Select(e => e.Reason).Distinct().ToArray());
    }

    private static async Task BodyAsync(
        NpgsqlDataSource database,
        ArticleContent content,
        HashSet<string> known,
        IReadOnlyList<CompiledWorkflow> journeys,
        List<(string Field, string Reason)> errors,
        CancellationToken cancel
    )
    {
        if (content.Kind != ArticleKind.Article)
        {
            if (Letter.Check(content.Body) is { } reason)
                errors.Add(("body", reason));
            errors.AddRange(
                Letter
                    .NamesByLine(content.Body)
                    .Where(used => !known.Contains(used.Name) && !Letter.Always.Contains(used.Name))
                    .Select(used => ("body", $"uses “{used.Name}” in line {used.Line}, which {Nowhere(journeys)}"))
            );
            return;
        }

        var (wrong, articles) = MarkdownBody.Links(content.Body, content.Audience);
        errors.AddRange(wrong.Select(reason => ("body", reason)));
        if (articles.Count == 0)
            return;
        await using var query = database.Query(
            "select id from guidance_article where id = any($1) and version is not null and retired_at is null",
            (object)articles.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var alive = new HashSet<Guid>();
        while (await r.ReadAsync(cancel))
            alive.Add(r.GetGuid(0));
        errors.AddRange(articles.Where(id => !alive.Contains(id)).Distinct().Select(id => ("body", $"links to “/guidance/{id:N}”, which isn't published")));
    }

    private static async Task<IReadOnlyList<CompiledWorkflow>> PinsAsync(
        WorkflowRuntime runtime,
        IReadOnlyList<Pin> pins,
        List<(string Field, string Reason)> errors,
        CancellationToken cancel
    )
    {
        if (pins.Count > MostPins)
            errors.Add(("pins", $"can have at most {MostPins} places"));
        var journeys = new Dictionary<string, CompiledWorkflow?>();
        foreach (var pin in pins.Take(MostPins))
        {
            if (!Pin.TryParse(pin.ToString(), out var same) || same != pin)
                errors.Add(("pins", $"“{Short(pin.ToString())}” isn't a place such as claims/assess or skill:fraud"));
            else
            {
                CompiledWorkflow? journey = null;
                if (pin.Journey is { } id && !journeys.TryGetValue(id, out journey))
                    journeys[id] = journey = await PinCheck.PublishedAsync(runtime, id, cancel);
                if (await PinCheck.WhyNotAsync(runtime, pin, journey, cancel) is { } reason)
                    errors.Add(("pins", $"“{pin}”: {reason}"));
            }
        }

        return [.. journeys.Values.OfType<CompiledWorkflow>()];
    }

    private static HashSet<string> FactsOf(IEnumerable<CompiledWorkflow> journeys) =>
        [.. journeys.SelectMany(journey => FactSchema.Of(journey).Fields).Select(fact => fact.Name)];

    private static string Nowhere(IReadOnlyList<CompiledWorkflow> journeys) =>
        journeys.Count == 0
            ? "isn't a fact of any journey"
            : $"isn't a fact of {string.Join(" or ", journeys.Select(journey => journey.Name ?? journey.DefinitionId))}";

    private static string Short(string text) => text.Length > 80 ? text[..80] + "…" : text;

    [GeneratedRegex(@"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", RegexOptions.CultureInvariant)]
    private static partial Regex Language();
}
