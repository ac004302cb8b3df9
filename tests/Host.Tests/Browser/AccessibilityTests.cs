using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Tests.Browser;

/// <summary>
/// What axe-core finds wrong for people who use a keyboard, a screen reader or strong contrast. Every page there is; one that is new is looked
/// at too.
/// </summary>
public sealed class AccessibilityTests(Chromium chromium, Office office, ITestOutputHelper output) : IClassFixture<Office>
{
    /// <summary>Parts of pages, and pages that aren't ours.</summary>
    private static readonly string[] Others =
    [
        "/live",
        "/compliance/",
        "/compliance/access",
        "/compliance/cases/{id:guid}",
        "/compliance/searches",
        "/compliance/findings/",
        "/compliance/findings/new",
        "/findings/{id:guid}",
        "/compliance/authority",
        "/compliance/four-eyes",
        "/compliance/history",
        "/compliance/history.csv",
        "/compliance/holds/",
        "/compliance/holds/{id:guid}",
        "/compliance/retention/",
        "/compliance/erasures/",
        "/compliance/erasures/{id:guid}",
        "/compliance/exports/",
        "/compliance/exports/{id:guid}/file",
        "/compliance/cases/{id:guid}/report",
        "/cases/list",
        "/cases/{id:guid}/promises/check",
        "/cases/{id:guid}/last-stage",
        "/work",
        "/work/beside",
        "/work/suggested",
        "/offers/card",
        "/tasks/{id:guid}/distribution",
        "/workflow-replies/{secret}",
        "/commands",
        "/demo-progress",
        "/start/customers",
        "/customers/list",
        "/customers/by-number",
        "/customers/{id:guid}/history",
        "/notifications/bell",
        "/presence/chip",
        "/guidance/find",
        "/promises/check",
        "/guidance/of-customer/{id:guid}",
        "/guidance/{id:guid}/read",
        "/guidance/{id:guid}/versions/{number:int}",
        "/g/{code}",
        "/team/assignees",
        "/team/board",
        "/team/people",
        "/team/people/",
        "/forecast/{clock:guid}",
        "/forecast/what-if",
        "/performance/export/{file}",
        "/performance/me/export/{file}",
        "/administration/people/{id:guid}/capacity/",
        "/administration/people/{id:guid}/conflicts/",
        "/administration/people/{id:guid}/sessions",
        "/administration/access/csv",
        "/administration/people/list",
        "/sign-in/provider",
        "/choose-password",
        "/follow/{code}/",
        "/tasks/{id:guid}/news",
        "/tasks/{id:guid}/files/{attachment:guid}",
        "/studio/session",
        "/studio/{**name}",
        "/openapi/{documentName}.json",
    ];

    /// <summary>Of what axe looks at, only colours differ between light and dark.</summary>
    private const string Colours = "runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] },";

    private static readonly string Axe = File.ReadAllText(Repository.Path("tests/Host.Tests/node_modules/axe-core/axe.min.js"));

    [Fact]
    public async Task No_page_has_a_serious_barrier()
    {
        var id = await office.FrontOffice.OpenAsync(
            "claims",
            office.NewReference("CLM"),
            new
            {
                jurisdiction = "GB",
                claimedAmount = 900,
                lossDescription = "Burst pipe",
            }
        );
        var other = await office.FrontOffice.OpenAsync(
            "claims",
            office.NewReference("CLM"),
            new
            {
                jurisdiction = "US-CA",
                claimedAmount = 900,
                lossDescription = "Fire",
            }
        );
        var task = (string)(await office.Person("adjuster1").ClaimAsync(id, "acknowledge"))["id"]!;
        var open = (string)(await office.Supervisor.TaskAsync(other, "acknowledge"))["id"]!;
        var missing = Enumerable.Range(1, BulkTasks.MaxItems + 1).Select(i => new { id = new Guid(i, 0, 0, new byte[8]), revision = 1 });
        var accepted = await office
            .Person("admin")
            .SendAsync(
                HttpMethod.Post,
                "/api/tasks/bulk",
                new
                {
                    items = missing,
                    verb = "claim",
                    operationId = Worker.NewOperation(),
                }
            );
        var work = accepted.Headers.Location!.OriginalString.Split('/')[^1];
        var customer = (await office.QueryAsync<Guid>("select id from customer limit 1"))[0];
        var person = (await office.QueryAsync<Guid>("select id from person where user_name = 'underwriter1'"))[0];
        var saved = await office
            .Person("admin")
            .SendAsync(HttpMethod.Post, "/api/guidance", new { team = "claims-intake", article = new { title = "Acknowledge", body = "## Soon" } });
        var article = (string)(await saved.JsonAsync())["id"]!;
        var pages = office
            .Host.Services.GetServices<EndpointDataSource>()
            .SelectMany(s => s.Endpoints)
            .OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("GET") == true)
            .Select(e => e.RoutePattern.RawText!)
            .Where(route =>
                !route.StartsWith("/api/", StringComparison.Ordinal) && !route.StartsWith("/elsa/", StringComparison.Ordinal) && !Others.Contains(route)
            )
            .Order(StringComparer.Ordinal)
            .ToList();
        pages.Count.ShouldBeGreaterThan(20);
        var wrong = new List<string>();

