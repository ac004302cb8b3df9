using Microsoft.AspNetCore.DataProtection;
using NodaTime;
using Npgsql;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tests.People;

/// <summary>Signing in, as tests of passwords need it.</summary>
internal static class Signing
{
    /// <summary>Without second factors.</summary>
    public static SignIn On(NpgsqlDataSource database) => new(database, new(database, new EphemeralDataProtectionProvider(), new([])));

    /// <summary>The person and their stamp, or null: refused.</summary>
    public static async Task<(Guid Person, Guid Stamp)?> TryAsync(this SignIn signIn, string userName, string password, Instant now, string origin = "") =>
        await signIn.TryAsync(userName, password, null, new(origin), now) is SignInAnswer.SignedIn signedIn ? (signedIn.Person, signedIn.Stamp) : null;
}
