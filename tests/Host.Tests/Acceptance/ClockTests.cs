using System.Text.Json.Nodes;
using NodaTime;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>Clocks, calendars and policies through the API: how a due time is explained, and how changed rules affect running clocks.</summary>
public sealed class ClockTests(Office office) : IClassFixture<Office>
{
    private Worker Admin => office.Person("admin");

    [Fact]
    public async Task A_case_shows_its_clocks_and_each_says_why_it_is_due_then()
    {
        var id = await ClaimAsync("US-CA");
        var clocks = (await office.Supervisor.GetAsync($"/api/cases/{id}/clocks")).AsArray();
        clocks.Select(c => (string)c!["policy"]!).ShouldBe(["claims-acknowledge-internal", "claims-settle", "us-ca-claims-acknowledge"], ignoreOrder: true);

        var statutory = clocks.Single(c => (string)c!["policy"]! == "us-ca-claims-acknowledge")!;
        ((string)statutory["kind"]!).ShouldBe("Statutory");
        ((string)statutory["source"]!).ShouldBe("10 CCR 2695.5(e)(1)");
        var clock = await office.Supervisor.GetAsync($"/api/clocks/{statutory["id"]}");
        ((string)clock["calendar"]!).ShouldContain("America/Los_Angeles");
        clock["steps"]!.AsArray().Select(s => (string)s!).First().ShouldContain("15 calendar days");
        ((double)clock["clock"]!["percentUsed"]!).ShouldBeGreaterThanOrEqualTo(0);
        clock["ladder"]!.AsArray().Select(r => (string)r!["rung"]!).ShouldBe(["75%", "100%", "120%"]);
        ((double)clock["remainingSeconds"]!).ShouldBeGreaterThan(0);

        var task = await office.Supervisor.TaskAsync(id, "acknowledge");
        (await office.Supervisor.GetAsync($"/api/tasks/{task["id"]}/clocks")).AsArray().ShouldHaveSingleItem()!["name"]!
            .GetValue<string>()
            .ShouldBe("Acknowledge a claim");
    }

    [Fact]
    public async Task Who_may_not_see_the_case_sees_no_clock_of_it()
    {
        var id = await ClaimAsync("US-CA");
        var clock = (await office.Supervisor.GetAsync($"/api/cases/{id}/clocks")).AsArray()[0]!["id"];
        var stranger = office.Person("underwriter1");
        await (await stranger.SendAsync(HttpMethod.Get, $"/api/clocks/{clock}")).ProblemAsync(404);
        await (await stranger.SendAsync(HttpMethod.Get, $"/api/cases/{id}/clocks")).ProblemAsync(404);
        await (await stranger.SendAsync(HttpMethod.Post, "/api/clocks/recompute", new { clock, preview = true })).ProblemAsync(403);
        await (await office.Supervisor.SendAsync(HttpMethod.Put, "/api/calendars/claims-office", new { revision = 1, document = new { } })).ProblemAsync(403);
        await (await office.Supervisor.SendAsync(HttpMethod.Get, $"/api/clocks/01970000-0000-7000-8000-000000000000")).ProblemAsync(404);
    }

