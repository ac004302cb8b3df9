using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Primitives;
using Orchestration.Host.Startup;
using Orchestration.Workflows.OwnView;

namespace Orchestration.Host.Http;

/// <summary>Which proxies are believed, which names this service has, and how often one address may try to sign in.</summary>
/// <param name="Hosts">Names under which it answers; without any, outside Development, those of this machine and of its public address.</param>
internal sealed record AddressSettings(
    List<IPAddress> Proxies,
    List<System.Net.IPNetwork> Networks,
    int SignInsPerMinute,
    List<StringSegment> Hosts,
    string? PublicHost,
    int OwnViewsPerMinute
)
{
    /// <summary>Enough for an office behind one address in the morning.</summary>
    private const int UsualAttempts = 100;

    public static AddressSettings Read(SettingsReader settings)
    {
        var (proxies, networks) = (new List<IPAddress>(), new List<System.Net.IPNetwork>());
        foreach (var (key, text) in settings.List("Proxies"))
        {
            if (IPAddress.TryParse(text, out var proxy))
                proxies.Add(proxy);
            else if (System.Net.IPNetwork.TryParse(text, out var network))
                networks.Add(network);
            else
                settings.Refuse(key, $"is “{text}”, but must be an IP address (such as 10.0.0.7) or a network (such as 10.0.0.0/24).");
        }

        var hosts = new List<StringSegment>();
        foreach (var (key, text) in settings.List("Hosts"))
        {
            if (text == "*" || Uri.CheckHostName(text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text.Trim('[', ']')) != UriHostNameType.Unknown)
                hosts.Add(text);
            else
                settings.Refuse(key, $"is “{text}”; it must be a host name such as claims.example.com or *.example.com, or * for any.");
        }

        return new(
            proxies,
            networks,
            settings.Number("SignIn:AttemptsPerMinute", UsualAttempts, 1),
            hosts,
            Uri.TryCreate(settings.Text("Mail:PublicUrl"), UriKind.Absolute, out var address) ? address.Host : null,
            settings.Number("OwnView:RequestsPerMinute", new OwnViewSettings().RequestsPerMinute, 1)
        );
    }
}

/// <summary>How an endpoint answers what exceeds its limit, if not as everyone does.</summary>
internal sealed record TooManyAnswer(Func<HttpContext, Task> WriteAsync);

/// <summary>Where requests come from, and how often one may try to sign in from there.</summary>
internal static class Addresses
{
    /// <summary>
    /// Policy of an endpoint that checks a password. Failures slow down an address for one person; this keeps it from trying a few passwords on everyone.
    /// </summary>
    public const string SignInLimit = "sign-in";

    /// <summary>Policy of the customer's own view, which anyone can ask for.</summary>
    public const string OwnViewLimit = "own-view";

    public static void AddAddresses(this WebApplicationBuilder builder, AddressSettings settings)
    {
        // A client that isn't a proxy could write any address into the header.
        builder.Services.Configure<ForwardedHeadersOptions>(o =>
        {
            o.KnownProxies.Clear();
            o.KnownIPNetworks.Clear();
            settings.Proxies.ForEach(o.KnownProxies.Add);
            settings.Networks.ForEach(o.KnownIPNetworks.Add);
            o.ForwardedHeaders =
                settings.Proxies.Count + settings.Networks.Count > 0
                    ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto
                    : ForwardedHeaders.None;
            o.ForwardLimit = null;
        });

        builder.Services.AddRateLimiter(o =>
        {
            o.AddPolicy(
                SignInLimit,
                context =>
                    RateLimitPartition.GetFixedWindowLimiter(
                        Origin(context.Connection.RemoteIpAddress),
                        _ => new() { PermitLimit = settings.SignInsPerMinute, Window = TimeSpan.FromMinutes(1) }
                    )
            );
            o.AddPolicy(
                OwnViewLimit,
                context =>
                    RateLimitPartition.GetFixedWindowLimiter(
                        Origin(context.Connection.RemoteIpAddress),
                        _ => new() { PermitLimit = settings.OwnViewsPerMinute, Window = TimeSpan.FromMinutes(1) }
                    )
            );
            o.OnRejected = async (rejected, _) =>
            {
                var seconds = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) : 60;
                rejected.HttpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
                if (rejected.HttpContext.GetEndpoint()?.Metadata.GetMetadata<TooManyAnswer>() is { } own)
                {
                    rejected.HttpContext.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                    await own.WriteAsync(rejected.HttpContext);
                    return;
                }

                await ErrorHandling.WriteAsync(
                    rejected.HttpContext,
                    StatusCodes.Status429TooManyRequests,
                    "Too many sign-in attempts",
                    $"More than {settings.SignInsPerMinute} attempts from your IP address in one minute. Try again in {seconds} seconds."
                );
            };
        });
    }

    public static void UseAddresses(this WebApplication app, AddressSettings settings)
    {
        app.UseForwardedHeaders();
        var isOpen = app.Environment.IsDevelopment();
        List<StringSegment> hosts = settings.Hosts;
        if (hosts.Count == 0 && !isOpen)
            hosts = ["localhost", "127.0.0.1", "[::1]", Environment.MachineName, .. settings.PublicHost is { } host ? [host] : Array.Empty<StringSegment>()];
        app.Use(
            (context, next) =>
            {
                // A year; browsers take it only over TLS, which ends at the proxy that says so or here.
                if (!isOpen && context.Request.IsHttps)
                    context.Response.Headers.StrictTransportSecurity = "max-age=31536000";

                // Probes ask by address. Any other name could be anyone's: links in answers would lead there, and pages of another site would be of this one.
                var isKnown =
                    hosts.Count == 0
                    || hosts.Contains("*")
                    || context.Request.Path.StartsWithSegments("/health")
                    || HostString.MatchesAny(context.Request.Host.Value, hosts);
                return isKnown
                    ? next(context)
                    : ErrorHandling.WriteAsync(
                        context,
                        StatusCodes.Status400BadRequest,
                        "Unknown host name",
                        $"This service doesn't answer for “{context.Request.Host.Host}”. An administrator can add the name to the setting Hosts."
                    );
            }
        );
        app.UseRateLimiter();
    }

    /// <summary>Where a request comes from: see <see cref="Origin(IPAddress)"/>.</summary>
    public static string Origin(HttpContext context) => Origin(context.Connection.RemoteIpAddress);

    /// <summary>An address, or the network of an IPv6 address: a client with one of its addresses has them all.</summary>
    private static string Origin(IPAddress? address) =>
        address switch
        {
            null => "",
            { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
            { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexString(address.GetAddressBytes()[..8]),
            _ => address.ToString(),
        };
}
