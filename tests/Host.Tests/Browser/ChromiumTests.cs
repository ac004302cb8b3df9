namespace Orchestration.Host.Tests.Browser;

public sealed class ChromiumTests(Chromium chromium)
{
    [Fact]
    public async Task The_browser_runs_scripts_and_shares_nothing_between_pages()
    {
        var first = await chromium.NewPageAsync();
        await first.SetContentAsync("<p>1</p><script>document.querySelector('p').textContent = 6 * 7</script>");
        (await first.TextContentAsync("p")).ShouldBe("42");
        (await chromium.NewPageAsync()).Context.ShouldNotBe(first.Context);
        await first.EndAsync();
    }
}
