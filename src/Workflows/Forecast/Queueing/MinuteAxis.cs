using NodaTime;
using Orchestration.Workflows.Calendars;

namespace Orchestration.Workflows.Forecast.Queueing;

/// <summary>The opening hours of a calendar as whole minutes from an instant on, computed once. Days with 23 or 25 hours are as long as they are.</summary>
internal sealed class MinuteAxis
{
    /// <summary>Open minutes before each minute.</summary>
    private readonly int[] _before;

    /// <summary>The minute at whose end so many open minutes have passed.</summary>
    private readonly int[] _at;

    public MinuteAxis(BusinessCalendar? calendar, Instant from, int minutes)
    {
        _before = new int[minutes + 1];
        var open = new bool[minutes];
        if (calendar is null)
            Array.Fill(open, true);
        else
            foreach (var (slot, _) in calendar.Openings(from, from + Duration.FromMinutes(minutes)))
            {
                var (begin, end) = ((int)Math.Round((slot.Start - from).TotalMinutes), (int)Math.Round((slot.End - from).TotalMinutes));
                Array.Fill(open, true, Math.Clamp(begin, 0, minutes), Math.Clamp(end, 0, minutes) - Math.Clamp(begin, 0, minutes));
            }

        var at = new List<int>();
        for (var i = 0; i < minutes; i++)
        {
            _before[i + 1] = _before[i] + (open[i] ? 1 : 0);
            if (open[i])
                at.Add(i + 1);
        }

        _at = [.. at];
    }

    /// <summary>Open minutes until a minute.</summary>
    public int Open(int minute) => _before[Math.Clamp(minute, 0, _before.Length - 1)];

    /// <summary>When so many open minutes have passed; <see cref="Office.Never"/> if not within the axis.</summary>
    public int Wall(int open) =>
        open <= 0 ? 0
        : open > _at.Length ? Office.Never
        : _at[open - 1];
}
