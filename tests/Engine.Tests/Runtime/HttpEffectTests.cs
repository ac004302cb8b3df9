using System.Net;
using Orchestration.Engine.Runtime;

namespace Orchestration.Engine.Tests.Runtime;

public sealed class HttpEffectTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.8")]
    [InlineData("192.168.0.1")]
    [InlineData("198.19.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::8.8.8.8")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::808:808")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2001:0:7f00:1::")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("fd00::1")]
    [InlineData("ff02::1")]
    [InlineData("192.0.2.1")]
    [InlineData("192.31.196.1")]
    [InlineData("192.52.193.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.175.48.1")]
    [InlineData("198.51.100.7")]
    [InlineData("203.0.113.9")]
    [InlineData("240.0.0.1")]
    [InlineData("100::1")]
    [InlineData("100:0:0:1::1")]
    [InlineData("2001:2::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:808:808::")]
    [InlineData("2620:4f:8000::1")]
    [InlineData("3fff::1")]
    [InlineData("5f00::1")]
    public void An_address_that_is_not_of_the_public_internet_is_inside(string address) =>
        SpecialAddresses.Refuses(IPAddress.Parse(address), allowPrivate: false).ShouldBeTrue();

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("100.128.0.1")]
    [InlineData("172.32.0.1")]
    [InlineData("192.0.1.1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("2606:4700::1111")]
    public void A_public_address_is_outside(string address) => SpecialAddresses.Refuses(IPAddress.Parse(address), allowPrivate: false).ShouldBeFalse();

    [Fact]
    public void The_machine_s_own_addresses_are_refused() =>
        System
            .Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .ShouldAllBe(own => SpecialAddresses.Refuses(own.Address, false));

    [Fact]
    public void Private_addresses_can_be_allowed_and_others_can_not()
    {
        foreach (var address in (string[])["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fd00::1", "::ffff:10.0.0.1"])
            SpecialAddresses.Refuses(IPAddress.Parse(address), allowPrivate: true).ShouldBeFalse(address);
        foreach (var address in (string[])["169.254.169.254", "0.0.0.0", "192.0.2.1", "fe80::1", "224.0.0.1"])
            SpecialAddresses.Refuses(IPAddress.Parse(address), allowPrivate: true).ShouldBeTrue(address);
    }

    [Theory]
    [InlineData("http://2130706433/")]
    [InlineData("http://0x7f.1/")]
    [InlineData("http://0177.0.0.1/")]
    [InlineData("http://[::ffff:7f00:1]/")]
    public async Task However_an_address_is_written_it_is_judged_by_what_is_connected_to(string url)
    {
        using var http = new HttpEffects(allowPrivateAddresses: false);

        (await Should.ThrowAsync<HttpRequestException>(() => http.Client.GetAsync(url))).Message.ShouldContain("inside the network");
    }
}
