using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Guidance;

/// <summary>The form of an article: what was typed, and what is wrong with it.</summary>
/// <param name="Id">The article; null: a new one.</param>
/// <param name="Revision">Revision that was seen.</param>
/// <param name="Fields">What was typed, by field.</param>
public sealed record ArticleForm(Guid? Id, int Revision, IReadOnlyDictionary<string, string> Fields)
{
    public static readonly IReadOnlyList<string> Names = ["team", "title", "kind", "audience", "language", "body", "pins", "rules", "reviewOn", "note", "case"];

    public IReadOnlyDictionary<string, string> Errors { get; init; } = new Dictionary<string, string>();

    /// <summary>Who changed what meanwhile, and what the article says now.</summary>
    public ArticleResult.Stale? Stale { get; init; }
    public string? Problem { get; init; }

    /// <summary>Teams the person can choose for a new article.</summary>
    public IReadOnlyList<Team> Teams { get; init; } = [];

    /// <summary>Journeys with their steps, and skills: places to choose from.</summary>
    public IReadOnlyList<(string Group, string Title, string Pin)> Places { get; init; } = [];

    /// <summary>How what was typed looks, if someone asked.</summary>
    public ArticlePreview? Preview { get; init; }

    /// <summary>Cases to fill a letter with.</summary>
    public IReadOnlyList<CaseSummary> Cases { get; init; } = [];

    public string this[string field] => Fields.GetValueOrDefault(field, "");

    public string Address => Id is { } id ? $"{GuidanceAnswers.Address(id)}/edit" : "/guidance/new";

    /// <summary>What pages call a field.</summary>
    public static string Label(string field) =>
        field switch
        {
            "team" => "Team",
            "title" => "Title",
            "kind" => "Kind",
            "audience" => "Readers",
            "language" => "Language",
            "body" => "Text",
            "pins" => "Shown beside",
            "rules" => "Only if",
            "reviewOn" => "Check again on",
            "case" => "Case",
            _ => "The form",
        };

    internal static ArticleForm Of(ArticleDetails article) => new(article.Id, article.Revision, Texts(article.Newest, article.Team));

    internal static Dictionary<string, string> Texts(ArticleContent content, string team) =>
        new()
        {
            ["team"] = team,
            ["title"] = content.Title,
            ["kind"] = content.Kind.ToString(),
            ["audience"] = content.Audience.ToString(),
            ["language"] = content.Language,
            ["body"] = content.Body,
            ["pins"] = string.Join('\n', content.Pins),
            ["rules"] = string.Join('\n', content.Rules),
            ["reviewOn"] = $"{content.ReviewOn:yyyy-MM-dd}",
        };

    /// <summary>What was typed as content, with the errors of what isn't any.</summary>
    internal (ArticleContent Content, Dictionary<string, string> Errors) Read()
    {
        var errors = new Dictionary<string, string>();
        var due = Consent.Day(this["reviewOn"].Trim());
        if (due is null && this["reviewOn"].Trim().Length > 0)
            errors["reviewOn"] = "must be a date like 2027-01-31";
        var (content, wrong) = Typed(due);
        if (wrong.Count > 0)
            errors["pins"] = string.Join("; ", wrong);
        return (content, errors);
    }

    /// <summary>What was typed as content, with the places that aren't any.</summary>
    internal (ArticleContent Content, IReadOnlyList<string> WrongPins) Typed(DateOnly? due = null)
    {
        _ = Enum.TryParse<ArticleKind>(this["kind"], out var kind);
        _ = Enum.TryParse<ArticleAudience>(this["audience"], out var audience);
        return new ArticleBody(
            this["title"],
            this["body"],
            Enum.IsDefined(kind) ? kind : ArticleKind.Article,
            Enum.IsDefined(audience) ? audience : ArticleAudience.Internal,
            this["language"],
            this["rules"].Split('\n'),
            this["pins"].Split('\n'),
            due
        ).Read();
    }
}
