using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using OtpNet;

namespace Orchestration.Workflows.People;

/// <summary>Who has to give a code besides their password.</summary>
/// <param name="Roles">People with one of these roles. Others may set up a second factor, and are asked for it then.</param>
public sealed record SecondFactorSettings(IReadOnlyList<string> Roles)
{
    /// <summary>Roles that can do the most harm.</summary>
    public static readonly IReadOnlyList<string> Privileged = [People.Roles.Administrator, People.Roles.Supervisor, People.Roles.Compliance];

    /// <summary>Whether someone with these roles needs one. A role that administrators composed may allow anything, so it counts as privileged.</summary>
    public bool IsRequiredFor(IEnumerable<string> roles) => Roles.Count > 0 && roles.Any(role => Roles.Contains(role) || !People.Roles.All.Contains(role));
}

/// <summary>A person's second factor.</summary>
/// <param name="SetUpAt">Since when.</param>
/// <param name="RecoveryCodes">Codes that are left.</param>
public sealed record SecondFactorState(Instant SetUpAt, int RecoveryCodes);

/// <summary>
/// Codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds) and recovery codes. The key is encrypted at rest with the keys of data protection,
/// which all hosts share.
/// </summary>
public sealed class SecondFactors(NpgsqlDataSource database, IDataProtectionProvider protection, SecondFactorSettings settings)
{
    /// <summary>Recovery codes that a person gets.</summary>
    public const int RecoveryCodes = 10;

    /// <summary>Length of a code of the app.</summary>
    public const int Digits = 6;

    // SHA-1 needs as many bytes as its hash has.
    private const int SecretLength = 20;
    private const int RecoveryLength = 10;
    private const string Letters = "abcdefghjkmnpqrstuvwxyz23456789";

    // A phone's clock may be off by one period, either way.
    private static readonly VerificationWindow Window = new(previous: 1, future: 1);
    private readonly IDataProtector _protector = protection.CreateProtector("second-factor");

    /// <summary>Whether someone with these roles needs a second factor.</summary>
    public bool IsRequiredFor(IEnumerable<string> roles) => settings.IsRequiredFor(roles);

