using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Workforce;

/// <summary>Presence, skills, capacity and shifts over HTTP. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class WorkforceTests(Office office) : IClassFixture<Office>
{
    private Worker Supervisor => office.Supervisor;

    [Fact]
    public async Task A_person_sets_their_presence_and_only_those_who_steer_see_and_set_that_of_others()
    {
        var sofia = office.Person("adjuster2");
        var id = await IdAsync("adjuster2");
        (await RefusedAsync(sofia, HttpMethod.Put, "/api/me/presence", new { state = "Away" }, HttpStatusCode.UnprocessableEntity))["errors"]!["reason"]![0]!
            .GetValue<string>()
            .ShouldBe("is required: a break or a meeting, for example");
        var away = await DoneAsync(
            sofia,
            HttpMethod.Put,
            "/api/me/presence",
            new
            {
                state = "Away",
                reason = "Break",
                until = "2026-06-01T09:15:00Z",
            }
        );
        (Text(away, "state"), Text(away, "reason"), Text(away, "cause"), Text(away, "until")).ShouldBe(("Away", "Break", "Person", "2026-06-01T09:15:00Z"));

        await DoneAsync(Supervisor, HttpMethod.Put, $"/api/people/{id}/presence", new { state = "Available" });
        Text(await Supervisor.GetAsync($"/api/people/{id}/presence"), "state").ShouldBe("Available");
        (await Supervisor.GetAsync($"/api/people/{id}/presence/changes")).AsArray().Select(c => Text(c!, "cause")).ShouldBe(["Supervisor", "Person"]);
        await RefusedAsync(sofia, HttpMethod.Get, $"/api/people/{id}/presence", null, HttpStatusCode.Forbidden);
        await RefusedAsync(Supervisor, HttpMethod.Put, $"/api/people/{Guid.Empty}/presence", new { state = "Available" }, HttpStatusCode.NotFound);

        var team = (await Supervisor.GetAsync("/api/teams/claims-adjusting/people")).AsArray();
        team.Count.ShouldBe(3);
        var row = team.Single(p => Text(p!, "userName") == "adjuster2")!;
        (Text(row["presence"]!, "state"), (int)row["deferredCapacity"]!).ShouldBe(("Available", 100));
        await RefusedAsync(Supervisor, HttpMethod.Get, "/api/teams/no-team/people", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Skills_and_capacities_are_kept_by_those_who_may_and_stale_changes_are_refused()
    {
        var admin = office.Person("admin");
        await RefusedAsync(Supervisor, HttpMethod.Put, "/api/skills/glass", new { title = "Glass" }, HttpStatusCode.Forbidden);
        ((int)(await DoneAsync(admin, HttpMethod.Put, "/api/skills/glass", new { title = "Glass" }))["revision"]!).ShouldBe(1);
        await RefusedAsync(admin, HttpMethod.Put, "/api/skills/glass", new { title = "", revision = 1 }, HttpStatusCode.UnprocessableEntity);
        await RefusedAsync(admin, HttpMethod.Post, "/api/skills/glass/retire", new { revision = 7 }, HttpStatusCode.Conflict);
        (await DoneAsync(admin, HttpMethod.Post, "/api/skills/glass/retire", new { revision = 1 }))["retiredAt"].ShouldNotBeNull();
        (await DoneAsync(admin, HttpMethod.Post, "/api/skills/glass/restore", new { revision = 2 }))["retiredAt"].ShouldBeNull();
        await RefusedAsync(admin, HttpMethod.Post, "/api/skills/wood/retire", new { revision = 1 }, HttpStatusCode.NotFound);
        (await office.Person("adjuster1").GetAsync("/api/skills")).AsArray().Select(s => Text(s!, "key")).ShouldContain("glass");

        var matrix = (await Supervisor.GetAsync("/api/skill-matrix?team=mortgage-underwriting")).AsArray().Single()!;
        matrix["skills"]!.AsArray().Select(s => $"{Text(s!, "skill")} {s!["level"]}").ShouldBe(["conventional-underwriting 5", "fha-underwriting 4"]);

        var id = await IdAsync("underwriter1");
        var before = await Supervisor.GetAsync($"/api/people/{id}/capacity");
        ((int)before["live"]!, (int)before["deferred"]!, (int)before["revision"]!).ShouldBe((100, 100, 0));
        await DoneAsync(
            Supervisor,
            HttpMethod.Put,
            $"/api/people/{id}/capacity",
            new
            {
                live = 50,
                deferred = 300,
                revision = 0,
            }
        );
        await RefusedAsync(
            Supervisor,
            HttpMethod.Put,
            $"/api/people/{id}/capacity",
            new
            {
                live = 50,
                deferred = 300,
                revision = 0,
            },
            HttpStatusCode.Conflict
        );
        (await RefusedAsync(Supervisor, HttpMethod.Put, $"/api/people/{id}/capacity", new { live = -1, revision = 1 }, HttpStatusCode.UnprocessableEntity))[
            "errors"
        ]!
            .AsObject()
            .Select(e => e.Key)
            .ShouldBe(["live", "deferred"]);
        (await office.Person("adjuster1").GetAsync("/api/step-efforts?definition=claims")).AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Shifts_are_planned_listed_copied_imported_and_removed()
    {
        var wrong = await RefusedAsync(
            Supervisor,
            HttpMethod.Post,
            "/api/shifts",
            new
            {
                shifts = new object?[]
                {
                    new
                    {
                        person = "closer1",
                        from = "2026-06-02T08:00:00Z",
                        until = "2026-06-02T07:00:00Z",
                    },
                    null,
                },
            },
            HttpStatusCode.UnprocessableEntity
        );
        wrong["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["shifts[0].until", "shifts[1].person", "shifts[1].from", "shifts[1].until", "shifts[1].kind"]);

        var shift = new
        {
            person = "closer1",
            from = "2026-06-02T08:00:00Z",
            until = "2026-06-02T16:00:00Z",
        };
        var added = await DoneAsync(Supervisor, HttpMethod.Post, "/api/shifts", new { shifts = new[] { shift } });
        var copied = await DoneAsync(
            Supervisor,
            HttpMethod.Post,
            "/api/shifts/copy",
            new
            {
                team = "mortgage-closing",
                from = "2026-06-01",
                to = "2026-06-08",
            }
        );
        copied["added"]!.AsArray().Count.ShouldBe(1);
        var file = new StringContent("user_name,date,from,until\ncloser1,2026-06-03,08:00,16:00\ncloser1,2026-06-03,25:00,16:00\n", Encoding.UTF8, "text/csv");
        var lines = await RefusedAsync(Supervisor, HttpMethod.Post, "/api/shifts/import?timeZone=Europe/London", file, HttpStatusCode.UnprocessableEntity);
        lines["lines"]!.AsArray().Single()!.ToJsonString().ShouldContain("25:00");
        await RefusedAsync(Supervisor, HttpMethod.Post, "/api/shifts/import?timeZone=Mars", file, HttpStatusCode.UnprocessableEntity);

        var list = (await Supervisor.GetAsync("/api/shifts?team=mortgage-closing&from=2026-06-01T00:00:00Z&until=2026-06-15T00:00:00Z")).AsArray();
        list.Select(s => Text(s!, "from")).ShouldBe(["2026-06-02T08:00:00Z", "2026-06-09T08:00:00Z"]);
        await RefusedAsync(Supervisor, HttpMethod.Get, "/api/shifts?from=2026-06-01T00:00:00Z&until=2026-05-01T00:00:00Z", null, HttpStatusCode.BadRequest);
        await RefusedAsync(Supervisor, HttpMethod.Get, "/api/shifts?from=9999-12-31T23:59:59Z", null, HttpStatusCode.BadRequest);
        (await Supervisor.SendAsync(HttpMethod.Delete, $"/api/shifts/{added["added"]![0]}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await RefusedAsync(Supervisor, HttpMethod.Delete, $"/api/shifts/{added["added"]![0]}", null, HttpStatusCode.NotFound);
    }

    private async Task<Guid> IdAsync(string userName) => (await office.QueryAsync<Guid>($"select id from person where user_name = '{userName}'"))[0];

    private static string? Text(JsonNode node, string member) => (string?)node[member];

    private static async Task<JsonNode> DoneAsync(Worker who, HttpMethod method, string path, object body)
    {
        var answer = await who.SendAsync(method, path, body);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return await answer.JsonAsync();
    }

    private static async Task<JsonNode> RefusedAsync(Worker who, HttpMethod method, string path, object? body, HttpStatusCode status)
    {
        var answer = await who.SendAsync(method, path, body);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(status, text);
        return text.Length > 0 ? JsonNode.Parse(text)! : new JsonObject();
    }
}
