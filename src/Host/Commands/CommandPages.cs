using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Commands;

/// <summary>Something the palette offers.</summary>
/// <param name="Icon">Tabler icon without <c>ti-</c>.</param>
/// <param name="Title">What it is, or does.</param>
/// <param name="Detail">Tells it from others like it.</param>
/// <param name="Href">Page that it opens; null: it sends <paramref name="Form"/>.</param>
/// <param name="Form">Id of a form that every page has.</param>
/// <param name="IsTest">Whether it belongs to a case that only tries out its journey.</param>
public sealed record Command(string Icon, string Title, string? Detail, string? Href, string? Form = null, bool IsTest = false);

/// <summary>Commands of one kind.</summary>
public sealed record CommandGroup(string Title, IReadOnlyList<Command> Commands);

/// <summary>
/// What <c>/</c>, Ctrl+K and the page of results find: actions and pages by their words, and everything else by <see cref="SearchAll"/>, each by what the
/// person may see.
/// </summary>
internal static class CommandPages
{
    private const int Found = 5;
    private const int FoundOnPage = 20;

    public static void MapCommands(this WebApplication app)
    {
        app.MapGet(
                "/commands",
                async (string? q, string? at, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                {
                    var query = SearchQuery.Parse(q);
                    var groups = await FindAsync(runtime, query, (q ?? "").Trim(), Found, me, cancel);
                    if (!query.IsEmpty && groups.Count > 0)
                        groups.Add(new("More", [new("list-search", $"All results for “{q!.Trim()}”", null, $"/search?q={Uri.EscapeDataString(q.Trim())}")]));
                    return Html.Page(
                        new CommandList
                        {
                            Groups = groups,
                            Problem = query.Problems is [var first, ..] ? first : null,
                            Prefix = at == "front" ? "front" : "command",
                        }
                    );
                }
            )
            .ExcludeFromDescription();
        app.MapGet(
                "/search",
                async (string? q, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                {
                    var query = SearchQuery.Parse(q);
                    return Html.Page(
                        new SearchPage
                        {
                            Q = q ?? "",
                            Groups = query.IsEmpty ? [] : await FindAsync(runtime, query, q!.Trim(), FoundOnPage, me, cancel),
                            Problems = query.Problems,
                        }
                    );
                }
            )
            .ExcludeFromDescription();
    }

    private static async Task<List<CommandGroup>> FindAsync(
        WorkflowRuntime runtime,
        SearchQuery query,
        string typed,
        int limit,
        Person me,
        CancellationToken cancel
    )
    {
        var actions = CommandMatch.Of(typed, await ActionsAsync(runtime, me, cancel));
        var pages = CommandMatch.Of(typed, PagesOf(me));
        var groups = new List<CommandGroup>();
        if (query.IsEmpty)
        {
            groups.Add(new("Your tasks", await MineAsync(runtime, me, cancel)));
            groups.Add(
                new(
                    "Recently opened",
                    [
                        .. (await SearchAll.RecentAsync(runtime.Database, Found, me, runtime.Clock.Now(), cancel)).Select(item =>
                            item.IsCustomer
                                ? new Command("user", item.Title, item.Detail, Of("customers", item.Id))
                                : new Command("folder", item.Title, item.Detail, Of("cases", item.Id), IsTest: item.IsTest)
                        ),
                    ]
                )
            );
        }

        if (query.IsEmpty || CommandMatch.IsOrder(typed))
            groups.AddRange([new("Actions", actions), new("Pages", pages)]);
        if (!query.IsEmpty)
        {
            groups.AddRange(Groups(await SearchAll.RunAsync(runtime, query, limit, me, runtime.Clock.Now(), cancel), me));
            if (!CommandMatch.IsOrder(typed))
                groups.AddRange([new("Actions", actions), new("Pages", pages)]);
        }

        groups.RemoveAll(group => group.Commands.Count == 0);
        return groups;
    }

    private static async Task<IReadOnlyList<Command>> MineAsync(WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        [
            .. (await TaskList.ReadAsync(runtime.Database, new() { Limit = Found }, me, runtime.Clock.Now(), cancel)).Items.Select(t => new Command(
                "checkbox",
                t.Title,
                Join(t.Reference, t.CustomerName),
                Of("tasks", t.Id),
                IsTest: t.IsTest
            )),
        ];

    private static IEnumerable<CommandGroup> Groups(SearchResults found, Person me) =>
        [
            new("Customers", [.. found.Customers.Select(k => new Command("user", k.Name, Detail(k), Of("customers", k.Id)))]),
            new(
                "Cases",
                [
                    .. found.Cases.Select(c => new Command(
                        "folder",
                        c.Reference,
                        Join(c.CustomerName, Words.Humanize(c.Journey), c.IsRunning ? null : "closed"),
                        Of("cases", c.Id),
                        IsTest: c.IsTest
                    )),
                ]
            ),
            new(
                "Tasks",
                [.. found.Tasks.Select(t => new Command("checkbox", t.Title, Join(t.Reference, t.CustomerName, t.Owner), Of("tasks", t.Id), IsTest: t.IsTest))]
            ),
            new(
                "Guidance",
                [.. found.Guidance.Select(a => new Command(a.Kind == ArticleKind.Article ? "book-2" : "mail", a.Title, a.TeamTitle, Of("guidance", a.Id)))]
            ),
            new(
                "People",
                [
                    .. found.People.Select(p => new Command(
                        "id-badge-2",
                        p.Name,
                        p.Teams.Count > 0 ? string.Join(", ", p.Teams.Take(2)) : p.UserName,
                        me.May(Permissions.ManagePeople) ? Of("administration/people", p.Id) : $"/search?q={Uri.EscapeDataString($"owner:{p.UserName}")}"
                    )),
                ]
            ),
            new(
                "Documents",
                [.. found.Files.Select(f => new Command("paperclip", f.Name, Join(f.TaskTitle, f.Reference), Of("tasks", f.TaskId), IsTest: f.IsTest))]
            ),
            new(
                "Comments",
                [.. found.Comments.Select(m => new Command("message", Short(m.Body), Join(m.AuthorName, m.TaskTitle), Of("tasks", m.TaskId), IsTest: m.IsTest))]
            ),
        ];

    private static string Detail(CustomerSummary customer) =>
        Join(
            customer.Number,
            customer.Open > 0 ? Words.Count(customer.Open, "open case") : Words.Count(customer.Cases, "case"),
            customer.NeedsReason ? "sensitive" : customer.Contact
        );

    private static string Short(string body) => body.Length <= 90 ? body : $"{body[..88].TrimEnd()} …";

    private static string Of(string kind, Guid id) => $"/{kind}/{Ids.Text(id)}";

    private static string Join(params string?[] parts) => string.Join(" · ", parts.Where(part => !string.IsNullOrEmpty(part)));

    private static async Task<IReadOnlyList<Command>> ActionsAsync(WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var actions = new List<Command>();
        if (me.Teams.Count > 0)
            actions.Add(new("player-track-next", "Take next task", null, null, "take-next"));
        if (me.May(Permissions.StartCases))
        {
            actions.AddRange(
                (await JourneyQueries.ListAsync(runtime.Definitions, cancel))
                    .OrderBy(journey => journey.Name, StringComparer.OrdinalIgnoreCase)
                    .Select(journey => new Command("circle-plus", $"Start a case: {journey.Name}", null, $"/start/{Uri.EscapeDataString(journey.Id)}"))
            );
        }

        if (me.May(Permissions.KeepCustomers))
            actions.Add(new("user-plus", "Add a customer", null, "/customers/new"));
        return actions;
    }

    private static IEnumerable<Command> PagesOf(Person me)
    {
        foreach (var item in Navigation.For(me).SelectMany(group => group.Items))
            yield return new(item.Icon, item.Title, item.Href == "/team" ? "Board, backlog and people" : null, item.Href);
        foreach (var page in AdministrationPages.For(me))
            yield return new("settings", page.Title, "Administration", page.Href);

        yield return new("bell", "Notifications", null, "/notifications");
        yield return new("beach", "Out of office", null, "/away");
        yield return new("stack-2", "Background work", null, "/background-work");
        yield return new("settings", "Email and quiet hours", null, "/notifications/preferences");
    }
}
