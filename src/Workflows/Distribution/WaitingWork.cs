using System.Data;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Calendars;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Distribution;

/// <summary>
/// Reads the open tasks of a team that a decision can reach. Deciding about them is deciding about all: a first statement puts the team's tasks in the order
/// of <see cref="WorkKey"/> within each kind that is the same to everyone, late ones apart, and a second one reads the first of each kind, as many as people
/// have room for.
/// </summary>
/// <remarks>
/// Of tasks that are personal to someone (excluded, passed on) more are read until each person who could do that kind has enough, so that tasks closed to them
/// don't hide those behind.
/// </remarks>
internal sealed class WaitingWork(NpgsqlConnection connection, string team, DistributionPolicy policy, BusinessCalendar? calendar, Instant now)
{
    /// <summary>Most places of people that count at once. With more, the first tasks of each kind are those for this many.</summary>
    public const int MostPlaces = 300;

    /// <summary>Tasks of a kind that are personal to someone: read at first, and at most.</summary>
    private const int FewPersonal = 20;
    private const int MostPersonal = 2000;

    /// <summary>Cases of a customer that are looked at for who knows them.</summary>
    private const int RecentCases = 20;

    internal const string Ready = "t.state = 'Ready' and t.ended_at is null and t.test_by is null";

    private const string Unoffered = "not exists (select from task_offer o where o.task_id = t.id and o.state = 'Open')";

    /// <summary>Ready, in the words of the index <c>task_waiting</c>, so that the index is all that is read.</summary>
    private const string Waiting = "t.ended_at is null and t.owner_id is null and t.suspended_from is null and t.test_by is null";

    /// <summary>Columns of a task. Offers that expired before <c>$1</c> count no more; the affinity window begins at <c>$2</c>.</summary>
    private static readonly string Columns = WorkRow.Columns("$1");

    private static readonly string Knowing = $"""
        array(select distinct unnest(x.actors) from task x where x.instance_id = t.instance_id and x.id <> t.id) know_case,
            array(select distinct unnest(x.actors) from (
                select c.id from journey_case c where c.customer_id = (select me.customer_id from journey_case me where me.id = t.instance_id)
                    and c.id <> t.instance_id order by c.created_at desc limit {RecentCases}) c
                join task x on x.instance_id = c.id where x.changed_at > $2) know_customer
        """;

    private readonly OpenHours? _hours = calendar is null ? null : OpenHours.Of(calendar, now);

    /// <summary>Reads the tasks that these people could reach, which are offered to no one.</summary>
    /// <param name="people">The team's people; only those with room can reach any.</param>
    /// <param name="asked">Tasks to be read whatever their place and skills are.</param>
    public async Task<IReadOnlyList<Work>> ReadAsync(IReadOnlyList<Worker> people, Guid[] asked, CancellationToken cancel)
    {
        var free = people.Where(person => person.HasRoom).ToList();
        if (free.Count == 0 && asked.Length == 0)
            return [];
        var places = Places(free);
        for (var personal = FewPersonal; ; personal *= 10)
        {
            var first = free.Count == 0 ? [] : await FirstAsync(people, free, places, personal, cancel);
            var work = await TasksAsync([.. first.Select(one => one.Id).Concat(asked.Take(MostPlaces)).Distinct()], cancel);
            if (personal >= MostPersonal || Suffices(people, free, places, first, work))
                return work;
        }
    }

