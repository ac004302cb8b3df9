using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>definitions/claims.json, from first notice to payment or decline.</summary>
public sealed class ClaimTests(Office office) : IClassFixture<Office>
{
    private static readonly object Documents = new { documents = new[] { new { kind = "Photos" }, new { kind = "Invoice" } } };

    [Fact]
    public async Task A_claim_goes_from_first_notice_to_payment()
    {
        var (id, reference) = await NoticeAsync();
        await AcknowledgeAndCoverAsync(id);
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["fraudCheck", "requestDocuments"]);

        await office.Person("adjuster2").DoAsync(id, "requestDocuments", "Requested", Documents);
        await office.Person("adjuster1").DoAsync(id, "fraudCheck", "Clear", new { policyHistoryChecked = true });
        (await office.Supervisor.StepsAsync(id)).ShouldBeEmpty("it waits for the customer");

        var told = await office.FrontOffice.PublishAsync("DocumentReceived", reference, new { kind = "Invoice", pages = 2 });
        ((int)(await told.JsonAsync())["told"]!).ShouldBe(1);

        await AssessAsync(id, "adjuster1", 7200);
        await office.Person("adjuster2").DoAsync(id, "decide", "Approve", new { approvedAmount = 6700, reason = "As assessed, less the deductible." });

        // The person who decided can't pay, although they are in the team that does.
        var pay = await office.Person("adjuster2").TaskAsync(id, "pay");
        ((string)(await (await office.Person("adjuster2").AskAsync(pay, "claim")).ProblemAsync(403))["step"]!).ShouldBe("decide");
        await office
            .Person("adjuster1")
            .DoAsync(
                id,
                "pay",
                "Paid",
                new
                {
                    payee = "Ines Castellan",
                    paidAmount = 6700,
                    paidOn = "2026-06-01",
                }
            );

