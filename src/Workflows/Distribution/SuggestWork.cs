using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Distribution;

/// <summary>The next best task for someone, with its reasons.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Title">Its title.</param>
/// <param name="Team">Key of its team.</param>
/// <param name="Reasons">Short phrases, the strongest first.</param>
public sealed record Suggestion(Guid TaskId, string Title, string Team, IReadOnlyList<string> Reasons)
{
    /// <summary>Reference and customer of its case; null for a task of another workflow.</summary>
    public (string Reference, string Customer)? Case { get; init; }
}

/// <summary>What someone should do next, as the push engine would decide for them alone. Nothing is written.</summary>
public sealed class SuggestWork(WorkflowRuntime runtime, ServiceLevelCatalog serviceLevels)
{
    /// <summary>
    /// The best tasks of the person's teams that suggest their work, the first of each team before the second ones. Presence and capacity don't count: they
    /// ask.
    /// </summary>
    /// <param name="most">At most this many.</param>
    public async Task<IReadOnlyList<Suggestion>> ForAsync(Person person, int most = 3, CancellationToken cancel = default)
    {
        var now = runtime.Clock.Now();
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        var teams = new List<string>();
        await using (var batch = connection.CreateBatch())
        {
            batch.Add(
                "select m.team_key from team_member m join team t on t.key = m.team_key where m.person_id = $1 and t.distribution = 'suggest' order by 1",
                person.Id
            );
            await using var r = await batch.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
                teams.Add(r.GetString(0));
        }

        var found = new List<(int Place, Suggestion Suggestion)>();
        foreach (var team in teams)
        {
            var (policy, calendar, problem) = await PolicyInForce.ReadAsync(connection, serviceLevels, team, cancel);
            if (problem is not null)
                continue;
            var people = await TeamSnapshot.PeopleAsync(connection, team, policy, now, cancel);
            if (people.FirstOrDefault(one => one.Id == person.Id) is not { } me)
                continue;
            List<Worker> all =
            [
                .. people.Where(one => one.Id != person.Id).Select(one => one with { Slots = 0 }),
                me with
                {
                    Presence = Worker.Available,
                    Slots = most,
                    FreeLive = int.MaxValue,
                    FreeDeferred = int.MaxValue,
                    LiveTime = null,
                },
            ];
            var work = await new WaitingWork(connection, team, policy, calendar, now).ReadAsync(all, [], cancel);
            var plan = Distributor.Distribute(all, work, policy, now);
            found.AddRange(plan.Picks.Select((pick, place) => (place, new Suggestion(pick.Work.Id, pick.Work.Title, team, Reasons(pick, policy, now)))));
        }

        var best = found.OrderBy(one => one.Place).ThenBy(one => one.Suggestion.Team, StringComparer.Ordinal).Take(most).Select(one => one.Suggestion).ToList();
        if (best.Count == 0)
            return [];
        var cases = new Dictionary<Guid, (string, string)>();
        await using (var batch = connection.CreateBatch())
        {
            batch.Add(
                "select t.id, c.reference, c.customer_name from task t join journey_case c on c.id = t.instance_id where t.id = any($1)",
                best.Select(one => one.TaskId).ToArray()
            );
            await using var r = await batch.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
                cases[r.GetGuid(0)] = (r.GetString(1), r.GetString(2));
        }

        return [.. best.Select(one => one with { Case = cases.TryGetValue(one.TaskId, out var named) ? named : null })];
    }

    /// <summary>Why a task comes next, in words.</summary>
    internal static IReadOnlyList<string> Reasons(Pick pick, DistributionPolicy policy, Instant now)
    {
        var (work, person) = (pick.Work, pick.Person);
        var reasons = new List<string>();
        if (work.KnowCase.Contains(person.Id))
            reasons.Add("You worked on this case");
        else if (work.KnowCustomer.Contains(person.Id))
            reasons.Add("You know the customer");
        if (work.Slack is { } slack)
        {
            if (slack < Duration.Zero)
                reasons.Add("It's late");
            else
                reasons.Add($"{(work.Statutory ? "A statutory deadline" : "Its deadline")} leaves {Length(slack)} of working time");
        }
        else
        {
            reasons.Add($"Open for {Length(now - work.OpenedAt)}");
        }

        if (work.Required.Count > 0)
            reasons.Add($"You have {string.Join(" and ", work.Required.Select(need => need.Skill))}");
        if (work.Preferred.Count > 0 && work.Preferred.All(need => person.Holds(need, now)))
            reasons.Add($"You have the preferred {string.Join(" and ", work.Preferred.Select(need => need.Skill))}");
        if (work.Priority <= 2)
            reasons.Add($"Priority {work.Priority}");
        return reasons;
    }

    private static string Length(Duration time) =>
        time.TotalHours < 1 ? $"{Math.Max(0, (int)time.TotalMinutes)} min"
        : time.TotalHours < 48 ? $"{(int)time.TotalHours} h"
        : $"{(int)time.TotalDays} days";
}
