using System.Diagnostics;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Distribution;

/// <summary>
/// Offers tasks to people, or assigns them, as <see cref="Distributor"/> decides. Any number of hosts can run it at once: a team's row of
/// <c>distribution_team</c> is the lock of its decisions, the presence of a person is the lock of theirs, and decision, offer and history of a task are one
/// transaction under the lock of its case.
/// </summary>
/// <remarks>
/// A host that dies after the offers of a decision leaves those; the requests are still there, and the next decision sees the offers.
/// </remarks>
public sealed partial class DistributeWork(
    WorkflowRuntime runtime,
    ServiceLevelCatalog serviceLevels,
    OfferPicks offers,
    AssignPick assigning,
    EndOffers ends,
    DatabaseTime time,
    DistributionMetrics metrics,
    DistributionSettings settings,
    ILogger<DistributeWork> log
)
{
    /// <summary>Most tasks given out under one lock; the rest follows at once.</summary>
    private const int MostAtOnce = 50;

    /// <summary>Tasks assigned at the same time. Each is a transaction of its own, and most of it is waiting for the disk.</summary>
    private const int Together = 4;

    /// <summary>Ends offers that are over, and decides about every team that asks for it. Returns how many tasks were given out and offers ended.</summary>
    /// <param name="all">Also about teams that didn't ask: work that a lost request would have left behind.</param>
    public async Task<int> RunAsync(bool all = false, CancellationToken stop = default)
    {
        var count = await ends.SweepAsync(CancellationToken.None);
        foreach (var team in await WaitingAsync(all, stop))
        {
            if (stop.IsCancellationRequested)
                break;
            try
            {
                count += await TeamAsync(team, CancellationToken.None);
            }
            catch (Exception e) when (e is not (OperationCanceledException or NpgsqlException { IsTransient: true }))
            {
                // One team that can't be decided about must not stop the others; the next look tries again.
                NotDecided(log, team, e);
            }
        }

        return count;
    }

    private async Task<List<string>> WaitingAsync(bool all, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            """
            select r.team from distribution_request r group by r.team
            union select t.key from team t where $1 and t.distribution in ('offer', 'assign') and exists (select from task k where k.team = t.key
                and k.state = 'Ready' and k.ended_at is null)
            """,
            all
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var teams = new List<string>();
        while (await r.ReadAsync(cancel))
            teams.Add(r.GetString(0));
        return teams;
    }

    /// <summary>Deletes decisions that are older than their retention, at most 10,000 at a time. Returns how many.</summary>
    public async Task<int> PurgeAsync(CancellationToken cancel = default)
    {
        await using var purge = runtime.Database.Query(
            "delete from distribution_decision where id in (select id from distribution_decision where at < $1 order by at limit 10000)",
            runtime.Clock.Now() - settings.Retention
        );
        return await purge.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Decides about one team. Returns how many tasks were given out; 0 if another host is at it.</summary>
    internal async Task<int> TeamAsync(string team, CancellationToken cancel = default)
    {
        var began = Stopwatch.GetTimestamp();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await TakeAsync(connection, team, cancel) is not { } asked)
            return 0;
        IReadOnlyList<Pick> given = [];
        await using var batch = connection.CreateBatch();
        if (asked.Mode is "offer" or "assign")
        {
            if (asked.InForce.Problem is { } problem)
                NotPushed(log, team, problem);
            else
                given = await DecideAsync(connection, batch, team, asked, cancel);
        }

        batch.Add("update distribution_team set turn = turn + $2, looked_at = $3 where team = $1", team, (long)given.Count, asked.Now);
        batch.Add("commit");
        await batch.ExecuteNonQueryAsync(cancel);
        metrics.Decided(team, Stopwatch.GetElapsedTime(began));
        return given.Count;
    }

    /// <summary>Decides and gives; the rest is written with the batch. Returns what was given out.</summary>
    private async Task<IReadOnlyList<Pick>> DecideAsync(NpgsqlConnection connection, NpgsqlBatch batch, string team, Asked asked, CancellationToken cancel)
    {
        var ((policy, calendar, _), now) = (asked.InForce, asked.Now);
        var given = new List<Pick>();
        var (everyone, locked) = await TeamSnapshot.LockAsync(connection, team, policy, now, cancel);
        var elsewhere = everyone.Any(person => person.HasRoom && !locked.Contains(person.Id));
        List<Worker> people = [.. everyone.Select(person => locked.Contains(person.Id) ? person : person with { Slots = 0 })];
        var work = await new WaitingWork(connection, team, policy, calendar, now).ReadAsync(people, [.. asked.Tasks.Keys], cancel);
        var snapshot = new TeamSnapshot(people, work);
        var plan = Distributor.Distribute(snapshot.People, snapshot.Work, policy, now, asked.Turn);
        var fit = new Fit(snapshot.People, policy, now, Fit.Scarcity(snapshot.People, snapshot.Work, now));
        var gain = plan.Picks.Count > 1 ? plan.Gain : (PlanGain?)null;
        var again = !policy.Shadow && (elsewhere || plan.Picks.Count > MostAtOnce);
        var decisions = plan
            .Picks.Take(MostAtOnce)
            .Select(pick =>
            {
                var why = Explanation.Of(snapshot, fit, pick.Work, policy, now, pick.Person.Id, gain);
                return new Decided(pick, new(pick.Work.Id, team, now, policy, asked.TriggerOf(pick), pick.Person.Id, why));
            })
            .ToList();
        if (policy.Shadow)
            decisions.ForEach(one => batch.BatchCommands.Add(one.Decision.InsertIfNew(shadow: true)));
        else
        {
            var done = await GiveAllAsync(decisions, asked.Mode, cancel);
            given.AddRange(decisions.Where((_, i) => done[i] == true).Select(one => one.Pick));
            again |= done.Contains(null);
        }

        Nobody(batch, snapshot, fit, plan, policy, asked, team);
        if (again)
            batch.Add("insert into distribution_request (team, trigger, at) values ($1, 'again', $2)", team, now);
        if (given.Count > 0)
            batch.Add("update presence set given_at = $2 where person_id = any($1)", given.Select(pick => pick.Person.Id).Distinct().ToArray(), now);
        return given;
    }

    /// <summary>
    /// Takes the lock and the requests of a team, and reads its policy, in one round trip; null if another host has it, or it is gone. The transaction needs
    /// no disk of its own: what a server that breaks down loses of it are requests that are done, and the next decision finds that.
    /// </summary>
    private async Task<Asked?> TakeAsync(NpgsqlConnection connection, string team, CancellationToken cancel)
    {
        await using var take = connection.CreateBatch();
        take.Add("set local synchronous_commit = off");
        var asking = time.Ask(take);
        take.Add("insert into distribution_team (team, looked_at) select key, now() from team where key = $1 on conflict do nothing", team);
        take.Add("select d.turn, t.distribution from distribution_team d join team t on t.key = d.team where d.team = $1 for update of d skip locked", team);
        take.BatchCommands.Add(PolicyInForce.Select(team));
        take.Add(
            """
            with mine as (select team from distribution_team where team = $1 for update skip locked)
            delete from distribution_request r using mine where r.team = mine.team returning r.task_id, r.person_id, r.trigger
            """,
            team
        );
        await using var r = await take.ExecuteReaderAsync(cancel);
        var now = await time.AnswerAsync(asking, r, cancel);
        await r.NextResultAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var (turn, mode) = (r.GetInt64(0), r.GetString(1));
        await r.NextResultAsync(cancel);
        var asked = new Asked(now, turn, mode, await PolicyInForce.ReadAsync(r, serviceLevels, cancel));
        await r.NextResultAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            if (r.GuidOrNull(0) is { } task)
                asked.Tasks[task] = r.GetString(2);
            else if (r.GuidOrNull(1) is { } person)
                asked.People[person] = r.GetString(2);
        }

        return asked;
    }

    /// <summary>Records why no one got the tasks that asked for someone, unless the last decision said the same.</summary>
    private void Nobody(NpgsqlBatch batch, TeamSnapshot snapshot, Fit fit, Plan plan, DistributionPolicy policy, Asked asked, string team)
    {
        var now = asked.Now;
        var picked = plan.Picks.Select(pick => pick.Work.Id).ToHashSet();
        foreach (var work in snapshot.Work.Where(work => asked.Tasks.ContainsKey(work.Id) && !picked.Contains(work.Id)))
        {
            var why = Explanation.Of(snapshot, fit, work, policy, now, null, null);
            batch.BatchCommands.Add(new Decision(work.Id, team, now, policy, asked.Tasks[work.Id], null, why).InsertIfNew(policy.Shadow));
            metrics.Unassignable(team, why.Nobody!.Code);
        }
    }

    /// <summary>Offers or assigns what was decided, and says of each whether it was done; null: its case is locked, so try again.</summary>
    private async Task<bool?[]> GiveAllAsync(List<Decided> decided, string mode, CancellationToken cancel)
    {
        if (decided.Count == 0)
            return [];
        if (mode == "offer")
            return await GiveAsync(decided, offers.RunAsync, cancel);
        var done = new bool?[decided.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, done.Length),
            new ParallelOptions { MaxDegreeOfParallelism = Together, CancellationToken = cancel },
            async (i, stop) => done[i] = (await GiveAsync([decided[i]], async (one, end) => [await assigning.RunAsync(one[0], end)], stop))[0]
        );
        return done;
    }

    private async Task<bool?[]> GiveAsync(List<Decided> decided, Func<IReadOnlyList<Decided>, CancellationToken, Task<bool?[]>> give, CancellationToken cancel)
    {
        try
        {
            return await give(decided, cancel);
        }
        catch (Exception e) when (e is not (OperationCanceledException or NpgsqlException { IsTransient: true }))
        {
            // One task that can't be written must not stop the others: each alone, and the next look tries that one again.
            if (decided.Count == 1)
            {
                NotGiven(log, decided[0].Pick.Work.Id, e);
                return [false];
            }
        }

        var done = new bool?[decided.Count];
        for (var i = 0; i < done.Length; i++)
            done[i] = (await GiveAsync([decided[i]], give, cancel))[0];
        return done;
    }

    /// <summary>What asked for a decision.</summary>
    private sealed record Asked(Instant Now, long Turn, string Mode, PolicyInForce InForce)
    {
        public Dictionary<Guid, string> Tasks { get; } = [];

        public Dictionary<Guid, string> People { get; } = [];

        public string TriggerOf(Pick pick) =>
            Tasks.GetValueOrDefault(pick.Work.Id)
            ?? People.GetValueOrDefault(pick.Person.Id)
            ?? People.Values.Concat(Tasks.Values).FirstOrDefault()
            ?? "regular-check";
    }

    [LoggerMessage(EventId = 240, Level = LogLevel.Error, Message = "Task {Task} couldn't be given to anyone; retrying")]
    private static partial void NotGiven(ILogger log, Guid task, Exception e);

    [LoggerMessage(EventId = 243, Level = LogLevel.Error, Message = "No decision about the work of team {Team}; retrying")]
    private static partial void NotDecided(ILogger log, string team, Exception e);

    [LoggerMessage(EventId = 244, Level = LogLevel.Error, Message = "Nothing is pushed to team {Team}: {Problem}")]
    private static partial void NotPushed(ILogger log, string team, string problem);
}
