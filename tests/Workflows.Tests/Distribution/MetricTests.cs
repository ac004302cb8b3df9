using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using NodaTime;
using Orchestration.Workflows.Distribution;

namespace Orchestration.Workflows.Tests.Distribution;

/// <summary>What a monitor sees of the push engine.</summary>
public sealed class MetricTests
{
    [Fact]
    public async Task Offers_their_ends_and_tasks_for_no_one_are_counted()
    {
        await using var world = await World.CreateAsync();
        var seen = new ConcurrentBag<string>();
        using var listener = new MeterListener();
        var meters = world.Get<IMeterFactory>();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name == DistributionMetrics.MeterName && instrument.Meter.Scope == meters)
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen.Add($"{Name(instrument)} {value} {Text(tags)}"));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => seen.Add($"{Name(instrument)} {Text(tags)}"));
        var push = await PushWorld.AtAsync(world, "offer");
        listener.Start();
        await world.StartAsync("one");
        await push.RunAsync();
        await push.AvailableAsync("adjuster1");
        await push.RunAsync();
        var (person, offer) = await push.OnlyOfferAsync();
        world.Clock.Advance(Duration.FromSeconds(20));
        await push.Answers.AcceptAsync(offer, "op", person);
        seen.Distinct()
            .ShouldBe(
                [
                    "unassignable 1 claims-adjusting off-shift",
                    "offers 1 claims-adjusting offer",
                    "offers.ended 1 claims-adjusting Accepted",
                    "accepted claims-adjusting",
                    "duration claims-adjusting",
                ],
                ignoreOrder: true
            );
    }

    private static string Name(Instrument instrument) => instrument.Name.Replace("orchestration.distribution.", "", StringComparison.Ordinal);

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var values = new List<string>();
        foreach (var tag in tags)
            values.Add($"{tag.Value}");
        return string.Join(' ', values);
    }
}
