using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Identity;

/// <summary>
/// Who may do what with journeys: in the designer, through its API and through ours. A person's are permissions of their roles; a machine has
/// those given to its API key (<see cref="ApiKeys"/>).
/// </summary>
internal sealed class JourneyAccess(AccessSettings settings) : AuthorizationHandler<JourneyAccess.Right>
{
    public const string Read = Permissions.ReadJourneys;
    public const string Edit = Permissions.EditJourneys;
    public const string Publish = Permissions.PublishJourneys;

    /// <summary>Start, cancel, retry and alter runs.</summary>
    public const string Run = Permissions.RunJourneys;

    /// <summary>Pause and resume automatic progress, on all hosts.</summary>
    public const string Operate = Permissions.OperateJourneys;

    /// <summary>See every live case. A person sees those of <see cref="Workflows.Cases.CaseQueries"/>; only keys are given this.</summary>
    public const string ReadCases = "cases:read";

    /// <summary>Change live cases by hand: variables, steps, version, cancellation.</summary>
    public const string AlterCases = Permissions.AlterCases;

    /// <summary>Publish events. A person's reach the cases they see, a key's reach all.</summary>
    public const string PublishEvents = Permissions.PublishEvents;

    /// <summary>All rights, as an API key names them.</summary>
    public static readonly IReadOnlyList<string> All = [Read, Edit, Publish, Run, Operate, ReadCases, AlterCases, PublishEvents];

    public bool May(ClaimsPrincipal user, string right) =>
        user.Identity is PersonIdentity { Person: var person }
            ? right switch
            {
                ReadCases => false,
                Publish when settings.PublishRoles is { } publishers => publishers.Any(role => person.Is(role)),
                _ => person.May(right),
            }
            : user.HasClaim(ApiKeys.RightClaim, right);

    /// <summary>What someone sees of the runs.</summary>
    public Viewer Viewer(ClaimsPrincipal user) =>
        user.Identity is PersonIdentity { Person: var person }
            ? Workflows.Cases.Viewer.Of(person, May(user, Read))
            : new(null, May(user, ReadCases), May(user, Read) || May(user, PublishEvents));

    /// <summary>Which instances someone may tell of an event: those they see. Null: all.</summary>
    public EventAudience? MayTell(ClaimsPrincipal user, Instant now) =>
        Viewer(user) is var viewer && (viewer.AllCases || (viewer.Person is null && May(user, PublishEvents)))
            ? null
            : (connection, instances, cancel) => RunVisibility.OfAsync(connection, instances, viewer, now, cancel);

    /// <summary>Who acts, as history names them.</summary>
    public static string Actor(ClaimsPrincipal user) => user.Identity?.Name ?? throw new InvalidOperationException("The endpoint lacks authorization.");

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, Right requirement)
    {
        if (May(context.User, requirement.Name))
            context.Succeed(requirement);
        return Task.CompletedTask;
    }

    /// <summary>Needs a right.</summary>
    public sealed record Right(string Name) : IAuthorizationRequirement;
}
