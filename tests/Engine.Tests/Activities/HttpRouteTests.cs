using Orchestration.Engine.Activities;

namespace Orchestration.Engine.Tests.Activities;

public class HttpRouteTests
{
    [Theory]
    [InlineData("claims", "/Claims/", "")]
    [InlineData("", "/", "")]
    [InlineData("orders/{id}", "orders/42", "id=42")]
    [InlineData("orders/{id:int}/lines/{line}", "orders/42/lines/a b", "id=42,line=a b")]
    [InlineData("orders/{id?}", "orders", "")]
    [InlineData("orders/{id=7}", "orders", "id=7")]
    [InlineData("files/{*rest}", "files/a/b/c", "rest=a/b/c")]
    [InlineData("files/{**rest}", "files", "rest=")]
    [InlineData("{name}.{ext}", "a.b.pdf", "name=a.b,ext=pdf")]
    [InlineData("v{major}/x", "V2/X", "major=2")]
    public void A_path_fits_with_its_values(string template, string path, string values)
    {
        var route = HttpRoute.Parse(template);

        route.TryMatch(path, out var found).ShouldBeTrue();

        string.Join(',', found.Select(x => $"{x.Key}={x.Value}")).ShouldBe(values);
        HttpRoute.Keys(path).ShouldContain(route.Key, "it is looked up by its key");
    }

    [Theory]
    [InlineData("claims", "claim")]
    [InlineData("orders/{id}", "orders")]
    [InlineData("orders/{id}", "orders/1/2")]
    [InlineData("{name}.{ext}", "nodot")]
    [InlineData("v{major}/x", "v/x")]
    public void A_path_that_does_not_fit_is_not_taken(string template, string path) => HttpRoute.Parse(template).TryMatch(path, out _).ShouldBeFalse();

    [Theory]
    [InlineData("a//b")]
    [InlineData("a/{id")]
    [InlineData("a/id}")]
    [InlineData("{id}/{ID}")]
    [InlineData("{}")]
    [InlineData("{*rest}/more")]
    [InlineData("{id?}/more")]
    [InlineData("x{id?}")]
    public void A_path_that_is_no_route_is_refused(string template) => Should.Throw<FormatException>(() => HttpRoute.Parse(template));

    [Fact]
    public void Literals_rank_before_parameters_and_those_before_the_rest_of_a_path() =>
        new[] { "{*all}", "orders/{id}", "{kind}/new", "orders/new", "orders/n{x}" }
            .OrderBy(x => HttpRoute.Parse(x).Rank, StringComparer.Ordinal)
            .ShouldBe(["orders/new", "orders/n{x}", "orders/{id}", "{kind}/new", "{*all}"]);
}
