using System.Reflection;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Expressions.Liquid;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Notifications;

/// <summary>
/// Sends notifications by e-mail: effects of kind <c>email</c> whose id is the notification's. Decided when it is sent, not when it was written: what was read
/// in the meantime is not sent, and quiet hours put it off. A message may arrive twice after a crash; its Message-ID is the same, so that mail programs show it
/// once.
/// </summary>
public sealed class SendMail(NpgsqlDataSource database, IClock clock, MailSettings settings)
{
    /// <summary>How long a person has to read a notification in the product before it is sent.</summary>
    internal static readonly Duration Grace = Duration.FromMinutes(2);

    private static readonly LiquidTemplate Text = Template("notification.txt");
    private static readonly LiquidTemplate Html = Template("notification.html");

    /// <summary>Sends one.</summary>
    public async Task<EffectOutcome> DoAsync(DueEffect effect, CancellationToken cancel)
    {
        if (await FindAsync(effect.Id, cancel) is not { } mail)
            return new EffectOutcome.Dropped("Not sent: already read, or the person is inactive.");
        var now = clock.Now();
        if ((await NotificationPreferences.OfAsync(database, mail.Person, cancel)).QuietUntil(now) is { } until)
            return new EffectOutcome.Later(until);
        using var message = Message(effect.Id, mail, now);
        await SendAsync(message, cancel);
        return new EffectOutcome.Done([]);
    }

    /// <summary>A message that is not answered by out-of-office programs, without its body.</summary>
    /// <param name="id">The effect's id: the same in every try, so that mail programs show it once.</param>
    internal MimeMessage NewMessage(Guid id, string name, string email, string subject, Instant now)
    {
        var from = MailboxAddress.Parse(settings.From);
        var message = new MimeMessage
        {
            MessageId = $"{Ids.Text(id)}@{from.Domain}",
            Date = now.ToDateTimeOffset(),
            Subject = subject,
        };
        message.From.Add(from);
        message.To.Add(new MailboxAddress(name, email));
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        return message;
    }

    /// <summary>Hands a message to the mail server.</summary>
    internal async Task SendAsync(MimeMessage message, CancellationToken cancel)
    {
        var host = settings.Host ?? throw new InvalidOperationException("No mail server is configured (Mail:Host).");
        using var client = new SmtpClient { Timeout = 30_000 };
        await client.ConnectAsync(
            host,
            settings.Port,
            settings.Security switch
            {
                MailSecurity.StartTls => SecureSocketOptions.StartTls,
                MailSecurity.Tls => SecureSocketOptions.SslOnConnect,
                _ => SecureSocketOptions.None,
            },
            cancel
        );
        if (settings.UserName is { Length: > 0 } user)
            await client.AuthenticateAsync(user, settings.Password ?? "", cancel);
        await client.SendAsync(message, cancel);
        await client.DisconnectAsync(quit: true, cancel);
    }

    private async Task<Mail?> FindAsync(Guid id, CancellationToken cancel)
    {
        await using var query = database.Query(
            """
            select p.id, p.display_name, p.email, n.title, n.body, n.task_id, c.id, c.reference, n.path
            from notification n join person p on p.id = n.person_id left join journey_case c on c.id = n.instance_id
            where n.id = $1 and n.read_at is null and p.active and p.email is not null
            """,
            id
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel)
            ? new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetString(4), r.GuidOrNull(5), r.GuidOrNull(6), r.Text(7), r.Text(8))
            : null;
    }

    private MimeMessage Message(Guid id, Mail mail, Instant now)
    {
        var values = new ValueScope(
            now,
            new Dictionary<string, object?>
            {
                ["name"] = mail.Name,
                ["title"] = mail.Title,
                ["body"] = mail.Body,
                ["reference"] = mail.Reference,
                ["link"] =
                    mail.TaskId is { } task ? Link($"/tasks/{Ids.Text(task)}")
                    : mail.CaseId is { } found ? Link($"/cases/{Ids.Text(found)}")
                    : Link(mail.Path ?? "/notifications"),
                ["preferences"] = Link("/notifications/preferences"),
            }
        );
        var subject = mail.Reference is { } reference && !mail.Title.Contains(reference, StringComparison.Ordinal) ? $"{mail.Title} ({reference})" : mail.Title;
        var message = NewMessage(id, mail.Name, mail.Email, subject, now);
        message.Body = new BodyBuilder { TextBody = Text.Render(values), HtmlBody = Html.Render(values) }.ToMessageBody();
        return message;
    }

    private string? Link(string path) => settings.PublicUrl is { } site ? new Uri(site, path).AbsoluteUri : null;

    private static LiquidTemplate Template(string name)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream($"{name}.liquid")!);
        return LiquidTemplate.TryParse(reader.ReadToEnd(), out var template, out var error)
            ? template
            : throw new InvalidOperationException($"The template {name} does not parse.", error);
    }

    private sealed record Mail(Guid Person, string Name, string Email, string Title, string Body, Guid? TaskId, Guid? CaseId, string? Reference, string? Path);
}
