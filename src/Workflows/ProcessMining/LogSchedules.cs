using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.ProcessMining;

/// <summary>A log that is written again and again.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Format">Of <see cref="LogFormats"/>.</param>
/// <param name="Journey">Cases of this journey; null: of all.</param>
/// <param name="LastDays">Cases that began within so many days before; null: all.</param>
/// <param name="Cron">When, as Cronos reads it.</param>
/// <param name="Calendar">Business calendar whose time zone counts.</param>
/// <param name="KeepDays">How long its files are kept.</param>
/// <param name="Reason">Why.</param>
/// <param name="CreatedBy">User name of who made it. Files are written in their name.</param>
/// <param name="NextAt">When next; null: it is stopped.</param>
/// <param name="Stopped">Why it is stopped.</param>
public sealed record LogSchedule(
    Guid Id,
    string Format,
    string? Journey,
    int? LastDays,
    string Cron,
    string Calendar,
    int KeepDays,
    string Reason,
    string CreatedBy,
    Instant? NextAt,
    string? Stopped
);

/// <summary>What a schedule is to have.</summary>
public sealed record ScheduleRequest(string Format, string? Journey, int? LastDays, string? Cron, string? Calendar, int KeepDays, string? Reason);

/// <summary>
/// Writes logs by schedule: when one is due, a file is asked for in the name of who made the schedule, and the job of exports writes it. A schedule whose
/// author no longer has the right is stopped. Making, running and removing are in history.
/// </summary>
public sealed class LogSchedules(WorkflowRuntime runtime, ServiceLevelCatalog calendars)
{
    /// <summary>Most days that files are kept.</summary>
    public const int MostDays = 366;

    private const int LongestReason = 1000;
    private const string NoRight = "The person who made it no longer has the permission.";
    private static readonly Duration Shortest = Duration.FromHours(1);

    /// <summary>All schedules, the next one first.</summary>
    public async Task<IReadOnlyList<LogSchedule>> ListAsync(CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            """
            select s.id, s.format, s.journey, s.last_days, s.cron, s.calendar, s.keep_days, s.reason, p.user_name, s.next_at, s.stopped
            from export_schedule s join person p on p.id = s.created_by order by s.next_at nulls last, s.id
            """
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var schedules = new List<LogSchedule>();
        while (await r.ReadAsync(cancel))
            schedules.Add(
                new(
                    r.GetGuid(0),
                    r.GetString(1),
                    r.Text(2),
                    r.IsDBNull(3) ? null : r.GetInt32(3),
                    r.GetString(4),
                    r.GetString(5),
                    r.GetInt32(6),
                    r.GetString(7),
                    r.GetString(8),
                    r.InstantOrNull(9),
                    r.Text(10)
                )
            );
        return schedules;
    }

    /// <summary>Makes a schedule. The caller has checked the permission.</summary>
    public async Task<LogResult> AddAsync(ScheduleRequest request, Person actor, CancellationToken cancel = default)
    {
        var (errors, reason, now) = (new Dictionary<string, string[]>(), request.Reason?.Trim() ?? "", runtime.Clock.Now());
        if (!LogFormats.All.Contains(request.Format))
            errors["format"] = [$"must be one of {string.Join(", ", LogFormats.All)}"];
        if (reason.Length == 0)
            errors["reason"] = ["is required"];
        else if (reason.Length > LongestReason)
            errors["reason"] = [$"must have at most {LongestReason} characters"];
        else if (WorkflowData.Unfit(reason) is { } unfit)
            errors["reason"] = [unfit];
        if (request.LastDays is < 1 or > 3660)
            errors["lastDays"] = ["must be from 1 to 3660"];
        if (request.KeepDays is < 1 or > MostDays)
            errors["keepDays"] = [$"must be from 1 to {MostDays}"];
        var journey = string.IsNullOrWhiteSpace(request.Journey) ? null : request.Journey.Trim();
        if (journey is not null && await runtime.Definitions.FindPublishedAsync(journey, cancel) is null)
            errors["journey"] = ["is no journey that exists"];
        var (cron, calendar) = (request.Cron?.Trim() ?? "", request.Calendar?.Trim() ?? "");
        Instant? next = null;
        if (!calendars.Calendars.ContainsKey(calendar))
            errors["calendar"] = ["is no calendar that exists"];
        else
            next = Next(cron, calendar, now, errors);
        if (errors.Count > 0)
            return new LogResult.Invalid(errors);
        var id = Ids.New(now);
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            insert into export_schedule (id, format, journey, last_days, cron, calendar, keep_days, reason, created_by, created_at, next_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            id,
            request.Format,
            journey,
            request.LastDays,
            cron,
            calendar,
            request.KeepDays,
            reason,
            actor.Id,
            now,
            next
        );
        var told = new
        {
            format = request.Format,
            journey,
            lastDays = request.LastDays,
            cron,
            calendar,
            keepDays = request.KeepDays,
            reason,
        };
        await WriteLogs.RecordAsync(connection, batch, id, "export.scheduled", told, actor.UserName, now, cancel);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new LogResult.Asked(id);
    }

