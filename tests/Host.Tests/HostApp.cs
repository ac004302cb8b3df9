using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Orchestration.Host.Identity;
using Orchestration.Host.Startup;
using Orchestration.Testing;

namespace Orchestration.Host.Tests;

/// <summary>The host as it ships, on a free port, on a database and with a clock of the test.</summary>
public sealed class HostApp : WebApplicationFactory<Program>
{
    private readonly string _connectionString;
    private readonly string _environment;
    private readonly IReadOnlyDictionary<string, string> _settings;

    public HostApp(string connectionString, FakeClock? clock = null, string environment = "Development", IReadOnlyDictionary<string, string>? settings = null)
    {
        (_connectionString, Clock, _environment, _settings) = (
            connectionString,
            clock ?? new FakeClock(),
            environment,
            settings ?? new Dictionary<string, string>()
        );
        UseKestrel(0);
    }

    public FakeClock Clock { get; }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment(_environment);
        builder.UseSetting("ConnectionStrings:Owner", _connectionString);
        builder.UseSetting("ConnectionStrings:Orchestration", TestDatabase.AsApplication(_connectionString));
        builder.UseSetting("Logging:LogLevel:Default", "None");

        // All people of a test come from one address.
        builder.UseSetting("SignIn:AttemptsPerMinute", "1000000");
        foreach (var (key, value) in _settings)
            builder.UseSetting(key, value);
        builder.ConfigureTestServices(services => services.AddSingleton<IClock>(Clock));
    }

    /// <summary>A browser: keeps cookies, does not follow redirects.</summary>
    public HttpClient Browser()
    {
        StartServer();
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() })
        {
            BaseAddress = ClientOptions.BaseAddress,
        };
        client.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        return client;
    }

    /// <summary>A client of the API without a token.</summary>
    public HttpClient Api()
    {
        StartServer();
        return new HttpClient { BaseAddress = ClientOptions.BaseAddress };
    }

    /// <summary>A client of the API signed in as a demo person.</summary>
    public async Task<HttpClient> ApiAsync(string userName)
    {
        var client = Api();
        var answer = await client.PostAsJsonAsync("/api/session", new SignInRequest(userName, FirstStart.DemoPassword));
        var tokens = (await answer.Content.ReadFromJsonAsync<SessionTokens>())!;
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", tokens.AccessToken);
        return client;
    }

    /// <summary>A browser signed in as a demo person, through the form.</summary>
    public async Task<HttpClient> BrowserAsync(string userName)
    {
        var browser = Browser();
        (await browser.SubmitAsync("/sign-in", new() { ["userName"] = userName, ["password"] = FirstStart.DemoPassword })).StatusCode.ShouldBe(
            HttpStatusCode.Found
        );
        return browser;
    }
}

public static class Browsing
{
    /// <summary>Loads the page and submits its form, as a person without scripts would.</summary>
    public static async Task<HttpResponseMessage> SubmitAsync(this HttpClient browser, string page, Dictionary<string, string> fields, string? to = null)
    {
        var html = await browser.GetStringAsync(page);
        var document = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(html);
        fields["__RequestVerificationToken"] = document.QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        return await browser.PostAsync(to ?? page, new FormUrlEncodedContent(fields));
    }
}
