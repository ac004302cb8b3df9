using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Orchestration.Host.Startup;
using Orchestration.Host.Tests.Browser;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>Elsa Studio as a browser gets it.</summary>
public sealed class StudioTests(SharedHost host, Chromium chromium) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task Fingerprinted_files_are_kept_for_ever_and_the_others_are_asked_for_again()
    {
        var name = Directory
            .GetFiles(Repository.Path("src/Host/node_modules/@elsa-workflows/elsa-studio-wasm/_framework"), "BlazorMonaco.*.wasm")
            .Select(Path.GetFileName)
            .Single();
        var kept = await GetAsync("/studio/_framework/" + name, "br");
        kept.StatusCode.ShouldBe(HttpStatusCode.OK);
        kept.Headers.CacheControl!.ToString().ShouldContain("immutable");
        kept.Content.Headers.ContentType!.MediaType.ShouldBe("application/wasm");
        kept.Content.Headers.ContentEncoding.ShouldBe(["br"]);

        var asked = await GetAsync("/studio/_framework/dotnet.js", "br");
        asked.Headers.CacheControl!.ToString().ShouldBe("no-cache");
        (await GetAsync("/studio/_framework/dotnet.js", "br", asked.Headers.ETag!.ToString())).StatusCode.ShouldBe(HttpStatusCode.NotModified);
        (await GetAsync("/studio/_framework/dotnet.js", "gzip", asked.Headers.ETag!.ToString())).Content.Headers.ContentEncoding.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/studio/package.json.br")]
    [InlineData("/studio/..%2f..%2fappsettings.json")]
    [InlineData("/studio/index.html")]
    [InlineData("/studio/nothing/here")]
    public async Task What_is_not_part_of_the_designer_is_not_served(string path) => (await GetAsync(path, "br")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

    [Fact]
    public async Task Every_inline_script_of_Studio_may_run()
    {
        var allowed = (await GetAsync("/studio/instances", "br")).Headers.GetValues("Content-Security-Policy").Single();
        var hashes = Directory
            .GetFiles(Repository.Path("src/Host/node_modules/@elsa-workflows/elsa-studio-wasm/_framework"), "Elsa.*.wasm")
            .SelectMany(InlineScripts)
            .Select(script => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'")
            .ToList();
        hashes.ShouldNotBeEmpty();
        hashes.ShouldAllBe(hash => allowed.Contains(hash, StringComparison.Ordinal));
    }

    /// <summary>Scripts that a compiled component of Studio writes into the page: assemblies keep their texts as UTF-16, at any byte.</summary>
    private static IEnumerable<string> InlineScripts(string assembly)
    {
        var bytes = File.ReadAllBytes(assembly);
        return new[] { 0, 1 }
            .SelectMany(start =>
                Regex.Matches(Encoding.Unicode.GetString(bytes, start, bytes.Length - start), "<script>(.*?)</script>", RegexOptions.Singleline)
            )
            .Select(m => m.Groups[1].Value);
    }

    [Fact]
    public async Task A_shipped_journey_opens_on_the_canvas_and_nothing_leaves_the_machine()
    {
        // Cookies expire by the clock of the browser.
        await using var app = new HostApp(host.ConnectionString, new FakeClock(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow())));
        var analyst = await app.ApiAsync("analyst");
        using var file = new StringContent(await File.ReadAllTextAsync(Repository.Path("definitions/claims.json")), Encoding.UTF8, "application/json");
        (await analyst.PostAsync("/elsa/api/workflow-definitions/import", file)).StatusCode.ShouldBe(HttpStatusCode.OK);
        var page = await chromium.NewPageAsync(app.ClientOptions.BaseAddress.ToString());
        var elsewhere = new List<string>();
        var errors = new List<string>();
        page.Request += (_, request) =>
        {
            if (
                !request.Url.StartsWith(app.ClientOptions.BaseAddress.ToString(), StringComparison.Ordinal)
                && !request.Url.StartsWith("data:", StringComparison.Ordinal)
                && !request.Url.StartsWith("blob:", StringComparison.Ordinal)
            )
                elsewhere.Add(request.Url);
        };
        page.Console += (_, message) =>
        {
            if (
                message.Type == "error"
                && (message.Text.Contains("crit:", StringComparison.Ordinal) || message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            )
                errors.Add(message.Text);
        };

        await page.GotoAsync("/sign-in?to=/studio/definitions/claims");
        await page.FillAsync("[name=userName]", "analyst");
        await page.FillAsync("[name=password]", FirstStart.DemoPassword);
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("text=Check for fraud").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });

        elsewhere.ShouldBeEmpty();
        errors.ShouldBeEmpty();
        await page.EndAsync();
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string encoding, string? tag = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Accept-Encoding", encoding);
        if (tag is not null)
            request.Headers.Add("If-None-Match", tag);
        return await host.App.Api().SendAsync(request);
    }
}
