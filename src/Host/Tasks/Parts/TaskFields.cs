using System.Globalization;
using NodaTime;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks.Parts;

/// <summary>Fields that every form of a task's verb has beside the task's own form: names that no field of a form can have.</summary>
internal static class TaskFields
{
    public const string Revision = ":revision";
    public const string Operation = ":operation";
    public const string Outcome = ":outcome";
    public const string To = ":to";
    public const string Reason = ":reason";
    public const string Person = ":person";
    public const string Team = ":team";
    public const string Step = ":step";
    public const string Note = ":note";
    public const string Days = ":days";
    public const string Priority = ":priority";
    public const string Reviewer = ":reviewer";

    /// <summary>What was entered for a verb, besides the task's own form.</summary>
    public static VerbInput Read(IFormCollection form, Instant now) =>
        new()
        {
            Reason = Text(form, Reason),
            Person = Text(form, Person),
            Team = Text(form, Team),
            Step = Text(form, Step),
            Note = Text(form, Note),
            Priority = Number(form, Priority),
            Until = Number(form, Days) is { } days and > 0 and <= 366 ? (now + Duration.FromDays(days)).ToDateTimeOffset() : null,
            Outcome = Text(form, Outcome),
            Reviewer = Text(form, Reviewer),
        };

    public static int? Number(IFormCollection form, string name) =>
        int.TryParse(form[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static string? Text(IFormCollection form, string name) => form[name].ToString().Trim() is { Length: > 0 } text ? text : null;
}
