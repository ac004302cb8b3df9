namespace Orchestration.Workflows.Notifications;

/// <summary>The mail server. Without a host, no mail is sent.</summary>
public sealed class MailSettings
{
    /// <summary>Name of the SMTP server.</summary>
    public string? Host { get; init; }

    /// <summary>Its port.</summary>
    public int Port { get; init; } = 587;

    /// <summary><c>StartTls</c> (default), <c>Tls</c> from the first byte, or <c>None</c> for a server on the same machine.</summary>
    public MailSecurity Security { get; init; } = MailSecurity.StartTls;

    /// <summary>Account at the server; null for none.</summary>
    public string? UserName { get; init; }

    /// <summary>Its password.</summary>
    public string? Password { get; init; }

    /// <summary>Sender, like <c>Orchestration &lt;no-reply@example.com&gt;</c>.</summary>
    public string From { get; init; } = "Orchestration <no-reply@localhost>";

    /// <summary>Where readers reach the product, for links, like <c>https://work.example.com</c>; null for mail without links.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Whether mail can be sent.</summary>
    public bool IsConfigured => !string.IsNullOrWhiteSpace(Host);

    /// <summary>Whether mail can lead to the product.</summary>
    public bool MailsLinks => IsConfigured && PublicUrl is not null;
}

/// <summary>How the connection to the mail server is protected.</summary>
public enum MailSecurity
{
    /// <summary>Encrypted by STARTTLS; refused when the server does not offer it.</summary>
    StartTls,

    /// <summary>Encrypted from the first byte.</summary>
    Tls,

    /// <summary>Not at all.</summary>
    None,
}
