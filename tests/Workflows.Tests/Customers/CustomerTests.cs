using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Tests.Customers;

public sealed class CustomerTests
{
    private const string Step = """ "title": "Assess", "team": "claims-adjusting", "outcomes": ["Done"] """;

    [Fact]
    public async Task The_first_case_of_a_number_makes_its_record_and_later_ones_find_it()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        await StartAsync(world, "REF-1", "C-7", "Marta Novak");
        await StartAsync(world, "REF-2", "C-7", "M. Novak");
        await StartAsync(world, "REF-3", "TEST", "Test of someone", isTest: true);

        var all = await CustomerQueries.ListAsync(world.Database, null, 10, await world.PersonAsync("frontoffice"), world.Clock.Now());
        var customer = all.Items.ShouldHaveSingleItem();
        (customer.Number, customer.Name, customer.Cases, customer.Open).ShouldBe(("C-7", "Marta Novak", 2, 2));
    }

    [Fact]
    public async Task A_change_keeps_history_and_a_stale_one_is_refused()
    {
        await using var world = await World.CreateAsync();
        var me = await world.PersonAsync("frontoffice");
        var id = (await SaveCustomer.AddAsync(world.Runtime, Full("C-1"), me)).ShouldBeOfType<CustomerResult.Done>().Id;
        (await SaveCustomer.ChangeAsync(world.Runtime, id, 1, Full("C-1") with { Phones = ["+44 1"] }, me))
            .ShouldBeOfType<CustomerResult.Invalid>()
            .Errors["phones"][0]
            .ShouldContain("isn't a phone number");
        (await SaveCustomer.ChangeAsync(world.Runtime, id, 1, Full("C-1") with { Name = "Jürgen W." }, me)).ShouldBeOfType<CustomerResult.Done>();
        (await SaveCustomer.ChangeAsync(world.Runtime, id, 1, Full("C-1"), me)).ShouldBeOfType<CustomerResult.Stale>().Revision.ShouldBe(2);

        var found = (await CustomerQueries.FindAsync(world.Database, id, me, world.Clock.Now()))!;
        found.Data.Name.ShouldBe("Jürgen W.");
        found.Data.Consents.ShouldBe(Full("C-1").Consents);
        found.Data.Identifiers.ShouldBe(Full("C-1").Identifiers);
        found.Data.BornOn.ShouldBe(new DateOnly(1968, 4, 12));
        var (events, _) = await CustomerHistory.ReadAsync(world.Database, id, CustomerEvents.All, null, 10, me, world.Clock.Now());
        events.Select(e => e.Event.Action).Order().ShouldBe(["customer.added", "customer.changed"]);
    }

    [Fact]
    public async Task Markup_is_kept_as_text_and_what_cannot_be_kept_is_refused_with_field_and_reason()
    {
        await using var world = await World.CreateAsync();
        var me = await world.PersonAsync("frontoffice");
        var markup = new CustomerData("C-1", "<script>x</script>") { Addresses = ["<b>1</b>\nRoad"] };
        (await SaveCustomer.AddAsync(world.Runtime, markup, me)).ShouldBeOfType<CustomerResult.Done>();
        (await CustomerQueries.OfNumberAsync(world.Database, "C-1", me, world.Clock.Now()))!.Data.Name.ShouldBe("<script>x</script>");

        var wrong = new CustomerData("C\u0007-2", new string('x', 201))
        {
            Emails = ["nobody"],
            Languages = ["English"],
            Identifiers = [new("Policy No", "1")],
            BornOn = new DateOnly(2999, 1, 1),
        };
        var errors = (await SaveCustomer.AddAsync(world.Runtime, wrong, me)).ShouldBeOfType<CustomerResult.Invalid>().Errors;
        errors.Keys.Order().ShouldBe(["bornOn", "emails", "identifiers", "languages", "name", "number"]);
        errors["number"].ShouldBe(["must not have control characters"]);
        errors["name"].ShouldBe(["must have at most 200 characters"]);
    }

    [Fact]
    public async Task Only_some_roles_see_why_someone_needs_care_and_others_do_not_clear_it()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        await StartAsync(world, "REF-1", "C-7", "Marta Novak");
        var (front, admin) = (await world.PersonAsync("frontoffice"), await world.PersonAsync("admin"));
        var id = (await CustomerQueries.OfNumberAsync(world.Database, "C-7", front, world.Clock.Now()))!.Id;
        await SaveCustomer.ChangeAsync(world.Runtime, id, null, new("", "Marta Novak") { Vulnerability = "Recently bereaved" }, front);

        (await SeenAsync("frontoffice")).ShouldBe("Recently bereaved");
        (await SeenAsync("compliance")).ShouldBe("Recently bereaved");
        (await SeenAsync("admin")).ShouldBeNull();
        (await SeenAsync("adjuster1")).ShouldBeNull();
        await SaveCustomer.ChangeAsync(world.Runtime, id, null, new("", "Marta N."), admin);
        (await SeenAsync("frontoffice")).ShouldBe("Recently bereaved");
        var (events, _) = await CustomerHistory.ReadAsync(world.Database, id, CustomerEvents.All, null, 50, admin, world.Clock.Now());
        string.Concat(events.Select(e => e.Event.Payload?.ToJsonString())).ShouldNotContain("bereaved");

        async Task<string?> SeenAsync(string name) =>
            (await CustomerQueries.FindAsync(world.Database, id, await world.PersonAsync(name), world.Clock.Now()))!.Data.Vulnerability;
    }

    [Fact]
    public async Task Whoever_sees_a_case_sees_its_customer_with_these_cases_and_no_one_else_does()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        await world.PublishAsync("loan", ("close", """ "title": "Close", "team": "mortgage-closing", "outcomes": ["Done"] """));
        await StartAsync(world, "REF-1", "C-7", "Marta Novak");
        await StartAsync(world, "REF-2", "C-7", "Marta Novak", "loan");
        await StartAsync(world, "REF-3", "C-8", "Owen Clarke", "loan");

        (await ReferencesAsync("frontoffice", "C-7")).ShouldBe(["REF-2", "REF-1"], ignoreOrder: true);
        (await ReferencesAsync("adjuster1", "C-7")).ShouldBe(["REF-1"]);
        (await ReferencesAsync("closer1", "C-7")).ShouldBe(["REF-2"]);
        (await ReferencesAsync("adjuster1", "C-8")).ShouldBeNull();
        (await ReferencesAsync("analyst", "C-7")).ShouldBeNull();
        (await FindCustomers.FindAsync(world.Database, "clarke", 9, await world.PersonAsync("adjuster1"), world.Clock.Now())).ShouldBeEmpty();
        (await FindCustomers.FindAsync(world.Database, "clarke", 9, await world.PersonAsync("closer1"), world.Clock.Now())).ShouldHaveSingleItem();

        async Task<IEnumerable<string>?> ReferencesAsync(string name, string number)
        {
            var me = await world.PersonAsync(name);
            return await CustomerQueries.OfNumberAsync(world.Database, number, me, world.Clock.Now()) is { } found
                ? (await CustomerWork.CasesAsync(world.Runtime, found.Id, me, world.Clock.Now())).Select(c => c.Reference)
                : null;
        }
    }

    [Fact]
    public async Task Merged_numbers_lead_to_the_survivor_running_cases_go_on_and_undoing_gives_all_back()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        var instance = await StartAsync(world, "REF-1", "C-1", "Marta Novak");
        await StartAsync(world, "REF-2", "C-2", "Marta Nowak");
        await StartAsync(world, "REF-3", "C-3", "M Novak");
        var me = await world.PersonAsync("frontoffice");
        var (one, two, three) = (await IdAsync("C-1"), await IdAsync("C-2"), await IdAsync("C-3"));
        await RecordContact.RunAsync(world.Tasks, one, new(ContactChannel.Call, true, ContactOutcome.Answered, "Asked", instance), me);

        (await MergeCustomers.RunAsync(world.Runtime, one, two, me)).ShouldBeOfType<CustomerResult.Done>();
        (await MergeCustomers.RunAsync(world.Runtime, two, three, me)).ShouldBeOfType<CustomerResult.Done>();
        (await MergeCustomers.RunAsync(world.Runtime, one, three, me)).ShouldBeOfType<CustomerResult.Refused>();

        (await IdAsync("C-1")).ShouldBe(three);
        (await CustomerWork.CasesAsync(world.Runtime, three, me, world.Clock.Now())).Count.ShouldBe(3);
        (await RecordContact.ListAsync(world.Database, three, null, 9, me, world.Clock.Now())).ShouldHaveSingleItem().Reference.ShouldBe("REF-1");
        (await FindCustomers.FindAsync(world.Database, "C-1", 9, me, world.Clock.Now())).ShouldHaveSingleItem().Id.ShouldBe(three);

        // A merged customer's case runs on, and so does a new one with the old number.
        var task = await world.OpenTaskAsync(instance);
        var adjuster = await world.PersonAsync("adjuster1");
        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "k1"), adjuster));
        await world.DoneAsync(CompleteTask.RunAsync(world.Tasks, new(task.Id, claimed.Revision, "k2"), "Done", [], adjuster));
        await StartAsync(world, "REF-4", "C-1", "Marta Novak");
        (await CustomerWork.CasesAsync(world.Runtime, three, me, world.Clock.Now())).Count.ShouldBe(4);

        (await MergeCustomers.UndoAsync(world.Runtime, two, me)).ShouldBeOfType<CustomerResult.Done>();
        (await IdAsync("C-1")).ShouldBe(two);
        (await CustomerWork.CasesAsync(world.Runtime, two, me, world.Clock.Now())).Count.ShouldBe(3);
        (await CustomerWork.CasesAsync(world.Runtime, three, me, world.Clock.Now())).Count.ShouldBe(1);
        (await MergeCustomers.UndoAsync(world.Runtime, one, me)).ShouldBeOfType<CustomerResult.Done>();
        (await CustomerWork.CasesAsync(world.Runtime, one, me, world.Clock.Now())).Count.ShouldBe(2);
        (await MergeCustomers.UndoAsync(world.Runtime, one, me)).ShouldBeOfType<CustomerResult.Refused>();

        async Task<Guid> IdAsync(string number) => (await CustomerQueries.OfNumberAsync(world.Database, number, me, world.Clock.Now()))!.Id;
    }

    [Fact]
    public async Task What_a_merged_record_says_counts_and_goes_back_with_it()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        await StartAsync(world, "REF-1", "C-1", "Marta Novak");
        var (front, adjuster) = (await world.PersonAsync("frontoffice"), await world.PersonAsync("adjuster1"));
        var one = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", front, world.Clock.Now()))!.Id;
        var full = Full("C-2") with { Vulnerability = "Recently bereaved" };
        var two = ((CustomerResult.Done)await SaveCustomer.AddAsync(world.Runtime, full, front)).Id;
        var three = ((CustomerResult.Done)await SaveCustomer.AddAsync(world.Runtime, new("C-3", "M Novak") { Vulnerability = "Hard of hearing" }, front)).Id;
        await MergeCustomers.RunAsync(world.Runtime, three, two, front);
        await MergeCustomers.RunAsync(world.Runtime, two, one, front);

        var found = await FindAsync(front);
        (found.Data.Number, found.Data.Vulnerability).ShouldBe(("C-1", null));
        found.Cares().Select(care => care.Why).ShouldBe(["Recently bereaved", "Hard of hearing"]);
        found.Merged.Select(duplicate => duplicate.Number).ShouldBe(["C-2", "C-3"]);
        found
            .Merged[0]
            .Data.ShouldSatisfyAllConditions(
                data => data.Phones.ShouldBe(full.Phones),
                data => data.Identifiers.ShouldBe(full.Identifiers),
                data => data.Consents.ShouldBe(full.Consents)
            );
        (await FindAsync(adjuster)).Cares().ShouldBeEmpty();

        await MergeCustomers.UndoAsync(world.Runtime, three, front);
        (await FindAsync(front)).Cares().Select(care => care.Why).ShouldBe(["Recently bereaved"]);
        (await CustomerQueries.FindAsync(world.Database, three, front, world.Clock.Now()))!.Data.Vulnerability.ShouldBe("Hard of hearing");

        async Task<CustomerDetails> FindAsync(Person person) => (await CustomerQueries.FindAsync(world.Database, one, person, world.Clock.Now()))!;
    }

    [Fact]
    public async Task A_contact_resumes_what_waits_for_the_customer_once_and_is_in_the_history_of_the_case()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", Step));
        var instance = await StartAsync(world, "REF-1", "C-1", "Marta Novak");
        var other = await StartAsync(world, "REF-2", "C-2", "Owen Clarke");
        var (adjuster, front) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("frontoffice"));
        var task = await world.OpenTaskAsync(instance);
        var claimed = await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "k1"), adjuster));
        await world.DoneAsync(
            SuspendTask.RunAsync(world.Tasks, new(task.Id, claimed.Revision, "k2"), ResumeTask.WaitsForCustomer, null, "your repair estimate", adjuster)
        );
        var id = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", front, world.Clock.Now()))!.Id;

        var step = (await CustomerWork.CasesAsync(world.Runtime, id, front, world.Clock.Now())).ShouldHaveSingleItem().Steps.ShouldHaveSingleItem();
        (step.Owner, step.WaitsFor, step.WaitNote).ShouldBe((adjuster.DisplayName, ResumeTask.WaitsForCustomer, "your repair estimate"));
        var contact = new ContactRequest(ContactChannel.Email, true, ContactOutcome.Received, "Here it is", instance, task.Id, [task.Id], "op-1");
        var first = (await RecordContact.RunAsync(world.Tasks, id, contact, front)).ShouldBeOfType<ContactResult.Done>();
        first.NotResumed.ShouldBeEmpty();
        (await RecordContact.RunAsync(world.Tasks, id, contact, front)).ShouldBeOfType<ContactResult.Done>().Id.ShouldBe(first.Id);
        (await RecordContact.RunAsync(world.Tasks, id, contact with { Note = "Other" }, front)).ShouldBeOfType<ContactResult.OperationReused>();
        (await world.OpenTaskAsync(instance)).State.ShouldBe(TaskState.Reserved);
        (await world.ActionsAsync(instance)).Count(action => action == "contact.recorded").ShouldBe(1);

        (await RecordContact.RunAsync(world.Tasks, id, new(ContactChannel.Call, true, ContactOutcome.Answered, "", other), front))
            .ShouldBeOfType<ContactResult.Invalid>()
            .Errors["case"]
            .ShouldBe(["isn't a case of this customer"]);
        (
            await RecordContact.RunAsync(world.Tasks, id, new(ContactChannel.Call, true, ContactOutcome.Answered), await world.PersonAsync("closer1"))
        ).ShouldBeOfType<ContactResult.NotFound>();
    }

    [Fact]
    public async Task An_import_changes_nothing_while_anything_is_wrong_and_names_every_error()
    {
        await using var world = await World.CreateAsync();
        var me = await world.PersonAsync("frontoffice");
        await SaveCustomer.AddAsync(world.Runtime, Full("C-1"), me);
        const string Wrong = """
            number,name,emails,born_on,identifiers,consents
            C-1,Changed,,,,
            C-2,,nobody,12.4.1968,policy,marketing
            C-2,Twice,,,policy:P-4711,
            """;

        var errors = (await ImportCustomers.RunAsync(world.Runtime, Wrong, true, null, me.UserName)).ShouldBeOfType<ImportResult.Wrong>().Errors;
        errors
            .Select(e => (e.Line, e.Column))
            .ShouldBe([(3, "name"), (3, "emails"), (3, "born_on"), (3, "consents"), (3, "identifiers"), (4, "number")], ignoreOrder: true);
        (await CustomerQueries.OfNumberAsync(world.Database, "C-1", me, world.Clock.Now()))!.Data.Name.ShouldBe("Jürgen Weiß");

        // A policy of the sample belongs to the customer who is there.
        var taken = (await ImportCustomers.RunAsync(world.Runtime, ImportCustomers.Sample, false, null, me.UserName)).ShouldBeOfType<ImportResult.Wrong>();
        taken.Errors.ShouldHaveSingleItem().Reason.ShouldBe("“policy:P-4711” belongs to customer C-1.");
    }

    [Fact]
    public async Task An_import_adds_changes_and_moves_identifiers()
    {
        await using var world = await World.CreateAsync();
        var me = await world.PersonAsync("frontoffice");
        await ImportCustomers.RunAsync(world.Runtime, ImportCustomers.Sample, true, null, me.UserName);
        const string Second = """
            number,phones,identifiers
            C-10001,,policy:P-4712
            C-10002,+44 20 7946 0992,policy:P-4711
            """;

        var applied = (await ImportCustomers.RunAsync(world.Runtime, Second, true, null, me.UserName)).ShouldBeOfType<ImportResult.Applied>();
        applied.Rows.ShouldAllBe(row => row.Effect == ImportEffect.Changes);
        var first = (await CustomerQueries.OfNumberAsync(world.Database, "P-4712", me, world.Clock.Now()))!;
        (first.Data.Number, first.Data.Name, first.Data.Phones.Count, first.Revision).ShouldBe(("C-10001", "Jürgen Weiß", 0, 2));
        (await FindCustomers.FindAsync(world.Database, "+44 20 79460992", 5, me, world.Clock.Now())).ShouldHaveSingleItem().Number.ShouldBe("C-10002");
    }

    [Fact]
    public async Task The_front_office_is_told_before_a_promise_breaks_and_sees_it_until_it_is_settled()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("walk", ("assess", Step));
        var instance = await StartAsync(world, "REF-1", "C-1", "Marta Novak");
        var front = await world.PersonAsync("frontoffice");
        var due = world.Clock.Now() + NodaTime.Duration.FromHours(40);
        var clocks = world.Get<ClockRuntime>();
        var promise = (await Promises.MakeAsync(clocks, instance, new("Call back", due), front)).ShouldBeOfType<PromiseResult.Done>().ClockId;

        (await FrontOffice.ReadAsync(world.Database, front, world.Clock.Now())).CallBacks.ShouldBeEmpty();
        world.Clock.Advance(NodaTime.Duration.FromHours(31));
        await world.Get<Escalate>().SweepAsync(100);
        (await world.ScalarAsync<long>("select count(*) from notification where person_id = @Id and kind = 'sla.reminder'", new { front.Id })).ShouldBe(1);
        (await FrontOffice.ReadAsync(world.Database, front, world.Clock.Now())).CallBacks.ShouldHaveSingleItem().ClockId.ShouldBe(promise);

        await Promises.SettleAsync(clocks, instance, promise, Orchestration.Workflows.ServiceLevels.PromiseOutcome.Kept, null, front);
        (await FrontOffice.ReadAsync(world.Database, front, world.Clock.Now())).CallBacks.ShouldBeEmpty();
    }

    [Fact]
    public async Task Whoever_keeps_customers_and_sees_every_case_is_front_office_by_whatever_role()
    {
        await using var world = await World.CreateAsync();
        await world.LoadShippedAsync();
        await world.PublishAsync("walk", ("assess", Step));
        await world.ScalarAsync<int?>(
            """
            insert into custom_role (key, title, permissions, created_at, updated_at)
                values ('desk', 'Desk', '{customers:keep,work:see-all}', now(), now()), ('clerk', 'Clerk', '{customers:keep}', now(), now());
            update person set roles = '{desk}' where user_name = 'closer1';
            update person set roles = '{clerk}' where user_name = 'analyst';
            """
        );
        var front = await world.PersonAsync("frontoffice");
        var instance = await StartAsync(world, "REF-1", "C-1", "Marta Novak");
        var due = world.Clock.Now() + NodaTime.Duration.FromHours(40);
        await Promises.MakeAsync(world.Get<ClockRuntime>(), instance, new("Call back", due), front);
        world.Clock.Advance(NodaTime.Duration.FromHours(31));
        await world.Get<Escalate>().SweepAsync(100);

        var told = await world.ScalarAsync<string[]>(
            "select array_agg(p.user_name::text) from notification n join person p on p.id = n.person_id where n.kind = 'sla.reminder'"
        );
        told.ShouldSatisfyAllConditions(
            t => t.ShouldContain("closer1", "composed, and not of the team"),
            t => t.ShouldContain("frontoffice"),
            t => t.ShouldNotContain("analyst")
        );
        PermissionHolders.IsFrontOffice(front).ShouldBeTrue();
        var clerk = front with { Roles = ["clerk"], OwnPermissions = [Permissions.KeepCustomers] };
        PermissionHolders.IsFrontOffice(clerk).ShouldBeFalse();
        PermissionHolders.IsFrontOffice(clerk with { OwnPermissions = [Permissions.KeepCustomers, Permissions.SeeAllWork] }).ShouldBeTrue();
        PermissionHolders.IsFrontOffice(await world.PersonAsync("supervisor")).ShouldBeFalse("they steer");
    }

    private static CustomerData Full(string number) =>
        new(number, "Jürgen Weiß")
        {
            OtherNames = ["J. Weiss"],
            Emails = ["j.weiss@example.com"],
            Phones = ["+49 30 5550134"],
            Addresses = ["Lindenstraße 4\n10969 Berlin"],
            Languages = ["de"],
            BornOn = new DateOnly(1968, 4, 12),
            Consents = [new("marketing", new DateOnly(2026, 1, 31))],
            Identifiers = [new("policy", "P-4711")],
        };

    private static async Task<Guid> StartAsync(World world, string reference, string number, string name, string journey = "walk", bool isTest = false) =>
        (
            await StartCase.RunAsync(
                world.Runtime,
                new(journey, reference, number, name, [], $"key-{reference}") { IsTest = isTest },
                await world.PersonAsync(isTest ? "analyst" : "frontoffice")
            )
        )
            .ShouldBeOfType<StartCaseResult.Started>()
            .CaseId;
}
