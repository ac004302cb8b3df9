using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Workforce;

/// <summary>
/// Adds, removes and copies shifts: all of a request or, when anything is wrong, nothing. Each shift is in the history of its person, whose chain is also the
/// lock, so that no one gets two shifts at a time.
/// </summary>
public sealed class PlanShifts(WorkflowRuntime runtime)
{
    /// <summary>Most shifts of one request.</summary>
    public const int Most = 2_000;

    /// <summary>Longest shift.</summary>
    public static readonly Duration Longest = Duration.FromHours(24);

    private static readonly Duration Back = Duration.FromDays(31);
    private static readonly Duration Ahead = Duration.FromDays(400);

    /// <summary>Adds shifts.</summary>
    /// <param name="shifts">At most <see cref="Most"/>.</param>
    /// <param name="actor">Steers everyone they are for.</param>
    public Task<ShiftResult> AddAsync(IReadOnlyList<PlannedShift> shifts, Person actor, CancellationToken cancel = default) =>
        AddAsync(shifts, store: true, actor, null, cancel);

    /// <summary>What is wrong with shifts, without adding them.</summary>
    internal Task<ShiftResult> CheckAsync(IReadOnlyList<PlannedShift> shifts, Person actor, CancellationToken cancel) =>
        AddAsync(shifts, store: false, actor, null, cancel);

    /// <summary>Adds shifts, with something else in the history of their people.</summary>
    /// <param name="also">What else is written in the same transaction when a shift is added.</param>
    internal Task<ShiftResult> AddAsync(
        IReadOnlyList<PlannedShift> shifts,
        Person actor,
        Action<NpgsqlBatch, IEnumerable<PersonHistory>> also,
        CancellationToken cancel
    ) => AddAsync(shifts, store: true, actor, also, cancel);

    private async Task<ShiftResult> AddAsync(
        IReadOnlyList<PlannedShift> shifts,
        bool store,
        Person actor,
        Action<NpgsqlBatch, IEnumerable<PersonHistory>>? also,
        CancellationToken cancel
    )
    {
        var now = runtime.Clock.Now();
        if (shifts.Count is 0 or > Most)
            return new ShiftResult.Invalid([(0, "", $"There must be 1 to {Most} shifts.")]);
        var people = await SteeredAsync([.. shifts.Select(s => s.Person ?? "").Distinct(StringComparer.OrdinalIgnoreCase)], actor, cancel);
        var errors = new List<(int Index, string Field, string Reason)>();
        var read = new List<(int Index, Guid Id, Guid Person, Instant From, Instant Until, ShiftKind Kind)>();
        foreach (var (index, shift) in shifts.Index())
        {
            var before = errors.Count;
            if (!people.TryGetValue(shift.Person ?? "", out var person))
                errors.Add((index, "person", $"“{shift.Person}” is not the user name of an active person whose shifts you can plan."));
            if (shift.From is not { } from)
                errors.Add((index, "from", "The start is missing."));
            else if (from < now - Back || from > now + Ahead)
                errors.Add((index, "from", "The start must be at most a month ago, and at most 400 days ahead."));
            if (shift.Until is not { } until)
                errors.Add((index, "until", "The end is missing."));
            else if (until <= shift.From)
                errors.Add((index, "until", "The end must be after the start."));
            else if (until - shift.From > Longest)
                errors.Add((index, "until", "A shift has at most 24 hours."));
            if (shift.Kind is null)
                errors.Add((index, "kind", "The kind must be Work or Training."));
            if (errors.Count == before)
                read.Add((index, Ids.New(now), person, shift.From!.Value.Truncated(), shift.Until!.Value.Truncated(), shift.Kind!.Value));
        }

        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var histories = await PersonHistory.LockAsync(connection, read.Select(s => s.Person), actor.UserName, now, cancel);
        var planned = await PlannedAsync(connection, [.. histories.Keys], now - Back - Longest, cancel);
        var added = new List<Guid>();
        await using var batch = connection.CreateBatch();
        foreach (var shift in read)
        {
            var theirs = planned[shift.Person];
            var others = theirs.Where(s => s.From < shift.Until && shift.From < s.Until).ToList();
            if (others.Count > 0)
            {
                // Planning the same again is no mistake: a file can be imported twice.
                if (others.TrueForAll(other => other != (shift.From, shift.Until, shift.Kind)))
                    errors.Add((shift.Index, "from", "The shift overlaps another one of the same person."));
                continue;
            }

            theirs.Add((shift.From, shift.Until, shift.Kind));
            added.Add(shift.Id);
            histories[shift.Person].Add("person.shift-planned", Told(shift.From, shift.Until, shift.Kind));
        }

        if (errors.Count > 0)
            return new ShiftResult.Invalid([.. errors.OrderBy(e => e.Index)]);
        if (!store)
            return new ShiftResult.Done([]);
        var rows = read.Where(s => added.Contains(s.Id)).ToList();
        batch.Add(
            """
            insert into shift (id, person_id, from_at, until_at, kind, created_by, created_at)
                select *, $6, $7 from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[])
            """,
            rows.ConvertAll(s => s.Id).ToArray(),
            rows.ConvertAll(s => s.Person).ToArray(),
            rows.ConvertAll(s => s.From).ToArray(),
            rows.ConvertAll(s => s.Until).ToArray(),
            rows.ConvertAll(s => s.Kind.ToString()).ToArray(),
            actor.UserName,
            now
        );
        if (added.Count > 0)
            also?.Invoke(batch, histories.Values);
        foreach (var history in histories.Values.Where(history => history.HasEvents))
            history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new ShiftResult.Done(added);
    }

