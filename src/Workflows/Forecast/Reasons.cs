using NodaTime;
using Orchestration.Workflows.Forecast.Queueing;

namespace Orchestration.Workflows.Forecast;

/// <summary>Why a clock may be missed.</summary>
/// <param name="Ahead">Tasks that whoever may do it takes before it.</param>
/// <param name="WorkAhead">How long these take one person.</param>
/// <param name="People">How many may do it; of a task that someone has, 1.</param>
/// <param name="Present">How many of them are at work now.</param>
/// <param name="NextAt">When the next of them comes, if no one is there; null: no shift is planned.</param>
/// <param name="Skills">Skills that it requires.</param>
/// <param name="Waits">It waits for someone else.</param>
public sealed record BreachReason(int Ahead, Duration WorkAhead, int People, int Present, Instant? NextAt, IReadOnlyList<string> Skills, bool Waits)
{
    /// <summary>About a task of a forecast; null: the forecast doesn't know it.</summary>
    public static BreachReason? Of(OfficeForecast forecast, Guid task)
    {
        var office = forecast.Office;
        var place = Array.IndexOf(office.TaskIds, task);
        if (place < 0)
            return null;
        var work = forecast.Snapshot.Input.Work[place];
        var owner = office.Owner[place];
        int[] people =
            owner >= 0 ? [owner]
            : office.Class[place] >= 0 ? office.PeopleOf[office.Class[place]]
            : [];
        var entry = Office.Entry(office.Key[place], place);
        var (ahead, minutes) = (0, 0.0);
        foreach (
            var list in people.SelectMany(person => office.ClassesOf[person]).Distinct().Select(c => office.Queue[c]).Concat(people.Select(p => office.Own[p]))
        )
        {
            foreach (var other in list.TakeWhile(other => other < entry))
            {
                if ((int)(uint)other == place)
                    continue;
                ahead++;
                minutes += office.Step[(int)(uint)other].Effort.Mean * office.Share[(int)(uint)other];
            }
        }

        var next = people.SelectMany(person => office.ShiftFrom[person].Take(1)).DefaultIfEmpty(-1).Min();
        return new(
            ahead,
            Duration.FromMinutes(Math.Round(minutes)),
            people.Length,
            people.Count(person => office.ShiftFrom[person].Length > 0 && office.ShiftFrom[person][0] == 0),
            next < 0 ? null : office.Now + Duration.FromMinutes(next),
            [.. work.Work.Required.Select(need => need.Level > 1 ? $"{need.Skill} (level {need.Level})" : need.Skill)],
            work.WaitsSince is not null
        );
    }
}
