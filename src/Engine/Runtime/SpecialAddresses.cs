using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Orchestration.Engine.Runtime;

/// <summary>
/// Addresses that requests of workflows don't reach: everything in IANA's registries of special-purpose addresses for IPv4 and IPv6 (as of 2025), multicast,
/// and the addresses of this machine. An address that carries an IPv4 address which the network may translate to (mapped, NAT64) is judged by that.
/// </summary>
internal static class SpecialAddresses
{
    /// <summary>What <c>Http:AllowPrivateAddresses</c> allows, besides the machine's own: loopback, private and shared.</summary>
    private static readonly IPNetwork[] Private = Networks(
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7"
    );

    private static readonly IPNetwork[] Special =
    [
        .. Networks(
            "0.0.0.0/8",
            "169.254.0.0/16",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "2620:4f:8000::/48",
            "3fff::/20"
        ),
        .. Private,
    ];

    /// <summary>IPv6 outside of it isn't the public Internet.</summary>
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Whether requests don't go there.</summary>
    /// <param name="address">Where the name leads.</param>
    /// <param name="allowPrivate">Whether private addresses and this machine's are allowed.</param>
    public static bool Refuses(IPAddress address, bool allowPrivate)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        else if (Nat64.Contains(address))
            address = new(address.GetAddressBytes().AsSpan(12));
        if (allowPrivate && (Private.Any(network => network.Contains(address)) || IsOwn(address)))
            return false;
        return address.AddressFamily == AddressFamily.InterNetworkV6 && !GlobalUnicast.Contains(address)
            || Special.Any(network => network.Contains(address))
            || IsOwn(address);
    }

    // Asked each time: a machine's addresses change while it runs.
    private static bool IsOwn(IPAddress address) =>
        NetworkInterface.GetAllNetworkInterfaces().Any(card => card.GetIPProperties().UnicastAddresses.Any(own => own.Address.Equals(address)));

    private static IPNetwork[] Networks(params ReadOnlySpan<string> networks)
    {
        var parsed = new IPNetwork[networks.Length];
        for (var i = 0; i < networks.Length; i++)
            parsed[i] = IPNetwork.Parse(networks[i]);
        return parsed;
    }
}
