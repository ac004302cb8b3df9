using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Escalation;

/// <summary>How making or keeping a promise went.</summary>
public abstract record PromiseResult
{
    private PromiseResult() { }

    /// <summary>Done; the clock that measures it.</summary>
    public sealed record Done(Guid ClockId) : PromiseResult;

    /// <summary>There is no such case or promise.</summary>
    public sealed record NotFound : PromiseResult;

    /// <summary>The case has ended, or the promise is settled.</summary>
    public sealed record Ended : PromiseResult;

    /// <summary>The journey of the case has no such step.</summary>
    public sealed record NoSuchStep : PromiseResult;
}

/// <summary>
/// What a customer was told, as a clock of the case: due at the promised instant, with the ladder of every clock. It is kept when someone says so, when the
/// step it binds is completed, or when the case ends, in time each.
/// </summary>
public static class Promises
{
    /// <summary>Calendar whose zone a promise is explained in when the journey has none.</summary>
    public const string DefaultCalendar = "24x7";

    /// <summary>Makes a promise.</summary>
    /// <param name="case">The case.</param>
    /// <param name="what">What the customer was told, 1 to 200 characters.</param>
    /// <param name="dueAt">By when.</param>
    /// <param name="channel">How the customer was told, or null.</param>
    /// <param name="step">Id or name of the step that keeps it when it is completed; null: the case as a whole.</param>
    /// <param name="actor">Who told them.</param>
    public static async Task<PromiseResult> MakeAsync(
        ClockRuntime clocks,
        Guid @case,
        string what,
        Instant dueAt,
        string? channel,
        string? step,
        Person actor,
        CancellationToken cancel = default
    )
    {
        await using var transaction = await InstanceTransaction.OpenAsync(clocks.Runtime, actor.UserName, ("$1", @case), moves: false, cancel: cancel);
        if (transaction.InstanceId is null)
            return new PromiseResult.NotFound();
        if (!transaction.IsRunning)
            return new PromiseResult.Ended();
        if (
            step is not null
            && (await clocks.Runtime.Definitions.GetVersionAsync(transaction.DefinitionVersionId, cancel)).FindActivity(step)?.TypeName != TaskBookmark.Name
        )
            return new PromiseResult.NoSuchStep();
        if (!clocks.ServiceLevels.Calendars.TryGetValue(DefaultCalendar, out var calendar))
            throw new InvalidOperationException($"Calendar '{DefaultCalendar}' is missing.");

        var id = Ids.New(transaction.Now);
        var clock = Clock.Start(
            SlaPolicy.Promise(DefaultCalendar, what, step),
            calendar,
            transaction.Now,
            transaction.Now,
            $"promised by {actor.DisplayName}{(channel is null ? "" : $", {channel}")}",
            dueAt
        );
        ClockRows.Write(transaction, @case, null, id, isNew: true, clock, [], clocks.ServiceLevels);
        transaction.Record(
            new(
                "promise.made",
                "clock",
                Ids.Text(id),
                1,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title = what,
                        due = dueAt.ToString(),
                        channel,
                        step,
                    },
                    TaskJson.Options
                )
            )
        );
        transaction.Announce(new(ChangeKind.Instance, @case));
        await transaction.CommitAsync(cancel);
        return new PromiseResult.Done(id);
    }

    /// <summary>A promise was kept, or no longer matters to the customer.</summary>
    /// <param name="case">The case.</param>
    /// <param name="clock">The promise.</param>
    /// <param name="kept">False: the customer let us off it.</param>
    /// <param name="reason">A note, or null.</param>
    /// <param name="actor">The person who says so.</param>
    public static async Task<PromiseResult> SettleAsync(
        ClockRuntime clocks,
        Guid @case,
        Guid clock,
        bool kept,
        string? reason,
        Person actor,
        CancellationToken cancel = default
    )
    {
        await using var transaction = await InstanceTransaction.OpenAsync(
            clocks.Runtime,
            actor.UserName,
            ("$1", @case),
            reads: [Sql.Command("select state from sla_clock where id = $1 and instance_id = $2 and task_id is null and kind = 'promise'", clock, @case)],
            moves: false,
            cancel: cancel
        );
        await transaction.NextResultAsync(cancel);
        if (transaction.InstanceId is null || !await transaction.Reads.ReadAsync(cancel))
            return new PromiseResult.NotFound();
        if (!ClockJson.TryRead(transaction.Reads.Utf8(0), out var state))
            return new PromiseResult.NotFound();
        await transaction.DoneReadingAsync();
        if (state.Ended)
            return new PromiseResult.Ended();
        var calendar = clocks.ServiceLevels.CalendarOf(state);
        var change = kept ? Clock.Stop(state, calendar, transaction.Now) : Clock.Cancel(state, calendar, transaction.Now);
        ClockRows.Write(transaction, @case, null, clock, isNew: false, change.State, change.Rows, clocks.ServiceLevels);
        transaction.Record(
            new(
                !kept ? "promise.released"
                    : change.State.Breached ? "promise.kept-late"
                    : "promise.kept",
                "clock",
                Ids.Text(clock),
                state.Generation,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title = state.Policy.Name,
                        due = state.DueAt?.ToString(),
                        reason,
                    },
                    TaskJson.Options
                )
            )
        );
        transaction.Announce(new(ChangeKind.Instance, @case));
        await transaction.CommitAsync(cancel);
        return new PromiseResult.Done(clock);
    }
}
