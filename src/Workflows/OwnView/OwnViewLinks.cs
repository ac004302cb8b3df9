using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.OwnView;

/// <summary>Settings of the own view.</summary>
/// <param name="LinkDays">How many days a link works if nobody says otherwise.</param>
/// <param name="RequestsPerMinute">Most requests with one link, and from one address, in a minute.</param>
/// <param name="DaysAfterEnd">How many days links go on working once their case has ended.</param>
public sealed record OwnViewSettings(int LinkDays = 30, int RequestsPerMinute = 60, int DaysAfterEnd = 30)
{
    /// <summary>Most days that a link can work.</summary>
    public const int MostDays = 365;
}

/// <summary>A link to make.</summary>
/// <param name="Language"><c>en</c> or <c>de</c>; null: as the browser asks.</param>
/// <param name="Days">How many days it works, 1 to 365.</param>
/// <param name="AsksBirth">Whether the customer must also know their date of birth.</param>
public sealed record LinkRequest(string? Language, int Days, bool AsksBirth)
{
    /// <summary>Email address of the customer's record that it is mailed to; null: none.</summary>
    public string? SendTo { get; init; }

    /// <summary>Whether the mail asks for a rating.</summary>
    internal bool AsksRating { get; init; }
}

/// <summary>A link, without its code.</summary>
/// <param name="Id">Its id.</param>
/// <param name="CaseId">The case it shows.</param>
/// <param name="Reference">Reference of that case.</param>
/// <param name="Language"><c>en</c>, <c>de</c>, or null.</param>
/// <param name="AsksBirth">Whether it asks for the date of birth.</param>
/// <param name="CreatedByName">Who made it.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ExpiresAt">When it stops working.</param>
/// <param name="RevokedAt">When it was revoked, or null.</param>
/// <param name="SeenAt">When the customer last looked at the case with it, to half an hour; null: never.</param>
/// <param name="Visits">How often they did.</param>
public sealed record OwnViewLink(
    Guid Id,
    Guid CaseId,
    string Reference,
    string? Language,
    bool AsksBirth,
    string CreatedByName,
    Instant CreatedAt,
    Instant ExpiresAt,
    Instant? RevokedAt,
    Instant? SeenAt,
    int Visits
)
{
    /// <summary>Whether it works.</summary>
    public bool Works(Instant now) => RevokedAt is null && now < ExpiresAt;
}

/// <summary>How making or revoking a link went.</summary>
public abstract record LinkResult
{
    private LinkResult() { }

    /// <summary>Made.</summary>
    /// <param name="Id">Its id.</param>
    /// <param name="Code">What the address carries. Kept nowhere: it is shown this once.</param>
    /// <param name="ExpiresAt">When it stops working.</param>
    public sealed record Made(Guid Id, string Code, Instant ExpiresAt) : LinkResult;

    /// <summary>It works no more.</summary>
    public sealed record Revoked : LinkResult;

    /// <summary>There is no such case or link.</summary>
    public sealed record NotFound : LinkResult;

    /// <summary>Field and reason.</summary>
    public sealed record Invalid(string Field, string Reason) : LinkResult;
}

/// <summary>
/// Links with which a customer follows a case. The code is 160 random bits, and the database has its hash only. A link expires, can be revoked, and is revoked
/// by itself when someone guesses at the date of birth. Callers have checked that the person can see the case.
/// </summary>
public static class OwnViewLinks
{
    /// <summary>Bytes of a code.</summary>
    private const int CodeBytes = 20;

    private const int CodeLength = (CodeBytes * 8 + 5) / 6;

