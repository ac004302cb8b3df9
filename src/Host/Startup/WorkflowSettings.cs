using System.Net.Mail;
using Orchestration.Engine.Execution;
using Orchestration.Workflows.Notifications;

namespace Orchestration.Host.Startup;

/// <summary>Settings of the engine and the workflows.</summary>
/// <param name="CSharp">Whether definitions can use C#, which isn't sandboxed.</param>
/// <param name="AllowPrivateAddresses">Whether requests of workflows can reach loopback and private addresses.</param>
/// <param name="Mail">The mail server.</param>
/// <param name="FanOut">How much one step can set off at once.</param>
internal sealed record WorkflowSettings(bool CSharp, bool AllowPrivateAddresses, MailSettings Mail, FanOutLimits FanOut)
{
    public static WorkflowSettings Read(SettingsReader settings) =>
        new(
            settings.Flag("Expressions:CSharp:Enabled"),
            settings.Flag("Http:AllowPrivateAddresses"),
            ReadMail(settings),
            new()
            {
                Items = settings.Number("FanOut:Items", new FanOutLimits().Items, 1),
                HumanSteps = settings.Number("FanOut:HumanSteps", new FanOutLimits().HumanSteps, 1),
            }
        );

    private static MailSettings ReadMail(SettingsReader settings)
    {
        var usual = new MailSettings();
        var from = settings.Text("Mail:From") ?? usual.From;
        if (!MailAddress.TryCreate(from, out _))
            settings.Refuse("Mail:From", $"is “{from}”; it must be a sender, such as Orchestration <no-reply@example.com>.");
        return new()
        {
            Host = settings.Text("Mail:Host"),
            Port = settings.Number("Mail:Port", usual.Port, 1, 65535),
            Security = settings.Choice("Mail:Security", usual.Security),
            UserName = settings.Text("Mail:UserName"),
            Password = settings.Text("Mail:Password"),
            From = from,
            PublicUrl = settings.Address("Mail:PublicUrl"),
        };
    }
}
