using System.Text.Json.Serialization;
using NodaTime;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Guidance;

/// <summary>What an article is for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ArticleKind>))]
public enum ArticleKind
{
    /// <summary>Markdown to read.</summary>
    Article,

    /// <summary>A letter to customers: plain text with Liquid, filled with the case.</summary>
    Letter,

    /// <summary>An email to customers, likewise.</summary>
    Email,
}

/// <summary>Who may read an article.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ArticleAudience>))]
public enum ArticleAudience
{
    /// <summary>Everyone who can sign in.</summary>
    Internal,

    /// <summary>Customers too, by link.</summary>
    Customer,
}

/// <summary>How far a draft is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ArticleState>))]
public enum ArticleState
{
    Draft,

    /// <summary>A second person has to approve it.</summary>
    InReview,
}

/// <summary>What an article says and where it is shown.</summary>
/// <param name="Title">One line, at most 200 characters.</param>
/// <param name="Body">Markdown; of a letter or an email, plain text with Liquid. At most <see cref="ArticleCheck.LongestBody"/> characters.</param>
public sealed record ArticleContent(string Title, string Body)
{
    public ArticleKind Kind { get; init; }
    public ArticleAudience Audience { get; init; }

    /// <summary>Tag such as en or pt-BR. Default: en.</summary>
    public string Language { get; init; } = "en";

    /// <summary>Conditions on the facts of the case, all of which must hold, such as <c>jurisdiction = GB, IE</c>. Default: any case.</summary>
    public IReadOnlyList<string> Rules { get; init; } = [];

    /// <summary>Steps, fields, outcomes and skills beside which it is shown.</summary>
    public IReadOnlyList<Pin> Pins { get; init; } = [];

    /// <summary>When someone has to check it again; null: never.</summary>
    public DateOnly? ReviewOn { get; init; }
}

/// <summary>An article with its draft.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Team">Key of the owning team.</param>
/// <param name="TeamTitle">What the team is called.</param>
/// <param name="Revision">Goes up with every change.</param>
/// <param name="Version">Number of the published version; null: none yet.</param>
/// <param name="Published">What that version says.</param>
/// <param name="PublishedAt">Since when.</param>
/// <param name="ApprovedBy">User name of who approved it.</param>
/// <param name="ReviewOn">When someone has to check it again.</param>
/// <param name="RetiredAt">When it was taken out of use, or null.</param>
/// <param name="ChangedBy">User name of who changed it last.</param>
/// <param name="ChangedAt">When.</param>
public sealed record ArticleDetails(
    Guid Id,
    string Team,
    string TeamTitle,
    int Revision,
    int? Version,
    ArticleContent? Published,
    Instant? PublishedAt,
    string? ApprovedBy,
    DateOnly? ReviewOn,
    Instant? RetiredAt,
    string ChangedBy,
    Instant ChangedAt
)
{
    /// <summary>What is being written; null: nothing, or the reader doesn't belong to the owning team.</summary>
    public ArticleContent? Draft { get; init; }

    /// <summary>How far that is.</summary>
    public ArticleState? State { get; init; }

    /// <summary>User names of everyone whose words are in the draft.</summary>
    public IReadOnlyList<string> Writers { get; init; } = [];

    /// <summary>Names of those whose proposals for it were accepted, by name.</summary>
    public IReadOnlyList<string> ImprovedBy { get; init; } = [];

    /// <summary>Why it came back from review.</summary>
    public string? ReviewNote { get; init; }

    /// <summary>The draft, or else what is published.</summary>
    [JsonIgnore]
    public ArticleContent Newest => Draft ?? Published!;

    public bool IsOverdue(LocalDate today) => Version is not null && RetiredAt is null && ReviewOn is { } due && LocalDate.FromDateOnly(due) < today;
}

/// <summary>A line of a list of articles.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">Its published title, or that of its first draft.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Audience">Who may read it.</param>
/// <param name="Language">Its language.</param>
/// <param name="Team">Key of the owning team.</param>
/// <param name="TeamTitle">What the team is called.</param>
/// <param name="Version">Its published version, or null.</param>
/// <param name="State">How far its draft is; null: no draft.</param>
/// <param name="ReviewOn">When someone has to check it again.</param>
/// <param name="RetiredAt">When it was taken out of use.</param>
/// <param name="ChangedAt">When it was changed last.</param>
public sealed record ArticleSummary(
    Guid Id,
    string Title,
    ArticleKind Kind,
    ArticleAudience Audience,
    string Language,
    string Team,
    string TeamTitle,
    int? Version,
    ArticleState? State,
    DateOnly? ReviewOn,
    Instant? RetiredAt,
    Instant ChangedAt
);

/// <summary>A published version.</summary>
public sealed record ArticleVersion(
    int Number,
    ArticleContent Content,
    IReadOnlyList<string> WrittenBy,
    string ApprovedBy,
    string ApprovedByName,
    Instant PublishedAt
);

/// <summary>How a change of guidance went.</summary>
public abstract record ArticleResult
{
    private ArticleResult() { }

    public sealed record Done(Guid Id, int Revision) : ArticleResult;

    /// <summary>There is no such article, or the person may not know of it.</summary>
    public sealed record NotFound : ArticleResult;

    /// <summary>The person isn't allowed to; the reason as a sentence.</summary>
    public sealed record Forbidden(string Reason) : ArticleResult;

    /// <summary>What is wrong, by field.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : ArticleResult;

    /// <summary>Someone changed it first.</summary>
    /// <param name="Current">As it is now.</param>
    /// <param name="By">Names of who changed it.</param>
    /// <param name="Fields">Fields that changed since the revision the person saw.</param>
    public sealed record Stale(ArticleDetails Current, IReadOnlyList<string> By, IReadOnlyList<string> Fields) : ArticleResult;

    /// <summary>It isn't in a state for this; the reason as a sentence.</summary>
    public sealed record Refused(string Reason) : ArticleResult;
}

/// <summary>Who may write and approve guidance: the one place that says so. Everyone who can sign in reads what is published.</summary>
public static class ArticleAccess
{
    /// <summary>Whether someone may write articles of a team: its members, its lead and administrators.</summary>
    public static bool Writes(Person person, string team) => person.BelongsTo(team) || person.Is(Roles.Administrator);

    /// <summary>Why someone can't approve the draft, as a sentence; null: they can. It needs a second person of the owning team.</summary>
    public static string? WhyNotApprove(Person person, ArticleDetails article) =>
        !person.BelongsTo(article.Team) ? $"Only a member or the lead of {article.TeamTitle} can approve this article."
        : article.Writers.Contains(person.UserName) ? "You wrote some of this draft. Someone else on the team has to approve it."
        : null;
}
