namespace Orchestration.Engine.Tests.Expressions;

/// <summary>Liquid that is meant to take a host down: each ends with a clear error within the limits.</summary>
public sealed class LiquidAttackTests(ITestOutputHelper output)
{
    private static readonly Attack[] s_attacks =
    [
        new("range of a billion", "{% for i in (1..1000000000) %}x{% endfor %}"),
        new("append doubles", "{% assign s = 'x' %}{% for i in (1..60) %}{% assign s = s | append: s %}{% endfor %}"),
    ];

    [Fact]
    public async Task Every_attack_is_stopped() => (await AttackProcess.RunAllAsync("Liquid", s_attacks, output)).ShouldBeEmpty();
}
