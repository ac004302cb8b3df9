using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.OwnView;
using static Orchestration.Workflows.Tests.OwnView.OwnViewTests;

namespace Orchestration.Workflows.Tests.OwnView;

/// <summary>What a customer does in their own view reaches someone.</summary>
public sealed class CustomerMessageTests
{
    [Fact]
    public async Task What_a_customer_writes_reaches_someone_and_waits_until_it_is_answered()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var front = await world.PersonAsync("frontoffice");
        var link = await LinkAsync(world, id);
        await SendAsync("When do you call?", []);
        (await ToldAsync()).ShouldContain("adjuster1");
        (await world.ScalarAsync<string>("select string_agg(distinct title || body, '') from notification where kind = 'customer.wrote'")).ShouldBe(
            "The customer wrote: Assess"
        );
        (await OpenAsync()).ShouldHaveSingleItem().Text.ShouldBe("When do you call?");

        var reached = new ContactRequest(ContactChannel.Call, false, ContactOutcome.Answered, "", id);
        await RecordContact.RunAsync(world.Tasks, link.Customer!.Value, reached with { Outcome = ContactOutcome.NotReached }, front);
        (await OpenAsync()).Count.ShouldBe(1);
        await RecordContact.RunAsync(world.Tasks, link.Customer!.Value, reached, front);
        (await OpenAsync()).ShouldBeEmpty();

        await CancelCase.RunAsync(world.Runtime, id, "Withdrawn", await world.PersonAsync("supervisor"));
        await SendAsync("And my money?", []);
        (await ToldAsync()).ShouldContain("frontoffice");
        var open = (await OpenAsync()).ShouldHaveSingleItem();
        (await OpenMessages.AnsweredAsync(world.Runtime, link.Customer.Value, open.ContactId, await world.PersonAsync("closer1"))).ShouldBeFalse();
        (await OpenMessages.AnsweredAsync(world.Runtime, link.Customer.Value, open.ContactId, front)).ShouldBeTrue();
        (await OpenMessages.AnsweredAsync(world.Runtime, link.Customer.Value, open.ContactId, front)).ShouldBeTrue();
        (await OpenAsync()).ShouldBeEmpty();
        (await world.ActionsAsync(id)).Count(action => action == "contact.answered").ShouldBe(1);

        Task<OwnViewResult> SendAsync(string text, SentFile[] files) =>
            CustomerAnswers.SendAsync(world.Tasks, link, new(text, files, null, false, Ids.New(world.Clock.GetCurrentInstant()).ToString()));

        Task<IReadOnlyList<OpenMessage>> OpenAsync() => OpenMessages.ListAsync(world.Database, null, front, world.Clock.Now());

        async Task<string[]> ToldAsync() =>
            await world.ScalarAsync<string[]>(
                "select array_agg(distinct p.user_name) from notification n join person p on p.id = n.person_id where n.kind = 'customer.wrote'"
            );
    }

    [Fact]
    public async Task Files_alone_wait_for_an_answer_too_and_an_answer_to_a_question_does_not()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        var task = await WaitingAsync(world, id);
        var link = await LinkAsync(world, id);
        var front = await world.PersonAsync("frontoffice");
        await CustomerAnswers.SendAsync(world.Tasks, link, new("The estimate", [], task, IsAll: true, "form-1"));
        (await OpenMessages.ListAsync(world.Database, null, front, world.Clock.Now())).ShouldBeEmpty();

        await CustomerAnswers.SendAsync(world.Tasks, link, new("", [new("roof.pdf", "application/pdf", Pdf)], null, IsAll: false, "form-2"));
        (await OpenMessages.ListAsync(world.Database, link.Customer, front, world.Clock.Now())).ShouldHaveSingleItem().Text.ShouldBe("roof.pdf");
        (await ReadAsync(world, id)).Messages.ShouldHaveSingleItem().Text.ShouldBe("The estimate");
    }

    [Fact]
    public async Task New_contact_data_are_told_to_who_works_for_the_customer()
    {
        await using var world = await WorldAsync();
        var id = await world.StartAsync("walk");
        await WaitingAsync(world, id);
        await CustomerContactData.SaveAsync(world.Runtime, await LinkAsync(world, id), new("marta@example.com", "", ""));
        (
            await world.ScalarAsync<string>(
                "select p.user_name || ': ' || n.title || ' (' || n.body || ')' from notification n join person p on p.id = n.person_id "
                    + "where n.title like 'The customer%'"
            )
        ).ShouldBe("adjuster1: The customer changed how to reach them: Marta Novak (emails)");
    }
}
