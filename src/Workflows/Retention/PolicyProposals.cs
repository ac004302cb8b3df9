using System.Text;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Retention;

/// <summary>A policy that someone proposes.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Policy">The policy.</param>
/// <param name="Document">JSON, as it was written.</param>
/// <param name="BasedOn">Version that was in force when it was proposed.</param>
/// <param name="Reason">Why.</param>
/// <param name="ProposedBy">User name of who proposes it.</param>
/// <param name="ProposedAt">When.</param>
public sealed record PolicyProposal(Guid Id, RetentionPolicy Policy, string Document, int BasedOn, string Reason, string ProposedBy, Instant ProposedAt);

/// <summary>How a step of a change of the policy went.</summary>
public abstract record ProposalResult
{
    private ProposalResult() { }

    /// <summary>Someone else has to approve it.</summary>
    public sealed record Proposed(Guid Id) : ProposalResult;

    /// <summary>In force; it removes nothing for a day.</summary>
    public sealed record Saved(int Version) : ProposalResult;

    /// <summary>It was refused or withdrawn.</summary>
    public sealed record Ended : ProposalResult;

    /// <summary>All that is wrong, by JSON path; <c>$.reason</c> is the reason's.</summary>
    public sealed record Invalid(IReadOnlyList<DefinitionError> Errors) : ProposalResult;

    /// <summary>Another version is in force than the one it was made from.</summary>
    public sealed record Stale(int Version) : ProposalResult;

    /// <summary>It can't be done; nothing was changed.</summary>
    public sealed record Refused(string Reason) : ProposalResult;

    /// <summary>It is for those who decide.</summary>
    public sealed record Forbidden : ProposalResult;

    /// <summary>There is no open proposal of this id.</summary>
    public sealed record NotFound : ProposalResult;
}

/// <summary>
/// Changes of the policy of retention by two persons: one proposes, another who may decide approves. One proposal is open at a time. Each step is in the
/// history of the policy.
/// </summary>
public sealed class PolicyProposals(WorkflowRuntime runtime, SettingDocuments settings)
{
    private const string Chain = $"{SettingKind.Retention}:{RetentionPolicy.Name}";

