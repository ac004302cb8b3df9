using System.Net;
using System.Net.Http.Json;
using NodaTime;
using Orchestration.Host.Identity;
using Orchestration.Host.Startup;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Startup;

public sealed class FirstStartTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Production_has_no_demo_people_and_no_default_password()
    {
        await using var app = Production("root", "four horses in a field");

        (await SignInAsync(app, "root", "four horses in a field")).ShouldBe(HttpStatusCode.OK);
        foreach (var (name, password) in new[] { ("admin", "demo"), ("root", "demo"), ("admin", "admin"), ("admin", "password") })
            (await SignInAsync(app, name, password)).ShouldBe(HttpStatusCode.Unauthorized);
        (await app.Browser().GetStringAsync("/sign-in")).ShouldNotContain("Demo users");
    }

    [Theory]
    [InlineData(null, null, "Set FirstAdministrator:UserName")]
    [InlineData("root", null, "Set FirstAdministrator:UserName")]
    [InlineData("root", "short", "at least 12 characters")]
    [InlineData("root", "my-root-password", "must not contain the user name")]
    [InlineData("root", "aaaaaaaaaaaaaaaa", "repeats too few characters")]
    public async Task Production_does_not_start_when_nobody_could_sign_in_safely(string? userName, string? password, string reason)
    {
        await using var app = Production(userName, password);

        Should.Throw<ConfigurationException>(() => app.Api()).Message.ShouldContain(reason);
    }

    [Fact]
    public async Task The_first_administrator_is_made_once_and_later_configuration_is_ignored()
    {
        await using (var first = Production("root", "four horses in a field"))
            first.Api();

        await using var second = Production("other", "nine bridges over water");

        (await SignInAsync(second, "other", "nine bridges over water")).ShouldBe(HttpStatusCode.Unauthorized);
        (await SignInAsync(second, "root", "four horses in a field")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_host_whose_clock_is_wrong_is_live_but_not_ready()
    {
        var now = Instant.FromDateTimeUtc((DateTime)(await _database.DataSource.CreateCommand("select clock_timestamp()").ExecuteScalarAsync())!);
        await using var app = new HostApp(_database.ConnectionString, new FakeClock(now));
        var api = app.Api();
        app.Clock.Set(now - Duration.FromHours(1));

        (await api.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var ready = await api.GetAsync("/health/ready");

        ready.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await ready.Content.ReadAsStringAsync()).ShouldContain("s apart; 1 s is allowed");
    }

    private HostApp Production(string? userName, string? password)
    {
        var settings = new Dictionary<string, string> { ["SignIn:SecondFactor:Required"] = "false" };
        if (userName is not null)
            settings["FirstAdministrator:UserName"] = userName;
        if (password is not null)
            settings["FirstAdministrator:Password"] = password;
        return new(_database.ConnectionString, environment: "Production", settings: settings);
    }

    private static async Task<HttpStatusCode> SignInAsync(HostApp app, string userName, string password) =>
        (await app.Api().PostAsJsonAsync("/api/session", new SignInRequest(userName, password))).StatusCode;
}
