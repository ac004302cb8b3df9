using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.HttpOverrides;
using Orchestration.Host.Startup;

namespace Orchestration.Host.Http;

/// <summary>Which proxies are believed, and how often one address may try to sign in.</summary>
internal sealed record AddressSettings(List<IPAddress> Proxies, List<System.Net.IPNetwork> Networks, int SignInsPerMinute)
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

        return new(proxies, networks, settings.Number("SignIn:AttemptsPerMinute", UsualAttempts, 1));
    }
}

/// <summary>Where requests come from, and how often one may try to sign in from there.</summary>
internal static class Addresses
{
    /// <summary>
    /// Policy of an endpoint that checks a password. A person is locked out after a few failures; this keeps an address from trying a few
    /// passwords on everyone.
    /// </summary>
    public const string SignInLimit = "sign-in";

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
            o.OnRejected = async (rejected, _) =>
            {
                var seconds = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) : 60;
                rejected.HttpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
                await ErrorHandling.WriteAsync(
                    rejected.HttpContext,
                    StatusCodes.Status429TooManyRequests,
                    "Too many sign-in attempts",
                    $"More than {settings.SignInsPerMinute} attempts from your IP address in one minute. Try again in {seconds} seconds."
                );
            };
        });
    }

    public static void UseAddresses(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseRateLimiter();
    }

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
