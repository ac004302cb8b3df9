using System.Text.Json;
using NodaTime;
using Orchestration.Host.CustomerPromises;
using Orchestration.Host.Guidance;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Lists;
using Orchestration.Workflows.Tasks.Notes;

namespace Orchestration.Host.Tasks;

/// <summary>What the page of a task shows.</summary>
public sealed record TaskView
{
    public required TaskDetail Task { get; init; }
    public required Person Me { get; init; }
    public required Instant Now { get; init; }
    public required string Journey { get; init; }
    public required string? Team { get; init; }

    /// <summary>The form, or null for a step that only asks for an outcome.</summary>
    public required FormSchema? Form { get; init; }

    /// <summary>What was sent, or else typed so far.</summary>
    public required JsonElement? Data { get; init; }
    public required IReadOnlyList<StoredClock> Clocks { get; init; }

    /// <summary>Clocks of the task that can't be read.</summary>
    public required IReadOnlyList<LostClock> LostClocks { get; init; }

    /// <summary>What the customer was promised.</summary>
    public required PromiseView Promises { get; init; }

    /// <summary>What is known about the case, as the reader can see it.</summary>
    public required IReadOnlyList<CaseFact> Facts { get; init; }

    /// <summary>What helps with the task; null in parts of the page that don't show it.</summary>
    public GuidanceView? Guidance { get; init; }

    /// <summary>Files of the case's other tasks that the reader can open.</summary>
    public required IReadOnlyList<CaseFile> CaseFiles { get; init; }

    /// <summary>Who could be given it.</summary>
    public required IReadOnlyList<Assignee> Assignees { get; init; }

    /// <summary>Whom a supervisor can assign it to when no one is eligible.</summary>
    public IReadOnlyList<Assignee> Overrides { get; init; } = [];

    /// <summary>All steps of its case.</summary>
    public required IReadOnlyList<CaseStep> Steps { get; init; }

    /// <summary>What was said about it, and its files.</summary>
    public required IReadOnlyList<Comment> Comments { get; init; }
    public required IReadOnlyList<Attachment> Files { get; init; }

    /// <summary>Teams it could be passed on to.</summary>
    public required IReadOnlyList<Team> OtherTeams { get; init; }

    /// <summary>Display names by user name.</summary>
    public required IReadOnlyDictionary<string, string> Names { get; init; }

    /// <summary>The verb that was refused, or null.</summary>
    public TaskResult? Refused { get; init; }

    /// <summary>Why, in words.</summary>
    internal Refusal? Refusal { get; init; }

    /// <summary>The step the person comes from.</summary>
    public DoneStep? Done { get; init; }

    public bool IsMine => Task.OwnerId == Me.Id && !Task.State.IsTerminal();
    public bool MayEdit => IsMine && TaskLifeCycle.Allows(Task.State, TaskVerb.Complete);
    public bool MayMove => Task.Team is { } team ? TeamQueries.Steers(Me, team) : Me.May(Permissions.SteerTeams);
    public bool MayClaim => Task.May.Contains("claim");

    /// <summary>The verb that was refused and what was typed for it, which is not lost.</summary>
    public (string Verb, IFormCollection Typed)? Attempt { get; init; }

    public bool Tried(string verb) => Attempt?.Verb == verb;

    /// <summary>What was typed into a field of a verb's form when it was refused.</summary>
    public string? Was(string verb, string field) =>
        Attempt is { } attempt && attempt.Verb == verb && attempt.Typed.TryGetValue(field, out var typed) ? typed.ToString() : null;

    public IReadOnlyList<FormError> Errors => Refused is TaskResult.InvalidData invalid ? invalid.Errors : [];

    public string Name(string userName) => userName == Me.UserName ? "You" : Names.GetValueOrDefault(userName, userName == "system" ? "System" : userName);
}