    /// <summary>The open proposal, or null.</summary>
    public async Task<PolicyProposal?> FindOpenAsync(CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            "select id, document::text, based_on, reason, proposed_by, proposed_at from retention_proposal where state = 'Proposed'"
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) && RetentionPolicy.TryParse(r.GetString(1), out var policy, out _)
            ? new(r.GetGuid(0), policy, r.GetString(1), r.GetInt32(2), r.GetString(3), r.GetString(4), r.Instant(5))
            : null;
    }

    /// <summary>Proposes another policy. The caller has checked the permission.</summary>
    /// <param name="version">Version the person saw; 0: there was none.</param>
    /// <param name="reason">Why it has to change.</param>
    public async Task<ProposalResult> ProposeAsync(int version, string document, string? reason, Person actor, CancellationToken cancel = default)
    {
        reason = reason?.Trim().ReplaceLineEndings("\n") ?? "";
        _ = RetentionPolicy.TryParse(document, out _, out var errors);
        if (LegalHolds.Reason(reason) is { } wrong)
            errors = [.. errors, new DefinitionError("$.reason", wrong)];
        if (errors.Count > 0)
            return new ProposalResult.Invalid(errors);
        if ((await RetentionPolicies.FindAsync(settings, cancel))?.Version is var current && (current ?? 0) != version)
            return new ProposalResult.Stale(current ?? 0);
        var now = runtime.Clock.Now();
        var id = Ids.New(now);
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            insert into retention_proposal (id, document, based_on, reason, proposed_by, proposed_at, state)
                values ($1, $2, $3, $4, $5, $6, 'Proposed')
            """,
            id,
            new Json(Encoding.UTF8.GetBytes(document)),
            version,
            reason,
            actor.UserName,
            now
        );
        await RecordAsync(
            connection,
            batch,
            "retention.proposed",
            new
            {
                proposal = Ids.Text(id),
                basedOn = version,
                reason,
            },
            actor,
            now,
            cancel
        );
        var told = await PermissionHolders.ListAsync(connection, Permissions.DecideErasures, actor.Id, cancel);
        batch.BatchCommands.Add(
            Notify.Command(
                now,
                [
                    .. told.Select(person => new Notice(
                        person,
                        NotificationKinds.RetentionProposed,
                        "Retention policy needs your approval",
                        $"{actor.DisplayName} proposes to change how long cases are kept.",
                        null,
                        null
                    )
                    {
                        Path = "/compliance/retention#proposal",
                    }),
                ]
            )
        );
        try
        {
            await batch.ExecuteNonQueryAsync(cancel);
        }
        catch (PostgresException e) when (e.ConstraintName == "retention_proposal_open")
        {
            return new ProposalResult.Refused("Someone has proposed a change already. It must be decided first.");
        }

        await transaction.CommitAsync(cancel);
        runtime.Changes.Publish(told.Select(person => new Change(ChangeKind.Person, person)));
        return new ProposalResult.Proposed(id);
    }

    /// <summary>Approves the proposal of someone else: it is the next version. The caller has checked the permission to decide.</summary>
    public async Task<ProposalResult> ApproveAsync(Guid id, Person actor, CancellationToken cancel = default)
    {
        if (await FindOpenAsync(cancel) is not { } proposal || proposal.Id != id)
            return new ProposalResult.NotFound();
        if (proposal.ProposedBy == actor.UserName)
            return new ProposalResult.Refused("Someone else must approve it: you proposed it.");
        var now = runtime.Clock.Now();
        var (saved, version) = await settings.ApproveAsync(
            SettingKind.Retention,
            RetentionPolicy.Name,
            proposal.BasedOn,
            Encoding.UTF8.GetBytes(proposal.Document),
            Sql.Command(
                "update retention_proposal set state = 'Approved', decided_by = $2, decided_at = $3 where id = $1 and state = 'Proposed'",
                id,
                actor.UserName,
                now
            ),
            proposal.ProposedBy,
            actor.UserName,
            now,
            cancel
        );
        return saved ? new ProposalResult.Saved(version)
            : version == proposal.BasedOn ? new ProposalResult.NotFound()
            : new ProposalResult.Stale(version);
    }

    /// <summary>Refuses a proposal, which needs the permission to decide, or withdraws one's own.</summary>
    public async Task<ProposalResult> RefuseAsync(Guid id, string? reason, Person actor, CancellationToken cancel = default)
    {
        reason = reason?.Trim().ReplaceLineEndings("\n") ?? "";
        if (LegalHolds.Reason(reason) is { } wrong)
            return new ProposalResult.Invalid([new("$.reason", wrong)]);
        if (await FindOpenAsync(cancel) is not { } proposal || proposal.Id != id)
            return new ProposalResult.NotFound();
        if (proposal.ProposedBy != actor.UserName && !actor.May(Permissions.DecideErasures))
            return new ProposalResult.Forbidden();
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await using (var first = connection.CreateBatch())
        {
            first.Add(
                "update retention_proposal set state = 'Refused', decided_by = $2, decided_at = $3, note = $4 where id = $1 and state = 'Proposed'",
                id,
                actor.UserName,
                now,
                reason
            );
            if (await first.ExecuteNonQueryAsync(cancel) != 1)
                return new ProposalResult.NotFound();
        }

        await using var batch = connection.CreateBatch();
        await RecordAsync(connection, batch, "retention.refused", new { proposal = Ids.Text(id), reason }, actor, now, cancel);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new ProposalResult.Ended();
    }

    private static async Task RecordAsync(
        NpgsqlConnection connection,
        NpgsqlBatch batch,
        string action,
        object payload,
        Person actor,
        Instant now,
        CancellationToken cancel
    )
    {
        var history = await NamedChain.LockAsync(connection, Chain, actor.UserName, now, cancel);
        history.Add(new(action, SettingKind.Retention, RetentionPolicy.Name, 0, JsonSerializer.SerializeToUtf8Bytes(payload, JsonSerializerOptions.Web)));
        batch.WriteChain(history);
    }
}
