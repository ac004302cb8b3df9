using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Distribution;

/// <summary>
/// Offers tasks to people, or assigns them, as <see cref="Distributor"/> decides. Any number of hosts can run it at once: a team's row of
/// <c>distribution_team</c> is the lock of its decisions, the presence of a person is the lock of theirs, and decision, offer and history of a task are one
/// transaction under the lock of its case.
/// </summary>
/// <remarks>
/// A host that dies after some of the offers of a decision leaves those; the requests are still there, and the next decision sees the offers.
/// </remarks>
public sealed partial class DistributeWork(
    TaskRuntime tasks,
    ServiceLevelCatalog serviceLevels,
    EndOffers ends,
    DatabaseTime time,
    DistributionMetrics metrics,
    DistributionSettings settings,
    ILogger<DistributeWork> log
)
{
    private const string Actor = "system";

    /// <summary>Most tasks given out under one lock; the rest follows at once.</summary>
    private const int MostAtOnce = 50;

    /// <summary>Tasks given out at the same time. Each is a transaction of its own, and most of it is waiting for the disk.</summary>
    private const int Together = 4;

    private WorkflowRuntime Runtime => tasks.Runtime;

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
        await using var query = Runtime.Database.Query(
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
        await using var purge = Runtime.Database.Query(
            "delete from distribution_decision where id in (select id from distribution_decision where at < $1 order by at limit 10000)",
            Runtime.Clock.Now() - settings.Retention
        );
        return await purge.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Decides about one team. Returns how many tasks were given out; 0 if another host is at it.</summary>
    internal async Task<int> TeamAsync(string team, CancellationToken cancel = default)
    {
        var began = Stopwatch.GetTimestamp();
        var now = await time.NowAsync(cancel);
        await using var connection = await Runtime.Database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await TakeAsync(connection, team, now, cancel) is not { } asked)
            return 0;
        IReadOnlyList<Pick> given = [];
        await using var batch = connection.CreateBatch();
        if (asked.Mode is "offer" or "assign")
        {
            var inForce = await PolicyInForce.ReadAsync(connection, serviceLevels, team, cancel);
            if (inForce.Problem is { } problem)
                NotPushed(log, team, problem);
            else
                given = await DecideAsync(connection, batch, team, inForce, asked, now, cancel);
        }

        batch.Add("update distribution_team set turn = turn + $2, looked_at = $3 where team = $1", team, (long)given.Count, now);
        await batch.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        metrics.Decided(team, Stopwatch.GetElapsedTime(began));
        return given.Count;
    }

    /// <summary>Decides and gives; the rest is written with the batch. Returns what was given out.</summary>
    private async Task<IReadOnlyList<Pick>> DecideAsync(
        NpgsqlConnection connection,
        NpgsqlBatch batch,
        string team,
        PolicyInForce inForce,
        Asked asked,
        Instant now,
        CancellationToken cancel
    )
    {
        var (policy, calendar, _) = inForce;
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
                return (Pick: pick, Decision: new Decision(pick.Work.Id, team, now, policy, asked.TriggerOf(pick), pick.Person.Id, why));
            })
            .ToList();
        if (policy.Shadow)
            decisions.ForEach(one => batch.BatchCommands.Add(one.Decision.InsertIfNew(shadow: true)));
        else
        {
            var done = await GiveAllAsync(decisions, policy, asked.Mode, cancel);
            given.AddRange(decisions.Where((_, i) => done[i] == true).Select(one => one.Pick));
            again |= done.Contains(null);
        }

        Nobody(batch, snapshot, fit, plan, policy, asked, team, now);
        if (again)
            batch.Add("insert into distribution_request (team, trigger, at) values ($1, 'again', $2)", team, now);
        if (given.Count > 0)
            batch.Add("update presence set given_at = $2 where person_id = any($1)", given.Select(pick => pick.Person.Id).Distinct().ToArray(), now);
        return given;
    }

    /// <summary>Takes the lock and the requests of a team; null if another host has it, or it is gone.</summary>
    private static async Task<Asked?> TakeAsync(NpgsqlConnection connection, string team, Instant now, CancellationToken cancel)
    {
        Asked asked;
        await using (var take = connection.CreateBatch())
        {
            take.Add("insert into distribution_team (team, looked_at) select key, $2 from team where key = $1 on conflict do nothing", team, now);
            take.Add(
                "select d.turn, t.distribution from distribution_team d join team t on t.key = d.team where d.team = $1 for update of d skip locked",
                team
            );
            await using var row = await take.ExecuteReaderAsync(cancel);
            if (!await row.ReadAsync(cancel))
                return null;
            asked = new(row.GetInt64(0), row.GetString(1), [], []);
        }

        await using var batch = connection.CreateBatch();
        batch.Add("delete from distribution_request where team = $1 returning task_id, person_id, trigger", team);
        await using var r = await batch.ExecuteReaderAsync(cancel);
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
    private void Nobody(NpgsqlBatch batch, TeamSnapshot snapshot, Fit fit, Plan plan, DistributionPolicy policy, Asked asked, string team, Instant now)
    {
        var picked = plan.Picks.Select(pick => pick.Work.Id).ToHashSet();
        foreach (var work in snapshot.Work.Where(work => asked.Tasks.ContainsKey(work.Id) && !picked.Contains(work.Id)))
        {
            var why = Explanation.Of(snapshot, fit, work, policy, now, null, null);
            batch.BatchCommands.Add(new Decision(work.Id, team, now, policy, asked.Tasks[work.Id], null, why).InsertIfNew(policy.Shadow));
            metrics.Unassignable(team, why.Nobody!.Code);
        }
    }

    private async Task<bool?[]> GiveAllAsync(List<(Pick Pick, Decision Decision)> decisions, DistributionPolicy policy, string mode, CancellationToken cancel)
    {
        var done = new bool?[decisions.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, done.Length),
            new ParallelOptions { MaxDegreeOfParallelism = Together, CancellationToken = cancel },
            async (i, stop) => done[i] = await GiveAsync(decisions[i].Pick, decisions[i].Decision, policy, mode, stop)
        );
        return done;
    }

    /// <summary>
    /// Offers or assigns one task, if it is still there to be had and the person may have it. Null: its case is locked, so try again.
    /// </summary>
    private async Task<bool?> GiveAsync(Pick pick, Decision decision, DistributionPolicy policy, string mode, CancellationToken cancel)
    {
        try
        {
            return await GiveOneAsync(pick, decision, policy, mode, cancel);
        }
        catch (Exception e) when (e is not (OperationCanceledException or NpgsqlException { IsTransient: true }))
        {
            // One task that can't be written must not stop the others; the next look tries again.
            NotGiven(log, pick.Work.Id, e);
            return false;
        }
    }

    private async Task<bool?> GiveOneAsync(Pick pick, Decision decision, DistributionPolicy policy, string mode, CancellationToken cancel)
    {
        var rules = Eligibility.Of("$2", "$3");
        await using var t = await InstanceTransaction.OpenAsync(
            Runtime,
            Actor,
            ("(select instance_id from task where id = $1)", pick.Work.Id),
            skipLocked: true,
            reads:
            [
                Sql.Command(
                    $"""
                    select t.title, t.revision, t.activity_id, t.policies, (select user_name from person where id = $2),
                        coalesce({rules.MayTake}, false) from task t
                    where t.id = $1 and t.state = 'Ready' and not exists (select from task_offer o where o.task_id = t.id and o.state = 'Open')
                    """,
                    pick.Work.Id,
                    pick.Person.Id,
                    decision.At
                ),
                ClockReader.SelectOfTask(pick.Work.Id),
            ],
            moves: false,
            now: decision.At,
            cancel: cancel
        );
        if (t.InstanceId is null)
            return null;
        await t.NextResultAsync(cancel);
        if (!await t.Reads.ReadAsync(cancel))
            return false;
        var r = t.Reads;
        if (!r.GetBoolean(5))
        {
            MayNot(log, pick.Work.Id, pick.Person.Id);
            return false;
        }

        var (title, revision, activity, policies, userName) = (r.GetString(0), r.GetInt32(1), r.GetString(2), r.GetFieldValue<string[]>(3), r.GetString(4));
        await t.NextResultAsync(cancel);
        var clocks = await ClockReader.ReadLiveAsync(r, cancel);
        await t.DoneReadingAsync();
        t.Write(decision.Insert());
        var assigns = mode == "assign";
        var until = decision.At + policy.OfferTimeout;
        Offer.Write(
            t,
            pick.Work,
            pick.Person.Id,
            decision.Id,
            assigns ? OfferState.Accepted : OfferState.Open,
            until,
            null,
            !assigns && policy.AssignUnanswered
        );
        if (assigns)
        {
            var given = new GivenTask(pick.Work.Id, title, activity, policies, pick.Person.Id, userName);
            await given.WriteAsync(tasks, t, clocks, "You're the best match for it.", cancel);
        }

        var payload = JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                title,
                owner = assigns ? userName : null,
                person = assigns ? null : userName,
                until = assigns ? null : until.ToString(),
                decision = decision.Id,
            },
            TaskJson.Options
        );
        t.Record(
            new(assigns ? "task.assigned" : "task.offered", "task", Ids.Text(pick.Work.Id), assigns ? revision + 1 : revision, payload)
            {
                ActivityId = activity,
            }
        );
        t.Announce(new(ChangeKind.Task, pick.Work.Id));
        t.Announce(new(ChangeKind.Person, pick.Person.Id));
        await t.CommitAsync(cancel);
        metrics.Offered(decision.Team, mode);
        return true;
    }

    /// <summary>What asked for a decision.</summary>
    private sealed record Asked(long Turn, string Mode, Dictionary<Guid, string> Tasks, Dictionary<Guid, string> People)
    {
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

    [LoggerMessage(EventId = 245, Level = LogLevel.Warning, Message = "Task {Task} was meant for person {Person}, who can't claim it any more")]
    private static partial void MayNot(ILogger log, Guid task, Guid person);
}
