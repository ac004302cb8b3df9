using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Staff;

/// <summary>
/// Lets someone work in another team for some hours: they become a member at once, as if an administrator had added them, and a job ends it. What they have
/// taken by then stays with them.
/// </summary>
public static class LendPerson
{
    /// <summary>Longest loan.</summary>
    public static readonly Duration Longest = Duration.FromDays(14);

    /// <summary>Lends.</summary>
    /// <param name="person">Who.</param>
    /// <param name="team">Key of the team they work for.</param>
    /// <param name="until">Until when.</param>
    /// <param name="actor">Steers the team and the person.</param>
    /// <param name="also">What else is written in the same transaction; the person's history is locked.</param>
    /// <returns>Done, Invalid, Refused, or NotFound also when the actor steers one of them not.</returns>
    internal static async Task<StaffResult> RunAsync(
        WorkflowRuntime runtime,
        Guid person,
        string team,
        Instant until,
        Person actor,
        Action<StaffTransaction>? also = null,
        CancellationToken cancel = default
    )
    {
        if (!TeamQueries.Steers(actor, team) || !await TeamQueries.SteersPersonAsync(runtime.Database, actor, person, cancel))
            return new StaffResult.NotFound();
        await using var t = await StaffTransaction.OpenAsync(runtime, actor.UserName, cancel);
        if (until <= t.Now || until > t.Now + Longest)
            return new StaffResult.Invalid(new() { ["until"] = ["must be in the future, within 14 days"] });
        var teams = (await TeamDetails.ReadAsync(t.Connection, null, cancel)).ToDictionary(one => one.Key);
        if (!teams.TryGetValue(team, out var to) || await PersonDetails.SomeAsync(t.Connection, [person], [], t.Now, cancel) is not [{ Active: true } lent])
            return new StaffResult.NotFound();
        if (lent.Data.Teams.Contains(team))
            return new StaffResult.Refused($"{lent.DisplayName} is in {to.Title} already.");
        var plan = new StaffPlan([lent], teams, t.Now);
        plan.Change(lent, lent.Data with { Teams = [.. lent.Data.Teams.Append(team).Order(StringComparer.Ordinal)] });
        await plan.WriteToAsync(t, cancel);
        t.Writes.Add(
            "insert into team_loan (id, person_id, team_key, from_at, until_at, lent_by) values ($1, $2, $3, $4, $5, $6)",
            Ids.New(t.Now),
            person,
            team,
            t.Now,
            until.Truncated(),
            actor.UserName
        );
        also?.Invoke(t);
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    /// <summary>Ends loans that are over, one transaction each. Returns how many.</summary>
    public static async Task<int> SweepAsync(WorkflowRuntime runtime, int most, CancellationToken cancel = default)
    {
        var over = new List<(Guid Id, Guid Person, string Team)>();
        await using (
            var query = runtime.Database.Query(
                "select id, person_id, team_key from team_loan where ended_at is null and until_at <= $1 order by until_at limit $2",
                runtime.Clock.Now(),
                most
            )
        )
        {
            await using var r = await query.ExecuteReaderAsync(cancel);
            while (await r.ReadAsync(cancel))
                over.Add((r.GetGuid(0), r.GetGuid(1), r.GetString(2)));
        }

        foreach (var (id, person, team) in over)
        {
            await using var t = await StaffTransaction.OpenAsync(runtime, "system", cancel);
            var teams = (await TeamDetails.ReadAsync(t.Connection, null, cancel)).ToDictionary(one => one.Key);
            if (await PersonDetails.SomeAsync(t.Connection, [person], [], t.Now, cancel) is [var lent] && lent.Data.Teams.Contains(team))
            {
                var plan = new StaffPlan([lent], teams, t.Now);
                plan.Change(lent, lent.Data with { Teams = [.. lent.Data.Teams.Except([team])] });
                await plan.WriteToAsync(t, cancel);
            }

            t.Writes.Add("update team_loan set ended_at = $2 where id = $1 and ended_at is null", id, t.Now);
            await t.CommitAsync(cancel);
        }

        return over.Count;
    }
}