    [Fact]
    public async Task A_holiday_changes_no_running_clock_until_it_is_recomputed_and_then_only_those_it_touches()
    {
        var id = await ClaimAsync("US-NY");
        var before = await InternalClockAsync(id);
        var calendar = await Admin.GetAsync("/api/calendars/claims-office");
        var document = calendar["document"]!.DeepClone().AsObject();
        document["holidays"]!
            .AsArray()
            .Add(
                new JsonObject
                {
                    ["name"] = "Storm",
                    ["rule"] = "dates",
                    ["dates"] = new JsonArray("2026-06-01"),
                }
            );

        var saved = await (
            await Admin.SendAsync(HttpMethod.Put, "/api/calendars/claims-office", new { revision = (int)calendar["revision"]!, document })
        ).JsonAsync();
        ((int)saved["revision"]!).ShouldBe((int)calendar["revision"]! + 1);
        (await InternalClockAsync(id))["dueAt"]!.ToString().ShouldBe(before["dueAt"]!.ToString(), "the clock keeps the calendar it was computed with");
        ((bool)(await office.Supervisor.GetAsync($"/api/clocks/{before["id"]}"))["calendarChanged"]!).ShouldBeTrue();

        var stale = await (
            await Admin.SendAsync(HttpMethod.Put, "/api/calendars/claims-office", new { revision = (int)calendar["revision"]!, document })
        ).ProblemAsync(409);
        ((string)stale["type"]!).ShouldBe("/problems/stale-revision");

        var preview = await (await office.Supervisor.SendAsync(HttpMethod.Post, "/api/clocks/recompute", new { calendar = "claims-office" })).JsonAsync();
        ((bool)preview["stored"]!).ShouldBeFalse();
        preview["changes"]!.AsArray().Select(c => (string)c!["caseId"]!).ShouldContain(id.ToString());
        (await InternalClockAsync(id))["dueAt"]!.ToString().ShouldBe(before["dueAt"]!.ToString(), "a preview changes nothing");

        await (await office.Supervisor.SendAsync(HttpMethod.Post, "/api/clocks/recompute", new { calendar = "claims-office", preview = false })).ProblemAsync(
            422
        );
        var stored = await (
            await office.Supervisor.SendAsync(
                HttpMethod.Post,
                "/api/clocks/recompute",
                new
                {
                    calendar = "claims-office",
                    preview = false,
                    reason = "Storm on Monday",
                }
            )
        ).JsonAsync();
        ((int)stored["touched"]!).ShouldBe((int)preview["touched"]!);
        var after = await InternalClockAsync(id);
        ((DateTimeOffset)after["dueAt"]!).ShouldBe(((DateTimeOffset)before["dueAt"]!).AddDays(1), "Monday is closed, so the eight hours are Tuesday's");
        ((DateTimeOffset)after["originalDueAt"]!).ShouldBe((DateTimeOffset)before["dueAt"]!);
        var task = await office.Supervisor.TaskAsync(id, "acknowledge");
        ((DateTimeOffset)task["dueAt"]!).ShouldBe((DateTimeOffset)after["dueAt"]!);
        var recorded = (await office.Supervisor.HistoryAsync(id)).Where(e => (string)e["action"]! == "sla.recomputed").ToList();
        recorded.ShouldNotBeEmpty();
        recorded.ShouldAllBe(e => (string)e["payload"]!["reason"]! == "Storm on Monday" && (string)e["actor"]! == "supervisor");

        var again = await (
            await office.Supervisor.SendAsync(
                HttpMethod.Post,
                "/api/clocks/recompute",
                new
                {
                    calendar = "claims-office",
                    preview = false,
                    reason = "Once more",
                }
            )
        ).JsonAsync();
        ((int)again["touched"]!).ShouldBe(0, "what is computed already is not touched");
    }

    [Fact]
    public async Task A_changed_policy_is_for_clocks_to_come_until_those_that_run_are_recomputed()
    {
        var id = await ClaimAsync("GB");
        var policy = await Admin.GetAsync("/api/sla-policies/uk-claims-acknowledge");
        var document = policy["document"]!.DeepClone().AsObject();
        document["target"]!["amount"] = "7";
        await (
            await Admin.SendAsync(HttpMethod.Put, "/api/sla-policies/uk-claims-acknowledge", new { revision = (int)policy["revision"]!, document })
        ).JsonAsync();

        var running = await ClockAsync(id, "uk-claims-acknowledge");
        ((string)(await office.Supervisor.GetAsync($"/api/clocks/{running["id"]}"))["target"]!).ShouldBe("5 business days");
        var younger = await ClaimAsync("GB");
        ((string)(await office.Supervisor.GetAsync($"/api/clocks/{(await ClockAsync(younger, "uk-claims-acknowledge"))["id"]}"))["target"]!).ShouldBe(
            "7 business days"
        );

        var answer = await (
            await office.Supervisor.SendAsync(
                HttpMethod.Post,
                "/api/clocks/recompute",
                new
                {
                    clock = (string)running["id"]!,
                    preview = false,
                    reason = "Seven from today",
                }
            )
        ).JsonAsync();
        var change = answer["changes"]!.AsArray().ShouldHaveSingleItem()!;
        ((int)change["toVersion"]!).ShouldBe((int)change["fromVersion"]! + 1);
        ((string)(await office.Supervisor.GetAsync($"/api/clocks/{running["id"]}"))["target"]!).ShouldBe("7 business days");
    }

