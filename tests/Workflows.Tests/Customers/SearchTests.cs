using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Customers;

public sealed class SearchTests(ITestOutputHelper output)
{
    private const string Step = """ "title": "Assess the roof", "team": "claims-adjusting", "outcomes": ["Done"] """;

    [Theory]
    [InlineData("Jürgen Weiß", "juergen weiss")]
    [InlineData("Jürgen Weiß", "Jurgen")]
    [InlineData("Jürgen Weiß", "WEISS")]
    [InlineData("Juergen Weiss", "Jürgen Weiß")]
    [InlineData("Özge Müller-Lüdenscheidt", "luedenscheidt")]
    [InlineData("İpek Işık", "ipek isik")]
    [InlineData("İpek Işık", "IŞIK")]
    [InlineData("Isik Ipek", "ışık")]
    [InlineData("IRMAK KAYA", "ırmak")]
    [InlineData("王小伟", "王小伟")]
    [InlineData("王小伟", "小伟")]
    [InlineData("王小伟", "伟")]
    [InlineData("Siobhán O’Brien", "obrien")]
    [InlineData("Marta Novak", "nowack")]
    [InlineData("Stephanie Schmidt", "stefanie schmitt")]
    [InlineData("François Lefèvre", "francois lefevre")]
    public async Task A_name_is_found_however_its_letters_are_written(string name, string typed)
    {
        await using var world = await World.CreateAsync();
        var me = await world.PersonAsync("frontoffice");
        await AddAsync(world, me, ("C-1", name), ("C-2", "Pedro Alvarez"), ("C-3", "Amara Diallo"), ("C-4", "李娜"));

        (await FindCustomers.FindAsync(world.Database, typed, 5, me, world.Clock.Now())).ShouldHaveSingleItem().Number.ShouldBe("C-1");
    }

    [Fact]
    public async Task Sixty_queries_with_typos_find_their_customer_among_the_first_five()
    {
        await using var world = await World.CreateAsync();
        var me = await world.PersonAsync("frontoffice");
        var names = SearchNames.Everyone;
        await AddAsync(world, me, [.. names.Select((name, place) => ($"K-{place:D5}", name))]);

        var missed = new List<string>();
        foreach (var (typed, meant) in SearchNames.Queries)
        {
            var found = await FindCustomers.FindAsync(world.Database, typed, 5, me, world.Clock.Now());
            if (found.All(customer => customer.Name != meant))
                missed.Add($"{typed} → {meant} (found {string.Join(", ", found.Select(f => f.Name))})");
        }

        var recall = 1 - (double)missed.Count / SearchNames.Queries.Count;
        output.WriteLine($"{names.Count} customers, {SearchNames.Queries.Count} queries, recall@5 {recall:P1}");
        missed.ForEach(output.WriteLine);
        SearchNames.Queries.Count.ShouldBe(60);
        recall.ShouldBeGreaterThanOrEqualTo(0.95, string.Join('\n', missed));
    }

