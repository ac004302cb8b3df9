using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Distribution.Matching;

namespace Orchestration.Host.Distribution;

/// <summary>Decisions of the push engine in words.</summary>
internal static class DecisionWords
{
    public static string Of(Obstacle obstacle) =>
        obstacle switch
        {
            Obstacle.Team => "Not in the team",
            Obstacle.Excluded => "Excluded by four eyes or a conflict of interest",
            Obstacle.Passed => "Declined it, forwarded it or let it expire",
            Obstacle.Skill => "Lacks a required skill",
            Obstacle.Level => "Skill level too low",
            Obstacle.Expired => "Certificate expired",
            Obstacle.Preferred => "Others have the preferred skills",
            Obstacle.Presence => "Not available",
            Obstacle.Shift => "Too little of the shift left",
            Obstacle.Capacity => "At capacity",
            Obstacle.DeferredShare => "Rest of the shift is kept for deferred work",
            _ => "Has another offer to answer",
        };

    public static string Of(OfferState state, bool unanswered) =>
        state switch
        {
            OfferState.Accepted when unanswered => "Assigned",
            OfferState.Open => "The offer waits for an answer",
            OfferState.Accepted => "Accepted",
            OfferState.Declined => "Declined",
            OfferState.Expired => "The offer expired without an answer",
            _ => "Withdrawn",
        };

    /// <summary>The parts of a score that count, the largest first.</summary>
    public static string Score(Candidate one) =>
        string.Join(
            ", ",
            new[]
            {
                (Points: one.Affinity, Name: "knows the case or customer"),
                (Points: one.Preferred, Name: "preferred skills"),
                (Points: one.Scarcity, Name: "no scarce skill wasted"),
                (Points: one.Idle, Name: "idle"),
            }
                .Where(part => part.Points > 0)
                .OrderByDescending(part => part.Points)
                .Select(part => $"{part.Name} {part.Points / 1000}")
        );

    /// <summary>What deciding several tasks at once brought; null: nothing.</summary>
    public static string? Of(PlanGain gain) =>
        (gain.Tasks, gain.Score / 1000) switch
        {
            (> 0, _) => $"Deciding several tasks at once gave out {Words.Count(gain.Tasks, "more task")} than one after the other.",
            (_, > 0 and var points) =>
                $"Deciding several tasks at once matched people and tasks better than one after the other, by {Words.Count((int)points, "point")}.",
            _ => null,
        };

    public static string Order(WorkPlace place) =>
        (place.SlackMinutes, place.Late) switch
        {
            (null, _) => $"It has no clock and has been open for {Length(place.AgeMinutes)}.",
            ({ } minutes, true) => $"Its deadline can't be met any more, by {Length(-minutes)} of working time.",
            ({ } minutes, false) => $"{(place.Statutory ? "Its statutory deadline" : "Its deadline")} leaves {Length(minutes)} of working time.",
        };

    private static string Length(int minutes) =>
        minutes < 60 ? $"{minutes} min"
        : minutes < 2880 ? $"{minutes / 60} h"
        : $"{minutes / 1440} days";
}
