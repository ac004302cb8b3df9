using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>
/// Sends the requests of SendHttpRequest. The receiver sees the effect's id as <c>Idempotency-Key</c>, because a request may be sent twice. Any answer is
/// an answer; only a receiver that cannot be reached is tried
/// again, and told to the activity when tries run out. Addresses that aren't of the public Internet are refused (<see cref="SpecialAddresses"/>), private ones
/// unless configuration allows them, so that a definition cannot reach the inside of the network. No proxy is used, also none of the environment: it would
/// resolve names itself, and these checks would be void.
/// </summary>
public sealed class HttpEffects : IDisposable
{
    /// <summary>Timeout of a request.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Largest answer, in bytes.</summary>
    private const long LargestAnswer = 4 * 1024 * 1024;

    /// <summary>Attempts to reach the receiver before the activity gets an error.</summary>
    private const int Tries = 4;

    private readonly HttpClient _client;

    /// <param name="allowPrivateAddresses">Whether private addresses can be reached.</param>
    public HttpEffects(bool allowPrivateAddresses)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
            UseProxy = false,

            // Checked on the address that is connected to, not on the name before it is resolved.
            ConnectCallback = async (context, cancel) =>
            {
                var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancel);
                var allowed = Array.FindAll(addresses, a => !SpecialAddresses.Refuses(a, allowPrivateAddresses));
                if (allowed.Length == 0)
                    throw new HttpRequestException(
                        $"{context.DnsEndPoint.Host} is an address inside the network or for special purposes, which workflows can't reach. "
                            + "The setting Http:AllowPrivateAddresses allows private ones."
                    );
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancel);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        _client = new(handler) { Timeout = Timeout, MaxResponseContentBufferSize = LargestAnswer };
    }

    /// <summary>Sends. Returns run input for the activity.</summary>
    /// <exception cref="HttpRequestException">The receiver could not be reached; try again.</exception>
    public async Task<EffectOutcome> SendAsync(DueEffect effect, CancellationToken cancel)
    {
        using var request = Request(effect);
        try
        {
            using var response = await _client.SendAsync(request, cancel);
            var bytes = await response.Content.ReadAsByteArrayAsync(cancel);
            var type = response.Content.Headers.ContentType;
            return new EffectOutcome.Done(
                new()
                {
                    [Activities.SendHttpRequestBase.ResponseInput] = new OrderedDictionary<string, object?>
                    {
                        ["StatusCode"] = (int)response.StatusCode,
                        ["Headers"] = Headers(response),
                        ["ContentType"] = type?.MediaType,
                        ["Content"] = IsText(type) ? Encoding.UTF8.GetString(bytes) : bytes,
                    },
                }
            );
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new EffectOutcome.Done(new() { [Activities.SendHttpRequestBase.ErrorInput] = Activities.SendHttpRequestBase.TimeoutError });
        }
        catch (HttpRequestException) when (effect.Attempts + 1 >= Tries)
        {
            return new EffectOutcome.Done(new() { [Activities.SendHttpRequestBase.ErrorInput] = "FailedToConnect" });
        }
    }

    /// <summary>The client, for other kinds of effects that send to addresses people typed: the same addresses are refused.</summary>
    public HttpClient Client => _client;

    public void Dispose() => _client.Dispose();

    private static HttpRequestMessage Request(DueEffect effect)
    {
        var payload = effect.Payload;
        var request = new HttpRequestMessage(new HttpMethod((string?)payload["Method"] ?? "GET"), (string)payload["Url"]!);
        if (payload.GetValueOrDefault("Content") is { } content)
        {
            request.Content = content is byte[] bytes
                ? new ByteArrayContent(bytes)
                : new StringContent(content as string ?? WorkflowData.ToJson(content), Encoding.UTF8);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.TryParse(payload.GetValueOrDefault("ContentType") as string, out var type) ? type : null;
        }

        if (payload.GetValueOrDefault("Headers") is OrderedDictionary<string, object?> headers)
        {
            foreach (var (name, value) in headers)
            {
                var values = value is List<object?> list ? list.Select(Text) : [Text(value)];
                if (!request.Headers.TryAddWithoutValidation(name, values))
                    request.Content?.Headers.TryAddWithoutValidation(name, values);
            }
        }

        request.Headers.TryAddWithoutValidation("Idempotency-Key", Ids.Text(effect.Id));
        return request;

        static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
    }

    private static OrderedDictionary<string, object?> Headers(HttpResponseMessage response)
    {
        var headers = new OrderedDictionary<string, object?>();
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
            headers[name] = values.Select(object? (v) => v).ToList();
        return headers;
    }

    private static bool IsText(MediaTypeHeaderValue? type) =>
        type?.MediaType is not { } media
        || media.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
        || media.EndsWith("json", StringComparison.OrdinalIgnoreCase)
        || media.EndsWith("xml", StringComparison.OrdinalIgnoreCase)
        || media == "application/x-www-form-urlencoded";
}
