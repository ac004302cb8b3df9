using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using MimeKit;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Notifications;

namespace Orchestration.Workflows.OwnView;

/// <summary>
/// Mails links with which customers follow their cases, in their language. Until the mail is sent, its code is kept encrypted. One that works no more, or
/// whose address isn't the customer's any more, is not sent.
/// </summary>
public sealed class MailOwnViewLink(NpgsqlDataSource database, SendMail mail, MailSettings settings, IClock clock, IDataProtectionProvider protection)
{
    /// <summary>Path of the page that a code opens, before the code.</summary>
    public const string Path = "/follow";

    internal const string Kind = "own-view-link";

    private readonly IDataProtector _protector = protection.CreateProtector("own-view-links");

    /// <summary>Why a link can't be mailed to this address; null: it can.</summary>
    /// <param name="to">The address.</param>
    /// <param name="emails">Addresses of the customer's record.</param>
    /// <param name="consents">What the customer consented to, by record: <c>email</c> that was withdrawn in one of them forbids it.</param>
    internal string? Refuse(string to, IReadOnlyList<string> emails, IEnumerable<IReadOnlyList<Consent>> consents) =>
        !settings.MailsLinks ? "can't be used: set up the mail server and the address of this site first"
        : !emails.Contains(to, StringComparer.OrdinalIgnoreCase) ? "must be an email address of the customer's record"
        : RefusesMail(consents) ? "can't be used: the customer withdrew their consent to email"
        : null;

    /// <summary>Whether the customer withdrew their consent to email in one of their records, and didn't give it again there.</summary>
    /// <param name="consents">By record: theirs, and duplicates that were merged into it.</param>
    public static bool RefusesMail(IEnumerable<IReadOnlyList<Consent>> consents) =>
        consents.Any(record =>
        {
            var mails = record.Where(consent => consent.What.Replace("-", "", StringComparison.Ordinal).Equals("email", StringComparison.OrdinalIgnoreCase));
            return mails.Any() && mails.All(consent => consent.Withdrawn is not null);
        });

    /// <summary>SQL of the consents of a customer and their duplicates, by record, as <see cref="ReadConsents"/> reads them.</summary>
    /// <param name="survivor">SQL of the id of the record that is left after merging.</param>
    internal static string ConsentsOf(string survivor) => $"array(select d.consents::text from customer d where d.survivor = {survivor})";

    internal static List<IReadOnlyList<Consent>> ReadConsents(DbDataReader r, int column) =>
        [.. r.GetFieldValue<string[]>(column).Select(record => JsonSerializer.Deserialize<List<Consent>>(record, CustomerQueries.Json)!)];

    /// <summary>The effect that sends a link, for the transaction that makes it.</summary>
    /// <param name="asksRating">Whether it asks for a rating of the case.</param>
    internal NpgsqlBatchCommand Effect(Guid link, Guid @case, string to, string code, bool asksRating, Instant now) =>
        Effects.Insert(
            Ids.New(now),
            Kind,
            @case,
            new()
            {
                ["link"] = Ids.Text(link),
                ["to"] = to,
                ["code"] = _protector.Protect(code),
                ["asksRating"] = asksRating,
            },
            now
        );

