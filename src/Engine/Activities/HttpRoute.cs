using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Orchestration.Engine.Activities;

/// <summary>
/// Path of an HttpEndpoint: literals and parameters by ASP.NET's route templates (<c>orders/{id}/lines/{line?}</c>, <c>files/{*rest}</c>,
/// <c>{name}.{ext}</c>). Compared without case; slashes at the ends do not
/// count. Constraints (<c>{id:int}</c>) are allowed and not checked, as in Elsa.
/// </summary>
public sealed class HttpRoute
{
    /// <summary>Path in the payload of a trigger or a bookmark of an endpoint.</summary>
    public static string PathOf(byte[] payload)
    {
        using var document = JsonDocument.Parse(payload);
        return document.RootElement.GetProperty("Path").GetString()!;
    }

    private readonly Segment[] _segments;

    private HttpRoute(string template, Segment[] segments) => (Template, _segments) = (template, segments);

    /// <summary>The template, without slashes at the ends.</summary>
    public string Template { get; }

    /// <summary>
    /// What is looked up by: the literal segments before the first parameter, and whether one follows. A request has one key for each number of its
    /// leading segments, so no table of routes is needed.
    /// </summary>
    public string Key =>
        _segments.Length == 0 || Array.TrueForAll(_segments, s => s.IsLiteral)
            ? Template.ToLowerInvariant()
            : string.Concat(_segments.TakeWhile(s => s.IsLiteral).Select(s => s.Text.ToLowerInvariant() + "/")) + "{";

    /// <summary>
    /// Of two routes that fit, the one whose rank comes first wins: literals before parameters before the rest of a path, segment by segment.
    /// </summary>
    public string Rank =>
        string.Concat(
            _segments.Select(s =>
                s.IsLiteral ? '1'
                : s.Pattern is not null ? '2'
                : s.IsRest ? '4'
                : '3'
            )
        );

    /// <summary>Keys of all routes that could fit a path.</summary>
    public static IReadOnlyList<string> Keys(string path)
    {
        path = path.Trim('/').ToLowerInvariant();
        var keys = new List<string> { path, "{" };

        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
            keys.Add(path[..(slash + 1)] + "{");

        // The remaining segments may be optional.
        if (path.Length > 0)
            keys.Add(path + "/{");

        return keys;
    }

    /// <summary>Reads a template.</summary>
    /// <exception cref="FormatException">It isn't a valid route; the message says why.</exception>
    public static HttpRoute Parse(string template)
    {
        var text = template.Trim().Trim('/');

        if (text.Contains("//", StringComparison.Ordinal))
            throw new FormatException("the path contains two slashes in a row.");

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var parts = text.Length == 0 ? [] : text.Split('/');
        var segments = new Segment[parts.Length];

        for (var i = 0; i < parts.Length; i++)
        {
            segments[i] = Segment.Parse(parts[i], names);

            if (i < parts.Length - 1 && (segments[i].IsRest || segments[i].IsOptional))
                throw new FormatException($"'{parts[i]}' may only stand at the end of the path.");
        }

        return new HttpRoute(text, segments);
    }

    /// <summary>Whether a path fits, with the values of the parameters.</summary>
    public bool TryMatch(string path, out OrderedDictionary<string, object?> values)
    {
        values = [];
        path = path.Trim('/');
        var parts = path.Length == 0 ? [] : path.Split('/');

        for (var i = 0; i < _segments.Length; i++)
        {
            var segment = _segments[i];

            if (segment.IsRest)
            {
                values[segment.Text] = i < parts.Length ? string.Join('/', parts[i..]) : segment.Default;
                return true;
            }

            if (i >= parts.Length)
            {
                if (!segment.IsOptional)
                    return false;

                if (segment.Default is not null)
                    values[segment.Text] = segment.Default;
            }
            else if (!segment.TryMatch(parts[i], values))
            {
                return false;
            }
        }

        return parts.Length <= _segments.Length;
    }

    /// <summary>One segment: a literal, one parameter, or both mixed (then a pattern).</summary>
    private sealed record Segment(
        string Text,
        bool IsLiteral,
        bool IsRest = false,
        bool IsOptional = false,
        string? Default = null,
        Regex? Pattern = null,
        string[]? Names = null
    )
    {
        public static Segment Parse(string text, HashSet<string> names)
        {
            if (!text.Contains('{', StringComparison.Ordinal) && !text.Contains('}', StringComparison.Ordinal))
                return new(text, IsLiteral: true);

            var pattern = new StringBuilder("^");
            var found = new List<string>();
            Segment? only = null;
            var at = 0;

            while (at < text.Length)
            {
                var open = text.IndexOf('{', at);

                if (open < 0)
                    open = text.Length;

                if (text.AsSpan(at, open - at).Contains('}'))
                    throw new FormatException($"'{text}' closes a parameter that it does not open.");

                pattern.Append(Regex.Escape(text[at..open]));

                if (open == text.Length)
                    break;

                var close = text.IndexOf('}', open);

                if (close < 0)
                    throw new FormatException($"'{text}' opens a parameter that it does not close.");

                only = Parameter(text[(open + 1)..close], text, names);
                found.Add(only.Text);
                pattern.Append("(.+)");
                at = close + 1;
            }

            if (text[0] == '{' && text.IndexOf('}', StringComparison.Ordinal) == text.Length - 1)
                return only!;

            return only is { IsRest: true } or { IsOptional: true }
                ? throw new FormatException($"'{text}' mixes text with a parameter that may be missing or take the rest of the path.")
                : new(
                    text,
                    IsLiteral: false,
                    Pattern: new Regex(pattern.Append('$').ToString(), RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking),
                    Names: [.. found]
                );
        }

        public bool TryMatch(string part, OrderedDictionary<string, object?> values)
        {
            if (part.Length == 0)
                return false;

            if (IsLiteral)
                return string.Equals(Text, part, StringComparison.OrdinalIgnoreCase);

            if (Pattern is null)
            {
                values[Text] = part;
                return true;
            }

            if (Pattern.Match(part) is not { Success: true } match)
                return false;

            for (var i = 0; i < Names!.Length; i++)
                values[Names[i]] = match.Groups[i + 1].Value;

            return true;
        }

        private static Segment Parameter(string inside, string segment, HashSet<string> names)
        {
            var isRest = inside.StartsWith('*');
            var text = inside.TrimStart('*');
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            var fallback = equals < 0 ? null : text[(equals + 1)..];
            text = equals < 0 ? text : text[..equals];
            var isOptional = text.EndsWith('?');
            var name = text.TrimEnd('?').Split(':')[0];

            if (name.Length == 0 || !name.All(c => char.IsLetterOrDigit(c) || c is '_' or '-' or '.'))
                throw new FormatException($"'{segment}' has a parameter without a proper name.");

            return names.Add(name)
                ? new(name, IsLiteral: false, isRest, isOptional || fallback is not null, fallback)
                : throw new FormatException($"the parameter '{name}' stands in the path twice.");
        }
    }
}