        var claim = await office.Supervisor.CaseAsync(id);
        ((string)claim["case"]!["status"]!).ShouldBe("Finished");
        ((string)claim["case"]!["subStatus"]!).ShouldBe("Finished");
        ((int)claim["case"]!["openTasks"]!).ShouldBe(0);
        var completed = (await office.Supervisor.HistoryAsync(id)).Where(e => (string)e["action"]! == "task.completed").Select(e => (string)e["activityId"]!);
        completed.ShouldBe(["acknowledge", "coverage", "requestDocuments", "fraudCheck", "assess", "decide", "pay"]);
    }

    [Fact]
    public async Task A_request_adds_no_round_trip_to_those_of_its_verb()
    {
        // Signed in, with definitions and people known.
        await NoticeAsync();
        var adjuster = office.Person("adjuster1");

        // What is written has a result of its own when someone subscribes to it.
        var admin = office.Person("admin");
        var hook = await (
            await admin.SendAsync(HttpMethod.Post, "/api/webhooks", new { url = "https://hooks.example.com/claims", eventTypes = new[] { "case.started" } })
        ).JsonAsync();

        var id = Guid.Empty;
        JsonNode? started = null;
        var start = await RequestCost.CountAsync(async header =>
        {
            var answer = await office.FrontOffice.SendAsync(
                HttpMethod.Post,
                "/api/cases",
                new
                {
                    journey = "claims",
                    reference = office.NewReference("CLM"),
                    customer = new { id = "C-1001", name = "Ines Castellan" },
                    input = new
                    {
                        jurisdiction = "GB",
                        claimedAmount = 900,
                        lossDescription = "Hail",
                    },
                },
                header
            );
            answer.StatusCode.ShouldBe(HttpStatusCode.Created);
            id = Guid.Parse(answer.Headers.Location!.ToString().Split('/')[^1]);
            started = await answer.JsonAsync();
        });
        (await admin.SendAsync(HttpMethod.Delete, $"/api/webhooks/{hook["endpoint"]!["id"]}", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await office.FrontOffice.CaseAsync(id)).ToJsonString().ShouldBe(started!.ToJsonString(), "the answer is the case as it is read later");
        started["facts"]!.AsArray().ShouldNotBeEmpty();
        var task = await adjuster.TaskAsync(id, "acknowledge");
        var claim = await AskAsync("claim", 1, new { });
        var complete = await AskAsync("complete", 2, new { outcome = "Acknowledged", data = new { channel = "Letter", acknowledgedOn = "2026-06-01" } });

        // A start writes and reads its answer. A verb on a task locks and reads, also whether the customer is sensitive, and writes.
        start.Count.ShouldBe(1, "round trips of a start");
        claim.Count.ShouldBe(2, "round trips of a claim");
        complete.Count.ShouldBe(2, "round trips of a complete");

        Task<List<int>> AskAsync(string verb, int revision, object more) =>
            RequestCost.CountAsync(async header =>
            {
                var body = JsonSerializer.SerializeToNode(more)!.AsObject();
                (body["revision"], body["operationId"]) = (revision, Worker.NewOperation());
                var answer = await adjuster.SendAsync(HttpMethod.Post, $"/api/tasks/{task["id"]}/{verb}", body, header);
                answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            });
    }

    [Fact]
    public async Task Its_report_says_within_which_limit_it_was_decided_and_who_opened_it()
    {
        var (id, reference) = await NoticeAsync();
        await AcknowledgeAndCoverAsync(id);
        await SettleChecksAsync(id);
        await AssessAsync(id, "adjuster1", 7200);
        await office.Person("adjuster2").DoAsync(id, "decide", "Approve", new { approvedAmount = 6700, reason = "As assessed." });
        var reviewer = office.Person("compliance");
        await reviewer.CaseAsync(id);

        var report = await reviewer.GetAsync($"/api/cases/{id}/report");

        var decision = report["decisions"]!.AsArray().ShouldHaveSingleItem()!;
        ((string?)decision["by"], (string?)decision["step"], (string?)decision["outcome"]).ShouldBe(("adjuster2", "Decide the claim", "Approve"));
        ((decimal?)decision["amount"], (string?)decision["currency"], (decimal?)decision["limit"], (string?)decision["role"]).ShouldBe(
            (6700, "USD", 10_000, "employee")
        );
        var opened = report["access"]!["items"]!.AsArray().Where(row => (string?)row!["userName"] == "compliance");
        opened
            .Select(row => ((string?)row!["kind"], (string?)row["what"], (int)row["opens"]!, (string?)row["source"], (string?)row["reason"]))
            .ShouldBe([("case", reference, 1, "api", null)]);
        report["access"]!["next"].ShouldBeNull();
        var again = (await reviewer.GetAsync($"/api/cases/{id}/report"))["access"]!["items"]!.AsArray();
        again.Select(row => ((string?)row!["kind"], (string?)row["what"])).ShouldContain(("export", $"/api/cases/{id}/report"));
    }

    [Fact]
    public async Task Above_the_authority_limit_a_senior_decides_and_never_the_assessor()
    {
        var (id, _) = await NoticeAsync(amount: 40000);
        await AcknowledgeAndCoverAsync(id);
        await SettleChecksAsync(id);
        await AssessAsync(id, "senior1", 32000);

        // The only senior of the demo people assessed it, so even the team's lead is refused.
        var senior = office.Person("senior1");
        var task = await senior.TaskAsync(id, "decideSenior");
        var problem = await (await senior.AskAsync(task, "claim")).ProblemAsync(403);
        ((string)problem["type"]!).ShouldBe("/problems/four-eyes");
        ((string)problem["step"]!).ShouldBe("assess");
        ((string)problem["stepTitle"]!).ShouldBe("Assess the loss");

        var assigned = await (await office.Supervisor.AskAsync(task, "assign", new { person = "senior1" })).ProblemAsync(403);
        ((string)assigned["step"]!).ShouldBe("assess", "assigning is no way around four eyes");
    }

    [Fact]
    public async Task A_senior_sends_an_assessment_back_and_decides_the_second_one()
    {
        var (id, _) = await NoticeAsync(amount: 40000);
        await AcknowledgeAndCoverAsync(id);
        await SettleChecksAsync(id);
        await AssessAsync(id, "adjuster2", 32000);
        await office.Person("senior1").DoAsync(id, "decideSenior", "Reassess", new { reason = "Salvage is missing." });
        await AssessAsync(id, "adjuster2", 28000);
        await office.Person("senior1").DoAsync(id, "decideSenior", "Approve", new { approvedAmount = 27500, reason = "Complete now." });
        await office
            .Person("adjuster2")
            .DoAsync(
                id,
                "pay",
                "Paid",
                new
                {
                    payee = "Ines Castellan",
                    paidAmount = 27500,
                    paidOn = "2026-06-01",
                }
            );

        ((string)(await office.Supervisor.CaseAsync(id))["case"]!["status"]!).ShouldBe("Finished");
    }

    [Fact]
    public async Task Without_cover_the_claim_is_declined_with_a_letter()
    {
        var (id, _) = await NoticeAsync();
        await office.Person("adjuster1").DoAsync(id, "acknowledge", "Acknowledged", new { channel = "E-mail", acknowledgedOn = "2026-06-01" });
        await office
            .Person("adjuster1")
            .DoAsync(
                id,
                "coverage",
                "NotCovered",
                new
                {
                    policyInForce = true,
                    peril = "Water",
                    clause = "4.2 Gradual seepage",
                    notes = "Seepage over months.",
                }
            );
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["declineLetter"], "no check is begun for a loss that is not covered");

        await office
            .Person("adjuster2")
            .DoAsync(
                id,
                "declineLetter",
                "Sent",
                new
                {
                    clause = "4.2 Gradual seepage",
                    complaintRightsStated = true,
                    sentOn = "2026-06-01",
                }
            );
        ((string)(await office.Supervisor.CaseAsync(id))["case"]!["status"]!).ShouldBe("Finished");
    }

    [Fact]
    public async Task Proven_fraud_is_declined_and_the_wait_for_documents_ends_with_the_claim()
    {
        var (id, reference) = await NoticeAsync();
        await AcknowledgeAndCoverAsync(id);
        await office
            .Person("adjuster1")
            .DoAsync(
                id,
                "fraudCheck",
                "Suspected",
                new
                {
                    policyHistoryChecked = true,
                    indicators = new[] { "Late notice" },
                    notes = "Cover bought a day before.",
                }
            );
        await office
            .Person("senior1")
            .DoAsync(
                id,
                "investigate",
                "Established",
                new
                {
                    measures = "Inspection",
                    findings = "Staged",
                    evidence = "Photos with dates",
                }
            );
        await office.FrontOffice.PublishAsync("DocumentReceived", reference, new { kind = "Invoice" });
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["declineLetter"]);
    }

    [Fact]
    public async Task A_document_that_comes_early_calls_the_request_off()
    {
        var (id, reference) = await NoticeAsync();
        await AcknowledgeAndCoverAsync(id);
        var request = await office.Person("adjuster2").ClaimAsync(id, "requestDocuments");

        await office.FrontOffice.PublishAsync("DocumentReceived", reference, new { kind = "Invoice" });

        var late = await (await office.Person("adjuster2").AskAsync(request, "complete", new { outcome = "Requested", data = Documents })).ProblemAsync(409);
        ((string)late["type"]!).ShouldBe("/problems/already-ended");
        ((string)late["state"]!).ShouldBe("Cancelled");
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["fraudCheck"]);
    }

    [Fact]
    public async Task An_event_for_another_reference_moves_nothing()
    {
        var (id, _) = await NoticeAsync();
        await AcknowledgeAndCoverAsync(id);
        var told = await office.FrontOffice.PublishAsync("DocumentReceived", "CLM-OTHER", new { });

        ((int)(await told.JsonAsync())["told"]!).ShouldBe(0);
        (await office.Supervisor.StepsAsync(id)).ShouldBe(["fraudCheck", "requestDocuments"]);
    }

    [Fact]
    public async Task The_same_start_again_is_the_same_case_and_another_one_with_its_reference_is_refused()
    {
        var reference = office.NewReference("CLM");
        var input = new
        {
            jurisdiction = "US-AK",
            claimedAmount = 100.5,
            lossDescription = "Hail",
        };
        var first = await office.FrontOffice.StartAsync("claims", reference, input, $"key-{reference}");
        var again = await office.FrontOffice.StartAsync("claims", reference, input, $"key-{reference}");
        first.StatusCode.ShouldBe(HttpStatusCode.Created);
        again.Headers.Location.ShouldBe(first.Headers.Location);

        var taken = await (await office.FrontOffice.StartAsync("claims", reference, input, $"other-{reference}")).ProblemAsync(409);
        ((string)taken["type"]!).ShouldBe("/problems/reference-taken");
        var reused = await (
            await office.FrontOffice.StartAsync(
                "claims",
                reference,
                new
                {
                    jurisdiction = "GB",
                    claimedAmount = 1,
                    lossDescription = "x",
                },
                $"key-{reference}"
            )
        ).ProblemAsync(409);
        ((string)reused["type"]!).ShouldBe("/problems/operation-reused");
    }

    private async Task<(Guid Id, string Reference)> NoticeAsync(double amount = 8000)
    {
        var reference = office.NewReference("CLM");
        return (
            await office.FrontOffice.OpenAsync(
                "claims",
                reference,
                new
                {
                    jurisdiction = "US-CA",
                    claimedAmount = amount,
                    lossDescription = "Burst pipe",
                    lossDate = "2026-05-30",
                }
            ),
            reference
        );
    }

    private async Task AcknowledgeAndCoverAsync(Guid id)
    {
        await office.Person("adjuster1").DoAsync(id, "acknowledge", "Acknowledged", new { channel = "E-mail", acknowledgedOn = "2026-06-01" });
        await office
            .Person("adjuster1")
            .DoAsync(
                id,
                "coverage",
                "Covered",
                new
                {
                    policyInForce = true,
                    peril = "Water",
                    limit = 50000,
                    deductible = 500,
                }
            );
    }

    private async Task SettleChecksAsync(Guid id)
    {
        await office.Person("adjuster2").DoAsync(id, "requestDocuments", "NotRequired");
        await office.Person("adjuster1").DoAsync(id, "fraudCheck", "Clear", new { policyHistoryChecked = true });
    }

    private Task AssessAsync(Guid id, string who, double amount) =>
        office
            .Person(who)
            .DoAsync(
                id,
                "assess",
                "Assessed",
                new
                {
                    assessedAmount = amount,
                    recommendation = "Pay",
                    reasoning = "Invoice and photos agree.",
                }
            );
}
