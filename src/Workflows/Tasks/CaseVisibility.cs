namespace Orchestration.Workflows.Tasks;

/// <summary>Who may see a case: the person who opened it, its watchers, and people who may see one of its tasks.</summary>
internal static class CaseVisibility
{
    /// <summary>
    /// SQL that is true for a case with a row of <c>journey_case</c> as <c>c</c> that a person ($1 id, $2 user name) without a role that sees everything may
    /// see.
    /// </summary>
    public static string Of(string id, string now) =>
        $"""
            (c.created_by = $2
                or exists (select from case_watcher w where w.instance_id = {id} and w.person_id = $1)
                or exists (select from task t where t.instance_id = {id} and {TaskQueries.Visible(now)}))
            """;
}
