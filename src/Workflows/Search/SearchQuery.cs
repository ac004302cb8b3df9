using System.Text.RegularExpressions;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Model;

namespace Orchestration.Workflows.Search;

/// <summary>What someone typed into the search: words, and filters such as <c>customer:novak</c>, <c>journey:claims</c>, <c>owner:me</c> and
/// <c>due:&lt;2026-12-24</c>.</summary>
/// <param name="Words">Words to find, with punctuation taken away as the index does.</param>
public sealed partial record SearchQuery(IReadOnlyList<string> Words)
{
    /// <summary>Most characters that are looked at.</summary>
    public const int Longest = 200;

    private const int MostWords = 8;

    /// <summary>Words of a customer whose cases, tasks, documents and comments are meant.</summary>
    public IReadOnlyList<string> Customer { get; private init; } = [];

    /// <summary>Beginning of a journey's id or of a word of its name.</summary>
    public string? Journey { get; private init; }

    /// <summary>Beginning of a user name or of a word of a name, or <c>me</c>.</summary>
    public string? Owner { get; private init; }

    /// <summary>Due before the beginning of this day (UTC).</summary>
    public LocalDate? DueBefore { get; private init; }

    /// <summary>Due on this day (UTC) or later.</summary>
    public LocalDate? DueFrom { get; private init; }

    /// <summary>What can't be understood, as sentences.</summary>
    public IReadOnlyList<string> Problems { get; private init; } = [];

    /// <summary>Whether only cases and what belongs to them are meant.</summary>
    public bool IsFiltered => Customer.Count > 0 || Journey is not null || Owner is not null || IsAboutDue;

    /// <summary>Whether only what has a deadline is meant.</summary>
    public bool IsAboutDue => DueBefore is not null || DueFrom is not null;

    /// <summary>Whether there is nothing to find.</summary>
    public bool IsEmpty => Words.Count == 0 && !IsFiltered;

    /// <summary>What reads as a telephone number and may be a part of a reference, as it was typed; or null.</summary>
    public string? Numbered { get; private init; }

    /// <summary>The words as they were typed, for what compares them as a whole.</summary>
    public string Text => string.Join(' ', Words);

    /// <summary>Reads what was typed. A filter that isn't one of these is a word.</summary>
    public static SearchQuery Parse(string? typed)
    {
        var text = Clean(typed ?? "").Trim();
        if (text.Length > Longest)
            text = Clean(text[..Longest]);
        var words = new List<string>();
        var query = new SearchQuery(words);
        var problems = new List<string>();
        foreach (Match part in Part().Matches(text))
        {
            var (name, value) = (part.Groups["name"].Value.ToLowerInvariant(), part.Groups["value"].Value.Trim('"'));
            switch (name)
            {
                case "customer" when value.Length > 0:
                    query = query with { Customer = [.. query.Customer, .. WordsOf(value)] };
                    break;
                case "journey" when value.Length > 0:
                    query = query with { Journey = value };
                    break;
                case "owner" when value.Length > 0:
                    query = query with { Owner = value };
                    break;
                case "due":
                    if (Due(value, query) is { } due)
                        query = due;
                    else
                        problems.Add("Write a deadline as due:<2026-12-24, due:>2026-12-24 or due:2026-12-24.");
                    break;
                case "customer" or "journey" or "owner":
                    problems.Add($"Write something after {name}:, without a blank.");
                    break;
                default:
                    words.AddRange(WordsOf(part.Value.Trim('"')));
                    break;
            }
        }

        if (words.Count > MostWords)
            words.RemoveRange(MostWords, words.Count - MostWords);
        return query with { Problems = problems, Numbered = Phone().IsMatch(Clean(typed ?? "").Trim()) ? Clean(typed!).Trim() : null };
    }

    /// <summary>Numbers keep their hyphens; in names they end a word. A telephone number is one word.</summary>
    internal static IEnumerable<string> WordsOf(string text)
    {
        text = Clean(text);
        if (Phone().IsMatch(text.Trim()))
            return [.. new[] { new string([.. text.Where(char.IsAsciiDigit)]).TrimStart('0') }.Where(digits => digits.Length > 0)];
        return text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(word => word.Any(char.IsAsciiDigit) ? [word] : word.Split(['-', '.', ','], StringSplitOptions.RemoveEmptyEntries))
            .Select(word => word.Trim('"', '(', ')', ';', ':'))
            .Where(word => word.Length > 0);
    }

    /// <summary>Without what no text can hold that is kept.</summary>
    private static string Clean(string text)
    {
        text = Unprintable().Replace(text, " ");
        return WorkflowData.Unfit(text) is null ? text : new([.. text.Where(c => !char.IsSurrogate(c))]);
    }

    private static SearchQuery? Due(string value, SearchQuery query)
    {
        var sign = value.Length > 0 && value[0] is '<' or '>' ? value[..1] : "";
        if (LocalDatePattern.Iso.Parse(value[sign.Length..].TrimStart('=')) is not { Success: true, Value: var day } || day.Year is < 1900 or > 9000)
            return null;
        return sign switch
        {
            "<" => query with { DueBefore = day },
            ">" => query with { DueFrom = day.PlusDays(1) },
            _ => query with { DueFrom = day, DueBefore = day.PlusDays(1) },
        };
    }

    [GeneratedRegex("""(?<name>[A-Za-z]+):(?<value>"[^"]*"?|\S*)|"[^"]*"?|\S+""", RegexOptions.CultureInvariant)]
    private static partial Regex Part();

    [GeneratedRegex(@"^(\+|00?)?[0-9][0-9 ()/.\-]{5,}$", RegexOptions.CultureInvariant)]
    private static partial Regex Phone();

    [GeneratedRegex(@"[\p{Cc}\p{Cf}]+", RegexOptions.CultureInvariant)]
    private static partial Regex Unprintable();
}
