using System.Net;
using System.Text;
using Orchestration.Engine.Runtime;

namespace Orchestration.Workflows.Tests.Effects;

public sealed class HttpEffectTests
{
    [Fact]
    public async Task The_answer_of_a_receiver_comes_back_with_its_status_and_the_request_carries_its_key()
    {
        using var receiver = new HttpListener();
        var port = FreePort();
        receiver.Prefixes.Add($"http://127.0.0.1:{port}/");
        receiver.Start();
        using var http = new HttpEffects(allowPrivateAddresses: true);
        var effect = Effect($"http://127.0.0.1:{port}/claims", attempts: 0);

        var sending = http.SendAsync(effect, default);
        var context = await receiver.GetContextAsync();
        context.Request.Headers["Idempotency-Key"].ShouldBe(effect.Id.ToString("N"));
        context.Request.ContentType.ShouldBe("application/json");
        context.Response.StatusCode = 201;
        context.Response.ContentType = "application/json";
        context.Response.Close(Encoding.UTF8.GetBytes("""{"ok":true}"""), willBlock: false);

        var answer = (OrderedDictionary<string, object?>)(await sending).ShouldBeOfType<EffectOutcome.Done>().Answer["HttpResponse"]!;
        answer["StatusCode"].ShouldBe(201);
        answer["Content"].ShouldBe("""{"ok":true}""");
    }

    [Fact]
    public async Task An_address_inside_the_network_is_refused()
    {
        using var http = new HttpEffects(allowPrivateAddresses: false);
        (await Should.ThrowAsync<HttpRequestException>(() => http.SendAsync(Effect("http://127.0.0.1:9/", attempts: 0), default))).Message.ShouldContain(
            "inside the network"
        );
    }

    [Fact]
    public async Task A_receiver_that_stays_away_is_told_to_the_activity_when_tries_run_out()
    {
        using var http = new HttpEffects(allowPrivateAddresses: true);
        var effect = Effect($"http://127.0.0.1:{FreePort()}/", attempts: 0);
        await Should.ThrowAsync<HttpRequestException>(() => http.SendAsync(effect, default));
        (await http.SendAsync(effect with { Attempts = 3 }, default)).ShouldBeOfType<EffectOutcome.Done>().Answer["HttpError"].ShouldBe("FailedToConnect");
    }

    private static DueEffect Effect(string url, int attempts) =>
        new(
            Guid.Parse("0192b7e0-0000-7000-8000-000000000001"),
            "http",
            Guid.Empty,
            new()
            {
                ["Url"] = url,
                ["Method"] = "POST",
                ["ContentType"] = "application/json",
                ["Content"] = "{}",
            },
            attempts
        );

    private static int FreePort()
    {
        var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return port;
    }
}
