using NodaTime;

namespace Orchestration.Workflows.Simulation;

/// <summary>A case of a simulated office that was finished, with what its customer noticed.</summary>
/// <param name="Case">The case.</param>
/// <param name="Days">How long it took.</param>
/// <param name="Late">Deadlines that were missed.</param>
/// <param name="Broken">Promises that were broken or kept late.</param>
public sealed record OfficeEnd(Guid Case, double Days, int Late, int Broken);

/// <summary>What customers of a simulated office say afterward: a third of them rate, and what went wrong costs points.</summary>
internal static class OfficeRatings
{
    private const double Share = 1.0 / 3;
    private const double Answers = 0.8;
    private const double Comments = 0.4;
    private const double LongDays = 10;

    private static readonly string[] Happy =
    [
        "Quick and friendly. I always knew what came next.",
        "Everything was explained, and it was done when you said.",
        "The person on the phone was very helpful.",
        "Much easier than I had feared.",
    ];

    private static readonly string[] Mixed =
    [
        "It worked out, but I had to ask twice.",
        "Fine in the end. The forms are too long.",
        "Friendly people, but nobody told me that another document was missing.",
    ];

    private static readonly string[] Slow =
    [
        "It took longer than I was told.",
        "I waited for weeks without hearing anything.",
        "The result is right, but far too late.",
    ];

    private static readonly string[] Disappointed =
    [
        "You promised to call and nobody did.",
        "I was told Friday and it wasn’t Friday.",
        "Promises should be kept. I had to chase you.",
    ];

    /// <summary>The rating, some days after the end was noticed; null: this customer doesn't rate.</summary>
    public static OfficeAct.Rate? Of(OfficeEnd end, Instant at, OfficeChance chance)
    {
        if (!chance.Is(Share))
            return null;
        var mood = 5 - Math.Min(end.Days, 30) / 20 - 1.1 * Math.Min(end.Late, 2) - 1.7 * Math.Min(end.Broken, 2) + chance.Between(-1.4, 0.4);
        var satisfaction = Math.Clamp((int)Math.Round(mood), 1, 5);
        int? recommend = chance.Is(Answers) ? Math.Clamp((int)Math.Round(2 * mood + chance.Between(-1.2, 0.8)), 0, 10) : null;
        var comment = chance.Is(Comments)
            ? chance.Of(
                satisfaction >= 4 ? Happy
                : end.Broken > 0 ? Disappointed
                : end.Late > 0 || end.Days > LongDays ? Slow
                : Mixed
            )
            : "";
        return new(at + Duration.FromHours(chance.Between(2, 100)), end.Case, satisfaction, recommend, comment);
    }
}
