using NodaTime;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Forecast;

/// <summary>A fix to be applied.</summary>
/// <param name="Clock">The clock it is for.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Task">The task, for a new order or person.</param>
/// <param name="Revision">Revision of the task that was seen.</param>
/// <param name="Person">Id of the person.</param>
/// <param name="Team">Team they are lent to.</param>
/// <param name="From">Begin of overtime.</param>
/// <param name="Until">End of a loan or of overtime; the new date.</param>
/// <param name="OperationId">Chosen by the caller; the same id again gives the same answer.</param>
public sealed record FixOrder(
    Guid Clock,
    FixKind Kind,
    Guid? Task,
    int? Revision,
    Guid? Person,
    string? Team,
    Instant? From,
    Instant? Until,
    string OperationId
);

/// <summary>How applying a fix went. Nothing was changed unless it is <see cref="Done"/>.</summary>
public abstract record FixResult
{
    private FixResult() { }

    /// <summary>It happened.</summary>
    public sealed record Done : FixResult;

    /// <summary>There is no such clock, task or person, or the actor doesn't steer it.</summary>
    public sealed record NotFound : FixResult;

    /// <summary>Something is missing or wrong.</summary>
    public sealed record Invalid(string Field, string Reason) : FixResult;

    /// <summary>The verb refused it.</summary>
    public sealed record Task(Guid Id, TaskResult Why) : FixResult;

    /// <summary>It isn't possible any more, as a sentence.</summary>
    public sealed record Conflict(string Reason) : FixResult;
}

/// <summary>Applies a fix by the same verbs as by hand: their rules, their history, and who is told are the same.</summary>
public sealed class ApplyFix(TaskRuntime tasks, ClockRuntime clocks, PlanShifts plan, ForecastOffice forecasts)
{
    private const string Reason = "The forecast says that the deadline would be missed.";

    /// <summary>Applies it.</summary>
    /// <param name="actor">Steers the team of the task.</param>
    public async Task<FixResult> RunAsync(FixOrder order, Person actor, CancellationToken cancel = default)
    {
        var forecast = await forecasts.LatestAsync(cancel: cancel);
        if (
            forecast.Rows.FirstOrDefault(row => row.Clock.Id == order.Clock)?.Clock is not { } clock
            || !clock.Teams.Any(team => TeamQueries.Steers(actor, team)) && !actor.May(Permissions.SteerTeams)
        )
            return new FixResult.NotFound();
        if (order.Kind is not FixKind.NewDate && (order.Task is not { } of || !clock.Tasks.Contains(of)))
            return new FixResult.Invalid("task", "is no task that the deadline depends on");
        var result = order.Kind switch
        {
            FixKind.Reorder => await RaiseAsync(order, actor, cancel),
            FixKind.Push => await AssignAsync(order, actor, cancel),
            FixKind.Move => await LendAsync(order, actor, cancel),
            FixKind.Overtime => await PlanAsync(order, actor, cancel),
            _ => await MoveDateAsync(order, clock, actor, cancel),
        };
        if (result is FixResult.Done)
            forecasts.Forget();
        return result;
    }

    private async Task<FixResult> RaiseAsync(FixOrder order, Person actor, CancellationToken cancel) =>
        order.Revision is not { } revision
            ? new FixResult.Invalid("revision", "is missing")
            : Of(order.Task!.Value, await PrioritizeTask.RunAsync(tasks, new(order.Task.Value, revision, order.OperationId), 1, Reason, actor, cancel));

    private async Task<FixResult> AssignAsync(FixOrder order, Person actor, CancellationToken cancel)
    {
        if (order.Revision is not { } revision)
            return new FixResult.Invalid("revision", "is missing");
        var forecast = await forecasts.LatestAsync(cancel: cancel);
        return order.Person is { } id && forecast.People.GetValueOrDefault(id) is { } person
            ? Of(
                order.Task!.Value,
                await AssignTask.RunAsync(tasks, new(order.Task.Value, revision, order.OperationId), person.UserName, Reason, actor, cancel)
            )
            : new FixResult.NotFound();
    }

    private async Task<FixResult> LendAsync(FixOrder order, Person actor, CancellationToken cancel)
    {
        if (order.Person is not { } person || order.Team is not { } team || order.Until is not { } until)
            return new FixResult.Invalid(
                order.Person is null ? "person"
                    : order.Team is null ? "team"
                    : "until",
                "is missing"
            );
        return await LendPerson.RunAsync(tasks.Runtime, person, team, until, actor, cancel) switch
        {
            StaffResult.Done => new FixResult.Done(),
            StaffResult.Invalid invalid => new FixResult.Invalid(invalid.Errors.First().Key, invalid.Errors.First().Value[0]),
            StaffResult.Refused refused => new FixResult.Conflict(refused.Reason),
            StaffResult.Stale => new FixResult.Conflict("The team has changed."),
            _ => new FixResult.NotFound(),
        };
    }

    private async Task<FixResult> PlanAsync(FixOrder order, Person actor, CancellationToken cancel)
    {
        var forecast = await forecasts.LatestAsync(cancel: cancel);
        if (order.Person is not { } id || forecast.People.GetValueOrDefault(id) is not { } person)
            return new FixResult.NotFound();
        return await plan.AddAsync([new(person.UserName, order.From, order.Until)], actor, cancel) switch
        {
            ShiftResult.Done { Added.Count: > 0 } => new FixResult.Done(),
            ShiftResult.Done => new FixResult.Conflict($"{person.Name} is planned to work then already."),
            ShiftResult.Invalid { Errors: [var error, ..] } => error.Field == "person" ? new FixResult.NotFound() : new FixResult.Conflict(error.Reason),
            _ => new FixResult.NotFound(),
        };
    }

    private async Task<FixResult> MoveDateAsync(FixOrder order, ClockFacts clock, Person actor, CancellationToken cancel)
    {
        if (clock.Kind != SlaKind.Promise)
            return new FixResult.Invalid("kind", "a new date is only for promises: nobody can move a deadline of the law or of the office");
        if (order.Until is not { } due)
            return new FixResult.Invalid("until", "is missing");
        if (due <= clock.DueAt)
            return new FixResult.Invalid("until", "must be later than the date it has");
        return await Promises.MoveAsync(clocks, clock.Case, clock.Id, due, "The customer agreed to a later date.", null, actor, cancel) switch
        {
            PromiseResult.Done => new FixResult.Done(),
            PromiseResult.Ended or PromiseResult.NotLater => new FixResult.Conflict("The promise has been settled, missed or moved already."),
            _ => new FixResult.NotFound(),
        };
    }

    private static FixResult Of(Guid task, TaskResult result) => result is TaskResult.Done ? new FixResult.Done() : new FixResult.Task(task, result);
}
