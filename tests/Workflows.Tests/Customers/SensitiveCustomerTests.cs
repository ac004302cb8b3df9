using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Customers;

/// <summary>Customers whose records nobody opens without a reason. The customer of every case is C-1, Marta Novak.</summary>
public sealed class SensitiveCustomerTests : IAsyncLifetime
{
    private World _world = null!;
    private Guid _case;
    private Guid _customer;
    private Person _supervisor = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await _world.PublishAsync("one", ("a", Step.Of("Look at it")));
        _case = await _world.StartAsync("one");
        _supervisor = await _world.PersonAsync("supervisor");
        _customer = (await CustomerQueries.OfNumberAsync(_world.Database, "C-1", _supervisor, _world.Clock.Now()))!.Id;
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_reason_opens_record_cases_and_tasks_for_one_person_and_eight_hours()
    {
        var (adjuster, task) = (await _world.PersonAsync("adjuster1"), (await _world.OpenTaskAsync(_case)).Id);
        (await GuardedAsync("case", _case, adjuster)).ShouldBeNull();
        await MarkAsync();

        foreach (var (kind, id) in new[] { ("customer", _customer), ("case", _case), ("task", task) })
            (await GuardedAsync(kind, id, adjuster)).ShouldBe(new(_customer, "C-1", "Marta Novak"));
        await GiveReasonAsync(adjuster);
        foreach (var (kind, id) in new[] { ("customer", _customer), ("case", _case), ("task", task) })
            (await GuardedAsync(kind, id, adjuster)).ShouldBeNull();
        (await GuardedAsync("case", _case, await _world.PersonAsync("adjuster2"))).ShouldNotBeNull();
        _world.Clock.Advance(SensitiveCustomers.Holds);
        (await GuardedAsync("case", _case, adjuster)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Whoever_works_on_a_task_there_or_had_a_contact_needs_no_reason_until_it_ends()
    {
        await MarkAsync();
        var (adjuster, front) = (await _world.PersonAsync("adjuster1"), await _world.PersonAsync("frontoffice"));
        var desk = await Desk.AtAsync(_world, _case);
        await desk.DoneAsync(ClaimTask.RunAsync(_world.Tasks, desk.Next, adjuster));
        (await GuardedAsync("customer", _customer, adjuster)).ShouldBeNull();
        await desk.DoneAsync(CompleteTask.RunAsync(_world.Tasks, desk.Next, null, [], adjuster));
        (await GuardedAsync("case", _case, adjuster)).ShouldNotBeNull();

        (await GuardedAsync("number", null, front, "C-1")).ShouldNotBeNull();
        var contact = new ContactRequest(ContactChannel.Call, true, ContactOutcome.Answered, "They asked.");
        (await RecordContact.RunAsync(_world.Tasks, _customer, contact, front)).ShouldBeOfType<ContactResult.Done>();
        (await GuardedAsync("number", null, front, "C-1")).ShouldBeNull();
        _world.Clock.Advance(SensitiveCustomers.Holds);
        (await GuardedAsync("customer", _customer, front)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Who_can_t_see_the_record_isn_t_asked()
    {
        await MarkAsync();
        var stranger = await _world.PersonAsync("closer1");

        (await GuardedAsync("customer", _customer, stranger)).ShouldBeNull();
        (await GuardedAsync("case", _case, stranger)).ShouldBeNull();
        (await GuardedAsync("task", (await _world.OpenTaskAsync(_case)).Id, stranger)).ShouldBeNull();
    }

    [Fact]
    public async Task A_mark_holds_for_merged_duplicates_and_is_history_with_who_and_why()
    {
        var front = await _world.PersonAsync("frontoffice");
        var other = (CustomerResult.Done)await SaveCustomer.AddAsync(_world.Runtime, new("C-2", "Marta Nowak"), front);
        (
            await SensitiveCustomers.MarkAsync(_world.Runtime, other.Id, 1, SensitiveKind.Relative, "Married to a colleague", _supervisor)
        ).ShouldBeOfType<CustomerResult.Done>();
        (await GuardedAsync("case", _case, front)).ShouldBeNull();

        (await MergeCustomers.RunAsync(_world.Runtime, other.Id, _customer, front)).ShouldBeOfType<CustomerResult.Done>();

        (await GuardedAsync("case", _case, front)).ShouldNotBeNull();
        var mark = (await CustomerQueries.FindAsync(_world.Database, _customer, _supervisor, _world.Clock.Now()))!.Sensitive!;
        (mark.Kind, mark.Reason, mark.MarkedBy).ShouldBe((SensitiveKind.Relative, "Married to a colleague", "supervisor"));
        (await CustomerQueries.FindAsync(_world.Database, _customer, front, _world.Clock.Now()))!.Sensitive!.Reason.ShouldBeNull();
        (await SensitiveCustomers.ListAsync(_world.Database)).Select(c => c.Number).ShouldBe(["C-1"]);
        (await SensitiveCustomers.UnmarkAsync(_world.Runtime, _customer, 1, _supervisor)).ShouldBeOfType<CustomerResult.Done>();
        (await GuardedAsync("case", _case, front)).ShouldBeNull();
        (
            await _world.ScalarAsync<string[]>(
                "select array_agg(action || ' ' || actor order by at, sequence) from event where entity = 'customer' and action like '%sensitive'"
            )
        ).ShouldBe(["customer.marked-sensitive supervisor", "customer.unmarked-sensitive supervisor"], ignoreOrder: true);
    }

    [Fact]
    public async Task Search_shows_that_there_is_something_but_not_what_until_a_reason_is_given()
    {
        var front = await _world.PersonAsync("frontoffice");
        await SaveCustomer.ChangeAsync(_world.Runtime, _customer, null, new("C-1", "Marta Novak") { Phones = ["+44 20 7946 0000"] }, front);
        var task = (await _world.OpenTaskAsync(_case)).Id;
        await CommentOnTask.RunAsync(_world.Tasks, new(task, 1, "comment-1"), "The zebra ate the fence", _supervisor);
        await MarkAsync();

        var found = await SearchAsync(front, "zebra");
        found.Comments.Single().Body.ShouldBe(SensitiveCustomers.Hidden);
        var customer = (await SearchAsync(front, "Novak")).Customers.Single();
        (customer.Name, customer.Contact, customer.NeedsReason).ShouldBe(("Marta Novak", null, true));
        (await EventsAsync(front)).ShouldAllBe(hit => hit.Event.Payload == null);

        await GiveReasonAsync(front);
        (await SearchAsync(front, "zebra")).Comments.Single().Body.ShouldBe("The zebra ate the fence");
        (await SearchAsync(front, "Novak")).Customers.Single().Contact.ShouldBe("+44 20 7946 0000");
        (await EventsAsync(front)).ShouldContain(hit => hit.Event.Payload != null);
    }

    [Fact]
    public async Task Notifications_and_mail_say_that_there_is_a_comment_without_its_words()
    {
        var (owner, watcher) = (await _world.PersonAsync("adjuster1"), await _world.PersonAsync("adjuster2"));
        var desk = await Desk.AtAsync(_world, _case);
        await desk.DoneAsync(ClaimTask.RunAsync(_world.Tasks, desk.Next, owner));
        await MarkAsync();
        var task = (await _world.OpenTaskAsync(_case)).Id;

        await CommentOnTask.RunAsync(_world.Tasks, new(task, 2, "comment-1"), "@adjuster2 the zebra ate the fence", _supervisor);
        await CommentOnTask.RunAsync(_world.Tasks, new(task, 2, "comment-2"), "The zebra is back", _supervisor);

        foreach (var person in new[] { owner, watcher })
            (
                await _world.ScalarAsync<string[]>(
                    "select array_agg(body order by created_at, id) from notification where person_id = @id and kind in ('task.comment', 'task.mention')",
                    new { id = person.Id }
                )
            ).ShouldBe(Enumerable.Repeat("The customer is sensitive. Open the task to read it.", 2));
        (await _world.ScalarAsync<long>("select count(*) from effect where payload::text like '%zebra%'")).ShouldBe(0);

        await SensitiveCustomers.UnmarkAsync(_world.Runtime, _customer, await RevisionAsync(), _supervisor);
        await CommentOnTask.RunAsync(_world.Tasks, new(task, 2, "comment-3"), "All is well", _supervisor);
        (await _world.ScalarAsync<long>("select count(*) from notification where body = 'All is well'")).ShouldBe(2);
    }

    [Fact]
    public async Task Lists_of_the_front_office_show_neither_phone_nor_words_until_a_reason_is_given()
    {
        await _world.LoadShippedAsync();
        var front = await _world.PersonAsync("frontoffice");
        await SaveCustomer.ChangeAsync(_world.Runtime, _customer, null, new("C-1", "Marta Novak") { Phones = ["+44 20 7946 0000"] }, front);
        var due = _world.Clock.Now() + Duration.FromHours(2);
        await Promises.MakeAsync(_world.Get<ClockRuntime>(), _case, new("Call back", due), front);
        await _world.ScalarAsync<int?>(
            "insert into own_view_rating (case_id, satisfaction, comment, rated_at, changed_at) values (@Case, 2, 'My brother works there', @At, @At)",
            new { Case = _case, At = _world.Clock.Now().ToDateTimeUtc() }
        );
        await MarkAsync();

        (await PhoneAsync()).ShouldBeNull();
        (await RatingAsync()).ShouldSatisfyAllConditions(r => r.Rated.Rating.Comment.ShouldBe(""), r => r.NeedsReason.ShouldBeTrue());

        await GiveReasonAsync(front);
        (await PhoneAsync()).ShouldBe("+44 20 7946 0000");
        (await RatingAsync()).ShouldSatisfyAllConditions(r => r.Rated.Rating.Comment.ShouldBe("My brother works there"), r => r.NeedsReason.ShouldBeFalse());

        async Task<string?> PhoneAsync() => (await FrontOffice.ReadAsync(_world.Database, front, _world.Clock.Now())).CallBacks.Single().Phone;

        async Task<CustomerRating> RatingAsync() => (await ReadRatings.ListAsync(_world.Database, isUnhappy: true, front, _world.Clock.Now())).Single();
    }

    [Fact]
    public async Task Lists_of_the_front_office_have_only_cases_that_the_reader_sees()
    {
        await _world.LoadShippedAsync();
        var (front, stranger) = (await _world.PersonAsync("frontoffice"), await _world.PersonAsync("closer1"));
        await Promises.MakeAsync(_world.Get<ClockRuntime>(), _case, new("Call back", _world.Clock.Now() + Duration.FromHours(2)), front);
        await _world.ScalarAsync<int?>(
            "insert into own_view_rating (case_id, satisfaction, comment, rated_at, changed_at) values (@Case, 2, '', @At, @At)",
            new { Case = _case, At = _world.Clock.Now().ToDateTimeUtc() }
        );
        var now = _world.Clock.Now();

        (await FrontOffice.ReadAsync(_world.Database, front, now)).CallBacks.ShouldHaveSingleItem();
        (await ReadRatings.FiguresAsync(_world.Database, front, now)).Count.ShouldBe(1);
        (await FrontOffice.ReadAsync(_world.Database, stranger, now)).CallBacks.ShouldBeEmpty();
        (await ReadRatings.FiguresAsync(_world.Database, stranger, now)).Count.ShouldBe(0);
        (await ReadRatings.ListAsync(_world.Database, isUnhappy: false, stranger, now)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Erasure_takes_the_words_of_reasons_and_leaves_that_there_was_an_opening()
    {
        await MarkAsync();
        var front = await _world.PersonAsync("frontoffice");
        await GiveReasonAsync(front);

        await using var erase = _world.Database.Query("select erase_access_reasons($1)", (object)new[] { _customer });
        (await erase.ExecuteScalarAsync()).ShouldBe(1L);

        (await AccessQueries.ListAsync(_world.Database, new() { Person = front.Id })).Items.Single().Reason.ShouldBeNull();
    }

    [Fact]
    public async Task A_mark_without_kind_and_reason_is_refused()
    {
        (await SensitiveCustomers.MarkAsync(_world.Runtime, _customer, 1, null, " ", _supervisor))
            .ShouldBeOfType<CustomerResult.Invalid>()
            .Errors.Keys.ShouldBe(["kind", "reason"], ignoreOrder: true);
        (await SensitiveCustomers.UnmarkAsync(_world.Runtime, _customer, 1, _supervisor)).ShouldBeOfType<CustomerResult.NotFound>();
    }

    [Fact]
    public async Task Of_two_people_who_change_a_mark_at_once_the_second_is_told()
    {
        var first = SensitiveCustomers.MarkAsync(_world.Runtime, _customer, 1, SensitiveKind.Relative, "Married to a colleague", _supervisor);
        var second = SensitiveCustomers.MarkAsync(_world.Runtime, _customer, 1, SensitiveKind.Threatened, "Must not be found", _supervisor);
        var results = await Task.WhenAll(first, second);

        results.OfType<CustomerResult.Done>().Count().ShouldBe(1);
        results.OfType<CustomerResult.Stale>().Single().Revision.ShouldBe(2);
        var mark = (await CustomerQueries.FindAsync(_world.Database, _customer, _supervisor, _world.Clock.Now()))!.Sensitive!;
        mark.Kind.ShouldBe(results[0] is CustomerResult.Done ? SensitiveKind.Relative : SensitiveKind.Threatened);
        (await SensitiveCustomers.UnmarkAsync(_world.Runtime, _customer, 1, _supervisor)).ShouldBe(new CustomerResult.Stale(2));
        (await SensitiveCustomers.UnmarkAsync(_world.Runtime, _customer, 2, _supervisor)).ShouldBeOfType<CustomerResult.Done>();
        (
            await _world.ScalarAsync<string>(
                "select string_agg(revision::text, ' ' order by sequence) from event where entity = 'customer' and action like '%sensitive'"
            )
        ).ShouldBe("2 3");
    }

    private async Task<int> RevisionAsync() => (await CustomerQueries.FindAsync(_world.Database, _customer, _supervisor, _world.Clock.Now()))!.Revision;

    private async Task MarkAsync() =>
        (
            await SensitiveCustomers.MarkAsync(
                _world.Runtime,
                _customer,
                await RevisionAsync(),
                SensitiveKind.PublicFigure,
                "Known from television",
                _supervisor
            )
        ).ShouldBeOfType<CustomerResult.Done>();

    private Task<GuardedRecord?> GuardedAsync(string kind, Guid? id, Person person, string? number = null) =>
        SensitiveCustomers.GuardedAsync(_world.Database, kind, id, number, person, _world.Clock.Now());

    private Task GiveReasonAsync(Person person) =>
        _world
            .Get<AccessLog>()
            .WriteNowAsync(new(_world.Clock.Now(), person.Id, "customer", _customer, "", "10.0.0.1", null, HistorySource.Page, "A complaint: about the fence"));

    private async Task<SearchResults> SearchAsync(Person person, string words) =>
        await SearchAll.RunAsync(_world.Runtime, SearchQuery.Parse(words), 10, person, _world.Clock.Now());

    private async Task<IReadOnlyList<HistoryHit>> EventsAsync(Person person) =>
        (await HistorySearch.PageAsync(_world.Runtime, new() { Case = "REF-1" }, 50, person)).Hits;
}