    [Fact]
    public async Task Everything_of_a_customer_is_found_by_who_may_see_it_and_own_work_comes_first()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        var first = await StartAsync(world, "REF-1", "C-1", "Marta Novak");
        var second = await StartAsync(world, "REF-2", "C-2", "Owen Clarke");
        var adjuster = await world.PersonAsync("adjuster1");
        var task = await world.OpenTaskAsync(first);
        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "k1"), adjuster));
        await world.DoneAsync(CommentOnTask.RunAsync(world.Tasks, new(task.Id, claimed.Revision, "c1"), "The gutter hangs loose.", adjuster));

        var mine = await FindAsync("adjuster1", "assess");
        mine.Tasks.Select(t => t.Reference).ShouldBe(["REF-1", "REF-2"]);
        var misspelt = await FindAsync("adjuster1", "nowack");
        misspelt.Customers.ShouldHaveSingleItem().Number.ShouldBe("C-1");
        misspelt.Cases.ShouldHaveSingleItem().Id.ShouldBe(first);
        misspelt.Tasks.ShouldHaveSingleItem().Id.ShouldBe(task.Id);
        (await FindAsync("frontoffice", "gutter loose")).Comments.ShouldHaveSingleItem().TaskId.ShouldBe(task.Id);
        (await FindAsync("frontoffice", "ref-2")).Cases.ShouldHaveSingleItem().Id.ShouldBe(second);
        (await FindAsync("closer1", "novak")).IsEmpty.ShouldBeTrue();
        (await FindAsync("closer1", "gutter")).IsEmpty.ShouldBeTrue();
        (await FindAsync("closer1", "ref-1")).Cases.ShouldBeEmpty();
        (await FindAsync("closer1", "assess")).Tasks.ShouldBeEmpty();
        (await FindAsync("adjuster1", "asess the rof")).Tasks.Select(t => t.Reference).ShouldBe(["REF-1", "REF-2"]);
        (await FindAsync("adjuster1", "asess the car")).Tasks.ShouldBeEmpty("each word must be alike");
        (await FindAsync("closer1", "asess the rof")).Tasks.ShouldBeEmpty();
        (await FindAsync("frontoffice", "guter hangs lose")).Comments.ShouldHaveSingleItem().TaskId.ShouldBe(task.Id);
        (await FindAsync("closer1", "guter hangs lose")).Comments.ShouldBeEmpty();
        (await FindAsync("closer1", "danil brant")).People.ShouldHaveSingleItem().UserName.ShouldBe("adjuster1");

        async Task<SearchResults> FindAsync(string name, string typed) =>
            await SearchAll.RunAsync(world.Runtime, SearchQuery.Parse(typed), 10, await world.PersonAsync(name), world.Clock.Now());
    }

    [Fact]
    public async Task Filters_narrow_what_is_found()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        await world.PublishAsync("ride", ("assess", Step));
        var first = await StartAsync(world, "REF-1", "C-1", "Marta Novak");
        await StartAsync(world, "REF-2", "C-1", "Marta Novak", "ride");
        await StartAsync(world, "REF-3", "C-2", "Owen Clarke", "ride");
        var task = await world.OpenTaskAsync(first);
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "k1"), await world.PersonAsync("adjuster1")));

        (await TasksAsync("customer:novak")).ShouldBe(["REF-1", "REF-2"], ignoreOrder: true);
        (await TasksAsync("customer:novak journey:ride")).ShouldBe(["REF-2"]);
        (await TasksAsync("journey:ride assess")).ShouldBe(["REF-2", "REF-3"], ignoreOrder: true);
        var ridden = await SearchAll.RunAsync(world.Runtime, SearchQuery.Parse("ref ride"), 10, await world.PersonAsync("adjuster1"), world.Clock.Now());
        ridden.Cases.Select(c => c.Reference).ShouldBe(["REF-2", "REF-3"], ignoreOrder: true, "a word may be the journey's");
        (await TasksAsync("owner:me")).ShouldBe(["REF-1"]);
        (await TasksAsync("owner:brandt")).ShouldBe(["REF-1"]);
        (await TasksAsync("owner:me journey:ride")).ShouldBeEmpty();
        (await TasksAsync("customer:nobodyatall")).ShouldBeEmpty();
        (await TasksAsync("owner:me due:<2999-01-01")).ShouldBeEmpty();
        SearchQuery.Parse("due:tomorrow").Problems.ShouldHaveSingleItem().ShouldContain("due:<2026-12-24");
        SearchQuery.Parse("customer:").Problems.ShouldHaveSingleItem();
        SearchQuery.Parse("""customer:"de la cruz" roof""").Customer.ShouldBe(["de", "la", "cruz"]);

        async Task<IEnumerable<string?>> TasksAsync(string typed) =>
            (await SearchAll.RunAsync(world.Runtime, SearchQuery.Parse(typed), 10, await world.PersonAsync("adjuster1"), world.Clock.Now())).Tasks.Select(t =>
                t.Reference
            );
    }

    [Fact]
    public async Task What_someone_opened_lately_and_often_comes_first()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        var cases = new List<Guid>();
        foreach (var number in Enumerable.Range(1, 4))
        {
            cases.Add(await StartAsync(world, $"REF-{number}", $"C-{number}", $"Marta Novak {(char)('A' + number)}"));
            world.Clock.Advance(Duration.FromMinutes(1));
        }

        (await FindAsync("frontoffice", "ref")).Cases.Select(c => c.Reference).ShouldBe(["REF-4", "REF-3", "REF-2", "REF-1"]);
        (await FindAsync("frontoffice", "marta")).Customers.Select(c => c.Number).ShouldBe(["C-4", "C-3", "C-2", "C-1"]);
        (await RecentAsync("frontoffice")).ShouldBeEmpty();
        foreach (var person in new[] { "frontoffice", "closer1" })
        {
            await OpenedAsync(person, "case", cases[1], 1, 1);
            await OpenedAsync(person, "case", cases[0], 5, 2);
            await OpenedAsync(person, "case", cases[2], 5, 90);
            await OpenedAsync(person, "customer", (await FindAsync("frontoffice", "C-2")).Customers[0].Id, 1, 0);
        }

        (await FindAsync("frontoffice", "ref")).Cases.Select(c => c.Reference).ShouldBe(["REF-1", "REF-2", "REF-3", "REF-4"]);
        (await FindAsync("frontoffice", "re")).Cases.Select(c => c.Reference).ShouldBe(["REF-1", "REF-2", "REF-3", "REF-4"]);
        (await FindAsync("frontoffice", "marta")).Customers.Select(c => c.Number).ShouldBe(["C-2", "C-4", "C-3", "C-1"]);
        (await RecentAsync("frontoffice")).Select(item => item.IsCustomer ? item.Detail : item.Title).ShouldBe(["REF-1", "C-2", "REF-2", "REF-3"]);
        (await RecentAsync("closer1")).ShouldBeEmpty("who no longer sees something isn't shown it");

        // What is theirs comes before what they opened.
        var task = await world.OpenTaskAsync(cases[3]);
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "k1"), await world.PersonAsync("adjuster1")));
        await OpenedAsync("adjuster1", "case", cases[0], 5, 0);
        (await FindAsync("adjuster1", "ref")).Cases.Select(c => c.Reference).ShouldBe(["REF-4", "REF-1", "REF-3", "REF-2"]);
        (await FindAsync("adjuster1", "marta")).Customers.Select(c => c.Number).ShouldBe(["C-4", "C-3", "C-2", "C-1"]);

        async Task<SearchResults> FindAsync(string name, string typed) =>
            await SearchAll.RunAsync(world.Runtime, SearchQuery.Parse(typed), 10, await world.PersonAsync(name), world.Clock.Now());

        async Task<IReadOnlyList<RecentItem>> RecentAsync(string name) =>
            await SearchAll.RecentAsync(world.Database, 10, await world.PersonAsync(name), world.Clock.Now());

        async Task OpenedAsync(string name, string kind, Guid subject, int opens, int daysAgo)
        {
            await using var insert = world.Database.CreateCommand(
                "insert into access_log (id, at, until_at, opens, person_id, kind, subject_id, origin, source) "
                    + "values (gen_random_uuid(), $1, $1, $2, $3, $4, $5, '', 'page')"
            );
            var at = world.Clock.Now() - Duration.FromDays(daysAgo);
            foreach (var value in new object[] { at.ToDateTimeUtc(), opens, (await world.PersonAsync(name)).Id, kind, subject })
                insert.Parameters.Add(new() { Value = value });
            await insert.ExecuteNonQueryAsync();
        }
    }

    private static async Task AddAsync(World world, Person me, params (string Number, string Name)[] customers)
    {
        var file = "number,name\n" + string.Join('\n', customers.Select(c => $"{c.Number},{c.Name}"));
        (await ImportCustomers.RunAsync(world.Runtime, file, true, null, me.UserName)).ShouldBeOfType<Orchestration.Workflows.Staff.ImportResult.Applied>();
    }

    private static async Task<Guid> StartAsync(World world, string reference, string number, string name, string journey = "walk") =>
        (await StartCase.RunAsync(world.Runtime, new(journey, reference, number, name, [], $"key-{reference}"), await world.PersonAsync("frontoffice")))
            .ShouldBeOfType<StartCaseResult.Started>()
            .CaseId;
}
