using NodaTime;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Forecast.Queueing;

namespace Orchestration.Workflows.Forecast;

/// <summary>What more people would change.</summary>
/// <param name="Clocks">Clocks that were counted: those of the team, or all.</param>
/// <param name="Before">Breaches to be expected without them.</param>
/// <param name="After">Breaches to be expected with them.</param>
/// <param name="LikelyBefore">Clocks that will probably be missed without them.</param>
/// <param name="LikelyAfter">Clocks that will probably be missed with them.</param>
public sealed record WhatIfAnswer(int Clocks, double Before, double After, int LikelyBefore, int LikelyAfter);

/// <summary>Tries more people in a team, with the same chance as the forecast.</summary>
public static class WhatIf
{
    /// <summary>Most people to try.</summary>
    public const int MostPeople = 50;

    /// <summary>A probability from which a clock will probably be missed.</summary>
    public const double Likely = 0.5;

    /// <summary>Adds people who hold every skill that the team's work asks for and work in the office's opening hours.</summary>
    /// <param name="people">How many, 1 to <see cref="MostPeople"/>.</param>
    /// <param name="team">Key of their team.</param>
    /// <param name="until">Until when they are there.</param>
    /// <param name="hours">Opening hours of the office.</param>
    /// <param name="runs">How many times the office is simulated: as often as for the forecast.</param>
    internal static WhatIfAnswer Run(OfficeForecast forecast, int people, string team, Instant until, IReadOnlyList<Interval> hours, int runs = Forecaster.Runs)
    {
        var input = forecast.Snapshot.Input;
        var skills = input
            .Work.Select(one => one.Work)
            .Concat(input.Streams.Select(stream => stream.Sample))
            .Where(work => work.Team == team)
            .SelectMany(work => work.Required.Concat(work.Preferred))
            .Select(need => need.Skill)
            .Distinct()
            .ToDictionary(skill => skill, _ => new WorkerSkill(5, null));
        var shifts = hours.Where(slot => slot.Start < until).Select(slot => new Interval(slot.Start, Instant.Min(slot.End, until))).ToList();
        var added = Enumerable
            .Range(0, people)
            .Select(i => new OfficeWorker(
                new()
                {
                    Id = new Guid(i + 1, 0, 0, [255, 255, 255, 255, 0, 0, 0, 0]),
                    Name = "More",
                    Teams = [team],
                    Skills = skills,
                },
                shifts
            ));
        var with = Forecaster.Run(input with { Workers = [.. input.Workers, .. added] }, runs).ToDictionary(one => one.Clock, one => one.Breach);
        var rows = forecast.Rows.Where(row => row.Clock.Teams.Contains(team)).ToList();
        return new(
            rows.Count,
            rows.Sum(row => row.Forecast.Breach),
            rows.Sum(row => with[row.Clock.Id]),
            rows.Count(row => row.Forecast.Breach >= Likely),
            rows.Count(row => with[row.Clock.Id] >= Likely)
        );
    }
}
