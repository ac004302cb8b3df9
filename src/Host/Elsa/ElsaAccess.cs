using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Authorization;

namespace Orchestration.Host.Elsa;

/// <summary>
/// Who may do what in the designer and through its API. A person's rights follow from roles; an API key carries them as
/// <c>permission</c> claims.
/// </summary>
internal static class ElsaAccess
{
    public const string Read = "journeys:read";
    public const string Edit = "journeys:edit";
    public const string Publish = "journeys:publish";

    /// <summary>Start, cancel, retry and alter runs.</summary>
    public const string Run = "journeys:run";

    /// <summary>Kind of the claims that grant a single right.</summary>
    public const string PermissionClaim = "permission";

    private static readonly Dictionary<string, string[]> ByRole = new(StringComparer.OrdinalIgnoreCase)
    {
        ["administrator"] = [Read, Edit, Publish, Run],
        ["analyst"] = [Read, Edit, Run],
        ["publisher"] = [Read, Publish],
        ["supervisor"] = [Read],
        ["compliance"] = [Read],
    };

    public static bool May(this ClaimsPrincipal person, string right) =>
        person.HasClaim(PermissionClaim, right) || person.FindAll(ClaimTypes.Role).Any(role => ByRole.TryGetValue(role.Value, out var rights) && rights.Contains(right));

    /// <summary>One policy per right, named like it.</summary>
    public static void AddPolicies(AuthorizationBuilder authorization)
    {
        foreach (var right in new[] { Read, Edit, Publish, Run })
        {
            authorization.AddPolicy(right, policy => policy
                .AddAuthenticationSchemes(BearerTokenDefaults.AuthenticationScheme)
                .RequireAuthenticatedUser()
                .RequireAssertion(context => context.User.May(right)));
        }
    }
}
