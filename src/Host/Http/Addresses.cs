using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.HttpOverrides;
using Orchestration.Host.Startup;

namespace Orchestration.Host.Http;

/// <summary>Where requests come from, and how often one may try to sign in from there.</summary>
internal static class Addresses
{
    /// <summary>Policy of an endpoint that checks a password. A person is locked out after a few failures; this keeps an address from trying a few passwords on everybody.</summary>
    public const string SignInLimit = "sign-in";

    /// <summary>Enough for an office behind one address in the morning.</summary>
    private const int UsualAttempts = 100;

    public static void AddAddresses(this WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        var (proxies, networks) = (new List<IPAddress>(), new List<System.Net.IPNetwork>());
        foreach (var text in configuration.GetSection("Proxies").Get<string[]>() ?? [])
        {
            if (IPAddress.TryParse(text, out var proxy))
                proxies.Add(proxy);
            else if (System.Net.IPNetwork.TryParse(text, out var network))
                networks.Add(network);
            else
                throw new ConfigurationException($"Proxies names “{text}”, which is neither an address, such as 10.0.0.7, nor a network, such as 10.0.0.0/24.");
        }

        // Whoever is no proxy could write any address into the header.
        builder.Services.Configure<ForwardedHeadersOptions>(o =>
        {
            o.KnownProxies.Clear();
            o.KnownIPNetworks.Clear();
            proxies.ForEach(o.KnownProxies.Add);
            networks.ForEach(o.KnownIPNetworks.Add);
            o.ForwardedHeaders = proxies.Count + networks.Count > 0 ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto : ForwardedHeaders.None;
            o.ForwardLimit = null;
        });

        if (
            (
                configuration["SignIn:AttemptsPerMinute"] is { } set
                    ? int.TryParse(set, NumberStyles.None, CultureInfo.InvariantCulture, out var attempts)
                        ? attempts
                        : 0
                    : UsualAttempts
            )
            is not (> 0 and var limit)
        )
            throw new ConfigurationException($"SignIn:AttemptsPerMinute is “{configuration["SignIn:AttemptsPerMinute"]}”, which is no number from 1.");
        builder.Services.AddRateLimiter(o =>
        {
            o.AddPolicy(
                SignInLimit,
                context =>
                    RateLimitPartition.GetFixedWindowLimiter(
                        Origin(context.Connection.RemoteIpAddress),
                        _ => new() { PermitLimit = limit, Window = TimeSpan.FromMinutes(1) }
                    )
            );
            o.OnRejected = async (rejected, _) =>
            {
                var seconds = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) : 60;
                rejected.HttpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
                await Problem.WriteAsync(
                    rejected.HttpContext,
                    StatusCodes.Status429TooManyRequests,
                    "Too many attempts to sign in",
                    $"More than {limit} attempts came from your address within a minute. Try again in {seconds} seconds."
                );
            };
        });
    }

    public static void UseAddresses(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseRateLimiter();
    }

    /// <summary>An address, or of IPv6 its network: who has one of those has them all.</summary>
    private static string Origin(IPAddress? address) =>
        address switch
        {
            null => "",
            { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
            { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexString(address.GetAddressBytes()[..8]),
            _ => address.ToString(),
        };
}
