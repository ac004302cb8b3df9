using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Storage;

namespace Orchestration.Workflows.Tasks;

/// <summary>
/// Who sees a case, as rows of <c>case_viewer</c>: the person who opened it, its watchers, and whoever can see one of its tasks (<see
/// cref="Eligibility.Sees"/>). Other runs with human steps have rows too. This is the one place that says so; every transaction that changes what it reads
/// writes the rows again before it commits.
/// </summary>
internal static class CaseViewers
{
    /// <summary>What a team is called as a viewer, before its key. No user name contains a colon.</summary>
    public const string TeamPrefix = "team:";

    private static readonly string KeepText = Keep("= $1");

    private const string AddText = $"""
        with added as (
            insert into case_viewer (viewer, created_at, instance_id, stands_in)
            select v, (select created_at from workflow_instance where id = $1), $1, false from (values {InstanceTransaction.Texts}) n (v)
            where v ^@ '{TeamPrefix}' or exists (select from person p where lower(p.user_name) = lower(v) and p.user_name = v)
            on conflict do nothing
            returning viewer, instance_id)
        {KeepJourneys}
        """;

    private const string AddOwnerText = $"""
        with added as (
            insert into case_viewer (viewer, created_at, instance_id, stands_in)
            values ($2, (select created_at from workflow_instance where id = $1), $1, $3)
            on conflict (instance_id, viewer) do update set stands_in = true where excluded.stands_in and not case_viewer.stands_in
            returning viewer, instance_id)
        {KeepJourneys}
        """;

    /// <summary>Writes the rows of the transaction's run, once all else is written.</summary>
    public static void Keep(InstanceTransaction transaction, Guid instance) => transaction.WriteLast(KeepText, instance);

    /// <summary>Adds whoever opened the transaction's run, which can't be a test.</summary>
    public static void AddOpener(InstanceTransaction transaction, Guid instance, string userName) => transaction.WriteLast(AddText, instance, userName);

    /// <summary>Adds the viewers that a new task brings. Most have a team and name no one, which needs no look at what the case has.</summary>
    public static void AddTask(InstanceTransaction transaction, Guid instance, string? team, string[] candidates)
    {
        if (candidates.Length > 0 || transaction.TestBy is not null)
            Keep(transaction, instance);
        else if (team is not null)
            transaction.WriteLast(AddText, instance, TeamPrefix + team);
    }

    /// <summary>Adds the only viewer that claiming a task brings: its owner.</summary>
    public static void AddOwner(InstanceTransaction transaction, string userName) =>
        transaction.Write(AddOwnerText, transaction.InstanceId, userName, transaction.TestBy is null);

    /// <summary>The runs that someone sees, if they are few (<see cref="FewIds.Most"/>); null if they are many, or all.</summary>
    public static async Task<Guid[]?> FewSeenAsync(NpgsqlDataSource database, Person actor, Instant now, CancellationToken cancel)
    {
        if (Eligibility.SeesAll(actor))
            return null;
        var few = new FewIds(FewIds.Most);
        few.Add(Eligibility.Of("$1", "$2").SeenRuns(), actor.Id, now);
        await few.ReadAsync(database, cancel);
        return few[0];
    }

    /// <summary>SQL that makes the rows of these runs what the rule says. Rows that are right already aren't touched.</summary>
    /// <param name="runs">Which, as a condition on their ids: <c>= any($1)</c>.</param>
    public static string Keep(string runs) =>
        $"""
            with rule as materialized ({Rule(runs)}),
                gone as (delete from case_viewer v where v.instance_id {runs}
                    and not exists (select from rule r where r.instance_id = v.instance_id and r.viewer = v.viewer)),
                added as (
                    insert into case_viewer (viewer, created_at, instance_id, stands_in)
                    select r.viewer, i.created_at, i.id, r.stands_in from rule r join workflow_instance i on i.id = r.instance_id and i.id {runs}
                    on conflict (instance_id, viewer) do update set stands_in = excluded.stands_in where case_viewer.stands_in <> excluded.stands_in
                    returning viewer, instance_id)
            {KeepJourneys}
            """;

    /// <summary>Keeps the journeys of viewers who were <c>added</c>. Almost always they are known.</summary>
    private const string KeepJourneys = """
        insert into viewer_journey (viewer, journey)
            select n.viewer, n.journey
            from (select distinct a.viewer, (select i.definition_id from workflow_instance i where i.id = a.instance_id) journey from added a) n
            where not exists (select from viewer_journey k where k.viewer = n.viewer and k.journey = n.journey)
            on conflict do nothing
        """;

    /// <summary>The rule.</summary>
    private static string Rule(string runs) =>
        $"""
            select s.instance_id, s.viewer collate "C" viewer, bool_or(s.stands_in) stands_in from (
                select t.instance_id, '{TeamPrefix}' || t.team viewer, false stands_in from task t
                where t.instance_id {runs} and t.team is not null and t.test_by is null
                union all select t.instance_id, unnest(t.candidates), true from task t where t.instance_id {runs} and t.test_by is null
                union all select t.instance_id, p.user_name, p.id is not distinct from t.owner_id and t.test_by is null
                from task t
                cross join lateral unnest(array[t.owner_id, t.reviewer_id, t.test_by] || t.actors || t.watchers || t.reviewers) who (id)
                join person p on p.id = who.id
                where t.instance_id {runs}
                union all select w.instance_id, p.user_name, false from case_watcher w join person p on p.id = w.person_id where w.instance_id {runs}
                union all select c.id, p.user_name, false from journey_case c
                join person p on lower(p.user_name) = lower(c.created_by) and p.user_name = c.created_by where c.id {runs}) s
            group by 1, 2
            """;
}
