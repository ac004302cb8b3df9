using Orchestration.Host.Identity;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Shell;

/// <summary>A page of compliance.</summary>
/// <param name="Href">Its path.</param>
/// <param name="Title">Its tab.</param>
/// <param name="Visible">Who may open it.</param>
internal sealed record CompliancePages(string Href, string Title, Func<Person, bool> Visible)
{
    /// <summary>All of them, in the order of the tabs.</summary>
    public static readonly IReadOnlyList<CompliancePages> All =
    [
        new("/compliance", "Overview", Reviews),
        new("/compliance/history", "History", Reviews),
        new("/compliance/searches", "Saved searches", Reviews),
        new("/compliance/findings", "Findings", Reviews),
        new("/compliance/four-eyes", "Four eyes", Reviews),
        new("/compliance/authority", "Authority", Reviews),
        new("/compliance/access", "Access", Reviews),
        new("/compliance/holds", "Legal holds", Keeps),
        new("/compliance/retention", "Retention", Keeps),
        new("/compliance/erasures", "Erasure", Policies.SeesErasures),
        new("/compliance/exports", "Exports", Keeps),
    ];

    /// <summary>Those that someone may open.</summary>
    public static IEnumerable<CompliancePages> For(Person person) => All.Where(page => page.Visible(person));

    private static bool Reviews(Person person) => person.May(Permissions.ReviewHistory);

    private static bool Keeps(Person person) => person.May(Permissions.KeepRecords);
}
