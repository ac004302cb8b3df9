using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace Orchestration.Workflows.Distribution;

/// <summary>Settings of the push engine.</summary>
public sealed record DistributionSettings
{
    /// <summary>How long decisions are kept. Default: 90 days.</summary>
    public Duration Retention { get; init; } = Duration.FromDays(90);
}

/// <summary>Adds the push engine.</summary>
public static class DistributionSetup
{
    internal static IServiceCollection AddDistribution(this IServiceCollection services) =>
        services
            .AddMetrics()
            .AddSingleton(new DistributionSettings())
            .AddSingleton<DistributionMetrics>()
            .AddSingleton<DatabaseTime>()
            .AddSingleton<UnassignableWork>()
            .AddSingleton<DistributionPolicies>()
            .AddSingleton<EndOffers>()
            .AddSingleton<AnswerOffer>()
            .AddSingleton<PushTask>()
            .AddSingleton<SuggestWork>()
            .AddSingleton<Replay>()
            .AddSingleton<OfferPicks>()
            .AddSingleton<AssignPick>()
            .AddSingleton<DistributeWork>()
            .AddHostedService<PushWatch>();
}
