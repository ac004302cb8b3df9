namespace Orchestration.Workflows.Tasks;

/// <summary>The search of cases: text in a reference, a customer or the name of a journey, in any case. Two characters or fewer begin a word.</summary>
internal static class CaseWords
{
    private const int ShortestInWords = 3;

    /// <summary>SQL of the words of a row of <c>journey_case</c>, as <c>case_search</c> has them: each after a blank, in small letters.</summary>
    public static string Of(string alias) =>
        $"lower(' ' || {alias}.reference || ' ' || {alias}.customer_id || ' ' || {alias}.customer_name || ' ' || {alias}.journey)";

    /// <summary>Writes the words of a new case.</summary>
    public static readonly string Insert = $"insert into case_search (case_id, words) select c.id, {Of("c")} from journey_case c where c.id = $1";

    /// <summary>Selects the cases that match.</summary>
    public const string Select = "select case_id from case_search where words like lower($1)";

    /// <summary>What <c>like</c> takes, with the text in any case.</summary>
    public static string Pattern(string text)
    {
        text = text.Trim();
        return (text.Length < ShortestInWords ? "% " : "%") + Like.Escape(text) + "%";
    }
}
