using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Staff;

namespace Orchestration.Workflows.Distribution;

/// <summary>How changing a policy went.</summary>
public abstract record PolicyResult
{
    private PolicyResult() { }

    /// <summary>It is done.</summary>
    /// <param name="Revision">Revision of the draft, or the version that is in force now.</param>
    public sealed record Done(int Revision) : PolicyResult;

    public sealed record NotFound : PolicyResult;

    /// <summary>Everything that is wrong, by JSON path.</summary>
    public sealed record Invalid(IReadOnlyList<DefinitionError> Errors) : PolicyResult;

    /// <summary>Someone else was first; this is the revision now.</summary>
    public sealed record Stale(int Revision) : PolicyResult;

    /// <summary>The actor may not, and why.</summary>
    public sealed record Forbidden(string Reason) : PolicyResult;
}

/// <summary>How a team's work is distributed.</summary>
/// <param name="Team">Key of the team.</param>
/// <param name="Title">Its title.</param>
/// <param name="Mode"><c>pull</c>, <c>suggest</c>, <c>offer</c> or <c>assign</c>.</param>
/// <param name="Policy">The policy in force.</param>
/// <param name="Problem">Why the team's policy can't be read: nothing is pushed until another one is published. Null: it can.</param>
/// <param name="Draft">A draft, or null.</param>
public sealed record TeamDistribution(string Team, string Title, string Mode, DistributionPolicy Policy, string? Problem, PolicyDraft? Draft);

/// <summary>A policy that someone edits.</summary>
/// <param name="Document">JSON.</param>
/// <param name="Revision">Goes up with every save.</param>
/// <param name="BasedOn">Version that was in force when it was begun.</param>
/// <param name="Author">User name of who saved it last: someone else publishes it.</param>
/// <param name="ChangedAt">When.</param>
/// <param name="Replay">Its last replay; null: no one has replayed it since it was saved.</param>
public sealed record PolicyDraft(string Document, int Revision, int BasedOn, string Author, Instant ChangedAt, DraftReplay? Replay);

/// <summary>What a draft would have done.</summary>
/// <param name="Days">Over how many days.</param>
/// <param name="At">When someone replayed it.</param>
/// <param name="Report">What it showed.</param>
public sealed record DraftReplay(int Days, Instant At, ReplayReport Report);

/// <summary>The policies of teams: drafts, publishing by a second person, and the mode.</summary>
public sealed class DistributionPolicies(WorkflowRuntime runtime, SettingDocuments settings, ServiceLevelCatalog serviceLevels, PeopleCatalog people)
{
    /// <summary>The modes, from the one in which the product does least.</summary>
    public static readonly IReadOnlyList<string> Modes = ["pull", "suggest", "offer", "assign"];

    /// <summary>Whether someone can see and change how a team's work is distributed.</summary>
    public static bool MaySteer(Person actor, string team) => actor.May(Permissions.SteerTeams) || actor.Leads.Contains(team);