    /// <summary>Open tasks of the team that are offered to no one, those due first before the others. Who knows their case isn't read.</summary>
    /// <param name="most">At most this many.</param>
    /// <param name="only">Only this one.</param>
    public async Task<IReadOnlyList<Work>> AllAsync(int most, Guid? only, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            $$"""
            select {{Columns}} from task t where t.team = $2 and {{Ready}} and {{Unoffered}}
                {{(only is null ? "" : "and t.id = $4")}} order by t.order_at, t.id limit $3
            """,
            now - policy.Again,
            team,
            most
        );
        if (only is { } id)
            batch.BatchCommands[0].Parameters.Add(Sql.Parameter(id));
        return await ReadAsync(batch, knowing: false, cancel);
    }

    /// <summary>
    /// The first tasks of each kind, in the order of <see cref="WorkKey"/>, computed in SQL. One more of each kind says that there are others behind.
    /// </summary>
    private async Task<List<First>> FirstAsync(IReadOnlyList<Worker> people, List<Worker> free, int places, int personal, CancellationToken cancel)
    {
        var open = _hours is null ? "date_part('epoch', t.due_at - $2)" : OpenHours.Between("t.due_at", "$12", "$13", "$14");
        var command = Sql.Command(
            $$"""
            select f.id, f.personal, f.place > f.most, f.place, (select t.required_skills from task t where t.id = f.id) from (
                select s.id, s.personal, case when s.personal then $4 else $3 end most, row_number() over (partition by s.alike, s.personal, s.late
                    order by case when s.late then -s.late_value else s.class end, case when s.late then s.class else s.step end,
                        case when s.late then 0 else -s.value end, s.created_at, s.id) place
                from (
                    select k.*, k.slack < 0 late, floor(k.slack / $5) step, ($7)[k.priority] value,
                        case when k.slack < 0 then ($7)[k.priority] * ($9)[greatest(1, width_bucket(-k.slack, $8))] end late_value,
                        case when k.statutory and k.slack < $6 then 0 else 1 end class
                    from (
                        select t.id, t.alike, t.created_at, t.statutory_at = t.due_at statutory, least(greatest(t.priority, 1), 5) priority,
                            t.personal or t.instance_id = any(array(select run
                                from (select distinct c.person_id from conflict c where c.person_id = any($10) and c.lifted_at is null) c,
                                    conflicting_runs(c.person_id) run)) personal,
                            case when t.due_at is null then date_part('epoch', t.created_at - $2) + $11
                                else {{open}} - coalesce(t.effort, 0) * 60 end slack
                        from task t where t.team = $1 and {{Waiting}} and {{Unoffered}}
                        offset 0
                    ) k offset 0
                ) s
            ) f where f.place <= f.most + 1
            """,
            team,
            now,
            places,
            places + personal,
            Math.Max(1, policy.SlackStep.TotalSeconds),
            policy.Urgent.TotalSeconds,
            policy.Values.ToArray(),
            policy.LateTiers.Select(tier => tier.After.TotalSeconds).ToArray(),
            policy.LateTiers.Select(tier => tier.Percent).ToArray(),
            people.Select(person => person.Id).ToArray(),
            policy.WithoutClock.TotalSeconds
        );
        if (_hours is not null)
        {
            command.Parameters.Add(Sql.Parameter(_hours.Opens));
            command.Parameters.Add(Sql.Parameter(_hours.Before));
            command.Parameters.Add(Sql.Parameter(_hours.Lengths));
        }

        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(command);
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var first = new List<First>();
        var reach = new Dictionary<string, int>();
        while (await r.ReadAsync(cancel))
        {
            // Of tasks that aren't personal no more than those who have the skills have room for; none if no one has.
            var one = new First(r.GetGuid(0), r.GetBoolean(1), r.GetBoolean(2));
            var skills = r.GetFieldValue<string[]>(4);
            if (!reach.TryGetValue(string.Join('|', skills), out var most))
                reach[string.Join('|', skills)] = most = Reach(free, skills);
            if (one.IsPersonal ? most > 0 : r.GetInt64(3) <= most)
                first.Add(one);
        }

        return first;
    }

    private int Reach(List<Worker> free, string[] skills)
    {
        var needs = skills.Select(SkillNeed.Parse).ToList();
        return Places(free.Where(person => needs.TrueForAll(need => person.Holds(need, now))));
    }

    private static int Places(IEnumerable<Worker> people) => (int)Math.Min(MostPlaces, people.Sum(person => (long)Math.Min(person.Slots, MostPlaces)));

    /// <summary>
    /// Whether what was read of the personal tasks of each kind is enough: everyone who could do that kind has so many that are open to them that the others
    /// can't take them all.
    /// </summary>
    private bool Suffices(IReadOnlyList<Worker> people, List<Worker> free, int places, List<First> first, IReadOnlyList<Work> work)
    {
        var fit = new Fit(people, policy, now, new Dictionary<string, int>());
        var byId = work.ToDictionary(task => task.Id);
        var personal = first.Where(one => one.IsPersonal).Select(one => byId.GetValueOrDefault(one.Id)).OfType<Work>().ToLookup(Kind);
        return first
            .Where(one => one.IsPersonal && one.IsBeyond && byId.ContainsKey(one.Id))
            .All(one =>
            {
                var sample = byId[one.Id];
                var preferring = fit.Preferring(sample);
                return free.Where(person => fit.Standing(person, sample) is null && Fit.Room(person, sample) is null)
                    .All(person =>
                        personal[Kind(sample)].Count(task => Fit.Personal(person, task) is null && fit.Preference(person, task, preferring) is null) >= places
                    );
            });
    }

    private (string, bool) Kind(Work task) => (task.Signature, WorkKey.Of(task, policy, now).Late);

    private async Task<IReadOnlyList<Work>> TasksAsync(Guid[] ids, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            $"select {Columns}, {Knowing} from task t where t.id = any($3) and t.team = $4 and {Ready} and {Unoffered}",
            now - policy.Again,
            now - policy.AffinityWindow,
            ids,
            team
        );
        return await ReadAsync(batch, knowing: true, cancel);
    }

    private async Task<IReadOnlyList<Work>> ReadAsync(NpgsqlBatch batch, bool knowing, CancellationToken cancel)
    {
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var work = new List<Work>();
        while (await r.ReadAsync(cancel))
        {
            var task = WorkRow.Read(r, calendar, now);
            work.Add(knowing ? task with { KnowCase = r.GetFieldValue<Guid[]>("know_case"), KnowCustomer = r.GetFieldValue<Guid[]>("know_customer") } : task);
        }

        return work;
    }

    /// <summary>A task among the first of its kind.</summary>
    /// <param name="IsPersonal">It may be closed to someone.</param>
    /// <param name="IsBeyond">It is the one more: others may be behind it.</param>
    private readonly record struct First(Guid Id, bool IsPersonal, bool IsBeyond);
}

