using System.Security.Claims;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Identity;

/// <summary>The person behind a cookie or token, with their current data rather than that at sign-in.</summary>
internal sealed class PersonIdentity : ClaimsIdentity
{
    private PersonIdentity(Person person, Guid session, string scheme)
        : base(
            [
                new(ClaimTypes.NameIdentifier, person.Id.ToString("N")),
                new(ClaimTypes.Name, person.UserName),
                .. person.Roles.Select(r => new Claim(ClaimTypes.Role, r)),
            ],
            scheme
        )
    {
        (Person, Session) = (person, session);
    }

    public Person Person { get; }

    public Guid Session { get; }

    /// <summary>Of a request behind authorization.</summary>
    public static PersonIdentity Of(ClaimsPrincipal user) =>
        user.Identity as PersonIdentity ?? throw new InvalidOperationException("Nobody is signed in; the endpoint lacks RequireAuthorization.");

    /// <summary>The content of a cookie or token: whose it is, and nothing that can become outdated.</summary>
    public static ClaimsPrincipal Ticket(Guid person, Guid session, Guid stamp, string scheme) =>
        new(new ClaimsIdentity([new("person", person.ToString("N")), new("session", session.ToString("N")), new("stamp", stamp.ToString("N"))], scheme));

    /// <summary>
    /// Replaces a ticket's identity with the person, or with no one if the session has ended. Not a claims transformation: with one, the ticket would
    /// stay valid, and the client would get a 403 instead of being asked to sign in.
    /// </summary>
    public static async Task ReplaceAsync(HttpContext context, RequestDelegate next)
    {
        // An API key is good for the APIs that take one: everything else is a person's.
        var isMachine = context.User.Identity?.AuthenticationType == ApiKeys.SchemeName && ApiSurface.Of(context.Request) is { TakesApiKeys: true };
        if (!isMachine && context.User.Identity is ClaimsIdentity { IsAuthenticated: true } ticket)
        {
            var services = context.RequestServices;
            var now = services.GetRequiredService<IClock>().Now();
            context.User =
                Read(ticket) is { } read
                && await services.GetRequiredService<FindPerson>().OfSessionAsync(read.Person, read.Session, read.Stamp, now, context.RequestAborted)
                    is { } person
                    ? new(new PersonIdentity(person, read.Session, ticket.AuthenticationType!))
                    : new(new ClaimsIdentity());
        }

        await next(context);
    }

    internal static (Guid Person, Guid Session, Guid Stamp)? Read(ClaimsIdentity ticket) =>
        Guid.TryParseExact(ticket.FindFirst("person")?.Value, "N", out var person)
        && Guid.TryParseExact(ticket.FindFirst("session")?.Value, "N", out var session)
        && Guid.TryParseExact(ticket.FindFirst("stamp")?.Value, "N", out var stamp)
            ? (person, session, stamp)
            : null;
}
