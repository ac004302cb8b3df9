using NodaTime;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Tests.Storage;

public sealed class IdsTests
{
    private static readonly Instant Now = Instant.FromUtc(2026, 3, 2, 9, 0);

    [Fact]
    public void Ids_of_one_millisecond_sort_in_the_order_they_were_made_in()
    {
        var made = new List<Guid>();
        for (var i = 0; i < 100_000; i++)
            made.Add(Ids.New(Now));
        made.Order().ShouldBe(made);
        made.Select(Ids.Text).Order(StringComparer.Ordinal).ShouldBe(made.Select(Ids.Text));
    }

    [Fact]
    public void A_later_clock_sorts_after_an_earlier_one()
    {
        var later = Ids.New(Now.Plus(Duration.FromMilliseconds(1)));
        Ids.New(Now).ShouldBeLessThan(later);
        DateTimeOffset.FromUnixTimeMilliseconds(Convert.ToInt64(Ids.Text(later)[..12], 16)).ShouldBe(Now.ToDateTimeOffset().AddMilliseconds(1));
        (later.Version, later.Variant >> 2).ShouldBe((7, 2));
    }

    [Fact]
    public void Threads_never_make_the_same_id()
    {
        var made = new Guid[100_000];
        Parallel.For(0, made.Length, i => made[i] = Ids.New(Now));
        made.Distinct().Count().ShouldBe(made.Length);
    }
}
