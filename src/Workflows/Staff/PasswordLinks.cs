using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>How making a link went.</summary>
public abstract record PasswordLinkResult
{
    private PasswordLinkResult() { }

    /// <summary>Made. Links made for the person before no longer work.</summary>
    /// <param name="Token">What the link carries. Kept nowhere: it is shown this once.</param>
    /// <param name="ExpiresAt">When it stops working.</param>
    /// <param name="MailedTo">Address it is mailed to; null: it isn't mailed.</param>
    public sealed record Made(string Token, Instant ExpiresAt, string? MailedTo) : PasswordLinkResult;

    /// <summary>There is no such person.</summary>
    public sealed record NotFound : PasswordLinkResult;

    /// <summary>A rule forbids it.</summary>
    public sealed record Refused(string Reason) : PasswordLinkResult;
}

/// <summary>How choosing a password went.</summary>
public abstract record PasswordChoice
{
    private PasswordChoice() { }

    /// <summary>The password is set, and every session of the person has ended.</summary>
    /// <param name="UserName">Whose it is.</param>
    public sealed record Chosen(string UserName) : PasswordChoice;

    /// <summary>The link was used, was replaced by a newer one, has expired, or never existed.</summary>
    public sealed record Expired : PasswordChoice;

    /// <summary>The password isn't accepted; the link still works.</summary>
    /// <param name="Reason">Completes a sentence that begins with the password.</param>
    public sealed record Weak(string Reason) : PasswordChoice;
}

/// <summary>
/// Links with which a person chooses a password: each works once and for a limited time. The database has the hash of the token only. The administrator sees
/// the link once; with a mail server it is mailed too when effects are sent.
/// </summary>
public sealed class PasswordLinks(WorkflowRuntime runtime, MailSettings mail, PasswordSettings passwords, IDataProtectionProvider protection)
{
    /// <summary>How long a link works for a person who has a password.</summary>
    public static readonly Duration ResetLife = Duration.FromHours(24);

    /// <summary>How long it works for one who hasn't: they may begin next week.</summary>
    public static readonly Duration FirstLife = Duration.FromDays(7);

    internal const string MailKind = "password-link";

    private readonly IDataProtector _protector = protection.CreateProtector("password-links");

    /// <summary>Whether links are mailed.</summary>
    public bool AreMailed => mail.MailsLinks;

    /// <summary>Makes a link.</summary>
    /// <param name="person">For whom.</param>
    /// <param name="actor">User name of the administrator.</param>
    public async Task<PasswordLinkResult> MakeAsync(Guid person, string actor, CancellationToken cancel = default)
    {
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        if (await PersonDetails.SomeAsync(t.Connection, [person], [], t.Now, cancel) is not [var details])
            return new PasswordLinkResult.NotFound();
        if (!details.Active)
            return new PasswordLinkResult.Refused($"{details.DisplayName} is deactivated. Reactivate them first.");
        await t.LockAsync([person], cancel);
        var made = Write(t, person, details.Email, details.HasPassword);
        await t.CommitAsync(cancel);
        return made;
    }

    /// <summary>Puts a new link into a transaction that has locked the person's history.</summary>
    internal PasswordLinkResult.Made Write(StaffTransaction t, Guid person, string? email, bool hasPassword)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var expires = t.Now + (hasPassword ? ResetLife : FirstLife);
        t.Writes.Add("delete from password_link where person_id = $1", person);
        t.Writes.Add(
            "insert into password_link (token_hash, person_id, created_by, created_at, expires_at) values ($1, $2, $3, $4, $5)",
            Hash(token),
            person,
            t.Actor,
            t.Now,
            expires
        );
        var to = AreMailed ? email : null;
        if (to is not null)
            t.Writes.BatchCommands.Add(
                Effects.Insert(
                    Ids.New(t.Now),
                    MailKind,
                    null,
                    new()
                    {
                        ["to"] = to,
                        ["person"] = Ids.Text(person),
                        ["token"] = _protector.Protect(token),
                    },
                    t.Now
                )
            );
        t.Record(person, "person.password-link-made", 0, new { expires = expires.ToString(), mailed = to is not null });
        return new(token, expires, to);
    }

    /// <summary>User name of the person for whom a link works, or null.</summary>
    public async Task<(string UserName, string DisplayName)?> FindAsync(string token, CancellationToken cancel = default) =>
        await OwnerAsync(token, cancel) is { } owner ? (owner.UserName, owner.DisplayName) : null;

    /// <summary>Uses a link: sets the password, ends a lock-out and every session. It works no more.</summary>
    /// <param name="token">What the link carries.</param>
    /// <param name="password">What the person chose.</param>
    public async Task<PasswordChoice> ChooseAsync(string token, string password, CancellationToken cancel = default)
    {
        if (await OwnerAsync(token, cancel) is not { } owner)
            return new PasswordChoice.Expired();
        if (Passwords.Weakness(password, owner.UserName, owner.DisplayName, passwords.Shortest) is { } weakness)
            return new PasswordChoice.Weak(weakness);

        // Outside the transaction: it takes tens of milliseconds by design.
        var hash = Passwords.Hash(password);
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, owner.Id, owner.UserName, now, cancel);
        await using (var use = connection.CreateBatch())
        {
            use.Add(
                """
                delete from password_link l using person p where l.token_hash = $1 and l.expires_at > $2 and p.id = l.person_id and p.active
                    returning l.person_id
                """,
                Hash(token),
                now
            );
            if (await use.ExecuteScalarAsync(cancel) is null)
                return new PasswordChoice.Expired();
        }

        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            update person set password_hash = $2, security_stamp = gen_random_uuid(), failed_sign_ins = 0, locked_until = null, updated_at = $3 where id = $1
            """,
            owner.Id,
            hash,
            now
        );
        history.Add("person.password-chosen");
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish([new(ChangeKind.Access, owner.Id)]);
        return new PasswordChoice.Chosen(owner.UserName);
    }

    /// <summary>The token of a mail that is to be sent.</summary>
    internal string Unprotect(string token) => _protector.Unprotect(token);

    /// <summary>The person for whom the link works now, or null.</summary>
    internal async Task<(Guid Id, string UserName, string DisplayName, string? Email, Instant ExpiresAt)?> OwnerAsync(string token, CancellationToken cancel)
    {
        if (token.Length is 0 or > 100)
            return null;
        await using var query = runtime.Database.Query(
            """
            select p.id, p.user_name, p.display_name, p.email, l.expires_at from password_link l join person p on p.id = l.person_id
            where l.token_hash = $1 and l.expires_at > $2 and p.active
            """,
            Hash(token),
            runtime.Clock.Now()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? (r.GetGuid(0), r.GetString(1), r.GetString(2), r.Text(3), r.Instant(4)) : null;
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