    /// <summary>Removes a schedule; its files stay for their time. False: there is none. The caller has checked the permission.</summary>
    public async Task<bool> RemoveAsync(Guid id, Person actor, CancellationToken cancel = default)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using (var first = connection.CreateBatch())
        {
            first.Add("delete from export_schedule where id = $1", id);
            if (await first.ExecuteNonQueryAsync(cancel) == 0)
                return false;
        }

        await using var batch = connection.CreateBatch();
        await WriteLogs.RecordAsync(connection, batch, id, "export.unscheduled", new { }, actor.UserName, runtime.Clock.Now(), cancel);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    /// <summary>Asks for the files that are due. Returns how many schedules were.</summary>
    public async Task<int> RunAsync(CancellationToken stop = default)
    {
        var count = 0;
        while (!stop.IsCancellationRequested && await StepAsync(CancellationToken.None))
            count++;
        return count;
    }

    /// <summary>One schedule: what it missed while no host ran is made up for once.</summary>
    private async Task<bool> StepAsync(CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var due = connection.CreateBatch();
        due.Add(
            """
            select s.id, s.cron, s.calendar, s.created_by, p.user_name from export_schedule s join person p on p.id = s.created_by
            where s.next_at <= $1 order by s.next_at, s.id limit 1 for update of s skip locked
            """,
            now
        );
        Guid id,
            author;
        string cron,
            calendar,
            name;
        await using (var r = await due.ExecuteReaderAsync(cancel))
        {
            if (!await r.ReadAsync(cancel))
                return false;
            (id, cron, calendar, author, name) = (r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetGuid(3), r.GetString(4));
        }

        var errors = new Dictionary<string, string[]>();
        var next = calendars.Calendars.ContainsKey(calendar) ? Next(cron, calendar, now, errors) : null;
        var stopped =
            !(await PermissionHolders.ListAsync(connection, Permissions.KeepRecords, cancel: cancel)).Contains(author) ? NoRight
            : next is null ? $"The calendar {calendar} is gone, or the schedule has no next time."
            : null;
        await using var batch = connection.CreateBatch();
        if (stopped is not null)
        {
            batch.Add("update export_schedule set next_at = null, stopped = $2 where id = $1", id, stopped);
            await WriteLogs.RecordAsync(connection, batch, id, "export.schedule-stopped", new { reason = stopped }, "system", now, cancel);
        }
        else
        {
            var file = Ids.New(now);
            batch.Add(
                """
                insert into export_file (id, format, journey, started_from, reason, requested_by, requested_at, state, schedule_id, keep_days)
                select $2, s.format, s.journey, $3 - s.last_days * interval '1 day', s.reason, $4, $3, 'Queued', s.id, s.keep_days
                from export_schedule s where s.id = $1
                """,
                id,
                file,
                now,
                name
            );
            batch.Add("update export_schedule set next_at = $2 where id = $1", id, next);
            await WriteLogs.RecordAsync(connection, batch, file, "export.requested", new { schedule = Ids.Text(id) }, name, now, cancel);
        }

        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    private Instant? Next(string cron, string calendar, Instant now, Dictionary<string, string[]> errors)
    {
        try
        {
            if (cron.StartsWith("TZ=", StringComparison.OrdinalIgnoreCase))
                throw new FormatException("The time zone is the calendar's: leave TZ= out.");
            var schedule = CronSchedule.Parse($"TZ={calendars.Calendars[calendar].Zone.Id} {cron}");
            var next = schedule.NextAfter(now);
            if (next is { } first && schedule.NextAfter(first) is { } second && second - first < Shortest)
                throw new FormatException("An export takes place once an hour at most.");
            return next;
        }
        catch (FormatException e)
        {
            errors["cron"] = [$"is no schedule: {e.Message}"];
            return null;
        }
    }
}
