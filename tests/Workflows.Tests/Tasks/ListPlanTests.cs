using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Tasks;

/// <summary>A list is read in its order, or begins with the few rows that a condition leaves: either way it has the same rows in the same order.</summary>
public sealed class ListPlanTests
{
    private static readonly string[] People = ["supervisor", "adjuster1", "senior1", "closer1", "processor1", "frontoffice", "analyst"];

    [Fact]
    public async Task A_list_of_cases_is_the_same_whether_few_or_many_match()
    {
        await using var world = await WithCasesAsync();
        CaseFilter[] filters =
        [
            new(),
            new() { Journey = "look" },
            new() { Journey = "sign" },
            new() { Status = "Running" },
            new() { Status = "Finished" },
            new() { Status = "Running", Journey = "look" },
            new() { Urgency = Urgency.Breached },
            new() { Urgency = Urgency.AtRisk },
            new() { Urgency = Urgency.OnTime },
            new() { CustomerId = "C-1" },
            new() { CustomerId = "nobody" },
            new() { Search = "novak" },
            new() { Search = "ref-1" },
            new() { Search = "MA" },
            new() { Search = "ov" },
            new() { Search = "sign", Status = "Running" },
            new() { Search = "xqz" },
        ];
        var (found, nothing) = (0, 0);
        foreach (var name in People)
        {
            var person = await world.PersonAsync(name);
            foreach (var filter in filters.SelectMany(f => new[] { f, f with { Oldest = true } }))
            {
                var few = await ReadAsync(filter);
                (await ReadAsync(filter with { Few = 0 })).ShouldBe(few, $"{name}: {filter}");
                found += few.Count > 0 ? 1 : 0;
                nothing += few.Count == 0 ? 1 : 0;
            }

            async Task<List<Guid>> ReadAsync(CaseFilter filter)
            {
                // By pages, so that what follows is found from where the page before ended.
                var ids = new List<Guid>();
                for (var at = filter with { Limit = 4 }; ; )
                {
                    var page = await CaseQueries.ListAsync(world.Database, at, person, world.Clock.Now());
                    ids.AddRange(page.Items.Select(c => c.Id));
                    if (page.Next is null)
                        return ids;
                    at = at with { Before = (page.Items[^1].CreatedAt, page.Items[^1].Id) };
                }
            }
        }

        found.ShouldBeGreaterThan(50);
        nothing.ShouldBeGreaterThan(50);
    }

    [Fact]
    public async Task A_list_of_tasks_is_the_same_whether_few_or_many_match()
    {
        await using var world = await WithCasesAsync();
        TaskFilter[] filters =
        [
            new(),
            new() { Journey = "look" },
            new() { Journey = "none" },
            new() { AtRisk = true },
            new() { AtRisk = false },
            new() { Overdue = true },
            new() { State = TaskState.Suspended },
            new() { State = TaskState.Completed },
            new() { State = TaskState.Ready },
            new() { Search = "novak" },
            new() { Search = "lo" },
            new() { Search = "ook" },
            new() { Search = "xqz" },
            new() { Search = "ref-2", State = TaskState.Completed },
            new() { Teams = ["claims-adjusting"] },
            new() { Teams = ["claims-adjusting"], Step = ("look", "a") },
            new() { Teams = ["claims-adjusting"], WaitsFor = "waitingForCustomer" },
            new()
            {
                Teams = ["claims-adjusting"],
                InWork = true,
                Opened = (Instant.FromUtc(2020, 1, 1, 0, 0), null),
            },
            new() { Teams = ["claims-adjusting", "mortgage-processing"], Sort = TaskSort.Priority },
            new() { Teams = ["claims-adjusting", "mortgage-processing"], Sort = TaskSort.Oldest },
            new()
            {
                Teams = ["claims-adjusting", "mortgage-processing"],
                Sort = TaskSort.Newest,
                Skip = 1,
                Limit = 2,
            },
            new() { Sort = TaskSort.Priority },
            new() { Sort = TaskSort.Newest },
            new() { Sort = TaskSort.Customer },
            new() { Sort = TaskSort.Customer, Search = "look" },
            new() { Search = "sign" },
        ];
        var found = 0;
        foreach (var name in People)
        {
            var person = await world.PersonAsync(name);
            foreach (var view in (string[])["mine", "open", "next", "team", "all"])
            {
                foreach (var filter in filters.Select(f => f with { View = view }))
                {
                    var few = await TaskList.ReadAsync(world.Database, filter, person, world.Clock.Now());
                    var many = await TaskList.ReadAsync(world.Database, filter with { Few = 0 }, person, world.Clock.Now());
                    many.Items.Select(t => t.Id).ShouldBe(few.Items.Select(t => t.Id), $"{name}: {filter}");
                    var walked = await TaskList.ReadAsync(world.Database, filter with { Sorted = 0 }, person, world.Clock.Now());
                    walked.Items.Select(t => t.Id).ShouldBe(few.Items.Select(t => t.Id), $"{name}, in the order of the list: {filter}");
                    found += few.Items.Count > 0 ? 1 : 0;
                }
            }
        }

        found.ShouldBeGreaterThan(100);
    }

