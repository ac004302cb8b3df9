using Orchestration.Workflows.Storage;

namespace Orchestration.Workflows.Tasks;

/// <summary>
/// The search of cases: text in a reference, a customer or the name of a journey, in any case. Two characters or fewer begin a word. The journey isn't among
/// the words that are kept: of many cases that have it, someone may see none.
/// </summary>
internal static class CaseWords
{
    private const int ShortestInWords = 3;

    /// <summary>SQL of the words of a row of <c>journey_case</c>, as <c>case_search</c> has them: each after a blank, in small letters.</summary>
    public static string Of(string alias) => $"lower(' ' || {alias}.reference || ' ' || {alias}.customer_id || ' ' || {alias}.customer_name)";

    /// <summary>SQL that is true for a row of <c>journey_case</c> that matches.</summary>
    /// <param name="pattern">SQL of the <see cref="Pattern"/>.</param>
    public static string Match(string alias, string pattern) => $"({Of(alias)} like lower({pattern}) or {OfJourney($"{alias}.journey")} like lower({pattern}))";

    /// <summary>SQL of the words of a journey.</summary>
    public static string OfJourney(string journey) => $"lower(' ' || {journey})";

    /// <summary>Writes the words of a new case.</summary>
    public static readonly string Insert = $"insert into case_search (case_id, words) select c.id, {Of("c")} from journey_case c where c.id = $1";

    /// <summary>Adds the cases that match as two sets: by their words, and by their journey, as far as the person sees any.</summary>
    /// <param name="me">The person whose id is <c>$2</c>, or null for all cases.</param>
    /// <param name="who">Their id and the time.</param>
    public static (int Words, int Journeys) Find(FewIds few, string text, Eligibility? me, params ReadOnlySpan<object?> who)
    {
        var pattern = Pattern(text);
        var words = few.Add("select case_id from case_search where words like lower($1)", pattern);
        var matches = $"{OfJourney("j.journey")} like lower({(me is null ? "$1" : "$3")})";
        return (
            words,
            me is null
                ? few.Add(
                    $"select id from workflow_instance where definition_id = any(array(select distinct j.journey from viewer_journey j where {matches}))",
                    pattern
                )
                : few.Add(me.SeenRuns(matches), [.. who, pattern])
        );
    }

    /// <summary>What <c>like</c> takes, with the text in any case.</summary>
    public static string Pattern(string text)
    {
        text = text.Trim();
        return (text.Length < ShortestInWords ? "% " : "%") + Like.Escape(text) + "%";
    }
}