/// <summary>The opening hours of a calendar as arrays for SQL: a year back and two ahead. What is further away is as far as that.</summary>
/// <param name="Opens">When each slot opens.</param>
/// <param name="Before">Working time from now until then in seconds; negative when it is over.</param>
/// <param name="Lengths">How long it is open, in seconds.</param>
internal sealed record OpenHours(Instant[] Opens, double[] Before, double[] Lengths)
{
    public static OpenHours Of(BusinessCalendar calendar, Instant now)
    {
        var open = calendar.Openings(now - Duration.FromDays(366), now + Duration.FromDays(731)).Select(one => one.Open).ToList();
        var before = new double[open.Count];
        for (var i = 0; i < before.Length; i++)
            before[i] = i == 0 ? calendar.Between(now, open[0].Start).TotalSeconds : before[i - 1] + open[i - 1].Duration.TotalSeconds;
        return new([.. open.Select(one => one.Start)], before, [.. open.Select(one => one.Duration.TotalSeconds)]);
    }

    /// <summary>SQL of the working time from now to a time, in seconds.</summary>
    public static string Between(string at, string opens, string before, string lengths) =>
        $"(select case when h.i = 0 then ({before})[1] else ({before})[h.i] + least(date_part('epoch', {at} - ({opens})[h.i]), ({lengths})[h.i]) end "
        + $"from (select width_bucket({at}, {opens}) i) h)";
}

/// <summary>An open task as decisions and forecasts see it: the one place that says which columns of <c>task</c> that takes.</summary>
internal static class WorkRow
{
    /// <summary>Columns of a row of <c>task</c> named <c>t</c>.</summary>
    /// <param name="expired">SQL of the time since when expired offers keep a task from the person.</param>
    /// <param name="excluded">SQL of the people it is closed to, as an array of ids; null: by four eyes and conflicts of interest.</param>
    public static string Columns(string expired, string? excluded = null) =>
        $$"""
            t.id, t.title, t.team, t.required_skills, t.preferred_skills, t.work_kind, t.weight, t.effort, t.priority, t.due_at, t.created_at,
                case when t.candidates = '{}' then '{}' else array(select n.id from person n where n.user_name = any(t.candidates)) end named,
                {{excluded ?? Eligibility.ExcludedPeople}} excluded, {{Eligibility.PassedOnBy}} passed_on,
                t.gave_up || case when t.passed_by = '{}' then '{}' else array(select o.person_id from task_offer o where o.task_id = t.id
                    and (o.state = 'Declined' or o.state = 'Expired' and o.ended_at > {{expired}})) end passed,
                coalesce(t.statutory_at = t.due_at, false) statutory
            """;

    /// <summary>Reads them.</summary>
    /// <param name="calendar">What its slack is measured in; null: elapsed time.</param>
    /// <param name="now">When.</param>
    public static Work Read(NpgsqlDataReader r, BusinessCalendar? calendar, Instant now)
    {
        var effort = r.IsDBNull("effort") ? (Duration?)null : Duration.FromMinutes(r.GetInt32("effort"));
        return new()
        {
            Id = r.GetGuid("id"),
            Title = r.GetString("title"),
            Team = r.Text("team"),
            Named = r.GetFieldValue<Guid[]>("named"),
            Required = [.. r.GetFieldValue<string[]>("required_skills").Select(SkillNeed.Parse)],
            Preferred = [.. r.GetFieldValue<string[]>("preferred_skills").Select(SkillNeed.Parse)],
            Excluded = r.GetFieldValue<Guid[]>("excluded"),
            Passed = r.GetFieldValue<Guid[]>("passed"),
            PassedOn = r.GetFieldValue<Guid[]>("passed_on"),
            Kind = r.GetString("work_kind") == "live" ? WorkKind.Live : WorkKind.Deferred,
            Weight = r.GetInt32("weight"),
            Effort = effort,
            Priority = r.GetInt16("priority"),
            Slack = r.InstantOrNull("due_at") is { } due ? (calendar?.Between(now, due) ?? due - now) - (effort ?? Duration.Zero) : null,
            Statutory = r.GetBoolean("statutory"),
            OpenedAt = r.Instant("created_at"),
        };
    }
}