    [Fact]
    public async Task Of_few_cases_only_those_of_the_page_are_looked_up()
    {
        await using var world = await WithCasesAsync();
        var filter = new CaseFilter
        {
            Search = "novak",
            Status = "Running",
            Limit = 2,
        };
        var (sql, values) = await CaseListQuery.PageAsync(world.Database, filter, await world.PersonAsync("supervisor"), world.Clock.Now(), default);
        (await PlanRows.ReadAsync(world.Database, sql, values, "workflow_instance")).ShouldBe(3);
        (await PlanRows.ReadAsync(world.Database, sql, values, "journey_case")).ShouldBe(3);
    }

    [Fact]
    public async Task A_search_of_open_work_reads_the_words_of_open_cases_only()
    {
        await using var world = await WithCasesAsync();
        var supervisor = await world.PersonAsync("supervisor");
        (await ReadAsync(isOpen: true)).ShouldBe(8);
        (await CancelCase.RunAsync(world.Runtime, await CaseAsync("REF-5"), "mistake", supervisor)).ShouldBe(CancelCaseResult.Cancelled);
        (await ReadAsync(isOpen: true)).ShouldBe(7);
        await world.ScalarAsync<int>("update workflow_instance set state = '{}' where correlation_id = 'REF-6' returning 1");
        (await CancelCase.RunAsync(world.Runtime, await CaseAsync("REF-6"), "mistake", supervisor)).ShouldBe(CancelCaseResult.Cancelled);
        (await ReadAsync(isOpen: true)).ShouldBe(6, "its state can't be read");
        (await ReadAsync(isOpen: false)).ShouldBe(9);

        Task<Guid> CaseAsync(string reference) => world.ScalarAsync<Guid>("select id from journey_case where reference = @reference", new { reference });

        Task<double> ReadAsync(bool isOpen) =>
            PlanRows.ReadAsync(world.Database, CaseWords.Select("s.words like lower($1)", isOpen), [CaseWords.Pattern("novak")], "case_search");
    }

    [Fact]
    public async Task A_failed_case_is_open_as_long_as_a_task_of_it_waits()
    {
        await using var world = await World.CreateAsync();
        var document = $$"""
            { "definitionId": "fails", "name": "fails", "root": { "id": "root", "type": "Elsa.Parallel", "version": 1, "activities": [
              { "id": "a", "type": "Orchestration.HumanTask", "version": 1, {{Step.Of("Look at it")}} }, { "id": "b", "type": "Elsa.Fault", "version": 1 } ] } }
            """;
        (
            await world.Runtime.Definitions.PublishAsync(new("fails", System.Text.Encoding.UTF8.GetBytes(document), "designer"), "test", world.Clock.Now())
        ).ShouldBeOfType<PublishResult.Published>();
        var id = await world.StartAsync("fails");
        var supervisor = await world.PersonAsync("supervisor");
        (await world.ScalarAsync<string>("select sub_status from workflow_instance where id = @id", new { id })).ShouldBe("Faulted");
        (await FoundAsync()).ShouldBe(1);
        (await CancelCase.RunAsync(world.Runtime, id, "mistake", supervisor)).ShouldBe(CancelCaseResult.Cancelled);
        (await FoundAsync()).ShouldBe(0);
        (await world.ScalarAsync<bool>("select open from case_search")).ShouldBeFalse();

        async Task<int> FoundAsync() =>
            (await TaskList.ReadAsync(world.Database, new() { View = "all", Search = "novak" }, supervisor, world.Clock.Now())).Items.Count;
    }

    [Fact]
    public async Task A_list_is_as_long_as_it_says()
    {
        await using var world = await WithCasesAsync();
        var supervisor = await world.PersonAsync("supervisor");
        string[] teams = ["claims-adjusting", "mortgage-processing"];
        (await LengthAsync(new())).ShouldBe(5);
        (await LengthAsync(new() { Overdue = true })).ShouldBe(1);
        (await LengthAsync(new() { AtRisk = true })).ShouldBe(1);
        (await LengthAsync(new() { State = TaskState.Ready })).ShouldBe(3);
        (await LengthAsync(new() { InWork = true })).ShouldBe(1);

        async Task<int> LengthAsync(TaskFilter filter) =>
            (await TaskList.ReadCountedAsync(world.Database, filter with { View = "all", Teams = teams }, supervisor, world.Clock.Now())).Length.Count;
    }

