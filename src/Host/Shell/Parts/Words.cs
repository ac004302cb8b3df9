using System.Globalization;
using System.Text;
using NodaTime;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Host.Shell.Parts;

/// <summary>Display texts for names in the program.</summary>
internal static class Words
{
    /// <summary><c>NeedInformation</c> → “Need information”, <c>claims-assess</c> → “Claims assess”. Consecutive capitals stay.</summary>
    public static string Humanize(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i] is '-' or '_' ? ' ' : name[i];
            var begins = i > 0 && char.IsUpper(c) && char.IsLower(name[i - 1]);
            if (begins)
                text.Append(' ');
            var isWord = i + 1 < name.Length && char.IsLower(name[i + 1]);
            text.Append(
                text.Length == 0 ? char.ToUpperInvariant(c)
                : begins && isWord ? char.ToLowerInvariant(c)
                : c
            );
        }

        return string.Join(' ', text.ToString().Split(' ').Select(word => Acronyms.Contains(word) ? word.ToUpperInvariant() : word));
    }

    /// <summary>A skill that a step asks for: <c>fraud:3</c> → “Fraud, level 3”.</summary>
    public static string Skill(string need) => need.Split(':') is [var skill, var level] ? $"{Humanize(skill)}, level {level}" : Humanize(need);

    /// <summary>An amount of money: <c>USD 5,000.00</c>.</summary>
    public static string Money(decimal amount, string? currency) =>
        $"{(string.IsNullOrEmpty(currency) ? "" : $"{currency} ")}{amount.ToString("#,0.00", CultureInfo.InvariantCulture)}";

    private static readonly HashSet<string> Acronyms = new(StringComparer.OrdinalIgnoreCase)
    {
        "AML",
        "DTI",
        "FHA",
        "GDPR",
        "HMDA",
        "KYC",
        "LTV",
        "SLA",
        "USDA",
        "VAT",
    };

    /// <summary>What a suspended task waits for, from its pause reason: <c>waitingForThirdParty</c> is "Third party".</summary>
    public static string WaitsFor(string reason)
    {
        const string Prefix = "waitingFor";
        return Humanize(reason.Length > Prefix.Length && reason.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? reason[Prefix.Length..] : reason);
    }

    /// <summary>A role as people call it.</summary>
    public static string RoleTitle(string role) => role == Roles.FrontOffice ? "Front office" : Humanize(role);

    public static string State(TaskState state) =>
        state switch
        {
            TaskState.Ready => "Unassigned",
            TaskState.Reserved => "Not started",
            TaskState.InProgress => "In progress",
            TaskState.ReadyForReview => "Ready for review",
            TaskState.InReview => "In review",
            _ => state.ToString(),
        };

    public static string Priority(int priority) =>
        priority switch
        {
            1 => "Critical",
            2 => "High",
            3 => "Normal",
            4 => "Low",
            _ => "Planning",
        };

    /// <summary>Reasons as the API gives them, as sentences.</summary>
    public static string Sentence(IEnumerable<string> reasons) =>
        string.Join(" ", reasons.Select(reason => $"{char.ToUpperInvariant(reason[0])}{reason[1..].TrimEnd('.')}."));

    /// <summary>“20 min”, “3 h 10 min”, “2 days”.</summary>
    public static string Minutes(int minutes) =>
        minutes < 60 ? $"{minutes} min"
        : minutes < 60 * 48 ? $"{minutes / 60} h{(minutes % 60 > 0 ? $" {minutes % 60} min" : "")}"
        : Count((int)Math.Round(minutes / 1440.0), "day");

    /// <summary>“1 step”, “3 steps”.</summary>
    /// <summary>“92%”. What isn't quite all or nothing doesn't look like it.</summary>
    public static string Percent(double share) =>
        share is >= 0.995 and < 1 ? "> 99%"
        : share is > 0 and < 0.005 ? "< 1%"
        : $"{(share * 100).ToString("0", CultureInfo.InvariantCulture)}%";

    /// <summary>A time zone, such as <c>Europe/Berlin time</c>.</summary>
    public static string Zone(DateTimeZone zone) => zone.Id is "UTC" or "Etc/UTC" ? "UTC" : $"{zone.Id} time";

    public static string Count(int count, string one, string? many = null) => count == 1 ? $"1 {one}" : $"{count:N0} {many ?? one + "s"}";
}