    /// <summary>What holds for a team; null: there is no such team.</summary>
    public async Task<TeamDistribution?> FindAsync(string team, CancellationToken cancel = default)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        var inForce = await PolicyInForce.ReadAsync(connection, serviceLevels, team, cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            select t.title, t.distribution, d.document, d.revision, d.based_on, d.author, d.changed_at,
                case when d.replay_revision = d.revision then d.replay end, d.replay_days, d.replay_at from team t
                left join distribution_draft d on d.team = t.key where t.key = $1
            """,
            team
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? new(team, r.GetString(0), r.GetString(1), inForce.Policy, inForce.Problem, r.IsDBNull(2) ? null : Draft(r)) : null;
    }

    private static PolicyDraft Draft(NpgsqlDataReader r) =>
        new(
            r.GetString(2),
            r.GetInt32(3),
            r.GetInt32(4),
            r.GetString(5),
            r.Instant(6),
            r.Text(7) is { } report ? new(r.GetInt32(8), r.Instant(9), JsonSerializer.Deserialize<ReplayReport>(report, JsonSerializerOptions.Web)!) : null
        );

    /// <summary>Keeps what a replay showed with the draft, for whoever publishes it, if it is the draft that was replayed.</summary>
    /// <param name="replayed">The policy that was replayed.</param>
    public async Task KeepReplayAsync(string team, DistributionPolicy replayed, int days, ReplayReport report, CancellationToken cancel = default)
    {
        if (await FindAsync(team, cancel) is not { Draft: { } draft } || Check(draft.Document, replayed.Version).Policy is not { } policy)
            return;
        if (DistributionPolicyJson.Write(policy) != DistributionPolicyJson.Write(replayed))
            return;
        await using var keep = runtime.Database.Query(
            "update distribution_draft set replay = $3, replay_revision = $2, replay_days = $4, replay_at = $5 where team = $1 and revision = $2",
            team,
            draft.Revision,
            new Json(JsonSerializer.SerializeToUtf8Bytes(report, JsonSerializerOptions.Web)),
            days,
            runtime.Clock.Now()
        );
        await keep.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Reads a document.</summary>
    public (DistributionPolicy? Policy, IReadOnlyList<DefinitionError> Errors) Check(string document, int version) =>
        DistributionPolicyJson.TryParse(document, version, serviceLevels.Calendars.ContainsKey, out var policy, out var errors)
            ? (PolicyInForce.WithCalendar(policy, serviceLevels), [])
            : (null, errors);

    /// <summary>Saves a draft.</summary>
    /// <param name="revision">Revision of the draft that the actor last saw; 0: there was none.</param>
    public async Task<PolicyResult> SaveDraftAsync(string team, int revision, string document, Person actor, CancellationToken cancel = default)
    {
        if (!MaySteer(actor, team))
            return new PolicyResult.Forbidden("Only the team's lead, a supervisor or an administrator can change how its work is distributed.");
        if (await FindAsync(team, cancel) is not { } before)
            return new PolicyResult.NotFound();
        if (Check(document, 0) is { Policy: null, Errors: var errors })
            return new PolicyResult.Invalid(errors);
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var now = runtime.Clock.Now();
        var history = await NamedChain.LockAsync(connection, StaffTransaction.TeamChain, actor.UserName, now, cancel);
        await using var batch = connection.CreateBatch();
        batch.Add(
            """
            insert into distribution_draft (team, document, based_on, author, changed_at) select $1, $2, $3, $4, $5 where $6 = 0
            on conflict (team) do nothing returning revision
            """,
            team,
            new Json(Encoding.UTF8.GetBytes(document)),
            before.Policy.Version,
            actor.UserName,
            now,
            revision
        );
        batch.Add(
            """
            update distribution_draft set document = $2, author = $3, changed_at = $4, revision = revision + 1 where team = $1 and revision = $5
                returning revision
            """,
            team,
            new Json(Encoding.UTF8.GetBytes(document)),
            actor.UserName,
            now,
            revision
        );
        int? saved = null;
        await using (var r = await batch.ExecuteReaderAsync(cancel))
        {
            do
            {
                if (await r.ReadAsync(cancel))
                    saved = r.GetInt32(0);
            } while (await r.NextResultAsync(cancel));
        }

        if (saved is null)
            return new PolicyResult.Stale(before.Draft?.Revision ?? 0);
        history.Add(new("team.distribution-drafted", "team", team, saved.Value, null));
        await using var write = connection.CreateBatch();
        write.WriteChain(history);
        await write.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new PolicyResult.Done(saved.Value);
    }

    /// <summary>Puts the draft into force. Someone other than its author has to do it.</summary>
    /// <param name="revision">Revision of the draft that the actor saw.</param>
    /// <param name="withoutReplay">Also if no one has replayed it.</param>
    public async Task<PolicyResult> PublishAsync(string team, int revision, bool withoutReplay, Person actor, CancellationToken cancel = default)
    {
        if (!MaySteer(actor, team))
            return new PolicyResult.Forbidden("Only the team's lead, a supervisor or an administrator can publish how its work is distributed.");
        if (await FindAsync(team, cancel) is not { Draft: { } draft } found)
            return new PolicyResult.NotFound();
        if (draft.Revision != revision)
            return new PolicyResult.Stale(draft.Revision);
        if (draft.Author == actor.UserName)
            return new PolicyResult.Forbidden("You wrote this draft. Someone else has to publish it.");
        if (Check(draft.Document, 0) is { Policy: null, Errors: var errors })
            return new PolicyResult.Invalid(errors);
        if (draft.Replay is null && !withoutReplay)
            return new PolicyResult.Invalid([new("$.withoutReplay", "must be true: no one has replayed this draft")]);
        var (saved, version) = await settings.ApproveAsync(
            SettingKind.Distribution,
            team,
            found.Policy.Version,
            Encoding.UTF8.GetBytes(draft.Document),
            Sql.Command("delete from distribution_draft where team = $1 and revision = $2", team, revision),
            draft.Author,
            actor.UserName,
            runtime.Clock.Now(),
            cancel
        );
        if (!saved)
            return new PolicyResult.Stale(version);
        await AskAsync(team, "policy", cancel);
        return new PolicyResult.Done(version);
    }

    /// <summary>Deletes a draft.</summary>
    public async Task<PolicyResult> DiscardAsync(string team, int revision, Person actor, CancellationToken cancel = default)
    {
        if (!MaySteer(actor, team))
            return new PolicyResult.Forbidden("Only the team's lead, a supervisor or an administrator can change how its work is distributed.");
        await using var delete = runtime.Database.Query("delete from distribution_draft where team = $1 and revision = $2", team, revision);
        return await delete.ExecuteNonQueryAsync(cancel) > 0 ? new PolicyResult.Done(0) : new PolicyResult.NotFound();
    }

    /// <summary>Changes how a team's work finds people. Open offers of a team that stops offering are withdrawn.</summary>
    /// <param name="mode">Of <see cref="Modes"/>.</param>
    public async Task<PolicyResult> SetModeAsync(string team, string? mode, Person actor, CancellationToken cancel = default)
    {
        if (!MaySteer(actor, team))
            return new PolicyResult.Forbidden("Only the team's lead, a supervisor or an administrator can change how its work is distributed.");
        if (mode is null || !Modes.Contains(mode))
            return new PolicyResult.Invalid([new("$.mode", $"must be one of {string.Join(", ", Modes)}")]);
        await using (var t = await StaffTransaction.OpenAsync(runtime, actor.UserName, cancel))
        {
            if (await TeamDetails.ReadAsync(t.Connection, team, cancel) is not [var before])
                return new PolicyResult.NotFound();
            t.Writes.Add("update team set distribution = $2, revision = revision + 1 where key = $1 and distribution <> $2", team, mode);
            t.Writes.Add("insert into distribution_request (team, trigger, at) values ($1, 'mode', $2)", team, t.Now);
            t.RecordTeam(team, "team.distribution-changed", before.Revision + 1, new { mode });
            await t.CommitAsync(cancel);
        }

        await people.LoadAsync(cancel);
        return new PolicyResult.Done(0);
    }

    private async Task AskAsync(string team, string trigger, CancellationToken cancel)
    {
        await using var ask = runtime.Database.Query(
            "insert into distribution_request (team, trigger, at) select key, $2, $3 from team where key = $1 and distribution <> 'pull'",
            team,
            trigger,
            runtime.Clock.Now()
        );
        await ask.ExecuteNonQueryAsync(cancel);
    }
}

/// <summary>A version of a team's policy that is or was in force.</summary>
/// <param name="Version">From 1.</param>
/// <param name="Author">User name of who wrote it; null: unknown.</param>
/// <param name="Publisher">User name of who published it.</param>
/// <param name="PublishedAt">When.</param>
/// <param name="Document">JSON, as it was written.</param>
public sealed record DistributionVersion(int Version, string? Author, string Publisher, Instant PublishedAt, string Document)
{
    private const int Most = 100;

    /// <summary>Names of these two, for pages.</summary>
    [JsonIgnore]
    public (string? Author, string Publisher) Names { get; init; }

    /// <summary>The versions of a team's policy, the newest first; the first is in force.</summary>
    public static async Task<IReadOnlyList<DistributionVersion>> ListAsync(NpgsqlDataSource database, string team, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select v.*, coalesce((select p.display_name from person p where p.user_name = v.author), v.author),
                coalesce((select p.display_name from person p where p.user_name = v.publisher), v.publisher)
            from (
                select d.version, (select e.payload ->> 'proposedBy' from event_chain c join event e on e.chain_id = c.id and e.revision = d.version
                    where c.name = 'distribution:' || d.name and e.action = 'distribution.changed' limit 1) author, d.changed_by publisher, d.changed_at,
                    d.document
                from setting_document d where d.kind = 'distribution' and d.name = $1) v
            order by v.version desc limit $2
            """,
            team,
            Most
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var versions = new List<DistributionVersion>();
        while (await r.ReadAsync(cancel))
            versions.Add(new(r.GetInt32(0), r.Text(1), r.GetString(2), r.Instant(3), r.GetString(4)) { Names = (r.Text(5), r.GetString(6)) });
        return versions;
    }
}