    /// <summary>Removes a shift. Who is in it is off shift, unless they said otherwise.</summary>
    /// <param name="actor">Steers its person.</param>
    public async Task<ShiftResult> RemoveAsync(Guid id, Person actor, CancellationToken cancel = default)
    {
        Guid person;
        await using (var find = runtime.Database.Query("select person_id from shift where id = $1", id))
        {
            if (await find.ExecuteScalarAsync(cancel) is not Guid found || !await TeamQueries.SteersPersonAsync(runtime.Database, actor, found, cancel))
                return new ShiftResult.NotFound();
            person = found;
        }

        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, actor.UserName, runtime.Clock.Now(), cancel);
        await using (var delete = connection.CreateBatch())
        {
            delete.Add("delete from shift where id = $1 returning from_at, until_at, kind", id);
            await using var r = await delete.ExecuteReaderAsync(cancel);
            if (!await r.ReadAsync(cancel))
                return new ShiftResult.NotFound();
            history.Add("person.shift-removed", Told(r.Instant(0), r.Instant(1), Enum.Parse<ShiftKind>(r.GetString(2))));
        }

        await using var batch = connection.CreateBatch();
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new ShiftResult.Done([]);
    }

    /// <summary>Copies a team's shifts of a week into another one, at the same times of day: also when the clocks change in between.</summary>
    /// <param name="team">Key of a team that the actor steers.</param>
    /// <param name="from">A day of the week that is copied; weeks begin on Monday.</param>
    /// <param name="to">A day of the other week.</param>
    /// <param name="zone">Whose times of day.</param>
    public async Task<ShiftResult> CopyAsync(string team, LocalDate from, LocalDate to, DateTimeZone zone, Person actor, CancellationToken cancel = default)
    {
        if (!TeamQueries.Steers(actor, team))
            return new ShiftResult.NotFound();
        var (source, target) = (Monday(from), Monday(to));
        var days = Period.DaysBetween(source, target);
        if (days == 0)
            return new ShiftResult.Invalid([(0, "to", "Choose another week than the one that is copied.")]);
        var (begin, end) = (zone.AtStartOfDay(source).ToInstant(), zone.AtStartOfDay(source.PlusDays(7)).ToInstant());
        var shifts = (await Shift.ListAsync(runtime.Database, [team], begin, end, cancel)).Where(s => s.From >= begin).ToList();
        return shifts.Count == 0
            ? new ShiftResult.Invalid([(0, "from", "The week has no shifts.")])
            : await AddAsync(shifts.ConvertAll(s => new PlannedShift(s.UserName, Moved(s.From), Moved(s.Until), s.Kind)), actor, cancel);

        Instant Moved(Instant at) => zone.AtLeniently(at.InZone(zone).LocalDateTime.PlusDays(days)).ToInstant();
    }

    /// <summary>The Monday of a day's week.</summary>
    public static LocalDate Monday(LocalDate day) => day.PlusDays(-((int)day.DayOfWeek - 1));

    private static object Told(Instant from, Instant until, ShiftKind kind) =>
        new
        {
            from = from.ToString(),
            until = until.ToString(),
            kind = kind.ToString(),
        };

    /// <summary>Ids of the active people with these user names whom the actor steers.</summary>
    private async Task<Dictionary<string, Guid>> SteeredAsync(string[] userNames, Person actor, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            """
            select p.user_name, p.id from person p where p.active and lower(p.user_name) = any($1)
                and ($3 or exists (select from team_member m join team t on t.key = m.team_key where m.person_id = p.id and t.lead_id = $2))
            """,
            userNames.Select(name => name.ToLowerInvariant()).ToArray(),
            actor.Id,
            actor.May(Permissions.SteerTeams)
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var people = new Dictionary<string, Guid>(StringComparer.OrdinalIgnoreCase);
        while (await r.ReadAsync(cancel))
            people[r.GetString(0)] = r.GetGuid(1);
        return people;
    }

    private static async Task<Dictionary<Guid, List<(Instant From, Instant Until, ShiftKind Kind)>>> PlannedAsync(
        NpgsqlConnection connection,
        Guid[] people,
        Instant since,
        CancellationToken cancel
    )
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select person_id, from_at, until_at, kind from shift where person_id = any($1) and until_at > $2", people, since);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var planned = people.ToDictionary(id => id, _ => new List<(Instant, Instant, ShiftKind)>());
        while (await r.ReadAsync(cancel))
            planned[r.GetGuid(0)].Add((r.Instant(1), r.Instant(2), Enum.Parse<ShiftKind>(r.GetString(3))));
        return planned;
    }
}