    /// <summary>Makes a link, and mails it if the request says so.</summary>
    public static async Task<LinkResult> MakeAsync(
        WorkflowRuntime runtime,
        MailOwnViewLink mail,
        Guid @case,
        LinkRequest request,
        Person actor,
        CancellationToken cancel = default
    )
    {
        if (request.Days is < 1 or > OwnViewSettings.MostDays)
            return new LinkResult.Invalid("days", $"must be from 1 to {OwnViewSettings.MostDays}");
        if (request.Language is not (null or "en" or "de"))
            return new LinkResult.Invalid("language", "must be en or de, or be left out");
        await using var t = await InstanceTransaction.OpenAsync(
            runtime,
            actor.UserName,
            ("$1", @case),
            reads:
            [
                Sql.Command(
                    $$"""
                    select c.test_by is not null, s.born_on is not null, coalesce(s.emails, '{}'), {{MailOwnViewLink.ConsentsOf("s.id")}}
                    from journey_case c left join customer m on m.number = c.customer_id
                    left join customer s on s.id = m.survivor where c.id = $1
                    """,
                    @case
                ),
            ],
            moves: false,
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (t.InstanceId is null || !await t.Reads.ReadAsync(cancel))
            return new LinkResult.NotFound();
        var (isTest, knowsBirth) = (t.Reads.GetBoolean(0), t.Reads.GetBoolean(1));
        var refusal = request.SendTo is { } address ? mail.Refuse(address, t.Reads.GetFieldValue<string[]>(2), MailOwnViewLink.ReadConsents(t.Reads, 3)) : null;
        await t.DoneReadingAsync();
        if (isTest)
            return new LinkResult.Invalid("case", "is a test, so no customer follows it");
        if (request.AsksBirth && !knowsBirth)
            return new LinkResult.Invalid("asksBirth", "needs a date of birth in the customer's record");
        if (refusal is not null)
            return new LinkResult.Invalid("sendTo", refusal);
        var expires = t.Now + Duration.FromDays(request.Days);
        var (id, code) = Write(t, mail, @case, request, expires, isOver: !t.IsRunning);
        Record(
            t,
            id,
            "own-view.link-made",
            new
            {
                expires = expires.ToString(),
                asksBirth = request.AsksBirth,
                sentTo = request.SendTo,
            }
        );
        await t.CommitAsync(cancel);
        return new LinkResult.Made(id, code, expires);
    }

    /// <summary>Revokes a link of a case at once. Revoking it again changes nothing.</summary>
    public static async Task<LinkResult> RevokeAsync(WorkflowRuntime runtime, Guid @case, Guid link, Person actor, CancellationToken cancel = default)
    {
        await using var t = await InstanceTransaction.OpenAsync(
            runtime,
            actor.UserName,
            ("$1", @case),
            reads: [Sql.Command("select revoked_at is not null from own_view_link where id = $1 and case_id = $2", link, @case)],
            moves: false,
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (t.InstanceId is null || !await t.Reads.ReadAsync(cancel))
            return new LinkResult.NotFound();
        var done = t.Reads.GetBoolean(0);
        await t.DoneReadingAsync();
        if (done)
            return new LinkResult.Revoked();
        WriteRevoked(t, link, actor.UserName);
        Record(t, link, "own-view.link-revoked", null);
        await t.CommitAsync(cancel);
        return new LinkResult.Revoked();
    }

    /// <summary>Links of these cases, the newest first.</summary>
    public static async Task<IReadOnlyList<OwnViewLink>> ListAsync(NpgsqlDataSource database, IEnumerable<Guid> cases, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select l.id, l.case_id, c.reference, l.language, l.asks_birth, coalesce(p.display_name, initcap(l.created_by)), l.created_at, l.expires_at,
                l.revoked_at, v.at, v.count
            from own_view_link l join journey_case c on c.id = l.case_id left join person p on p.user_name = l.created_by
            cross join lateral (select max(at) at, count(*)::int count from own_view_visit where link_id = l.id) v
            where l.case_id = any($1) order by l.created_at desc, l.id limit 100
            """,
            (object)cases.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var links = new List<OwnViewLink>();
        while (await r.ReadAsync(cancel))
        {
            links.Add(
                new(
                    r.GetGuid(0),
                    r.GetGuid(1),
                    r.GetString(2),
                    r.Text(3),
                    r.GetBoolean(4),
                    r.GetString(5),
                    r.Instant(6),
                    r.Instant(7),
                    r.InstantOrNull(8),
                    r.InstantOrNull(9),
                    r.GetInt32(10)
                )
            );
        }

        return links;
    }

    /// <summary>What a code opens now; null for a stranger's, a mistyped, an expired and a revoked one alike.</summary>
    public static async Task<FollowedCase?> FindAsync(NpgsqlDataSource database, string code, Instant now, CancellationToken cancel = default)
    {
        if (code.Length != CodeLength)
            return null;
        await using var query = database.Query(
            """
            select l.id, l.case_id, l.language, l.asks_birth, l.expires_at, s.id, s.born_on from own_view_link l join journey_case c on c.id = l.case_id
            left join customer m on m.number = c.customer_id left join customer s on s.id = m.survivor
            where l.code_hash = $1 and l.revoked_at is null and l.expires_at > $2
            """,
            Hash(code),
            now
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel)
            ? new(r.GetGuid(0), r.GetGuid(1), r.Text(2), r.GetBoolean(3), r.Instant(4), r.GuidOrNull(5))
            {
                BornOn = r.IsDBNull(6) ? null : r.GetFieldValue<DateOnly>(6),
            }
            : null;
    }

    /// <summary>
    /// Whether the date of birth is right. After five wrong ones in a row none is taken for a quarter of an hour, then twice as long each time; the fifteenth
    /// revokes the link.
    /// </summary>
    public static async Task<bool> KnowsBirthAsync(WorkflowRuntime runtime, FollowedCase link, DateOnly? given, CancellationToken cancel = default)
    {
        await using var t = await InstanceTransaction.OpenAsync(
            runtime,
            FollowedCase.Actor,
            ("$1", link.Case),
            reads: [Sql.Command("select failures, blocked_until from own_view_link where id = $1 and revoked_at is null", link.Link)],
            moves: false,
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (t.InstanceId is null || !await t.Reads.ReadAsync(cancel) || t.Reads.InstantOrNull(1) > t.Now)
            return false;
        var failures = t.Reads.GetInt32(0) + 1;
        await t.DoneReadingAsync();
        var right = link.BornOn is not null && given == link.BornOn;
        Instant? until = right || failures < FailuresAllowed ? null : t.Now + FirstWait * Math.Pow(2, failures - FailuresAllowed);
        t.Write("update own_view_link set failures = $2, blocked_until = $3 where id = $1", link.Link, right ? 0 : failures, until);
        if (!right && failures >= MostFailures)
        {
            WriteRevoked(t, link.Link, "system");
            Record(t, link.Link, "own-view.link-revoked", new { reason = $"{failures} wrong dates of birth" });
        }

        await t.CommitAsync(cancel);
        return right;
    }

    /// <summary>Notes that the customer looked at the case: once in half an hour.</summary>
    public static async Task VisitedAsync(NpgsqlDataSource database, FollowedCase link, Instant now, CancellationToken cancel = default)
    {
        await using var visit = database.Query(
            "insert into own_view_visit (link_id, at) select $1, date_bin('30 minutes', $2, 'epoch') on conflict do nothing",
            link.Link,
            now
        );
        await visit.ExecuteNonQueryAsync(cancel);
    }

    internal const int FailuresAllowed = 5;
    internal const int MostFailures = 15;

    private static readonly Duration FirstWait = Duration.FromMinutes(15);

    internal static void Record(InstanceTransaction t, Guid link, string action, object? payload) =>
        t.Record(new(action, "own-view", Ids.Text(link), 0, payload is null ? null : JsonSerializer.SerializeToUtf8Bytes(payload, TaskJson.Options)));

    /// <summary>Writes a link and, if it is mailed, its mail.</summary>
    /// <param name="isOver">Whether the case has ended, so that nothing is left to see to.</param>
    internal static (Guid Id, string Code) Write(InstanceTransaction t, MailOwnViewLink mail, Guid @case, LinkRequest request, Instant expires, bool isOver)
    {
        var (id, code) = (Ids.New(t.Now), Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(CodeBytes)));
        t.Write(
            """
            insert into own_view_link (id, code_hash, case_id, language, asks_birth, created_by, created_at, expires_at, sent_to, saw_end)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            id,
            Hash(code),
            @case,
            request.Language,
            request.AsksBirth,
            t.Actor,
            t.Now,
            expires,
            request.SendTo,
            isOver
        );
        if (request.SendTo is { } to)
            t.Write(mail.Effect(id, @case, to, code, request.AsksRating, t.Now));
        return (id, code);
    }

    private static void WriteRevoked(InstanceTransaction t, Guid link, string by) =>
        t.Write("update own_view_link set revoked_by = $2, revoked_at = $3 where id = $1", link, by, t.Now);

    private static byte[] Hash(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code));
}

/// <summary>What a code opens.</summary>
/// <param name="Link">The link.</param>
/// <param name="Case">Its case.</param>
/// <param name="Language">The language it was made for, or null.</param>
/// <param name="AsksBirth">Whether the customer must know their date of birth.</param>
/// <param name="ExpiresAt">When it stops working.</param>
/// <param name="Customer">The customer's record, or null.</param>
public sealed record FollowedCase(Guid Link, Guid Case, string? Language, bool AsksBirth, Instant ExpiresAt, Guid? Customer)
{
    /// <summary>Who acts in history when a customer does. No user name has a blank.</summary>
    public const string Actor = "the customer";

    internal DateOnly? BornOn { get; init; }
}