        var visitor = await chromium.NewPageAsync(office.Host.ClientOptions.BaseAddress.ToString());
        await LookAsync(visitor, "/sign-in");
        var link = await office.Person("admin").SendAsync(HttpMethod.Post, $"/api/people/{person}/password-link");
        await LookAsync(visitor, new Uri((string)(await link.JsonAsync())["url"]!).PathAndQuery);
        await visitor.EndAsync();

        var worker = await chromium.SignedInAsync(office.Host, "adjuster1");
        await LookAsync(worker, "/");
        await LookAsync(worker, $"/tasks/{task}");
        await worker.EndAsync();

        var reviewer = await chromium.SignedInAsync(office.Host, "compliance");
        await LookAsync(reviewer, "/compliance");
        await LookAsync(reviewer, $"/compliance/cases/{id}");
        foreach (var page in Orchestration.Host.Shell.CompliancePages.All)
            await LookAsync(reviewer, page.Href);
        await LookAsync(reviewer, $"/compliance/findings/new?case={id}");
        await LookAsync(reviewer, $"/compliance/erasures?customer={customer}");
        await LookAsync(reviewer, $"/compliance/cases/{id}/report");
        await reviewer.EndAsync();

        var admin = await chromium.SignedInAsync(office.Host, "admin");
        foreach (var route in pages)
        {
            await LookAsync(
                admin,
                route switch
                {
                    "/cases/{id:guid}/" => $"/cases/{id}",
                    "/tasks/{id:guid}/" => $"/tasks/{open}",
                    "/background-work/{id:guid}" => $"/background-work/{work}",
                    "/start/{journey}" => "/start/claims",
                    "/customers/{id:guid}" => $"/customers/{customer}",
                    "/customers/{id:guid}/edit" => $"/customers/{customer}/edit",
                    "/guidance/{id:guid}" => $"/guidance/{article}",
                    "/guidance/{id:guid}/edit" => $"/guidance/{article}/edit",
                    "/guidance/figures/{use}" => "/guidance/figures/Opened",
                    "/search" => "/search?q=burst",
                    "/administration/calendars/{id}" => "/administration/calendars/claims-office",
                    "/administration/people/{id:guid}" => $"/administration/people/{person}",
                    "/administration/roles/{key}" => "/administration/roles/employee",
                    "/administration/access/{id:guid}" => $"/administration/access/{person}",
                    "/administration/teams/{key}" => "/administration/teams/claims-adjusting",
                    "/team/{key}/distribution/" => "/team/claims-adjusting/distribution",
                    "/administration/policies/{id}" => "/administration/policies/claims-acknowledge-internal",
                    _ => route,
                }
            );
        }

        await LookAsync(admin, "/no-such-page");
        await admin.EndAsync();
        wrong.ShouldBeEmpty();

        async Task LookAsync(IPage page, string address)
        {
            (await page.GotoAsync(address))!.Status.ShouldBe(address == "/no-such-page" ? 404 : 200, address);

            // What opens is looked at open.
            await page.EvaluateAsync("document.querySelectorAll('details').forEach(d => d.open = true)");
            await JudgeAsync(page, address, "light", "");
            await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark, ReducedMotion = ReducedMotion.Reduce });
            await page.Locator("html:is([data-bs-theme=dark], :not([data-bs-theme]))").WaitForAsync();
            await JudgeAsync(page, address, "dark", Colours);
            await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        }

        async Task JudgeAsync(IPage page, string address, string scheme, string only)
        {
            foreach (var violation in await ViolationsAsync(page, only))
            {
                var places = string.Join(
                    "; ",
                    violation.GetProperty("nodes").EnumerateArray().Select(n => $"{n.GetProperty("target")} {n.GetProperty("failureSummary").GetString()}")
                );
                var line = $"{address} {scheme}: {violation.GetProperty("impact")} {violation.GetProperty("id")}: {places}";
                output.WriteLine(line);
                if (violation.GetProperty("impact").GetString() is "serious" or "critical")
                    wrong.Add(line);
            }
        }
    }

    [Fact]
    public async Task What_is_wrong_is_found()
    {
        var page = await chromium.NewPageAsync();
        await page.SetContentAsync(
            """<html lang="en"><title>x</title><main><h1>x</h1><img src="data:,"><p style="color: #ccc; background: #fff">pale</p></main></html>"""
        );

        (await ViolationsAsync(page)).Select(v => v.GetProperty("id").GetString()).ShouldBe(["color-contrast", "image-alt"], ignoreOrder: true);
        await page.EndAsync();
    }

    internal static async Task<List<JsonElement>> ViolationsAsync(IPage page, string only = "")
    {
        // A colour half-way to another has no contrast to judge.
        await page.EvaluateAsync("document.getAnimations().forEach(a => a.cancel())");
        await page.EvaluateAsync(Axe);
        var script = $"axe.run(document, {{ {only} resultTypes: ['violations'] }}).then(r => r.violations)";
        return [.. (await page.EvaluateAsync<JsonElement>(script)).EnumerateArray()];
    }
}