    /// <summary>Sends one.</summary>
    public async Task<EffectOutcome> DoAsync(DueEffect effect, CancellationToken cancel)
    {
        var to = (string)effect.Payload["to"]!;
        var now = clock.Now();
        if (settings.PublicUrl is not { } site || await FindAsync(Guid.Parse((string)effect.Payload["link"]!), now, cancel) is not { } link)
            return new EffectOutcome.Dropped("Not sent: the link no longer works.");
        if (Refuse(to, link.Emails, link.Consents) is { } reason)
            return new EffectOutcome.Dropped($"Not sent: the address {reason}.");
        var url = new Uri(site, $"{Path}/{_protector.Unprotect((string)effect.Payload["code"]!)}").AbsoluteUri;
        var german = (link.Language ?? link.Languages.FirstOrDefault() ?? "en").StartsWith("de", StringComparison.OrdinalIgnoreCase);
        var until = link.ExpiresAt.InUtc().Date.ToString(german ? "d.M.uuuu" : "d MMMM uuuu", CultureInfo.InvariantCulture);
        var (subject, body) = (effect.Payload.GetValueOrDefault("asksRating") is true, german) switch
        {
            (true, true) => ($"Wie zufrieden sind Sie mit {link.Reference}?", GermanRating(link, url, until)),
            (true, false) => ($"How did we do with {link.Reference}?", EnglishRating(link, url, until)),
            (false, true) => ($"Ihr Vorgang {link.Reference} bei uns", German(link, url, until)),
            _ => ($"Follow your case {link.Reference}", English(link, url, until)),
        };
        using var message = mail.NewMessage(effect.Id, link.Name, to, subject, now);
        message.Body = new TextPart("plain") { Text = body };
        await mail.SendAsync(message, cancel);
        return new EffectOutcome.Done([]);
    }

    private static string English(MailedLink link, string url, string until) =>
        $"""
            Hello {link.Name},

            Open this link to follow your case {link.Reference}, answer our questions and send us documents. You don't need an account.

            {url}

            The link works until {until}. It is yours alone: don't pass it on.{(link.AsksBirth ? " The page asks for your date of birth." : "")}
            """;

    private static string German(MailedLink link, string url, string until) =>
        $"""
            Guten Tag {link.Name},

            unter diesem Link verfolgen Sie Ihren Vorgang {link.Reference}, beantworten unsere Fragen und senden uns Unterlagen. Sie brauchen kein Konto.

            {url}

            Der Link gilt bis zum {until}. Er ist nur für Sie: Geben Sie ihn nicht weiter.{(link.AsksBirth ? " Die Seite fragt nach Ihrem Geburtsdatum." : "")}
            """;

    private static string EnglishRating(MailedLink link, string url, string until) =>
        $"""
            Hello {link.Name},

            Your case {link.Reference} is closed. Open this link to see how it ended, and to tell us how satisfied you are. It takes a minute.

            {url}

            The link works until {until}. It is yours alone: don't pass it on.{(link.AsksBirth ? " The page asks for your date of birth." : "")}
            """;

    private static string GermanRating(MailedLink link, string url, string until) =>
        $"""
            Guten Tag {link.Name},

            Ihr Vorgang {link.Reference} ist abgeschlossen. Unter diesem Link sehen Sie, wie er ausgegangen ist, und sagen uns, wie zufrieden Sie sind.
            Es dauert nur eine Minute.

            {url}

            Der Link gilt bis zum {until}. Er ist nur für Sie: Geben Sie ihn nicht weiter.{(link.AsksBirth ? " Die Seite fragt nach Ihrem Geburtsdatum." : "")}
            """;

    private async Task<MailedLink?> FindAsync(Guid link, Instant now, CancellationToken cancel)
    {
        await using var query = database.Query(
            $"""
            select c.reference, s.name, l.language, s.languages, s.emails, {ConsentsOf("s.id")}, l.asks_birth, l.expires_at
            from own_view_link l join journey_case c on c.id = l.case_id join customer m on m.number = c.customer_id join customer s on s.id = m.survivor
            where l.id = $1 and l.revoked_at is null and l.expires_at > $2
            """,
            link,
            now
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel)
            ? new(
                r.GetString(0),
                r.GetString(1),
                r.Text(2),
                r.GetFieldValue<string[]>(3),
                r.GetFieldValue<string[]>(4),
                ReadConsents(r, 5),
                r.GetBoolean(6),
                r.Instant(7)
            )
            : null;
    }

    private sealed record MailedLink(
        string Reference,
        string Name,
        string? Language,
        string[] Languages,
        string[] Emails,
        IReadOnlyList<IReadOnlyList<Consent>> Consents,
        bool AsksBirth,
        Instant ExpiresAt
    );
}
