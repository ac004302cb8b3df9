using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>One change to a running instance, by Elsa's names.</summary>
/// <param name="Type">Elsa's name: <c>ModifyVariable</c>, <c>ScheduleActivity</c>, <c>CancelActivity</c>, <c>Cancel</c> or <c>Migrate</c>.</param>
public abstract record Alteration(string Type)
{
    /// <summary>Give a variable a value.</summary>
    public sealed record ModifyVariable(string VariableId, object? Value) : Alteration(nameof(ModifyVariable));

    /// <summary>Run an activity, or a living execution of it again.</summary>
    public sealed record ScheduleActivity(string? ActivityId, string? ActivityInstanceId) : Alteration(nameof(ScheduleActivity))
    {
        /// <summary>Whether it may only retry that execution, and is refused unless the execution has failed when its turn comes. Default: no.</summary>
        public bool IsRetry { get; init; }
    }

    /// <summary>Cancels an activity's executions.</summary>
    public sealed record CancelActivity(string? ActivityId, string? ActivityInstanceId) : Alteration(nameof(CancelActivity));

    /// <summary>Cancel the instance.</summary>
    public sealed record Cancel(string Reason) : Alteration(nameof(Cancel));

    /// <summary>Go on in another version of the definition. Elsa checks nothing here; a migration that would lose or repeat work is refused.</summary>
    public sealed record Migrate(int TargetVersion) : Alteration(nameof(Migrate));

    /// <summary>Reads Elsa's JSON of an alteration. Null with a reason when it is unknown or lacks a member.</summary>
    public static (Alteration? Alteration, string? Error) Read(JsonObject json)
    {
        var type = Text("type");
        var (activity, execution) = (Text("activityId"), Text("activityInstanceId"));
        Alteration? alteration = type switch
        {
            nameof(ModifyVariable) when Text("variableId") is { } variable => new ModifyVariable(variable, WorkflowData.FromOutside(json["value"], variable)),
            nameof(ScheduleActivity) when (activity ?? execution) is not null => new ScheduleActivity(activity, execution),
            nameof(CancelActivity) when (activity ?? execution) is not null => new CancelActivity(activity, execution),
            nameof(Cancel) => new Cancel(Text("reason") ?? "Cancelled by an alteration."),
            nameof(Migrate) when json["targetVersion"] is JsonValue number && number.TryGetValue(out int version) => new Migrate(version),
            _ => null,
        };
        return alteration is not null
            ? (alteration, null)
            : (
                null,
                type switch
                {
                    nameof(ModifyVariable) => "ModifyVariable needs a variableId.",
                    nameof(ScheduleActivity) or nameof(CancelActivity) => $"{type} needs an activityId or an activityInstanceId.",
                    nameof(Migrate) => "Migrate needs a targetVersion.",
                    _ => $"'{type}' is no alteration.",
                }
            );

        string? Text(string name) => json[name] is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;
    }
}

/// <summary>How altering an instance went.</summary>
/// <param name="Refused">Why nothing was changed, or null when everything was.</param>
/// <param name="Log">What was done or tried, in order.</param>
/// <param name="IsFound">Whether there is such an instance.</param>
/// <param name="IsPending">Whether it waits for someone to approve it.</param>
public sealed record AlterationResult(string? Refused, IReadOnlyList<AlterationEntry> Log, bool IsFound = true, bool IsPending = false);

/// <summary>One line of the log.</summary>
public sealed record AlterationEntry(string Message, bool Succeeded, Instant At);

/// <summary>Why someone alters an instance.</summary>
/// <param name="Reason">Their words.</param>
/// <param name="RequestedBy">Who asked for it, if someone else approved it.</param>
public sealed record AlterationCause(string Reason, string? RequestedBy = null)
{
    /// <summary>Runs in the same transaction, after the alterations and before the commit; a text it returns refuses them all. Default: nothing.</summary>
    public Func<InstanceTransaction, CancellationToken, Task<string?>>? Also { get; init; }
}

/// <summary>Changes running instances by hand: all alterations of one call in one transaction, or none, and each in history.</summary>
public static class Alterations
{
    /// <summary>Does them, in order.</summary>
    public static async Task<AlterationResult> RunAsync(
        WorkflowRuntime runtime,
        Guid instance,
        IReadOnlyList<Alteration> alterations,
        string actor,
        AlterationCause? cause = null,
        CancellationToken cancel = default
    ) => (await RunAsync(runtime, instance, alterations, actor, cause, null, null, cancel))!;

    /// <summary>Applies them in order, or returns the earlier answer for this operation ID.</summary>
    public static async Task<AlterationResult> RunAsync(
        WorkflowRuntime runtime,
        Guid instance,
        IReadOnlyList<Alteration> alterations,
        string actor,
        AlterationCause? cause,
        Operation operation,
        CancellationToken cancel = default
    ) => (await RunAsync(runtime, instance, alterations, actor, cause, null, operation, cancel))!;