    [Fact]
    public async Task Bad_calendars_and_policies_are_refused_with_every_error_by_its_place()
    {
        var calendar = JsonNode.Parse(
            """
            { "id": "night", "name": "Night", "zone": "Atlantis/Centre", "hours": [ { "days": ["mon"], "open": "08:00", "close": "12:00" },
              { "days": ["mon"], "open": "11:00", "close": "15:00" } ] }
            """
        );
        var problem = await (await Admin.SendAsync(HttpMethod.Put, "/api/calendars/night", new { revision = 0, document = calendar })).ProblemAsync(422);
        problem["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["$.zone", "$"], ignoreOrder: true);
        ((string)problem["errors"]!["$"]![0]!).ShouldContain("overlap");

        var empty = await (
            await Admin.SendAsync(
                HttpMethod.Put,
                "/api/calendars/night",
                new
                {
                    revision = 0,
                    document = new
                    {
                        id = "night",
                        name = "Night",
                        zone = "Europe/London",
                        hours = Array.Empty<object>(),
                    },
                }
            )
        ).ProblemAsync(422);
        empty["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["$.hours"]);
        var named = await (
            await Admin.SendAsync(
                HttpMethod.Put,
                "/api/calendars/night",
                new
                {
                    revision = 0,
                    document = new
                    {
                        id = "day",
                        name = "Night",
                        zone = "Europe/London",
                        hours = new[]
                        {
                            new
                            {
                                days = new[] { "mon" },
                                open = "08:00",
                                close = "09:00",
                            },
                        },
                    },
                }
            )
        ).ProblemAsync(422);
        named["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["$.id"]);

        var policy = JsonNode.Parse(
            """
            { "id": "p", "name": "P", "direction": "backward", "anchor": "closingDate", "calendar": "no-such-calendar", "target": { "amount": "3",
              "unit": "businessDays" },
              "ladder": [ { "after": { "amount": "4", "unit": "businessDays" }, "actions": [ { "action": "relaxSkills" } ] } ] }
            """
        );
        var wrong = await (await Admin.SendAsync(HttpMethod.Put, "/api/sla-policies/p", new { revision = 0, document = policy })).ProblemAsync(422);
        wrong["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["$.calendar", "$.ladder[0].after"], ignoreOrder: true);
        await (await Admin.SendAsync(HttpMethod.Put, "/api/sla-policies/p", new { document = policy })).ProblemAsync(422);
        await (await Admin.SendAsync(HttpMethod.Get, "/api/sla-policies/p")).ProblemAsync(404);
        await (await Admin.SendAsync(HttpMethod.Post, "/api/sla-policies/preview", new { id = "us-trid-closing-disclosure-received" })).ProblemAsync(422);
        await (await Admin.SendAsync(HttpMethod.Post, "/api/calendars/preview", new { id = "x", days = 900 })).ProblemAsync(422);
    }

    [Fact]
    public async Task A_calendar_and_a_policy_can_be_tried_out_before_they_are_saved()
    {
        var calendar = await (
            await Admin.SendAsync(
                HttpMethod.Post,
                "/api/calendars/preview",
                new
                {
                    id = "operations-centre",
                    start = "2026-12-24T12:00:00-06:00",
                    days = 2,
                }
            )
        ).JsonAsync();
        calendar["days"]!
            .AsArray()
            .Select(d => $"{d!["weekday"]} {string.Join(" ", d["open"]!.AsArray())} {d["holiday"]}")
            .ShouldBe(["Thu 07:00–13:00 Christmas Eve", "Fri  Christmas Day"]);

        var policy = await (
            await Admin.SendAsync(
                HttpMethod.Post,
                "/api/sla-policies/preview",
                new
                {
                    id = "us-trid-closing-disclosure-received",
                    start = "2025-03-03T10:00:00-05:00",
                    anchor = "2025-03-19T12:00:00-04:00",
                }
            )
        ).JsonAsync();
        ((DateTimeOffset)policy["dueAt"]!).ShouldBe(DateTimeOffset.Parse("2025-03-16T00:00:00-04:00", System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_promise_is_a_clock_of_the_case_kept_or_not()
    {
        var id = await ClaimAsync("US-NY");
        var due = office.Clock.GetCurrentInstant() + Duration.FromHours(4);
        var made = await office.FrontOffice.SendAsync(
            HttpMethod.Post,
            $"/api/cases/{id}/promises",
            new
            {
                what = "Call back about the cover",
                dueAt = due.ToDateTimeOffset(),
                channel = "Phone",
            }
        );
        ((int)made.StatusCode).ShouldBe(201);
        var clock = (await office.FrontOffice.GetAsync(made.Headers.Location!.ToString()))["clock"]!;
        ((string)clock["kind"]!).ShouldBe("Promise");
        ((DateTimeOffset)clock["dueAt"]!).ShouldBe(due.ToDateTimeOffset());

        var settle = $"/api/cases/{id}/promises/{clock["id"]}/settle";
        ((int)(await office.FrontOffice.SendAsync(HttpMethod.Post, settle, new { outcome = "Kept" })).StatusCode).ShouldBe(204);
        ((int)(await office.FrontOffice.SendAsync(HttpMethod.Post, settle, new { outcome = "Kept" })).StatusCode).ShouldBe(
            204,
            "the same again changes nothing"
        );
        (await office.Supervisor.HistoryAsync(id))
            .Select(e => (string)e["action"]!)
            .Where(a => a.StartsWith("promise", StringComparison.Ordinal))
            .ShouldBe(["promise.made", "promise.kept"]);
        await (await office.FrontOffice.SendAsync(HttpMethod.Post, settle, new { outcome = "Broken", reason = "We forgot" })).ProblemAsync(409);
        await (
            await office.FrontOffice.SendAsync(HttpMethod.Post, $"/api/cases/{id}/promises", new { what = "", dueAt = "2020-01-01T00:00:00Z" })
        ).ProblemAsync(422);
    }

    [Fact]
    public async Task A_promise_can_be_broken_or_withdrawn_with_a_reason_and_is_made_once()
    {
        var id = await ClaimAsync("US-NY");
        var due = (office.Clock.GetCurrentInstant() + Duration.FromHours(4)).ToDateTimeOffset();
        var promises = $"/api/cases/{id}/promises";
        var body = new
        {
            what = "Send the form",
            dueAt = due,
            operationId = "op-1",
        };
        var made = await office.FrontOffice.SendAsync(HttpMethod.Post, promises, body);
        ((int)made.StatusCode).ShouldBe(201);
        (await office.FrontOffice.SendAsync(HttpMethod.Post, promises, body)).Headers.Location.ShouldBe(made.Headers.Location);
        await (
            await office.FrontOffice.SendAsync(
                HttpMethod.Post,
                promises,
                new
                {
                    what = "Send another form",
                    dueAt = due,
                    operationId = "op-1",
                }
            )
        ).ProblemAsync(409);
        ((int)(await office.FrontOffice.SendAsync(HttpMethod.Post, promises, new { what = "Call back", dueAt = due.AddHours(1) })).StatusCode).ShouldBe(201);

        var open = (await office.FrontOffice.GetAsync(promises)).AsArray();
        open.Select(p => $"{p!["what"]} {p["state"]}").ShouldBe(["Send the form Open", "Call back Open"]);
        var (form, call) = ($"{promises}/{open[0]!["id"]}/settle", $"{promises}/{open[1]!["id"]}/settle");
        var refused = await (await office.FrontOffice.SendAsync(HttpMethod.Post, form, new { outcome = "Broken" })).ProblemAsync(422);
        refused["errors"]!["reason"]!.ToJsonString().ShouldBe("""["is required unless the promise was kept"]""");
        (await (await office.FrontOffice.SendAsync(HttpMethod.Post, form, new { outcome = "Lost" })).ProblemAsync(422))["errors"]!["outcome"].ShouldNotBeNull();
        await (await office.Person("underwriter1").SendAsync(HttpMethod.Post, form, new { outcome = "Kept" })).ProblemAsync(404);
        ((int)(await office.FrontOffice.SendAsync(HttpMethod.Post, form, new { outcome = "Broken", reason = "We can't find it" })).StatusCode).ShouldBe(204);
        ((int)(await office.FrontOffice.SendAsync(HttpMethod.Post, call, new { outcome = "Withdrawn", reason = "They called us" })).StatusCode).ShouldBe(204);

        (await office.FrontOffice.GetAsync(promises))
            .AsArray()
            .Select(p => $"{p!["what"]} {p["state"]}")
            .ShouldBe(["Send the form Broken", "Call back Withdrawn"]);
        (await office.Supervisor.HistoryAsync(id))
            .Where(e => ((string)e["action"]!).StartsWith("promise", StringComparison.Ordinal))
            .Select(e => $"{e["action"]} {e["payload"]!["reason"]}")
            .ShouldBe(["promise.made ", "promise.made ", "promise.broken We can't find it", "promise.withdrawn They called us"]);
        var clock = (await office.FrontOffice.GetAsync(made.Headers.Location!.ToString()))["clock"]!;
        ((bool)clock["breached"]!).ShouldBeTrue("a broken promise counts as missed");
    }

    [Fact]
    public async Task A_promise_may_bind_a_step_which_keeps_it()
    {
        var id = await ClaimAsync("US-NY");
        var due = (office.Clock.GetCurrentInstant() + Duration.FromHours(4)).ToDateTimeOffset();
        var wrong = await (
            await office.FrontOffice.SendAsync(
                HttpMethod.Post,
                $"/api/cases/{id}/promises",
                new
                {
                    what = "Confirmed by tonight",
                    dueAt = due,
                    step = "nowhere",
                }
            )
        ).ProblemAsync(422);
        wrong["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["step"]);
        var made = await office.FrontOffice.SendAsync(
            HttpMethod.Post,
            $"/api/cases/{id}/promises",
            new
            {
                what = "Confirmed by tonight",
                dueAt = due,
                step = "acknowledge",
                channel = "Phone",
            }
        );
        ((int)made.StatusCode).ShouldBe(201);

        // Everyone who works on the case sees it.
        var browser = await office.Host.BrowserAsync("adjuster1");
        var task = await office.Person("adjuster1").TaskAsync(id, "acknowledge");
        var page = await (await browser.GetAsync($"/tasks/{task["id"]}")).Content.ReadAsStringAsync();
        page.ShouldContain("Confirmed by tonight");
        page.ShouldContain("promised by Mei Lindqvist, Phone");

        await office.Person("adjuster1").DoAsync(id, "acknowledge", "Acknowledged", new { channel = "E-mail", acknowledgedOn = "2026-06-01" });
        var clock = (await office.FrontOffice.GetAsync(made.Headers.Location!.ToString()))["clock"]!;
        clock.ShouldSatisfyAllConditions(c => ((string)c["status"]!).ShouldBe("Completed"), c => ((bool)c["breached"]!).ShouldBeFalse());
    }

    [Fact]
    public async Task A_journey_asks_for_a_jurisdiction_it_knows_and_for_dates_that_are_dates()
    {
        var problem = await (
            await office.FrontOffice.StartAsync(
                "claims",
                office.NewReference("CLM"),
                new
                {
                    jurisdiction = "Narnia",
                    claimedAmount = 1,
                    lossDescription = "x",
                    lossDate = "yesterday",
                }
            )
        ).ProblemAsync(422);
        problem["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["input.jurisdiction", "input.lossDate"], ignoreOrder: true);
    }

    private Task<Guid> ClaimAsync(string jurisdiction) =>
        office.FrontOffice.OpenAsync(
            "claims",
            office.NewReference("CLM"),
            new
            {
                jurisdiction,
                claimedAmount = 900,
                lossDescription = "Hail",
            }
        );

    private Task<JsonNode> InternalClockAsync(Guid id) => ClockAsync(id, "claims-acknowledge-internal");

    private async Task<JsonNode> ClockAsync(Guid id, string policy) =>
        (await office.Supervisor.GetAsync($"/api/cases/{id}/clocks")).AsArray().Single(c => (string)c!["policy"]! == policy)!;
}
