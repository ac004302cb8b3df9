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
/// again, and told to the activity when tries run out. Loopback, private and link-local addresses are refused unless configuration allows them, so that a
/// definition cannot reach the inside of the network.
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

            // Checked on the address that is connected to, not on the name before it is resolved.
            ConnectCallback = async (context, cancel) =>
            {
                var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancel);
                var allowed = allowPrivateAddresses ? addresses : Array.FindAll(addresses, a => !IsInside(a));
                if (allowed.Length == 0)
                    throw new HttpRequestException(
                        $"{context.DnsEndPoint.Host} is an address inside the network; the setting Http:AllowPrivateAddresses would allow it."
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

    /// <summary>
    /// Whether an address is not one of the public Internet (IANA's registries of special-purpose addresses). One that carries an IPv4 address is judged
    /// by that: a gateway may translate it.
    /// </summary>
    internal static bool IsInside(IPAddress address)
    {
        var b = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return IsInside(b[0], b[1], b[2]);
        if (address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal || address.IsIPv6SiteLocal || address.IsIPv6Multicast || address.IsIPv6Teredo)
            return true;
        return (b[0], b[1], b[2], b[3]) switch
        {
            // ::, ::1, ::a.b.c.d (dead), ::ffff:a.b.c.d
            (0, 0, 0, 0) => !address.IsIPv4MappedToIPv6 || IsInside(b[12], b[13], b[14]),

            // NAT64, of the whole Internet or of this network; 6to4
            (0, 0x64, 0xff, 0x9b) => b.AsSpan(4, 8).ContainsAnyExcept((byte)0) || IsInside(b[12], b[13], b[14]),
            (0x20, 0x02, _, _) => IsInside(b[2], b[3], b[4]),
            _ => false,
        };
    }

    private static bool IsInside(byte a, byte b, byte c) =>
        a is 0 or 10 or 127 or >= 224
        || (a == 100 && b is >= 64 and < 128)
        || (a == 169 && b == 254)
        || (a == 172 && b is >= 16 and < 32)
        || (a == 192 && b == 168)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b is 18 or 19);
}