    /// <summary>
    /// Applies them for a job: removes its stimulus and completes it in the same transaction. Null if another host has already done so.
    /// </summary>
    internal static Task<AlterationResult?> RunAsync(
        WorkflowRuntime runtime,
        Guid instance,
        IReadOnlyList<Alteration> alterations,
        string actor,
        AlterationCause? cause,
        (Guid Stimulus, Func<IReadOnlyList<AlterationEntry>, NpgsqlBatchCommand> End)? job,
        CancellationToken cancel
    ) => RunAsync(runtime, instance, alterations, actor, cause, job, null, cancel);

    private static async Task<AlterationResult?> RunAsync(
        WorkflowRuntime runtime,
        Guid instance,
        IReadOnlyList<Alteration> alterations,
        string actor,
        AlterationCause? cause,
        (Guid Stimulus, Func<IReadOnlyList<AlterationEntry>, NpgsqlBatchCommand> End)? job,
        Operation? operation,
        CancellationToken cancel
    )
    {
        var log = new List<AlterationEntry>();
        if (alterations.Count == 0)
            return Refuse("There is nothing to do.");
        NpgsqlBatchCommand[]? reads =
            job is var (stimulus, _) ? [Sql.Command("delete from stimulus where id = $1 returning id", stimulus)]
            : operation is not null ? [operation.Find()]
            : null;
        await using var transaction = await InstanceTransaction.OpenAsync(runtime, actor, ("$1", instance), reads: reads, cancel: cancel);
        if (job is not null)
        {
            await transaction.NextResultAsync(cancel);
            if (!await transaction.Reads.ReadAsync(cancel))
                return null;
            await transaction.DoneReadingAsync();
        }

        if (transaction.InstanceId is null)
            return Refuse("There is no such instance.") with { IsFound = false };
        if (operation is not null)
        {
            await transaction.NextResultAsync(cancel);
            if (await transaction.Reads.ReadAsync(cancel))
            {
                return operation.IsSame(transaction.Reads.GetFieldValue<byte[]>(0))
                    ? new(
                        null,
                        [
                            .. JsonSerializer
                                .Deserialize<string[]>(transaction.Reads.GetString(1))!
                                .Select(message => new AlterationEntry(message, true, transaction.Now)),
                        ]
                    )
                    : Refuse("The operation id was used for something else.");
            }
        }

        foreach (var alteration in alterations)
        {
            var (move, missing) = await StimulusAsync(runtime, transaction, alteration, cancel);
            var refused = missing ?? (await transaction.AdvanceAsync(move!, cancel)).Refused;
            if (refused is not null)
                return Refuse(refused);
            log.Add(new(Message(alteration), true, transaction.Now));
            transaction.Record(new("instance.altered", "instance", Ids.Text(instance), 0, WorkflowData.ToUtf8(Facts(alteration, cause))));
        }

        if (cause is { Also: { } also } && await also(transaction, cancel) is { } notSo)
            return Refuse(notSo);
        if (runtime.Altering is { } altering)
            await altering(transaction, string.Join(" ", log.Select(entry => entry.Message)), cause, cancel);

        if (job is var (_, end))
            transaction.Write(end(log));
        if (operation is not null)
            transaction.Write(operation.Remember(JsonSerializer.SerializeToUtf8Bytes(log.ConvertAll(entry => entry.Message)), transaction.Now));

        try
        {
            await transaction.CommitAsync(cancel);
        }
        catch (PostgresException e) when (e.SqlState == "OR003")
        {
            return Refuse("The definition's activation strategy allows no further running instance, and another one runs.");
        }

        return new(null, log);

        AlterationResult Refuse(string reason)
        {
            log.Add(new(reason, false, runtime.Clock.Now()));
            return new(reason, log);
        }
    }

    /// <summary>What migrating an instance would do. Nothing is changed.</summary>
    /// <returns>The plan, or why there is none; null if the instance doesn't exist.</returns>
    public static async Task<(MigrationPlan? Plan, string? Refused, InstanceState State)?> PlanMigrationAsync(
        WorkflowRuntime runtime,
        Guid instance,
        int targetVersion,
        CancellationToken cancel = default
    )
    {
        if (await InstanceQueries.FindAsync(runtime.Database, instance, cancel) is not { State: var state })
            return null;
        if (state is { Status: WorkflowStatus.Finished, SubStatus: not WorkflowSubStatus.Faulted })
            return (null, $"The instance has ended: {state.SubStatus}.", state);
        var (target, missing) = await TargetAsync(runtime, state, targetVersion, cancel);
        if (target is null)
            return (null, missing, state);
        var completed = await CompletedAsync(runtime.Database, instance, cancel);
        return (InstanceMigration.Plan(state, await runtime.Definitions.GetVersionAsync(state.DefinitionVersionId, cancel), target, completed), null, state);
    }

