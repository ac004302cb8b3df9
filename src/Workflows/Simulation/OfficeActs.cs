using System.Text.Json.Nodes;
using NodaTime;

namespace Orchestration.Workflows.Simulation;

/// <summary>Something that someone does in a simulated office. Whoever drives the simulation does it, and tells the model what came of it.</summary>
/// <param name="At">When.</param>
public abstract record OfficeAct(Instant At)
{
    /// <summary>A customer's request arrives and a case is started.</summary>
    /// <param name="At">When.</param>
    /// <param name="Number">Number of the case, from 0.</param>
    /// <param name="Journey">Its journey.</param>
    /// <param name="Customer">Number and name of the customer.</param>
    /// <param name="Input">What the customer said.</param>
    public sealed record StartCase(Instant At, int Number, string Journey, (string Id, string Name) Customer, JsonObject Input) : OfficeAct(At);

    /// <summary>Someone takes a task.</summary>
    public sealed record Claim(Instant At, Guid Task, string Person) : OfficeAct(At);

    /// <summary>Whoever has a task completes it.</summary>
    public sealed record Complete(Instant At, Guid Task, string Person, string Outcome) : OfficeAct(At);

    /// <summary>Whoever has a task sends the case back to an earlier step.</summary>
    public sealed record Return(Instant At, Guid Task, string Person, string Step) : OfficeAct(At);

    /// <summary>Whoever has a task asks a colleague to review what they propose.</summary>
    public sealed record AskReview(Instant At, Guid Task, string Person, string Reviewer, string Outcome) : OfficeAct(At);

    /// <summary>A colleague approves what was proposed, or asks for changes.</summary>
    public sealed record Review(Instant At, Guid Task, string Person, bool Approved) : OfficeAct(At);

    /// <summary>Whoever has a task waits for the customer.</summary>
    public sealed record Suspend(Instant At, Guid Task, string Person) : OfficeAct(At);

    /// <summary>The customer answered; the task goes on.</summary>
    public sealed record Resume(Instant At, Guid Task, string Person) : OfficeAct(At);

    /// <summary>The customer does something that the case waits for.</summary>
    public sealed record Event(Instant At, Guid Case, string Name) : OfficeAct(At);

    /// <summary>The customer withdraws the request.</summary>
    public sealed record Cancel(Instant At, Guid Case) : OfficeAct(At);

    /// <summary>The front office promises something.</summary>
    public sealed record Promise(Instant At, Guid Case, string What, Instant Due) : OfficeAct(At);

    /// <summary>The front office keeps a promise, or says that it was broken.</summary>
    public sealed record Settle(Instant At, Guid Case, bool Kept) : OfficeAct(At);

    /// <summary>The customer says how it was.</summary>
    public sealed record Rate(Instant At, Guid Case, int Satisfaction, int? Recommend, string Comment) : OfficeAct(At);
}

/// <summary>A task of a simulated office, as it opened.</summary>
/// <param name="Id">The task.</param>
/// <param name="Case">Its case.</param>
/// <param name="Journey">Definition its step belongs to.</param>
/// <param name="Step">Its step.</param>
/// <param name="Team">Team that may take it, or null.</param>
/// <param name="Candidates">User names of others who may take it.</param>
/// <param name="Skills">Skills it requires.</param>
/// <param name="Outcomes">How it can end.</param>
/// <param name="OpenedAt">When it opened.</param>
/// <param name="Due">When its worst clock is due; null: never.</param>
public sealed record OfficeTask(
    Guid Id,
    Guid Case,
    string Journey,
    string Step,
    string? Team,
    IReadOnlyList<string> Candidates,
    IReadOnlyList<string> Skills,
    IReadOnlyList<string> Outcomes,
    Instant OpenedAt,
    Instant? Due
);
