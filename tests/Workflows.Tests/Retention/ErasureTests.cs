using System.IO.Compression;
using System.Text;
using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.ProcessMining;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tests.Retention;

public sealed class ErasureTests
{
    // In everything that anyone enters about the customer.
    private const string Marker = "Zebedee";

    [Fact]
    public async Task Nothing_of_a_customer_is_left_anywhere_and_history_is_still_proven()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var world = office.World;
        var (customer, running) = await FillAsync(office);
        var before = await office.FindAsync(Marker);
        new[]
        {
            "access_log",
            "case_search",
            "conflict",
            "customer",
            "customer_contact",
            "customer_identifier",
            "customer_search",
            "journey_case",
            "kept_event",
            "notification",
            "sla_clock",
            "task",
            "task_attachment",
            "task_comment",
        }.ShouldBeSubsetOf(before);
        before.ShouldContain(table => table.StartsWith("event", StringComparison.Ordinal));
        (await office.ProveAsync()).Findings.ShouldBeEmpty();

        var (me, second) = (await world.PersonAsync("compliance"), await world.PersonAsync("admin"));
        var id = (await office.Erasures.RequestAsync(customer, "They wrote on 1 June", me)).ShouldBeOfType<ErasureResult.Done>().Id;
        (await office.Erasures.RequestAsync(customer, "Again", second)).ShouldBeOfType<ErasureResult.Refused>().Reason.ShouldContain("open request");
        (await office.Erasures.ApproveAsync(id, me)).ShouldBeOfType<ErasureResult.Refused>().Reason.ShouldContain("Someone else");

        // A case still runs: nothing goes yet.
        (await office.Erasures.ApproveAsync(id, second))
            .ShouldBeOfType<ErasureResult.Done>()
            .State.ShouldBe(ErasureState.Waiting);
        (await ErasureQueries.FindAsync(world.Database, id))!.Note.ShouldBe("A case is still running: REF-Z.");
        (await office.Erasures.RunWaitingAsync()).ShouldBe(0);
        (await office.FindAsync(Marker)).ShouldBe(before);

