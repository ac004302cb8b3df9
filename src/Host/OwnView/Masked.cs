namespace Orchestration.Host.OwnView;

/// <summary>Parts of contact data: enough for the customer to know them again, too little for anyone else to use.</summary>
internal static class Masked
{
    /// <summary><c>m•••@example.com</c></summary>
    public static string? Email(string? email) => email?.Split('@') is [{ Length: > 0 } name, var host] ? $"{name[0]}•••@{host}" : null;

    /// <summary><c>••• 001</c></summary>
    public static string? Phone(string? phone) => phone is { Length: >= 6 } ? $"••• {phone[^3..]}" : null;

    /// <summary>The begin of the first line: <c>12 Mar•••</c></summary>
    public static string? Address(string? address) =>
        address?.Split('\n')[0].Trim() is { Length: > 0 } line ? $"{line[..Math.Min(6, line.Length / 2)]}•••" : null;
}
