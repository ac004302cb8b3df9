using Microsoft.AspNetCore.Identity;

namespace Orchestration.Workflows.People;

/// <summary>How passwords are kept (the framework's PBKDF2, salted) and which ones are refused.</summary>
public static class Passwords
{
    /// <summary>Fewest characters of a password that a person or an operator chooses.</summary>
    public const int ShortestAccepted = 12;

    // The hasher does not look at the user.
    private static readonly object Nobody = new();
    private static readonly PasswordHasher<object> Hasher = new();
    private static readonly Lazy<string> UnknownPerson = new(() => Hash("a person who does not exist"));

    /// <summary>Salted hash, with its parameters.</summary>
    public static string Hash(string password) => Hasher.HashPassword(Nobody, password);

    /// <summary>Verifies a password. Without a hash it takes just as long and returns false, so that timing doesn't reveal who exists.</summary>
    public static bool Verify(string? hash, string password) =>
        Hasher.VerifyHashedPassword(Nobody, hash ?? UnknownPerson.Value, password) != PasswordVerificationResult.Failed && hash is not null;

    /// <summary>Why the password is too weak, or null. Length beats character classes (NIST SP 800-63B).</summary>
    public static string? Weakness(string password, string userName)
    {
        if (password.Length < ShortestAccepted)
            return $"it must have at least {ShortestAccepted} characters";
        if (password.Contains(userName, StringComparison.OrdinalIgnoreCase))
            return "it must not contain the user name";
        return password.Distinct().Count() < 5 ? "it repeats too few characters" : null;
    }
}
