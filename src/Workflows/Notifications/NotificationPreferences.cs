using NodaTime;
using NodaTime.Text;
using NodaTime.TimeZones;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Notifications;

/// <summary>Which notifications a person gets by e-mail, and their quiet hours.</summary>
/// <param name="EmailKinds">Kinds that also come by e-mail.</param>
/// <param name="QuietFrom">Start of the quiet hours in the zone, inclusive; null for none.</param>
/// <param name="QuietTo">Their end, exclusive; earlier than the start if they span midnight.</param>
/// <param name="TimeZone">Zone of the quiet hours, by its tz database id.</param>
/// <param name="Revision">Changes so far; 0 when they have not chosen and the organisation's choice holds.</param>
public sealed record NotificationPreferences(IReadOnlyList<string> EmailKinds, LocalTime? QuietFrom, LocalTime? QuietTo, string TimeZone, int Revision)
{
    private static readonly ZoneLocalMappingResolver BeginsAt = Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnStartOfIntervalAfter);
    private static readonly ZoneLocalMappingResolver EndsAt = Resolvers.CreateMappingResolver(Resolvers.ReturnLater, Resolvers.ReturnStartOfIntervalAfter);

    /// <summary>What holds when neither the person nor the organisation has chosen: nothing by e-mail, no quiet hours.</summary>
    public static readonly NotificationPreferences Default = new([], null, null, "Etc/UTC", 0);

    /// <summary>
    /// When the quiet hours around an instant end, or null outside them. A begin or end that a clock change skips is right after the change; of one that it
    /// repeats, quiet hours begin at the first and end at the second, so that each night has one quiet time.
    /// </summary>
    public Instant? QuietUntil(Instant now)
    {
        if (QuietFrom is not { } from || QuietTo is not { } to || DateTimeZoneProviders.Tzdb.GetZoneOrNull(TimeZone) is not { } zone)
            return null;
        var today = now.InZone(zone).Date;
        foreach (var day in (ReadOnlySpan<LocalDate>)[today.PlusDays(-1), today])
        {
            var begins = zone.ResolveLocal(day + from, BeginsAt).ToInstant();
            var ends = zone.ResolveLocal((from < to ? day : day.PlusDays(1)) + to, EndsAt).ToInstant();
            if (begins <= now && now < ends)
                return ends;
        }

        return null;
    }

    /// <summary>Validates the preferences a person entered. Returns errors by field.</summary>
    /// <param name="emailKinds">Kinds.</param>
    /// <param name="quietFrom">Like 19:00, or empty.</param>
    /// <param name="quietTo">Like 07:30, or empty.</param>
    /// <param name="timeZone">A tz database id, or empty for UTC.</param>
    /// <param name="preferences">The preferences, when there are no errors.</param>
    public static Dictionary<string, string[]> Check(
        IReadOnlyList<string>? emailKinds,
        string? quietFrom,
        string? quietTo,
        string? timeZone,
        out NotificationPreferences preferences
    )
    {
        var errors = new Dictionary<string, string[]>();
        preferences = Default;
        var unknown = (emailKinds ?? []).Where(kind => !NotificationKinds.Exists(kind)).ToList();
        if (unknown.Count > 0)
            errors["emailKinds"] = [$"unknown kind: {string.Join(", ", unknown.Take(5))}"];
        var from = Time("quietFrom", quietFrom);
        var to = Time("quietTo", quietTo);
        if (errors.Count == 0 && from is null != to is null)
            errors[from is null ? "quietFrom" : "quietTo"] = ["needed too: quiet hours have a begin and an end"];
        if (from is not null && from == to)
            errors["quietTo"] = ["must differ from the begin; leave both empty for no quiet hours"];
        var zone = string.IsNullOrWhiteSpace(timeZone) ? Default.TimeZone : timeZone.Trim();
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is null)
            errors["timeZone"] = [$"'{zone}' is not a time zone; use a name like Europe/London"];
        if (errors.Count == 0)
            preferences = new([.. (emailKinds ?? []).Distinct()], from, to, zone, 0);
        return errors;

        LocalTime? Time(string field, string? text)
        {
            if (string.IsNullOrWhiteSpace(text))
                return null;
            var parsed = LocalTimePattern.CreateWithInvariantCulture("HH:mm").Parse(text.Trim());
            if (!parsed.Success)
                errors[field] = ["must be a time like 19:30"];
            return parsed.Success ? parsed.Value : null;
        }
    }

    /// <summary>What holds for a person: their own choice, else the organisation's, else <see cref="Default"/>.</summary>
    public static Task<NotificationPreferences> OfAsync(NpgsqlDataSource database, Guid person, CancellationToken cancel = default) =>
        ReadAsync(database, person, cancel);

    /// <summary>The zone that a person chose for themselves; null: none. An empty field is kept as UTC.</summary>
    public static async Task<DateTimeZone?> ZoneOfAsync(NpgsqlDataSource database, Guid person, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select time_zone from notification_preference where person_id = $1 and time_zone <> $2",
            person,
            Default.TimeZone
        );
        return await query.ExecuteScalarAsync(cancel) is string id ? DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) : null;
    }

    /// <summary>Defaults for people who haven't chosen.</summary>
    public static Task<NotificationPreferences> DefaultsAsync(NpgsqlDataSource database, CancellationToken cancel = default) =>
        ReadAsync(database, null, cancel);

    /// <summary>
    /// Saves a choice. Null when someone else changed it since it was read (<see cref="Revision"/> of <paramref name="chosen"/>), else the new revision.
    /// </summary>
    /// <param name="runtime">Database and clock.</param>
    /// <param name="person">Whose choice, or null for the organisation's.</param>
    /// <param name="chosen">The choice, with the revision it is based on.</param>
    /// <param name="actor">Who chooses.</param>
    public static async Task<int?> SaveAsync(
        WorkflowRuntime runtime,
        Guid? person,
        NotificationPreferences chosen,
        Person actor,
        CancellationToken cancel = default
    )
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await NamedChain.LockAsync(connection, person is { } id ? $"person:{id:N}" : "settings", actor.UserName, now, cancel);
        await using (var save = connection.CreateBatch())
        {
            save.Add(
                """
                insert into notification_preference as p (person_id, email_kinds, quiet_from, quiet_to, time_zone, changed_at)
                    select $1, $2, $3, $4, $5, $6 where $7 = 0 or exists (select from notification_preference where person_id is not distinct from $1)
                on conflict (person_id) do update set email_kinds = $2, quiet_from = $3, quiet_to = $4, time_zone = $5, changed_at = $6,
                    revision = p.revision + 1 where p.revision = $7
                """,
                person,
                chosen.EmailKinds.ToArray(),
                Time(chosen.QuietFrom),
                Time(chosen.QuietTo),
                chosen.TimeZone,
                now,
                chosen.Revision
            );
            if (await save.ExecuteNonQueryAsync(cancel) == 0)
                return null;
        }

        await using var batch = connection.CreateBatch();
        history.Add(
            new(
                "notifications.chosen",
                person is null ? "settings" : "person",
                person is { } whose ? Ids.Text(whose) : "notifications",
                chosen.Revision + 1,
                System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        chosen.EmailKinds,
                        quietFrom = chosen.QuietFrom?.ToString("HH:mm", null),
                        quietTo = chosen.QuietTo?.ToString("HH:mm", null),
                        chosen.TimeZone,
                    },
                    System.Text.Json.JsonSerializerOptions.Web
                )
            )
        );
        batch.WriteChain(history);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return chosen.Revision + 1;

        static TimeOnly? Time(LocalTime? time) => time?.ToTimeOnly();
    }

    private static async Task<NotificationPreferences> ReadAsync(NpgsqlDataSource database, Guid? person, CancellationToken cancel)
    {
        await using var query = database.Query(
            """
            select email_kinds, quiet_from, quiet_to, time_zone, case when person_id is not distinct from $1 then revision else 0 end
            from notification_preference where person_id = $1 or person_id is null order by person_id nulls last limit 1
            """,
            person
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? new(r.GetFieldValue<string[]>(0), Local(1), Local(2), r.GetString(3), r.GetInt32(4)) : Default;

        LocalTime? Local(int column) => r.IsDBNull(column) ? null : LocalTime.FromTimeOnly(r.GetFieldValue<TimeOnly>(column));
    }
}