    private static async Task<(Stimulus? Stimulus, string? Missing)> StimulusAsync(
        WorkflowRuntime runtime,
        InstanceTransaction transaction,
        Alteration alteration,
        CancellationToken cancel
    )
    {
        switch (alteration)
        {
            case Alteration.ModifyVariable modify:
                return (new Stimulus.ModifyVariable(modify.VariableId, modify.Value), null);
            case Alteration.ScheduleActivity { IsRetry: true, ActivityInstanceId: { } failed }:
                return (new Stimulus.Retry(failed), null);
            case Alteration.ScheduleActivity schedule:
                return (new Stimulus.ScheduleActivity(schedule.ActivityId, schedule.ActivityInstanceId), null);
            case Alteration.CancelActivity one:
                return (new Stimulus.CancelActivity(one.ActivityId, one.ActivityInstanceId), null);
            case Alteration.Cancel all:
                return (new Stimulus.Cancel(all.Reason), null);
            case Alteration.Migrate migrate:
                var (target, missing) = await TargetAsync(runtime, transaction.State, migrate.TargetVersion, cancel);
                return target is null
                    ? (null, missing)
                    : (new Stimulus.Migrate(target, await CompletedAsync(runtime.Database, transaction.InstanceId!.Value, cancel)), null);
            default:
                throw new ArgumentException($"Unknown alteration {alteration.GetType()}.", nameof(alteration));
        }
    }

    private static async Task<(CompiledWorkflow? Target, string? Missing)> TargetAsync(
        WorkflowRuntime runtime,
        InstanceState state,
        int version,
        CancellationToken cancel
    )
    {
        if (version == state.DefinitionVersion)
            return (null, $"The instance runs on version {version} already.");
        var stored = await runtime.Definitions.FindStoredAsync(state.DefinitionId, version.ToString(System.Globalization.CultureInfo.InvariantCulture), cancel);
        if (stored is null || version <= 0)
            return (null, $"The definition has no version {version}.");
        return stored.Version is { WasPublished: false }
            ? (null, $"Version {version} is a draft; publish it first.")
            : (await runtime.Definitions.GetVersionAsync(stored.Version.Id, cancel), null);
    }

    /// <summary>
    /// Paths of the activities the instance has completed: history has them, the state does not. Its rows never change, so they may be read beside the
    /// lock.
    /// </summary>
    private static async Task<IReadOnlyCollection<string>> CompletedAsync(NpgsqlDataSource database, Guid instance, CancellationToken cancel)
    {
        var completed = new List<string>();
        await using var query = database.Query(
            "select distinct node_id from event where chain_id = $1 and entity = $2 and action = 'Completed' and node_id is not null",
            instance,
            JournalEvents.Entity
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
            completed.Add(reader.GetString(0));
        return completed;
    }

    private static string Message(Alteration alteration) =>
        alteration switch
        {
            Alteration.ModifyVariable modify => $"Variable '{modify.VariableId}' has a new value.",
            Alteration.ScheduleActivity schedule => $"'{schedule.ActivityId ?? schedule.ActivityInstanceId}' was run.",
            Alteration.CancelActivity one => $"'{one.ActivityId ?? one.ActivityInstanceId}' was cancelled.",
            Alteration.Cancel => "The instance was cancelled.",
            Alteration.Migrate migrate => $"The instance runs on version {migrate.TargetVersion} now.",
            _ => alteration.Type,
        };

    private static OrderedDictionary<string, object?> Facts(Alteration alteration, AlterationCause? cause)
    {
        var facts = Facts(alteration);
        if (cause is not null)
            facts["reason"] = cause.Reason;
        if (cause?.RequestedBy is { } requester)
            facts["requestedBy"] = requester;
        return facts;
    }

    private static OrderedDictionary<string, object?> Facts(Alteration alteration) =>
        alteration switch
        {
            Alteration.ModifyVariable modify => new()
            {
                ["type"] = modify.Type,
                ["variable"] = modify.VariableId,
                ["value"] = modify.Value,
            },
            Alteration.ScheduleActivity schedule => new()
            {
                ["type"] = schedule.Type,
                ["activity"] = schedule.ActivityId,
                ["execution"] = schedule.ActivityInstanceId,
            },
            Alteration.CancelActivity one => new()
            {
                ["type"] = one.Type,
                ["activity"] = one.ActivityId,
                ["execution"] = one.ActivityInstanceId,
            },
            Alteration.Cancel all => new() { ["type"] = all.Type, ["reason"] = all.Reason },
            Alteration.Migrate migrate => new() { ["type"] = migrate.Type, ["version"] = migrate.TargetVersion },
            _ => new() { ["type"] = alteration.Type },
        };
}
