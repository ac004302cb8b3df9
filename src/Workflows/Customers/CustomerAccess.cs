using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Customers;

/// <summary>Who may see and change customers: the one place that says so.</summary>
public static class CustomerAccess
{
    /// <summary>Whether someone may know why a customer needs particular care: those who talk to customers, steer the work or review it.</summary>
    public static bool SeesVulnerability(Person person) => person.May(Permissions.SeeVulnerability);

    /// <summary>SQL that is true for a record that they see although they don't see every case: it, or a duplicate of it, has a case that they see.</summary>
    /// <param name="me">Who.</param>
    /// <param name="survivor">SQL of the id of the record that is left after merging.</param>
    internal static string Sees(Eligibility me, string survivor) =>
        $"""
            coalesce((select true from customer m join journey_case c on c.customer_id = m.number
                where m.survivor = {survivor} and c.test_by is null and {me.SeesRun("c.id")} limit 1), false)
            """;
}
