using System.Data;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Distribution;

/// <summary>An open task as decisions and forecasts see it: the one place that says which columns of <c>task</c> that takes.</summary>
internal static class WorkRow
{
    /// <summary>Columns of a row of <c>task</c> named <c>t</c>.</summary>
    /// <param name="expired">SQL of the time since when expired offers keep a task from the person.</param>
    /// <param name="excluded">SQL of the people it is closed to, as an array of ids; null: by four eyes and conflicts of interest.</param>
    public static string Columns(string expired, string? excluded = null) =>
        $$"""
            t.id, t.title, t.team, t.required_skills, t.preferred_skills, t.work_kind, t.weight, t.effort, t.priority, t.due_at, t.created_at,
                case when t.candidates = '{}' then '{}' else array(select n.id from person n where n.user_name = any(t.candidates)) end named,
                {{excluded ?? Eligibility.ExcludedPeople}} excluded, {{Eligibility.PassedOnBy}} passed_on,
                t.gave_up || case when t.passed_by = '{}' then '{}' else array(select o.person_id from task_offer o where o.task_id = t.id
                    and (o.state = 'Declined' or o.state = 'Expired' and o.ended_at > {{expired}})) end passed,
                coalesce(t.statutory_at = t.due_at, false) statutory
            """;

    /// <summary>Reads them.</summary>
    /// <param name="calendar">What its slack is measured in; null: elapsed time.</param>
    /// <param name="now">When.</param>
    public static Work Read(NpgsqlDataReader r, BusinessCalendar? calendar, Instant now)
    {
        var effort = r.IsDBNull("effort") ? (Duration?)null : Duration.FromMinutes(r.GetInt32("effort"));
        return new()
        {
            Id = r.GetGuid("id"),
            Title = r.GetString("title"),
            Team = r.Text("team"),
            Named = r.GetFieldValue<Guid[]>("named"),
            Required = [.. r.GetFieldValue<string[]>("required_skills").Select(SkillNeed.Parse)],
            Preferred = [.. r.GetFieldValue<string[]>("preferred_skills").Select(SkillNeed.Parse)],
            Excluded = r.GetFieldValue<Guid[]>("excluded"),
            Passed = r.GetFieldValue<Guid[]>("passed"),
            PassedOn = r.GetFieldValue<Guid[]>("passed_on"),
            Kind = r.GetString("work_kind") == "live" ? WorkKind.Live : WorkKind.Deferred,
            Weight = r.GetInt32("weight"),
            Effort = effort,
            Priority = r.GetInt16("priority"),
            Slack = r.InstantOrNull("due_at") is { } due ? (calendar?.Between(now, due) ?? due - now) - (effort ?? Duration.Zero) : null,
            Statutory = r.GetBoolean("statutory"),
            OpenedAt = r.Instant("created_at"),
        };
    }
}
