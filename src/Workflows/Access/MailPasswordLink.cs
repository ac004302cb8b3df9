using System.Globalization;
using MimeKit;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.Staff;

namespace Orchestration.Workflows.Access;

/// <summary>Mails links to choose a password. One that was used, replaced or has expired in the meantime is not sent.</summary>
public sealed class MailPasswordLink(PasswordLinks links, SendMail mail, MailSettings settings, IClock clock)
{
    /// <summary>Path of the page that a link opens; it carries <c>?token=</c>, because the query of an address is not traced.</summary>
    public const string Path = "/choose-password";

    /// <summary>Sends one.</summary>
    public async Task<EffectOutcome> DoAsync(DueEffect effect, CancellationToken cancel)
    {
        var token = links.Unprotect((string)effect.Payload["token"]!);
        if (await links.OwnerAsync(token, cancel) is not { } owner || settings.PublicUrl is not { } site)
            return new EffectOutcome.Dropped("Not sent: the link no longer works.");
        using var message = mail.NewMessage(effect.Id, owner.DisplayName, (string)effect.Payload["to"]!, "Choose your password", clock.Now());
        var until = owner.ExpiresAt.InUtc().ToString("d MMMM uuuu, HH:mm", CultureInfo.InvariantCulture);
        message.Body = new TextPart("plain")
        {
            Text = $"""
                Hello {owner.DisplayName},

                Open this link to choose your password for Orchestration. Your user name is {owner.UserName}.

                {Url(site, token)}

                The link works once, until {until} UTC. If you didn't expect this message, tell your administrator.
                """,
        };
        await mail.SendAsync(message, cancel);
        return new EffectOutcome.Done([]);
    }

    /// <summary>The address to open.</summary>
    /// <param name="site">Where the product is reached.</param>
    /// <param name="token">Of the link.</param>
    public static string Url(Uri site, string token) => new Uri(site, $"{Path}?token={token}").AbsoluteUri;
}
