using Microsoft.AspNetCore.Identity;

namespace Orchestration.Workflows.People;

/// <summary>Which passwords are accepted.</summary>
/// <param name="Shortest">Fewest characters.</param>
public sealed record PasswordSettings(int Shortest = PasswordSettings.UsualLength)
{
    /// <summary>Length that is asked for unless a setting says otherwise.</summary>
    public const int UsualLength = 12;
}

/// <summary>How passwords are kept (the framework's PBKDF2, salted) and which ones are refused.</summary>
public static class Passwords
{
    // What lists of leaked passwords begin with. A password of little else is guessed first.
    private static readonly string[] Commonest =
    [
        "passwort",
        "password",
        "passw0rd",
        "p@ssw0rd",
        "qwertyuiop",
        "qwertyui",
        "qwerty",
        "qwertz",
        "azerty",
        "asdfghjkl",
        "asdfgh",
        "zxcvbnm",
        "1q2w3e4r",
        "1qaz2wsx",
        "q1w2e3r4",
        "abcdefgh",
        "abcd",
        "abc",
        "iloveyou",
        "letmein",
        "welcome",
        "changeme",
        "football",
        "baseball",
        "superman",
        "batman",
        "princess",
        "sunshine",
        "dragon",
        "monkey",
        "master",
        "shadow",
        "michael",
        "trustno1",
        "starwars",
        "whatever",
        "secret",
        "default",
        "computer",
        "internet",
        "login",
        "admin",
        "administrator",
        "user",
        "guest",
        "root",
        "test",
        "demo",
        "hello",
        "spring",
        "summer",
        "autumn",
        "winter",
        "orchestration",
        "company",
    ];

    // What may be left of a password without the words above, without being too little.
    private const int LeastOfTheRest = 5;
    private const int ShortestName = 4;

    // The hasher does not look at the user.
    private static readonly object Nobody = new();
    private static readonly PasswordHasher<object> Hasher = new();
    private static readonly Lazy<string> UnknownPerson = new(() => Hash("a person who does not exist"));

    /// <summary>Salted hash, with its parameters.</summary>
    public static string Hash(string password) => Hasher.HashPassword(Nobody, password);

    /// <summary>Verifies a password. Without a hash it takes just as long and returns false, so that timing doesn't reveal who exists.</summary>
    public static bool Verify(string? hash, string password) =>
        Hasher.VerifyHashedPassword(Nobody, hash ?? UnknownPerson.Value, password) != PasswordVerificationResult.Failed && hash is not null;

    /// <summary>
    /// Why the password is too weak, or null. Length beats character classes, and what attackers try first is refused (NIST SP 800-63B, 3.1.1.2).
    /// </summary>
    /// <param name="password">What someone chose.</param>
    /// <param name="userName">Their user name.</param>
    /// <param name="displayName">Their name.</param>
    /// <param name="shortest">Fewest characters.</param>
    /// <returns>The end of a sentence that begins with the password.</returns>
    public static string? Weakness(string password, string userName, string displayName, int shortest)
    {
        if (password.Length < shortest)
            return $"it must have at least {shortest} characters";
        if (password.Contains(userName, StringComparison.OrdinalIgnoreCase))
            return "it must not contain the user name";
        if (displayName.Split(' ', '-').Any(name => name.Length >= ShortestName && password.Contains(name, StringComparison.OrdinalIgnoreCase)))
            return "it must not contain your name";
        if (password.Distinct().Count() < 5)
            return "it repeats too few characters";
        return IsCommon(password) ? "it is one of the first that attackers try" : null;
    }

    /// <summary>Whether little is left of it without common words, digits and signs.</summary>
    private static bool IsCommon(string password)
    {
        var rest = password.ToLowerInvariant();
        foreach (var word in Commonest)
            rest = rest.Replace(word, "", StringComparison.Ordinal);
        return rest.Length < password.Length && rest.Count(char.IsLetter) < LeastOfTheRest || rest.All(char.IsAsciiDigit) && IsSequence(rest);
    }

    /// <summary>Whether it is 1234567890 and the like, up or down.</summary>
    private static bool IsSequence(string digits) => digits.Zip(digits.Skip(1), (a, b) => (b - a + 10) % 10).Distinct().Count() == 1;
}