        await office.EndAsync(running, $"{Marker} was paid");
        (await office.Erasures.RunWaitingAsync()).ShouldBe(1);
        (await office.FindAsync(Marker)).ShouldBeEmpty();
        (await office.FindAsync(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(Marker)))).ShouldBeEmpty();
        (await office.FindAsync("77-Z")).ShouldBeEmpty("the customer's number");
        (await world.ScalarAsync<string>("select string_agg(what, '|' order by id) from access_log")).ShouldBe(
            "||||Haddad|/compliance/history.csv?customer=C-1"
        );
        var check = await office.ProveAsync();
        check.Findings.ShouldBeEmpty();
        check.Events.ShouldBe(check.Entries);
    }

    [Fact]
    public async Task The_receipt_says_what_was_erased_and_is_hashed_signed_and_in_history()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var world = office.World;
        var (customer, running) = await FillAsync(office);
        await office.EndAsync(running);
        var id = (await office.Erasures.RequestAsync(customer, "They asked", await world.PersonAsync("compliance"))).ShouldBeOfType<ErasureResult.Done>().Id;
        await office.Erasures.ApproveAsync(id, await world.PersonAsync("admin"));

        var request = (await ErasureQueries.FindAsync(world.Database, id))!;
        (request.State, request.CustomerName, request.DecidedBy).ShouldBe((ErasureState.Done, null, "admin"));
        var signed = request.Receipt!;
        signed.IsSignedBy(office.Keeping.Keys).ShouldBeTrue();
        (signed with { Text = signed.Text.Replace("admin", "other", StringComparison.Ordinal) }).IsSignedBy(office.Keeping.Keys).ShouldBeFalse();
        var receipt = signed.Read();
        (receipt.RequestedBy, receipt.ApprovedBy, receipt.Cases).ShouldBe(("compliance", "admin", 1));
        new[] { ("customer", 2L), ("task_comment", 1L), ("customer_contact", 2L) }.ShouldBeSubsetOf(receipt.Places.Select(place => (place.Table, place.Rows)));
        receipt.Payloads.ShouldBeGreaterThan(10);
        receipt.Chains.Count.ShouldBe(3, "the case and two records");
        receipt.Backups.ShouldContain("restore");
        (await world.ActionsAsync(Ids.Named(Erasures.Chain))).ShouldBe(["erasure.requested", "erasure.done"]);
        (
            await world.ScalarAsync<string>(
                "select payload ->> 'hash' from event where chain_id = @chain and action = 'erasure.done'",
                new { chain = Ids.Named(Erasures.Chain) }
            )
        ).ShouldBe(signed.Hash);
        (await office.Erasures.RequestAsync(customer, "Again", await world.PersonAsync("admin"))).ShouldBeOfType<ErasureResult.NotFound>();
    }

    [Fact]
    public async Task Who_may_decide_is_told_and_who_asked_may_withdraw_without_that_right()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var world = office.World;
        await office.ClosedAsync("REF-1");
        var (me, other) = (await world.PersonAsync("compliance"), await world.PersonAsync("supervisor"));
        var customer = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", me, world.Clock.Now()))!.Id;

        // An office of its own: one role asks, another one, composed by administrators, decides.
        await using (var owner = new Npgsql.NpgsqlConnection(world.OwnerConnectionString))
        {
            await Dapper.SqlMapper.ExecuteAsync(
                owner,
                "insert into custom_role (key, title, permissions, created_at, updated_at) values ('second', 'Second', '{erasures:decide}', now(), now()); "
                    + "update person set roles = roles || 'second'::text where user_name = 'adjuster1'"
            );
        }

        var asker = me with { Roles = [], OwnPermissions = [Workflows.People.Permissions.KeepRecords] };
        var id = (await office.Erasures.RequestAsync(customer, "They asked", asker)).ShouldBeOfType<ErasureResult.Done>().Id;
        (
            await world.ScalarAsync<bool>(
                "select exists (select from notification n join person p on p.id = person_id where n.kind = 'erasure.requested' and p.user_name = 'adjuster1')"
            )
        ).ShouldBeTrue();
        (await office.Erasures.RefuseAsync(id, "No", other)).ShouldBeOfType<ErasureResult.Forbidden>();
        (await office.Erasures.RefuseAsync(id, "They changed their mind", asker)).ShouldBeOfType<ErasureResult.Done>().State.ShouldBe(ErasureState.Refused);
    }

    [Fact]
    public async Task A_hold_beats_a_request_also_one_that_was_approved()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var (world, me, second) = (office.World, await office.World.PersonAsync("compliance"), await office.World.PersonAsync("admin"));
        var running = await office.StartAsync("REF-1");
        var customer = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", me, world.Clock.Now()))!.Id;
        var id = (await office.Erasures.RequestAsync(customer, "They asked", me)).ShouldBeOfType<ErasureResult.Done>().Id;
        await office.Erasures.ApproveAsync(id, second);
        var hold = (await LegalHolds.PlaceAsync(world.Runtime, new(CustomerId: customer), "Litigation", null, me)).ShouldBeOfType<HoldResult.Done>().Id;
        await office.EndAsync(running);
        (await office.Erasures.RunWaitingAsync()).ShouldBe(0);
        (await ErasureQueries.FindAsync(world.Database, id))!.Note!.ShouldContain("legal hold");
        await LegalHolds.LiftAsync(world.Runtime, hold, "Settled", me);
        (await office.Erasures.RunWaitingAsync()).ShouldBe(1);

        var other = await office.ClosedAsync("REF-2", "C-2");
        customer = (await CustomerQueries.OfNumberAsync(world.Database, "C-2", me, world.Clock.Now()))!.Id;
        await LegalHolds.PlaceAsync(world.Runtime, new(CaseId: other), "Litigation", null, me);
        (await office.Erasures.RequestAsync(customer, "They asked", me)).ShouldBeOfType<ErasureResult.Refused>().Reason.ShouldContain("legal hold");
    }

    [Fact]
    public async Task The_policy_can_refuse_while_a_case_runs_and_a_request_can_be_refused()
    {
        await using var office = await RetentionWorld.CreateAsync("refuse");
        var (world, me, second) = (office.World, await office.World.PersonAsync("compliance"), await office.World.PersonAsync("admin"));
        var running = await office.StartAsync("REF-1");
        var customer = (await CustomerQueries.OfNumberAsync(world.Database, "C-1", me, world.Clock.Now()))!.Id;
        (await office.Erasures.RequestAsync(customer, "They asked", me))
            .ShouldBeOfType<ErasureResult.Refused>()
            .Reason.ShouldBe("A case is still running: REF-1. Ask again when they have ended.");
        await office.EndAsync(running);
        var id = (await office.Erasures.RequestAsync(customer, "They asked", me)).ShouldBeOfType<ErasureResult.Done>().Id;
        (await office.Erasures.RefuseAsync(id, "", second)).ShouldBeOfType<ErasureResult.Invalid>();
        (await office.Erasures.RefuseAsync(id, "The law asks us to keep it", second)).ShouldBeOfType<ErasureResult.Done>();
        (await office.Erasures.ApproveAsync(id, second)).ShouldBeOfType<ErasureResult.Refused>();
        (await office.ExistsAsync(running)).ShouldBeTrue();
    }

    [Fact]
    public async Task The_export_for_a_customer_has_everything_as_page_as_data_and_as_documents()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var (world, me) = (office.World, await office.World.PersonAsync("compliance"));
        var (customer, _) = await FillAsync(office);
        var survivor = (await AccessExport.BeginAsync(world.Runtime, customer, "They asked", me)).ShouldNotBeNull();
        using var file = new MemoryStream();
        await AccessExport.WriteAsync(world.Database, survivor, world.Clock.Now(), file);
        using var zip = new ZipArchive(file);

        var data = JsonDocument.Parse(await ReadAsync("data.json")).RootElement;
        foreach (var place in new[] { "Customer record", "Cases", "Contacts", "Comments", "Deadlines and promises", "Tasks, forms and drafts", "History" })
            data.GetProperty(place).EnumerateArray().ShouldContain(row => row.ToString().Contains(Marker, StringComparison.Ordinal), place);
        data.GetProperty("Customer record").GetArrayLength().ShouldBe(2);
        var page = await ReadAsync("index.html");
        page.ShouldContain("&lt;b&gt;Zebedee&lt;/b&gt;");
        page.ShouldNotContain("<b>Zebedee");
        var document = zip.Entries.Single(e => e.FullName.StartsWith("documents/", StringComparison.Ordinal));
        (await ReadAsync(document.FullName)).ShouldBe($"From {Marker}");
        (await world.ScalarAsync<string>("select payload ->> 'reason' from event where action = 'customer.exported'")).ShouldBe("They asked");
        (await AccessExport.BeginAsync(world.Runtime, Ids.New(world.Clock.GetCurrentInstant()), "x", me)).ShouldBeNull();

        async Task<string> ReadAsync(string name)
        {
            using var reader = new StreamReader(zip.GetEntry(name)!.Open());
            return await reader.ReadToEndAsync();
        }
    }

    /// <summary>A customer with a running case, and their name wherever it can be entered.</summary>
    private static async Task<(Guid Customer, Guid Case)> FillAsync(RetentionWorld office)
    {
        var world = office.World;
        await world.LoadShippedAsync();
        var (front, adjuster) = (await world.PersonAsync("frontoffice"), await world.PersonAsync("adjuster1"));
        var data = new CustomerData("77-Z", $"{Marker} Quux")
        {
            OtherNames = [$"{Marker} Q."],
            Emails = ["zebedee@example.com"],
            Addresses = [$"<b>{Marker}</b> Street 1"],
            Consents = [new($"Calls to {Marker}", new(2026, 1, 1))],
            Identifiers = [new("policy", "ZEBEDEE-1")],
            Vulnerability = $"{Marker} is ill",
        };
        var customer = (await SaveCustomer.AddAsync(world.Runtime, data, front)).ShouldBeOfType<CustomerResult.Done>().Id;
        var twice = (await SaveCustomer.AddAsync(world.Runtime, new("78-Z", $"{Marker} Kuux"), front)).ShouldBeOfType<CustomerResult.Done>().Id;
        (await MergeCustomers.RunAsync(world.Runtime, twice, customer, front)).ShouldBeOfType<CustomerResult.Done>();
        var id = await office.StartAsync("REF-Z", "77-Z", $"{Marker} Quux");
        var task = await world.OpenTaskAsync(id);
        await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, "c"), adjuster));
        var revision = (await world.OpenTaskAsync(id)).Revision;
        (await SaveDraft.RunAsync(world.Database, task.Id, null, new() { ["note"] = $"{Marker} called" }, adjuster)).ShouldBeTrue();
        revision = (await world.DoneAsync(CommentOnTask.RunAsync(world.Tasks, new(task.Id, revision, "n"), $"@supervisor {Marker} waits", adjuster))).Revision;
        await world.DoneAsync(
            AttachToTask.RunAsync(world.Tasks, new(task.Id, revision, "a"), $"{Marker}.txt", "text/plain", Encoding.UTF8.GetBytes($"From {Marker}"), adjuster)
        );
        (
            await Promises.MakeAsync(
                world.Get<ClockRuntime>(),
                id,
                new($"Call {Marker}", world.Clock.GetCurrentInstant() + Duration.FromDays(1), "Phone"),
                front
            )
        ).ShouldBeOfType<PromiseResult.Done>();
        var contact = new ContactRequest(ContactChannel.Call, true, ContactOutcome.Answered, $"{Marker} asked");
        (await RecordContact.RunAsync(world.Tasks, customer, contact, front)).ShouldBeOfType<ContactResult.Done>();
        (await RecordContact.RunAsync(world.Tasks, customer, contact with { CaseId = id }, front)).ShouldBeOfType<ContactResult.Done>();
        var supervisor = await world.PersonAsync("supervisor");
        (await Conflicts.DeclareAsync(world.Runtime, supervisor.Id, "77-Z", $"Brother of {Marker}", supervisor)).ShouldBeOfType<ConflictResult.Done>();
        await world.Runtime.Stimuli.PublishAsync("PaymentReceived", "REF-Z", $"from {Marker}", "bank");
        foreach (
            var (kind, words) in new[]
            {
                ("search", Marker),
                ("search", $"{Marker.ToUpperInvariant()} qu"),
                ("search", "REF-Z"),
                ("export", $"/compliance/history.csv?customer={Marker}%20Quux&from=2026-01-01"),
                ("search", "Haddad"),
                ("export", "/compliance/history.csv?customer=C-1"),
            }
        )
        {
            world.Clock.Advance(Duration.FromMilliseconds(1));
            await world.Get<AccessLog>().WriteNowAsync(new(world.Clock.Now(), front.Id, kind, null, words, "::1", null, "page"));
        }

        var logs = new WriteLogs(world.Runtime);
        (await logs.AskAsync(new(LogFormats.Xes, "walk", null, null, "Mining"), await world.PersonAsync("compliance"))).ShouldBeOfType<LogResult.Asked>();
        (await logs.RunAsync()).ShouldBe(1);
        return (customer, id);
    }
}
