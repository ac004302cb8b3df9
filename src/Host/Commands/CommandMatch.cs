using System.Globalization;

namespace Orchestration.Host.Commands;

/// <summary>Finds commands by words: each begins a word of the title, or is one letter away from such a beginning.</summary>
internal static class CommandMatch
{
    // A letter of three is another word.
    private const int ShortestMisspelt = 4;

    private static readonly string[] Orders = ["start", "go", "open", "take", "add", "show"];

    // They say what to do with a page, and are in no title.
    private static readonly string[] Fillers = ["go", "to", "open", "show", "the", "a", "an"];

    /// <summary>Whether the text begins like an order, so that what does it comes first.</summary>
    public static bool IsOrder(string text) => Orders.Contains(text.Split(' ', 2)[0], StringComparer.OrdinalIgnoreCase);

    /// <summary>The commands with all words; of none, those whose words are alike.</summary>
    public static IReadOnlyList<Command> Of(string text, IEnumerable<Command> commands)
    {
        var all = commands.ToList();
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > 1)
            words = [.. words.Where(word => !Fillers.Contains(word, StringComparer.OrdinalIgnoreCase))];
        var exact = all.FindAll(command => words.All(word => $"{command.Title} {command.Detail}".Contains(word, StringComparison.OrdinalIgnoreCase)));
        return exact.Count > 0 ? exact : all.FindAll(command => words.All(word => IsNear(word, $"{command.Title} {command.Detail}")));
    }

    private static bool IsNear(string word, string title) =>
        title
            .Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries)
            .Any(other =>
                Begins(other, word)
                || word.Length >= ShortestMisspelt
                    && Enumerable.Range(word.Length - 1, 3).Any(length => length <= other.Length && IsOneAway(word, other[..length]))
            );

    private static bool Begins(string other, string word) =>
        CultureInfo.InvariantCulture.CompareInfo.IsPrefix(other, word, CompareOptions.IgnoreCase | CompareOptions.IgnoreNonSpace);

    /// <summary>Whether one letter more, less or other, or two swapped, make the one of the other.</summary>
    private static bool IsOneAway(string one, string other)
    {
        (one, other) = (one.ToLowerInvariant(), other.ToLowerInvariant());
        var begin = 0;
        while (begin < Math.Min(one.Length, other.Length) && one[begin] == other[begin])
            begin++;
        var (a, b) = (one[begin..], other[begin..]);
        return a == b
            || a.Length > 0 && a[1..] == b
            || b.Length > 0 && a == b[1..]
            || a.Length > 0 && b.Length > 0 && a[1..] == b[1..]
            || a.Length > 1 && b.Length > 1 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..];
    }
}