    [Fact]
    public async Task Tasks_are_put_in_order_over_all_pages()
    {
        await using var world = await WithCasesAsync();
        var supervisor = await world.PersonAsync("supervisor");
        (await OrderAsync(TaskSort.Newest, 0)).ShouldBe(["REF-9", "REF-8", "REF-7"]);
        (await OrderAsync(TaskSort.Newest, 3)).ShouldBe(["REF-6", "REF-5", "REF-4"]);
        (await OrderAsync(TaskSort.Oldest, 0)).ShouldBe(["REF-2", "REF-3", "REF-4"]);

        async Task<IEnumerable<string?>> OrderAsync(TaskSort sort, int skip) =>
            (
                await TaskList.ReadAsync(
                    world.Database,
                    new()
                    {
                        View = "all",
                        Sort = sort,
                        Skip = skip,
                        Limit = 3,
                    },
                    supervisor,
                    world.Clock.Now()
                )
            ).Items.Select(t => t.Reference);
    }

    [Fact]
    public async Task One_or_two_letters_begin_a_word_and_more_are_found_within()
    {
        await using var world = await WithCasesAsync();
        (await CountAsync("no")).ShouldBe(9);
        (await CountAsync("ov")).ShouldBe(0);
        (await CountAsync("ova")).ShouldBe(9);
        (await CountAsync("REF-4")).ShouldBe(1);
        (await CountAsync("sign")).ShouldBe(3);
        (await CountAsync("100%")).ShouldBe(0);

        async Task<int> CountAsync(string text) =>
            (await CaseQueries.ListAsync(world.Database, new() { Search = text }, await world.PersonAsync("supervisor"), world.Clock.Now())).Items.Count;
    }

    [Fact]
    public async Task Viewers_have_the_journeys_of_the_cases_they_see()
    {
        await using var world = await WithCasesAsync();
        const string Seen = "select v.viewer, i.definition_id from case_viewer v join workflow_instance i on i.id = v.instance_id";
        (await world.ScalarAsync<long>($"select count(distinct (viewer, definition_id)) from ({Seen}) s")).ShouldBe(8);
        (await world.ScalarAsync<long>("select count(*) from viewer_journey")).ShouldBe(8);
        (await world.ScalarAsync<long>($"select count(*) from ({Seen} except select viewer, journey from viewer_journey) missing")).ShouldBe(0);
    }

    [Fact]
    public async Task Rows_about_a_case_go_with_it()
    {
        await using var world = await WithCasesAsync();
        (await RowsAsync()).ShouldBeGreaterThan(9);
        await world.ScalarAsync<int>(
            "with gone as (delete from workflow_instance where id in (select id from journey_case) returning 1) select count(*) from gone"
        );
        (await RowsAsync()).ShouldBe(0);

        Task<int> RowsAsync() => world.ScalarAsync<int>("select (select count(*) from case_viewer) + (select count(*) from case_search)");
    }

    /// <summary>Nine cases of two journeys and teams: one is done, one overdue, one at risk, one suspended, one claimed, the others wait.</summary>
    private static async Task<World> WithCasesAsync()
    {
        var world = await World.CreateAsync();
        await world.PublishAsync("look", ("a", Step.Of("Look at it")), ("b", Step.Of("Look again", ("team", "String", "mortgage-processing"))));
        await world.PublishAsync("sign", ("a", Step.Of("Sign", ("team", "String", ""), ("candidates", "List<String>", new[] { "closer1" }))));
        var adjuster = await world.PersonAsync("adjuster1");
        var cases = new List<Guid>();
        for (var number = 1; number <= 9; number++)
        {
            world.Clock.Advance(Duration.FromMinutes(1));
            cases.Add(await world.StartAsync(number % 3 == 0 ? "sign" : "look", $"REF-{number}"));
        }

        foreach (var step in (string[])["a", "b"])
        {
            var desk = await Desk.AtAsync(world, cases[0], step);
            var person = step == "a" ? adjuster : await world.PersonAsync("processor1");
            await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, person));
            await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, null, [], person));
        }

        var claimed = await Desk.AtAsync(world, cases[1]);
        await claimed.DoneAsync(ClaimTask.RunAsync(world.Tasks, claimed.Next, adjuster));
        var waiting = await Desk.AtAsync(world, cases[3]);
        await waiting.DoneAsync(ClaimTask.RunAsync(world.Tasks, waiting.Next, adjuster));
        await waiting.DoneAsync(SuspendTask.RunAsync(world.Tasks, waiting.Next, "waitingForCustomer", null, null, adjuster));
        await SetDueAsync(cases[4], risk: -2, due: -1);
        await SetDueAsync(cases[6], risk: -1, due: 1);
        await SetDueAsync(cases[7], risk: 1, due: 2);
        return world;

        async Task SetDueAsync(Guid id, int risk, int due)
        {
            var parameters = new
            {
                id,
                risk = (world.Clock.Now() + Duration.FromHours(risk)).ToDateTimeUtc(),
                due = (world.Clock.Now() + Duration.FromHours(due)).ToDateTimeUtc(),
            };
            await world.ScalarAsync<int>("update task set risk_at = @risk, due_at = @due where instance_id = @id returning 1", parameters);
            await world.ScalarAsync<int>("update journey_case set risk_at = @risk, due_at = @due where id = @id returning 1", parameters);
        }
    }
}
