using Orchestration.Engine.Runtime;
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
    public static readonly string Insert = $"""
        insert into case_search (case_id, open, created_at, words) select c.id, true, c.created_at, {Of("c")} from journey_case c where c.id = $1
        """;

    private const string KeepText = """
        update case_search s set open = o.open from (
            select i.status = 'Running' or exists (select from task t where t.instance_id = i.id and t.ended_at is null) open
            from workflow_instance i where i.id = $1) o
        where s.case_id = $1 and s.open <> o.open
        """;

    /// <summary>
    /// Writes whether the transaction's run is open, once all else is written: it runs, or failed and has tasks that wait. To be called wherever a run ends,
    /// and when one that ended goes on.
    /// </summary>
    public static void Keep(InstanceTransaction transaction, Guid instance) => transaction.WriteLast(KeepText, instance);

    /// <summary>
    /// SQL that selects the id and <c>created_at</c> of the cases that match. Open cases and closed ones have an index each; the open ones come first, so that
    /// a limit may leave the closed ones unread.
    /// </summary>
    /// <param name="words">Condition on the words of <c>s</c>.</param>
    public static string Select(string words, bool isOpen)
    {
        var open = $"select s.case_id, s.created_at from case_search s where s.open and {words}";
        return isOpen ? open : $"{open} union all select s.case_id, s.created_at from case_search s where not s.open and {words}";
    }

    /// <summary>Adds the cases that match as two sets: by their words, and by their journey, as far as the person sees any.</summary>
    /// <param name="isOpen">Whether only open ones are meant. Of the journeys, others may be among them.</param>
    /// <param name="me">The person whose id is <c>$2</c>, or null for all cases.</param>
    /// <param name="who">Their id and the time.</param>
    public static (int Words, int Journeys) Find(FewIds few, string text, bool isOpen, Eligibility? me, params ReadOnlySpan<object?> who)
    {
        var pattern = Pattern(text);
        var words = few.AddDated(Select("s.words like lower($1)", isOpen), pattern);
        var matches = $"{OfJourney("j.journey")} like lower({(me is null ? "$1" : "$3")})";
        return (
            words,
            me is null
                ? few.AddDated(
                    $"""
                    select id, created_at from workflow_instance
                    where definition_id = any(array(select distinct j.journey from viewer_journey j where {matches}))
                    """,
                    pattern
                )
                : few.AddDated(me.SeenRuns(matches), [.. who, pattern])
        );
    }

    /// <summary>What <c>like</c> takes, with the text in any case.</summary>
    public static string Pattern(string text)
    {
        text = text.Trim();
        return (text.Length < ShortestInWords ? "% " : "%") + Like.Escape(text) + "%";
    }
}
