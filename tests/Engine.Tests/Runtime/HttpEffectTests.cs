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
    public void An_address_that_is_not_of_the_public_internet_is_inside(string address) => HttpEffects.IsInside(IPAddress.Parse(address)).ShouldBeTrue();

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("100.128.0.1")]
    [InlineData("172.32.0.1")]
    [InlineData("192.0.1.1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("2002:808:808::")]
    [InlineData("2606:4700::1111")]
    public void A_public_address_is_outside(string address) => HttpEffects.IsInside(IPAddress.Parse(address)).ShouldBeFalse();

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
