using System.Diagnostics;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>What a request costs: the batches that it sent to the database, each a round trip. What the host does in the background isn't counted.</summary>
internal static class RequestCost
{
    /// <summary>Runs a request that carries the given header and returns how many statements each of its round trips had.</summary>
    public static async Task<List<int>> CountAsync(Func<(string Name, string Value), Task> request)
    {
        // Npgsql reports each round trip as an activity below that of the request, which has the trace of the header.
        var trace = ActivityTraceId.CreateRandom();
        var sent = new List<int>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Npgsql" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.Source.Name == "Npgsql" && activity.TraceId == trace)
                {
                    lock (sent)
                        sent.Add(((string)activity.GetTagItem("db.query.text")!).Split(";\n").Length);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await request(("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01"));
        lock (sent)
            return [.. sent];
    }
}
