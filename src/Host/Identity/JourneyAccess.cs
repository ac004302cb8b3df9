using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Orchestration.Engine.Definitions;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Identity;

/// <summary>
/// Who may do what with journeys: in the designer, through its API and through ours. A person's rights follow from their roles; a machine has
/// those given to its API key (<see cref="ApiKeys"/>).
/// </summary>
internal sealed class JourneyAccess(AccessSettings settings) : AuthorizationHandler<JourneyAccess.Right>
{
    public const string Read = "journeys:read";
    public const string Edit = "journeys:edit";
    public const string Publish = "journeys:publish";

    /// <summary>Start, cancel, retry and alter runs.</summary>
    public const string Run = "journeys:run";

    /// <summary>Pause and resume automatic progress, on all hosts.</summary>
    public const string Operate = "journeys:operate";

    /// <summary>All rights, as an API key names them.</summary>
    public static readonly IReadOnlyList<string> All = [Read, Edit, Publish, Run, Operate];

    private static readonly string[] Designers = [Roles.Analyst, Roles.Administrator];
    private static readonly string[] Operators = [Roles.Administrator];
    private static readonly string[] Readers = [.. Designers, Roles.Supervisor, Roles.Compliance];

    private readonly IReadOnlyList<string> _publishers = settings.PublishRoles ?? Designers;

    public bool May(ClaimsPrincipal user, string right) =>
        user.Identity is PersonIdentity { Person: var person }
            ? (
                right switch
                {
                    Read => Readers,
                    Publish => _publishers,
                    Operate => Operators,
                    _ => Designers,
                }
            ).Any(role => person.Is(role))
            : user.HasClaim(ApiKeys.RightClaim, right);

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
