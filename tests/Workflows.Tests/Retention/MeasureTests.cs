using System.Diagnostics;
using NodaTime;
using Orchestration.Workflows.Retention;

namespace Orchestration.Workflows.Tests.Retention;

public sealed class MeasureTests
{
    [Fact(Explicit = true)]
    public async Task Rate()
    {
        await using var office = await RetentionWorld.CreateAsync();
        const int Cases = 600;
        var watch = Stopwatch.StartNew();
        var ids = new List<Guid>();
        for (var i = 0; i < Cases; i++)
            ids.Add(await office.StartAsync($"REF-{i}", $"C-{i}"));
        var start = watch.Elapsed;
        foreach (var id in ids)
            await office.EndAsync(id);
        var end = watch.Elapsed - start;
        var events = await office.World.ScalarAsync<long>("select count(*) from event");
        office.World.Clock.Advance(Duration.FromDays(60));
        var policy = await office.PolicyAsync();
        watch.Restart();
        await office.Retention.ScheduleAsync(policy);
        var schedule = watch.Elapsed;
        watch.Restart();
        var removed = await office.Retention.RunAsync();
        var remove = watch.Elapsed;
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"started {Cases / start.TotalSeconds:F0}/s, worked {Cases / end.TotalSeconds:F0}/s, scheduled {Cases / schedule.TotalSeconds:F0}/s, removed {removed / remove.TotalSeconds:F0}/s; {events / Cases} events a case"
        );
    }
}
