using System.Text.Json.Nodes;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Tasks.Verbs;

/// <summary>Body of a verb's request. Its members say what the verb takes.</summary>
internal interface IVerbBody
{
    int? Revision { get; }
    string? OperationId { get; }
    VerbInput Input();
}

/// <summary>What every verb takes.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you; the same id with the same body gives the same answer again.</param>
/// <param name="Reason">Why, where it matters.</param>
public sealed record VerbBody(int? Revision, string? OperationId, string? Reason = null) : IVerbBody
{
    VerbInput IVerbBody.Input() => new() { Reason = Reason };
}

/// <summary>Who gets the task.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Person">User name of the new owner.</param>
/// <param name="Reason">Why.</param>
public sealed record AssignBody(int? Revision, string? OperationId, string? Person, string? Reason = null) : IVerbBody
{
    VerbInput IVerbBody.Input() => new() { Person = Person, Reason = Reason };
}

/// <summary>How the step ended.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Outcome">One of the task's outcomes; may be left out when there is only one.</param>
/// <param name="Data">The form's data.</param>
public sealed record CompleteBody(int? Revision, string? OperationId, string? Outcome, JsonObject? Data) : IVerbBody
{
    VerbInput IVerbBody.Input() => new() { Outcome = Outcome, Data = Data };
}

/// <summary>Who the task is forwarded to: a team or a person.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Team">Key of a team.</param>
/// <param name="Person">User name of a person.</param>
/// <param name="Reason">Why.</param>
public sealed record ForwardBody(int? Revision, string? OperationId, string? Team, string? Person, string? Reason = null) : IVerbBody
{
    VerbInput IVerbBody.Input() =>
        new()
        {
            Team = Team,
            Person = Person,
            Reason = Reason,
        };
}

/// <summary>What the task waits for, and until when.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Reason">Such as <c>waitingForCustomer</c>; clocks whose policies name it pause.</param>
/// <param name="Until">When the task resumes by itself; left out: only when someone resumes it.</param>
/// <param name="Note">More about it.</param>
public sealed record SuspendBody(int? Revision, string? OperationId, string? Reason, DateTimeOffset? Until = null, string? Note = null) : IVerbBody
{
    VerbInput IVerbBody.Input() =>
        new()
        {
            Reason = Reason,
            Until = Until,
            Note = Note,
        };
}

/// <summary>How urgent the task is.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Priority">1 (critical) to 5 (planning).</param>
/// <param name="Reason">Why.</param>
public sealed record PriorityBody(int? Revision, string? OperationId, int? Priority, string? Reason = null) : IVerbBody
{
    VerbInput IVerbBody.Input() => new() { Priority = Priority, Reason = Reason };
}

/// <summary>What is proposed, and who reviews it.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Outcome">One of the task's outcomes; may be left out when there is only one.</param>
/// <param name="Data">The form's data.</param>
/// <param name="Reviewer">User name of the reviewer; left out: anyone who may review it.</param>
public sealed record ReviewBody(int? Revision, string? OperationId, string? Outcome, JsonObject? Data, string? Reviewer = null) : IVerbBody
{
    VerbInput IVerbBody.Input() =>
        new()
        {
            Outcome = Outcome,
            Data = Data,
            Reviewer = Reviewer,
        };
}

/// <summary>Where the case returns to, and why.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Step">Id of an earlier step.</param>
/// <param name="Reason"><c>incomplete</c>, <c>incorrect</c>, <c>newInformation</c>, <c>wrongPath</c> or <c>other</c>.</param>
/// <param name="Note">More about it.</param>
public sealed record ReturnBody(int? Revision, string? OperationId, string? Step, string? Reason, string? Note = null) : IVerbBody
{
    VerbInput IVerbBody.Input() =>
        new()
        {
            Step = Step,
            Reason = Reason,
            Note = Note,
        };
}

/// <summary>A comment.</summary>
/// <param name="Revision">Revision of the task that you last saw.</param>
/// <param name="OperationId">Chosen by you.</param>
/// <param name="Body">Plain text; <c>@userName</c> notifies that person.</param>
public sealed record CommentBody(int? Revision, string? OperationId, string? Body) : IVerbBody
{
    VerbInput IVerbBody.Input() => new() { Note = Body };
}
