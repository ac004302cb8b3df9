namespace Orchestration.Workflows.Tasks;

/// <summary>Who can see a case: the person who opened it, its watchers, and people who can see one of its tasks.</summary>
internal static class CaseVisibility
{
    /// <summary>
    /// SQL that is true for a row of <c>journey_case</c> as <c>c</c> that a person without an all-seeing role can see.
    /// </summary>
    /// <param name="case">SQL of the id of the case.</param>
    /// <param name="person">The person who asks.</param>
    public static string Of(string @case, Eligibility person) =>
        $"""
            (c.created_by = {person.UserName}
                or exists (select from case_watcher w where w.instance_id = {@case} and w.person_id = {person.Id})
                or exists (select from task t where t.instance_id = {@case} and {person.Sees}))
            """;
}
