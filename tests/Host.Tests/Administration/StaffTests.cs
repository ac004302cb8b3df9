using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using AngleSharp.Html.Parser;
using Orchestration.Host.Identity;
using Orchestration.Host.Tests.Acceptance;

namespace Orchestration.Host.Tests.Administration;

/// <summary>People and teams over HTTP.</summary>
public sealed class StaffTests(Office office) : IClassFixture<Office>
{
    private Worker Admin => office.Person("admin");

    [Fact]
    public async Task A_person_is_added_chooses_a_password_with_a_link_and_signs_in()
    {
        var created = await Admin.SendAsync(
            HttpMethod.Post,
            "/api/people",
            new
            {
                userName = "vera",
                displayName = "Vera Lang",
                roles = new[] { "employee" },
                teams = new[] { "claims-intake" },
                skills = new[]
                {
                    new
                    {
                        key = "fraud",
                        level = 3,
                        certifiedUntil = "2028-01-31",
                        certificateNumber = "FR-1",
                        certificateIssuer = "CII",
                    },
                },
            }
        );
        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        var vera = await created.JsonAsync();
        created.Headers.Location!.OriginalString.ShouldBe($"/api/people/{vera["id"]}");
        vera["skills"]!
            .ToJsonString()
            .ShouldBe(
                """[{"key":"fraud","level":3,"certifiedUntil":"2028-01-31","certificateNumber":"FR-1","certificateIssuer":"CII","""
                    + """
                    "certifiedBy":null,"certifiedAt":null,"evidence":null}]
                    """
            );
        ((bool)vera["hasPassword"]!).ShouldBeFalse();

        var link = await (await Admin.SendAsync(HttpMethod.Post, $"/api/people/{vera["id"]}/password-link")).JsonAsync();
        link["mailedTo"].ShouldBeNull();
        var address = new Uri((string)link["url"]!).PathAndQuery;
        using var browser = office.Host.Browser();
        using var page = await browser.GetAsync(address);
        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        page.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
        page.Headers.CacheControl!.NoStore.ShouldBeTrue();

        (await ChooseAsync("too short", "too short")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await ChooseAsync("four quiet evenings", "another evening")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var chosen = await ChooseAsync("four quiet evenings", "four quiet evenings");
        (chosen.StatusCode, chosen.Headers.Location?.OriginalString).ShouldBe((HttpStatusCode.Found, "/sign-in?chosen=true"));
        (await browser.GetAsync(address)).StatusCode.ShouldBe(HttpStatusCode.Gone);
        (await browser.GetAsync("/choose-password?token=made-up")).StatusCode.ShouldBe(HttpStatusCode.Gone);

        var signedIn = await office.Host.Api().PostAsJsonAsync("/api/session", new SignInRequest("vera", "four quiet evenings"));
        signedIn.StatusCode.ShouldBe(HttpStatusCode.OK);
        ((bool)(await Admin.GetAsync($"/api/people/{vera["id"]}"))["hasPassword"]!).ShouldBeTrue();

        Task<HttpResponseMessage> ChooseAsync(string password, string again) =>
            browser.SubmitAsync(
                address,
                new()
                {
                    ["token"] = address[(address.IndexOf('=', StringComparison.Ordinal) + 1)..],
                    ["password"] = password,
                    ["again"] = again,
                },
                "/choose-password"
            );
    }

    [Fact]
    public async Task A_change_says_every_error_by_field_needs_the_revision_and_takes_effect_in_open_sessions()
    {
        var id = await IdAsync("processor1");
        using var session = await office.Host.ApiAsync("processor1");
        (await session.GetAsync("/api/people")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        var wrong = await (
            await Admin.SendAsync(
                HttpMethod.Put,
                $"/api/people/{id}",
                new
                {
                    revision = 1,
                    displayName = "",
                    roles = new[] { "boss" },
                    teams = new string?[] { null, "nowhere" },
                }
            )
        ).ProblemAsync(422);
        wrong["errors"]!.AsObject().Select(e => e.Key).Order().ShouldBe(["displayName", "roles", "teams"]);

        var change = new
        {
            revision = 1,
            displayName = "Jonas Eriksen",
            roles = new[] { "employee", "administrator" },
            teams = new[] { "mortgage-processing" },
        };
        (await Admin.SendAsync(HttpMethod.Put, $"/api/people/{id}", change)).StatusCode.ShouldBe(HttpStatusCode.OK);
        ((int)(await (await Admin.SendAsync(HttpMethod.Put, $"/api/people/{id}", change)).ProblemAsync(409))["revision"]!).ShouldBe(2);
        (await session.GetAsync("/api/people")).StatusCode.ShouldBe(HttpStatusCode.OK, "the role counts at once");
        (await Admin.SendAsync(HttpMethod.Put, $"/api/people/{Guid.Empty}", change)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Deactivating_returns_work_at_once_and_ends_the_live_stream()
    {
        var opened = await office.FrontOffice.OpenAsync(
            "claims",
            office.NewReference("CLM"),
            new
            {
                jurisdiction = "GB",
                claimedAmount = 900,
                lossDescription = "Hail",
            }
        );
        await office.Person("adjuster1").ClaimAsync(opened, "acknowledge");
        var id = await IdAsync("adjuster1");
        using var browser = await office.Host.BrowserAsync("adjuster1");
        using var live = await browser.GetAsync("/live", HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await live.Content.ReadAsStreamAsync();
        using var reader = new StreamReader(stream);
        (await reader.ReadLineAsync()).ShouldNotBeNull();

        (await (await Admin.SendAsync(HttpMethod.Post, $"/api/people/{id}/deactivate", new { revision = 7 })).ProblemAsync(409))["revision"]!
            .GetValue<int>()
            .ShouldBe(1);
        var gone = await (await Admin.SendAsync(HttpMethod.Post, $"/api/people/{id}/deactivate", new { revision = 1, reason = "left" })).JsonAsync();

        ((bool)gone["active"]!, (int)gone["openTasks"]!, (string)gone["deactivatedBy"]!).ShouldBe((false, 0, "admin"));
        (await reader.ReadToEndAsync()).ShouldNotContain("event: error");
        (await browser.GetAsync("/")).Headers.Location!.OriginalString.ShouldContain("/sign-in");
        var task = await office.Supervisor.TaskAsync(opened, "acknowledge");
        ((string)task["state"]!).ShouldBe("Ready");
        var reason = await (await Admin.SendAsync(HttpMethod.Post, $"/api/people/{id}/deactivate", new { revision = 2 })).ProblemAsync(409);
        ((string)reason["detail"]!).ShouldBe("Daniel Brandt is deactivated already.");

        var back = await Admin.SendAsync(HttpMethod.Post, $"/api/people/{id}/reactivate", new { revision = 2 });
        back.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await office.Host.Api().PostAsJsonAsync("/api/session", new SignInRequest("adjuster1", "demo"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_administrator_cannot_lock_themself_out()
    {
        var id = await IdAsync("admin");
        var details = await Admin.GetAsync($"/api/people/{id}");

        var refused = await (await Admin.SendAsync(HttpMethod.Post, $"/api/people/{id}/deactivate", new { revision = (int)details["revision"]! })).ProblemAsync(
            409
        );

        ((string)refused["detail"]!).ShouldBe("You can't deactivate yourself. Ask another administrator.");
    }

    [Fact]
    public async Task A_file_is_previewed_and_applied_and_all_its_errors_come_at_once()
    {
        var wrong = await (await ImportAsync("user_name,roles\nzoe,boss\n,employee\n")).ProblemAsync(422);
        wrong["lines"]!.AsArray().Select(e => $"{e!["line"]} {e["column"]}").ShouldBe(["2 display_name", "2 roles", "3 user_name", "3 display_name"]);

        const string File = "user_name,display_name,roles\nzoe,Zoé Martin,employee\n";
        var preview = await (await ImportAsync(File)).JsonAsync();
        ((bool)preview["applied"]!, (string)preview["rows"]![0]!["effect"]!).ShouldBe((false, "Adds"));
        (await ListAsync("zoe")).ShouldBeEmpty();
        (await ImportAsync(File, "?apply=true&fingerprint=0")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await ImportAsync(File, $"?apply=true&fingerprint={preview["fingerprint"]}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ListAsync("zoe")).ShouldBe(["Zoé Martin"]);

        var latin = await ImportAsync(new ByteArrayContent([.. "user_name\n"u8, 0xe9]));
        ((string)(await latin.ProblemAsync(422))["lines"]![0]!["reason"]!).ShouldContain("UTF-8");
        (await ImportAsync(new string('x', 1024 * 1024 + 1))).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);

        var sample = await Admin.SendAsync(HttpMethod.Get, "/api/people/import/sample");
        sample.Content.Headers.ContentDisposition!.FileName.ShouldBe("people.csv");
    }

    [Fact]
    public async Task Teams_are_added_changed_and_retired()
    {
        var created = await Admin.SendAsync(
            HttpMethod.Post,
            "/api/teams",
            new
            {
                key = "recoveries",
                title = "Recoveries",
                members = new[] { "closer1" },
            }
        );
        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        var revision = (int)(await created.JsonAsync())["revision"]!;
        (await (await Admin.SendAsync(HttpMethod.Post, "/api/teams", new { key = "recoveries", title = "Again" })).ProblemAsync(422))["errors"]!["key"]![0]!
            .GetValue<string>()
            .ShouldBe("is taken");

        var changed = await (
            await Admin.SendAsync(
                HttpMethod.Put,
                "/api/teams/recoveries",
                new
                {
                    revision,
                    title = "Claims recovery",
                    lead = "senior1",
                }
            )
        ).JsonAsync();
        ((string)changed["lead"]!["displayName"]!, changed["members"]!.AsArray().Count).ShouldBe(("Helen Kowalski", 0));
        var retired = await (await Admin.SendAsync(HttpMethod.Post, "/api/teams/recoveries/retire", new { revision = (int)changed["revision"]! })).JsonAsync();
        retired["retiredAt"].ShouldNotBeNull();
        (await Admin.SendAsync(HttpMethod.Get, "/api/teams/nowhere")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Pages_work_without_scripts_show_errors_beside_the_fields_and_refuse_forged_posts()
    {
        using var admin = await office.Host.BrowserAsync("admin");
        var id = await IdAsync("closer1");

        using var refused = await admin.SubmitAsync("/administration/people/new", new() { ["userName"] = "no good", ["displayName"] = "Nora" });
        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var page = new HtmlParser().ParseDocument(await refused.Content.ReadAsStringAsync());
        page.QuerySelector("#userName")!.GetAttribute("value").ShouldBe("no good");
        page.QuerySelector("#userName-error")!.TextContent.ShouldContain("Must have 1 to 64 letters");
        page.QuerySelector("#roles-error")!.TextContent.ShouldBe("Choose at least one role.");

        var form = new HtmlParser().ParseDocument(await admin.GetStringAsync($"/administration/people/{id}"));
        form.QuerySelectorAll("input[name=team][checked]").Select(i => i.GetAttribute("value")).ShouldBe(["mortgage-closing"]);
        (await admin.PostAsync($"/administration/people/{id}/deactivate", new FormUrlEncodedContent([new("revision", "1")]))).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest,
            "no antiforgery token"
        );

        using var file = new MultipartFormDataContent
        {
            { new StringContent(form.QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!), "__RequestVerificationToken" },
            { new StringContent("user_name,display_name,roles\nnils,Nils Holm,employee", Encoding.UTF8), "file", "people.csv" },
        };
        var preview = new HtmlParser().ParseDocument(await (await admin.PostAsync("/administration/import-people", file)).Content.ReadAsStringAsync());
        preview.QuerySelector("main")!.TextContent.ShouldContain("1 person will be added, 0 changed");
        using var apply = new MultipartFormDataContent();
        foreach (var input in preview.QuerySelectorAll("form:has(input[name=fingerprint]) input[type=hidden]"))
            apply.Add(new StringContent(input.GetAttribute("value")!), input.GetAttribute("name")!);
        (await admin.PostAsync("/administration/import-people", apply)).Headers.Location!.OriginalString.ShouldBe("/administration/people?added=1&changed=0");
        (await ListAsync("nils")).ShouldBe(["Nils Holm"]);
    }

    [Theory]
    [InlineData("role=boss", "role")]
    [InlineData("state=asleep", "state")]
    [InlineData("page=0", "page")]
    [InlineData("size=1000", "size")]
    public async Task A_filter_that_means_nothing_is_refused(string query, string field) =>
        (await (await Admin.SendAsync(HttpMethod.Get, $"/api/people?{query}")).ProblemAsync(400))["errors"]![field].ShouldNotBeNull();

    private Task<HttpResponseMessage> ImportAsync(string file, string query = "") => ImportAsync(new StringContent(file, Encoding.UTF8), query);

    private Task<HttpResponseMessage> ImportAsync(HttpContent file, string query = "")
    {
        file.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        return Admin.SendAsync(HttpMethod.Post, $"/api/people/import{query}", file);
    }

    private async Task<List<string>> ListAsync(string search) =>
        [.. (await Admin.GetAsync($"/api/people?search={search}"))["items"]!.AsArray().Select(p => (string)p!["displayName"]!)];

    private async Task<Guid> IdAsync(string userName) =>
        (Guid)(await Admin.GetAsync($"/api/people?search={userName}"))["items"]!.AsArray().Single(p => (string)p!["userName"]! == userName)!["id"]!;
}
