namespace Orchestration.Workflows.ServiceLevels;

/// <summary>Who is notified or takes over. If the target doesn't exist, it falls back to the deputy, then the team.</summary>
public enum LadderTarget
{
    Owner,
    Deputy,
    Team,
    Lead,
    Manager,
    Compliance,

    /// <summary>Everyone of the front office.</summary>
    FrontOffice,
}

/// <summary>
/// One rung of an escalation ladder: its position and its actions. Exactly one of <see cref="Percent"/>, <see cref="Before"/> and
/// <see cref="After"/> is set. Reaching the due time marks the breach without a rung.
/// </summary>
/// <param name="Percent">Percentage of the clock, 1 to 300; 100 is the due time.</param>
/// <param name="Before">So long before the due time.</param>
/// <param name="After">So long after the due time.</param>
/// <param name="Actions">Its actions, in order.</param>
public sealed record LadderRung(int? Percent, SlaTarget? Before, SlaTarget? After, IReadOnlyList<LadderAction> Actions)
{
    public const int MaxPercent = 300;

    /// <summary>Names the rung within its policy: <c>75%</c>, <c>due-PT4H workingTime</c>, <c>due+2 businessDays</c>. Unique in a ladder.</summary>
    public string Key =>
        Percent is { } percent ? $"{percent}%"
        : Before is { } before ? $"due-{before.Amount} {before.UnitName}"
        : $"due+{After!.Amount} {After.UnitName}";

    /// <summary>
    /// The ladder of a policy that names none: 75 % reminds the owner; 100 % raises the priority, tells the team lead and gives it to the lead; 120 % of a
    /// statutory clock tells compliance. Of a promise, 75 % tells the front office too, so that they can call the customer first.
    /// </summary>
    public static IReadOnlyList<LadderRung> Default(SlaKind kind)
    {
        LadderRung remind = new(75, null, null, [new LadderAction.Notify(LadderTarget.Owner)]);
        LadderRung breach = new(
            100,
            null,
            null,
            [new LadderAction.RaisePriority(1), new LadderAction.Notify(LadderTarget.Lead), new LadderAction.Reassign(LadderTarget.Lead)]
        );
        LadderRung compliance = new(120, null, null, [new LadderAction.Notify(LadderTarget.Compliance)]);
        return kind switch
        {
            SlaKind.Statutory => [remind, breach, compliance],
            SlaKind.Promise => [remind with { Actions = [.. remind.Actions, new LadderAction.Notify(LadderTarget.FrontOffice)] }, breach],
            _ => [remind, breach],
        };
    }
}

/// <summary>An action of a rung.</summary>
public abstract record LadderAction
{
    private LadderAction() { }

    public sealed record Notify(LadderTarget To) : LadderAction;

    /// <summary>Raises the priority by so many steps, 1 to 9.</summary>
    public sealed record RaisePriority(int By) : LadderAction;

    /// <summary>Preferred skills no longer matter; required ones still do.</summary>
    public sealed record RelaxSkills : LadderAction;

    /// <summary>To the deputy, the lead or the team.</summary>
    public sealed record Reassign(LadderTarget To) : LadderAction;

    public sealed record AddWatcher(LadderTarget Who) : LadderAction;

    public sealed record StartWorkflow(string DefinitionId) : LadderAction;

    /// <summary>To the case that carries the clock.</summary>
    public sealed record PublishEvent(string EventName) : LadderAction;

    public sealed record Webhook(Uri Url) : LadderAction;
}
