using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
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

    /// <summary>Applies it. What the forecast promises, and that it was applied, is kept in the same transaction.</summary>
    /// <param name="actor">Steers the team of the task.</param>
    public async Task<FixResult> RunAsync(FixOrder order, Person actor, CancellationToken cancel = default)
    {
        var request = Operation.Of(actor.UserName, order.OperationId, [.. Parts(order)]).RequestHash;
        if (await EarlierAsync() is { } earlier)
            return earlier;
        try
        {
            return await RunAsync(order, actor, request, cancel);
        }
        catch (PostgresException e) when (e.ConstraintName == AppliedFix.Constraint)
        {
            // The same button was pressed twice, and the other request was first.
            return await EarlierAsync() ?? throw new InvalidOperationException("The operation broke its constraint but isn't stored.", e);
        }

        async Task<FixResult?> EarlierAsync() =>
            await AppliedFix.EarlierAsync(tasks.Runtime.Database, actor, order.OperationId, request, cancel) switch
            {
                true => new FixResult.Done(),
                false => new FixResult.Conflict("The operation id was used for another request."),
                _ => null,
            };
    }

    private async Task<FixResult> RunAsync(FixOrder order, Person actor, byte[] request, CancellationToken cancel)
    {
        var forecast = await forecasts.LatestAsync(cancel: cancel);
        if (
            forecast.Rows.FirstOrDefault(row => row.Clock.Id == order.Clock)?.Clock is not { } clock
            || !clock.Teams.Any(team => TeamQueries.Steers(actor, team)) && !actor.May(Permissions.SteerTeams)
        )
            return new FixResult.NotFound();
        if (order.Kind is not (FixKind.NewDate or FixKind.AskDate) && (order.Task is not { } of || !clock.Tasks.Contains(of)))
            return new FixResult.Invalid("task", "is no task that the deadline depends on");
        if (Missing(order, clock) is { } missing)
            return missing;
        var person = order.Person is { } id ? forecast.People.GetValueOrDefault(id) : null;
        if (order.Person is not null && person is null)
            return new FixResult.NotFound();
        var promise = await forecasts.EvaluateAsync(
            forecast,
            new(clock.Id, order.Kind, order.Task, order.Person, order.Team, order.From ?? forecast.MadeAt, order.Until),
            actor,
            cancel
        );
        var applied = new AppliedFix(order, clock, promise, person?.UserName, actor, request);
        var result = order.Kind switch
        {
            FixKind.Reorder => await RaiseAsync(order, applied, actor, cancel),
            FixKind.Push => await AssignAsync(order, person!, applied, actor, cancel),
            FixKind.Move => await LendAsync(order, applied, actor, cancel),
            FixKind.Overtime => await PlanAsync(order, person!, applied, actor, cancel),
            FixKind.AskDate => Of(await AskForDate.RunAsync(tasks.Runtime, clock, order.Until!.Value, forecasts.Zone, applied, actor, cancel)),
            _ => Of(
                await Promises.MoveAsync(
                    clocks,
                    clock.Case,
                    clock.Id,
                    order.Until!.Value,
                    "The customer agreed to a later date.",
                    null,
                    actor,
                    applied.WriteTo,
                    cancel
                )
            ),
        };
        if (result is FixResult.Done)
            forecasts.Forget();
        return result;
    }

    /// <summary>What an order lacks, or what is wrong with it.</summary>
    private static FixResult.Invalid? Missing(FixOrder order, ClockFacts clock)
    {
        if (order.Kind is FixKind.Reorder or FixKind.Push && order.Revision is null)
            return new("revision", "is missing");
        if (order.Kind is FixKind.Push or FixKind.Move or FixKind.Overtime && order.Person is null)
            return new("person", "is missing");
        if (order.Kind == FixKind.Move && order.Team is null)
            return new("team", "is missing");
        if (order.Kind == FixKind.Overtime && order.From is null)
            return new("from", "is missing");
        if (order.Kind is FixKind.Reorder or FixKind.Push)
            return null;
        var isOfDate = order.Kind is FixKind.NewDate or FixKind.AskDate;
        if (isOfDate && clock.Kind != SlaKind.Promise)
            return new("kind", "a new date is only for promises: nobody can move a deadline of the law or of the office");
        if (order.Until is not { } until)
            return new("until", "is missing");
        return isOfDate && until <= clock.DueAt ? new("until", "must be later than the date it has")
            : !isOfDate && until <= order.From ? new("until", "must be after the start")
            : null;
    }

    private async Task<FixResult> RaiseAsync(FixOrder order, AppliedFix applied, Person actor, CancellationToken cancel) =>
        Of(
            order.Task!.Value,
            await PrioritizeTask.RunAsync(tasks, new(order.Task.Value, order.Revision!.Value, order.OperationId), 1, Reason, actor, applied.WriteTo, cancel)
        );

    private async Task<FixResult> AssignAsync(FixOrder order, PersonFacts person, AppliedFix applied, Person actor, CancellationToken cancel) =>
        Of(
            order.Task!.Value,
            await AssignTask.RunAsync(
                tasks,
                new(order.Task.Value, order.Revision!.Value, order.OperationId),
                person.UserName,
                Reason,
                actor,
                applied.WriteTo,
                cancel
            )
        );

    private async Task<FixResult> LendAsync(FixOrder order, AppliedFix applied, Person actor, CancellationToken cancel)
    {
        var person = order.Person!.Value;
        return await LendPerson.RunAsync(tasks.Runtime, person, order.Team!, order.Until!.Value, actor, Also, cancel) switch
        {
            StaffResult.Done => new FixResult.Done(),
            StaffResult.Invalid invalid => new FixResult.Invalid(invalid.Errors.First().Key, invalid.Errors.First().Value[0]),
            StaffResult.Refused refused => new FixResult.Conflict(refused.Reason),
            StaffResult.Stale => new FixResult.Conflict("The team has changed."),
            _ => new FixResult.NotFound(),
        };

        void Also(StaffTransaction t)
        {
            t.Writes.BatchCommands.Add(applied.Insert(t.Now));
            t.Record(person, "fix.applied", 0, applied.Told);
        }
    }

    private async Task<FixResult> PlanAsync(FixOrder order, PersonFacts person, AppliedFix applied, Person actor, CancellationToken cancel)
    {
        var shift = new PlannedShift(person.UserName, order.From, order.Until);
        return await plan.AddAsync([shift], actor, Also, cancel) switch
        {
            ShiftResult.Done { Added.Count: > 0 } => new FixResult.Done(),
            ShiftResult.Done => new FixResult.Conflict($"{person.Name} is planned to work then already."),
            ShiftResult.Invalid { Errors: [var error, ..] } => error.Field == "person" ? new FixResult.NotFound() : new FixResult.Conflict(error.Reason),
            _ => new FixResult.NotFound(),
        };

        void Also(NpgsqlBatch batch, IEnumerable<PersonHistory> people)
        {
            batch.BatchCommands.Add(applied.Insert(tasks.Runtime.Clock.Now()));
            foreach (var history in people)
                history.Add("fix.applied", applied.Told);
        }
    }

    private static IEnumerable<string?> Parts(FixOrder order) =>
        [
            "fix",
            .. new object?[] { order.Clock, order.Kind, order.Task, order.Revision, order.Person, order.Team, order.From, order.Until }.Select(part =>
                part?.ToString()
            ),
        ];

    private static FixResult Of(Guid task, TaskResult result) => result is TaskResult.Done ? new FixResult.Done() : new FixResult.Task(task, result);

    private static FixResult Of(PromiseResult result) =>
        result switch
        {
            PromiseResult.Done => new FixResult.Done(),
            PromiseResult.Ended or PromiseResult.NotLater => new FixResult.Conflict("The promise has been settled, missed or moved already."),
            _ => new FixResult.NotFound(),
        };
}
