using System.Diagnostics.Metrics;
using NodaTime;

namespace Orchestration.Workflows.Distribution;

/// <summary>Metrics of the push engine: offers, how they end and how soon they are accepted, and tasks that no one could be given.</summary>
public sealed class DistributionMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Orchestration.Distribution";

    private readonly Counter<long> _offers;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _unassignable;
    private readonly Histogram<double> _accepted;
    private readonly Histogram<double> _duration;

    /// <summary>Made by the container.</summary>
    public DistributionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _offers = meter.CreateCounter<long>("orchestration.distribution.offers", "{offer}", "Tasks offered or assigned to someone");
        _ended = meter.CreateCounter<long>("orchestration.distribution.offers.ended", "{offer}", "Offers by how they ended");
        _unassignable = meter.CreateCounter<long>("orchestration.distribution.unassignable", "{task}", "Tasks that no one could be given, by reason");
        _accepted = meter.CreateHistogram<double>("orchestration.distribution.accepted", "s", "Time from an offer to its acceptance");
        _duration = meter.CreateHistogram<double>("orchestration.distribution.duration", "s", "How long decisions about a team took");
    }

    internal void Offered(string team, string mode) => _offers.Add(1, new("team", team), new("mode", mode));

    internal void Ended(string? team, OfferState state) => _ended.Add(1, new("team", team), new("state", state.ToString()));

    internal void Accepted(string? team, Duration took) => _accepted.Record(took.TotalSeconds, new KeyValuePair<string, object?>("team", team));

    internal void Unassignable(string team, string reason) => _unassignable.Add(1, new("team", team), new("reason", reason));

    internal void Decided(string team, TimeSpan took) => _duration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("team", team));
}