    /// <summary>A key for an app.</summary>
    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretLength);

    /// <summary>The key as people type it: Base32 in groups of four.</summary>
    public static string Key(byte[] secret) => string.Join(' ', Base32Encoding.ToString(secret).TrimEnd('=').Chunk(4).Select(group => new string(group)));

    /// <summary>What the QR code has.</summary>
    public static string Uri(byte[] secret, string userName) => new OtpUri(OtpType.Totp, secret, userName, "Orchestration", digits: Digits).ToString();

    /// <summary>The key, encrypted: for the database, and for the form that sets it up.</summary>
    public string Protect(byte[] secret) => _protector.Protect(Convert.ToBase64String(secret));

    /// <summary>The key again, or null: this isn't one of ours.</summary>
    public byte[]? Unprotect(string secret)
    {
        try
        {
            return Convert.FromBase64String(_protector.Unprotect(secret));
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }
    }

    /// <summary>The period of a code that is right and that comes after the period used before; null: it is wrong, or was used.</summary>
    public static long? StepOf(byte[] secret, string code, long usedStep, Instant now) =>
        Plain(code) is { Length: Digits } digits
        && new Totp(secret, totpSize: Digits).VerifyTotp(now.ToDateTimeUtc(), digits, out var step, Window)
        && step > usedStep
            ? step
            : null;

    /// <summary>The person's second factor, or null.</summary>
    public async Task<SecondFactorState?> FindAsync(Guid person, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select set_up_at, (select count(*)::int from recovery_code where person_id = $1) from second_factor where person_id = $1",
            person
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? new(r.Instant(0), r.GetInt32(1)) : null;
    }

    /// <summary>Sets up an app for a person who has none, after a first code of it.</summary>
    /// <param name="person">Who.</param>
    /// <param name="userName">Their user name.</param>
    /// <param name="stamp">Stamp of the person when they gave their password.</param>
    /// <param name="secret">Key that the app was given.</param>
    /// <param name="code">What the app shows.</param>
    /// <returns>Recovery codes, to be shown once; null: the code is wrong, or they have an app, or their password has changed.</returns>
    public async Task<IReadOnlyList<string>?> SetUpAsync(
        Guid person,
        string userName,
        Guid stamp,
        byte[] secret,
        string code,
        Instant now,
        CancellationToken cancel = default
    )
    {
        if (StepOf(secret, code, 0, now) is not { } step)
            return null;
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person, userName, now, cancel);
        await using var insert = connection.CreateBatch();
        insert.Add(
            """
            insert into second_factor (person_id, secret, used_step, set_up_at)
                select id, $3, $4, $5 from person where id = $1 and security_stamp = $2 and active on conflict do nothing
            """,
            person,
            stamp,
            Protect(secret),
            step,
            now
        );
        if (await insert.ExecuteNonQueryAsync(cancel) == 0)
            return null;
        history.Add("person.second-factor-set-up");
        var codes = await WriteCodesAsync(connection, person, history, cancel);
        await transaction.CommitAsync(cancel);
        return codes;
    }

    /// <summary>Replaces the recovery codes of a person who has an app, after a code of it.</summary>
    /// <returns>The codes, to be shown once; null: the code is wrong.</returns>
    public async Task<IReadOnlyList<string>?> RenewCodesAsync(Person person, string code, Instant now, CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var history = await PersonHistory.LockAsync(connection, person.Id, person.UserName, now, cancel);
        await using var read = connection.CreateBatch();
        read.Add("select secret, used_step from second_factor where person_id = $1 for update", person.Id);
        string secret;
        long used;
        await using (var r = await read.ExecuteReaderAsync(cancel))
        {
            if (!await r.ReadAsync(cancel))
                return null;
            (secret, used) = (r.GetString(0), r.GetInt64(1));
        }

        if (Unprotect(secret) is not { } key || StepOf(key, code, used, now) is not { } step)
            return null;
        await using var use = connection.CreateBatch();
        use.Add("update second_factor set used_step = $2 where person_id = $1", person.Id, step);
        await use.ExecuteNonQueryAsync(cancel);
        history.Add("person.recovery-codes-made");
        var codes = await WriteCodesAsync(connection, person.Id, history, cancel);
        await transaction.CommitAsync(cancel);
        return codes;
    }

    /// <summary>Uses a code of the app, or a recovery code, up: whether it was right. Its caller has locked the person's row.</summary>
    /// <returns>How the person signed in, as <c>person_session</c> has it, or null.</returns>
    internal async Task<string?> UseAsync(
        NpgsqlConnection connection,
        Guid person,
        string secret,
        long usedStep,
        string code,
        Instant now,
        CancellationToken cancel
    )
    {
        await using var use = connection.CreateBatch();
        if (Unprotect(secret) is { } key && StepOf(key, code, usedStep, now) is { } step)
        {
            use.Add("update second_factor set used_step = $2 where person_id = $1", person, step);
            await use.ExecuteNonQueryAsync(cancel);
            return "code";
        }

        use.Add("delete from recovery_code where person_id = $1 and code_hash = $2", person, Hash(code));
        return await use.ExecuteNonQueryAsync(cancel) == 1 ? "recovery-code" : null;
    }

    /// <summary>What takes the second factor away, in a transaction that records it.</summary>
    internal static void Remove(NpgsqlBatch batch, Guid person)
    {
        batch.Add("delete from second_factor where person_id = $1", person);
        batch.Add("delete from recovery_code where person_id = $1", person);
    }

    private static async Task<IReadOnlyList<string>> WriteCodesAsync(NpgsqlConnection connection, Guid person, PersonHistory history, CancellationToken cancel)
    {
        var codes = Enumerable
            .Range(0, RecoveryCodes)
            .Select(_ => RandomNumberGenerator.GetString(Letters, RecoveryLength))
            .Select(code => $"{code[..(RecoveryLength / 2)]}-{code[(RecoveryLength / 2)..]}")
            .ToList();
        await using var batch = connection.CreateBatch();
        batch.Add("delete from recovery_code where person_id = $1", person);
        batch.Add("insert into recovery_code (code_hash, person_id) select code, $2 from unnest($1::bytea[]) code", codes.ConvertAll(Hash).ToArray(), person);
        history.WriteTo(batch);
        await batch.ExecuteNonQueryAsync(cancel);
        return codes;
    }

    private static string Plain(string code) => new([.. code.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant)]);

    private static byte[] Hash(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(Plain(code)));
}
