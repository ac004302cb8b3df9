using System.Text.Json.Serialization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Documents;

namespace Orchestration.Workflows.Workforce;

/// <summary>What a shift is for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ShiftKind>))]
public enum ShiftKind
{
    /// <summary>Working: they become available when it begins.</summary>
    Work,

    /// <summary>Being trained.</summary>
    Training,
}

/// <summary>A time in which someone is planned to work or to be trained.</summary>
/// <param name="Id">Its id.</param>
/// <param name="PersonId">Who.</param>
/// <param name="UserName">Their user name.</param>
/// <param name="DisplayName">Their name.</param>
/// <param name="From">From when.</param>
/// <param name="Until">Until when, exclusive.</param>
/// <param name="Kind">What for.</param>
public sealed record Shift(Guid Id, Guid PersonId, string UserName, string DisplayName, Instant From, Instant Until, ShiftKind Kind)
{
    /// <summary>The shifts of active people of these teams that are not over at <paramref name="from"/> and begin before <paramref name="until"/>.</summary>
    public static async Task<IReadOnlyList<Shift>> ListAsync(
        NpgsqlDataSource database,
        IEnumerable<string> teams,
        Instant from,
        Instant until,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            """
            select s.id, p.id, p.user_name, p.display_name, s.from_at, s.until_at, s.kind from shift s join person p on p.id = s.person_id and p.active
            where s.until_at > $2 and s.from_at < $3 and exists (select from team_member m where m.person_id = p.id and m.team_key = any($1))
            order by s.from_at, lower(p.display_name), s.id limit 10000
            """,
            teams.ToArray(),
            from,
            until
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var shifts = new List<Shift>();
        while (await r.ReadAsync(cancel))
            shifts.Add(new(r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.GetString(3), r.Instant(4), r.Instant(5), Enum.Parse<ShiftKind>(r.GetString(6))));
        return shifts;
    }
}

/// <summary>A shift to be planned.</summary>
/// <param name="Person">User name.</param>
/// <param name="From">From when.</param>
/// <param name="Until">Until when, exclusive; at most 24 hours later.</param>
/// <param name="Kind">What for.</param>
public sealed record PlannedShift(string? Person, Instant? From, Instant? Until, ShiftKind? Kind = ShiftKind.Work);

/// <summary>How a change of the shift plan went. Nothing was changed unless it is <see cref="Done"/>.</summary>
public abstract record ShiftResult
{
    private ShiftResult() { }

    /// <summary>It happened.</summary>
    /// <param name="Added">Shifts that were added. One that was planned exactly like that already is not.</param>
    public sealed record Done(IReadOnlyList<Guid> Added) : ShiftResult;

    /// <summary>Everything that is wrong, by the place of a shift in the request and its field.</summary>
    public sealed record Invalid(IReadOnlyList<(int Index, string Field, string Reason)> Errors) : ShiftResult;

    /// <summary>Everything that is wrong with a file, by line.</summary>
    public sealed record WrongFile(IReadOnlyList<ImportError> Errors) : ShiftResult;

    /// <summary>There is no such shift or team, or the actor doesn't steer it.</summary>
    public sealed record NotFound : ShiftResult;
}
