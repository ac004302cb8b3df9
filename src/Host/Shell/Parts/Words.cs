using System.Text;
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

        return text.ToString();
    }

    /// <summary>A role as people call it.</summary>
    public static string RoleTitle(string role) => role == Roles.FrontOffice ? "Front office" : char.ToUpperInvariant(role[0]) + role[1..];

    public static string State(TaskState state) =>
        state switch
        {
            TaskState.Ready => "Open to take",
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

    /// <summary>Who a refusal tells of, by user name.</summary>
    public static string? WhoElse(TaskResult result) =>
        result switch
        {
            TaskResult.AlreadyEnded ended => ended.EndedBy,
            TaskResult.StaleRevision stale => stale.ChangedBy,
            _ => null,
        };

    /// <summary>Why a task was not changed, in a sentence.</summary>
    /// <param name="result">A refusal.</param>
    /// <param name="names">Display names by user name.</param>
    public static string Refusal(TaskResult result, IReadOnlyDictionary<string, string> names)
    {
        return result switch
        {
            TaskResult.NotFound => "It does not exist, or you may not see it.",
            TaskResult.ExcludedByFourEyes four => $"Four eyes: whoever worked on “{four.StepTitle}” may not work on this step.",
            TaskResult.AlreadyEnded ended =>
                $"It has ended meanwhile: {Name(ended.EndedBy)} {(ended.Outcome is { } outcome ? $"chose “{Humanize(outcome)}”" : "ended it")}.",
            TaskResult.StaleRevision stale => $"{Name(stale.ChangedBy)} changed it meanwhile. Look at it and ask again.",
            TaskResult.WrongState wrong => $"Not possible while it is “{State(wrong.State).ToLowerInvariant()}”.",
            TaskResult.Forbidden forbidden => forbidden.Reason,
            TaskResult.InvalidRequest invalid => invalid.Reason,
            _ => "It was not done.",
        };

        string Name(string userName) => names.GetValueOrDefault(userName, userName == "system" ? "The service" : userName);
    }

    /// <summary>Reasons as the API gives them, as sentences.</summary>
    public static string Sentence(IEnumerable<string> reasons) =>
        string.Join(" ", reasons.Select(reason => $"{char.ToUpperInvariant(reason[0])}{reason[1..].TrimEnd('.')}."));

    /// <summary>“1 step”, “3 steps”.</summary>
    public static string Count(int count, string one, string? many = null) => count == 1 ? $"1 {one}" : $"{count} {many ?? one + "s"}";
}
