using Orchestration.Workflows.Access;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.SignOn;

/// <summary>Why someone can't sign in with the identity provider, in words.</summary>
/// <param name="Code">As the log and the page's address name it.</param>
/// <param name="Title">What happened.</param>
/// <param name="Advice">Why, and what to do.</param>
/// <param name="MayPass">Whether trying again can help.</param>
public sealed record SignOnReason(string Code, string Title, string Advice, bool MayPass = false)
{
    public static readonly SignOnReason Unreachable = new(
        "provider-down",
        "Your identity provider doesn't answer",
        "Try again in a few minutes. If you have a local account, you can sign in with it meanwhile.",
        MayPass: true
    );

    public static readonly SignOnReason Clock = new(
        "clock",
        "The clocks don't agree",
        "The identity provider's token is too old, or of a time that hasn't come. Tell your administrator that the clock of the provider or of this server "
            + "is wrong.",
        MayPass: true
    );

    public static readonly SignOnReason StateLost = new(
        "state-lost",
        "The sign-in took too long or was started elsewhere",
        "Sign in again in this window. If that doesn't help, allow cookies for this site.",
        MayPass: true
    );

    public static readonly SignOnReason Declined = new(
        "declined",
        "The sign-in was cancelled",
        "You cancelled it, or the identity provider didn't let you use Orchestration.",
        MayPass: true
    );

    public static readonly SignOnReason Token = new(
        "token",
        "The identity provider's answer wasn't accepted",
        "Tell your administrator: the connection between Orchestration and the identity provider isn't set up correctly.",
        MayPass: true
    );

    private static readonly Dictionary<SignOnRefusal, SignOnReason> OfPeople = new()
    {
        [SignOnRefusal.NotAdded] = new(
            "not-added",
            "You have no access to Orchestration yet",
            "Your account is known to the identity provider but not here. Ask an administrator of Orchestration to add you."
        ),
        [SignOnRefusal.Deactivated] = new(
            "deactivated",
            "Your access was deactivated",
            "Ask an administrator of Orchestration if you think that this is a mistake."
        ),
        [SignOnRefusal.EmailDomain] = new(
            "email-domain",
            "Your email address can't be used here",
            "Only verified addresses of certain domains can sign in. Use your work account, or ask an administrator."
        ),
        [SignOnRefusal.NoRole] = new(
            "no-role",
            "You have no role in Orchestration",
            "None of your groups has access. Ask the person who manages your groups to add you to one that has."
        ),
        [SignOnRefusal.UserNameTaken] = new(
            "user-name-taken",
            "Someone else has your user name",
            "A local account has the same user name. Ask an administrator of Orchestration to sort it out."
        ),
        [SignOnRefusal.Profile] = new(
            "profile",
            "Your profile can't be used here",
            "The identity provider sent a name, user name or email address that isn't accepted. Ask an administrator to look at the log."
        ),
    };

    private static readonly Dictionary<string, SignOnReason> ByCode = OfPeople
        .Values.Concat([Unreachable, Clock, StateLost, Declined, Token])
        .ToDictionary(refusal => refusal.Code);

    public static SignOnReason Of(SignOnRefusal reason) => OfPeople[reason];

    public static SignOnReason Of(string? code) => ByCode.GetValueOrDefault(code ?? "") ?? Token;
}
