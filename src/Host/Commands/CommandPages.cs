using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Commands;

/// <summary>Something the palette offers.</summary>
/// <param name="Icon">Tabler icon without <c>ti-</c>.</param>
/// <param name="Title">What it is, or does.</param>
/// <param name="Detail">Tells it from others like it.</param>
/// <param name="Href">Page that it opens; null: it sends <paramref name="Form"/>.</param>
/// <param name="Form">Id of a form that every page has.</param>
public sealed record Command(string Icon, string Title, string? Detail, string? Href, string? Form = null);

/// <summary>Commands of one kind.</summary>
public sealed record CommandGroup(string Title, IReadOnlyList<Command> Commands);

/// <summary>What Ctrl+K finds: actions and pages by their words, cases and tasks by the search of their lists, each by what the person may see.</summary>
internal static class CommandPages
{
    private const int Found = 6;

    // One letter finds half of the cases, and none that is meant.
    private const int LeastSearched = 2;

    public static void MapCommands(this WebApplication app) =>
        app.MapGet(
                "/commands",
                async (string? q, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    Html.Page(new CommandList { Groups = await FindAsync(runtime, (q ?? "").Trim(), me, cancel) })
            )
            .ExcludeFromDescription();

    private static async Task<IReadOnlyList<CommandGroup>> FindAsync(WorkflowRuntime runtime, string q, Person me, CancellationToken cancel)
    {
        var groups = new List<CommandGroup> { new("Actions", Matching(q, await ActionsAsync(runtime, me, cancel))), new("Pages", Matching(q, PagesOf(me))) };
        if (q.Length >= LeastSearched)
        {
            var now = runtime.Clock.Now();
            var tasks = await TaskList.ReadAsync(
                runtime.Database,
                new()
                {
                    View = "all",
                    Search = q,
                    Limit = Found,
                },
                me,
                now,
                cancel
            );
            var cases = await CaseQueries.ListAsync(runtime.Database, new() { Search = q, Limit = Found }, me, now, cancel);
            groups.Add(new("Tasks", [.. tasks.Items.Select(t => new Command("checkbox", t.Title, Join(t.Reference, t.CustomerName), Of("tasks", t.Id)))]));
            groups.Add(new("Cases", [.. cases.Items.Select(c => new Command("folder", c.Reference, Join(c.CustomerName, c.JourneyName), Of("cases", c.Id)))]));
        }

        return [.. groups.Where(group => group.Commands.Count > 0)];

        static string Of(string kind, Guid id) => $"/{kind}/{Ids.Text(id)}";
        static string Join(params string?[] parts) => string.Join(" · ", parts.Where(part => !string.IsNullOrEmpty(part)));
    }

    private static async Task<IReadOnlyList<Command>> ActionsAsync(WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var actions = new List<Command>();
        if (me.Teams.Count > 0)
            actions.Add(new("player-track-next", "Take next task", null, null, "take-next"));
        if (Policies.Allow(Policies.StartCases, me))
        {
            actions.AddRange(
                (await JourneyQueries.ListAsync(runtime.Definitions, cancel))
                    .OrderBy(journey => journey.Name, StringComparer.OrdinalIgnoreCase)
                    .Select(journey => new Command("circle-plus", $"Start a case: {journey.Name}", null, $"/start/{Uri.EscapeDataString(journey.Id)}"))
            );
        }

        return actions;
    }

    private static IEnumerable<Command> PagesOf(Person me)
    {
        foreach (var item in Navigation.For(me).SelectMany(group => group.Items))
            yield return new(item.Icon, item.Title, null, item.Href);
        if (me.Is(Roles.Administrator))
        {
            foreach (var (href, title) in AdministrationTabs.Pages)
                yield return new("settings", title, "Administration", href);
        }

        yield return new("bell", "Notifications", null, "/notifications");
        yield return new("beach", "Out of office", null, "/away");
        yield return new("stack-2", "Background work", null, "/background-work");
        yield return new("settings", "Email and quiet hours", null, "/notifications/preferences");
    }

    private static IReadOnlyList<Command> Matching(string q, IEnumerable<Command> commands) =>
        [
            .. commands.Where(command =>
                q.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .All(word => $"{command.Title} {command.Detail}".Contains(word, StringComparison.OrdinalIgnoreCase))
            ),
        ];
}
