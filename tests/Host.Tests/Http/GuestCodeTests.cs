using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Orchestration.Host.Http;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Http;

/// <summary>Addresses with which guests see a case or an article without signing in, and what failures say to them.</summary>
public sealed class GuestCodeTests
{
    private const string Code = "abcdefghijklmnopqrstuvwxyz0";

    [Fact]
    public async Task Codes_are_in_no_log_and_no_trace_and_failures_are_told_in_the_readers_language()
    {
        await using var database = await StartedDatabase.CreateAsync();
        var shipped = new Dictionary<string, string> { ["Logging:LogLevel:Default"] = "Information", ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning" };
        await using var app = new HostApp(database.ConnectionString, settings: shipped);
        var guest = app.Browser();
        using var log = new LogLines();
        app.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        var ended = new ConcurrentQueue<Activity>();
        using var traces = Telemetry.Traced(Sdk.CreateTracerProviderBuilder()).AddProcessor(new Collected(ended)).Build();
        guest.DefaultRequestHeaders.AcceptLanguage.ParseAdd("de");

        foreach (var path in new[] { $"/follow/{Code}", $"/g/{Code}" })
        {
            var answer = await guest.GetAsync(path);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
            answer.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
        }

        await SaysAsync(await PostAsync("x"), HttpStatusCode.BadRequest, "Die Seite war zu lange geöffnet");
        await SaysAsync(await PostAsync(new string('x', 1024 * 1024 + 1)), HttpStatusCode.RequestEntityTooLarge, "Die Dokumente sind zu groß");
        using (var source = new ActivitySource("Microsoft.AspNetCore"))
        using (var request = source.StartActivity("GET", ActivityKind.Server))
            request.ShouldNotBeNull().SetTag("url.path", $"/g/{Code}");

        await Eventually.AsksAsync(
            () => Task.FromResult(ended.ToList()),
            found =>
                found.Any(one => one.OperationName == "Microsoft.AspNetCore.Hosting.HttpRequestIn")
                && found.Any(one => one.GetTagItem("url.path") is "/g/{code}"),
            "the requests are traced"
        );
        ended.SelectMany(one => one.TagObjects.Select(tag => $"{tag.Value}").Prepend(one.DisplayName)).ShouldNotContain(text => text.Contains(Code));
        log.Written.ShouldNotContain(line => line.Contains(Code));

        Task<HttpResponseMessage> PostAsync(string text) =>
            guest.PostAsync($"/follow/{Code}/contact", new FormUrlEncodedContent([KeyValuePair.Create("address", text)]));

        static async Task SaysAsync(HttpResponseMessage answer, HttpStatusCode status, string text)
        {
            answer.StatusCode.ShouldBe(status);
            answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
            WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync()).ShouldContain(text);
        }
    }

    private sealed class Collected(ConcurrentQueue<Activity> ended) : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data) => ended.Enqueue(data);
    }
}
