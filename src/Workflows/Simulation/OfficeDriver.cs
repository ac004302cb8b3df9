using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Simulation;

/// <summary>How far a simulation is.</summary>
/// <param name="At">The simulated time.</param>
/// <param name="Started">Cases started.</param>
/// <param name="Completed">Tasks completed.</param>
/// <param name="Refused">Acts that the product refused.</param>
public sealed record OfficeProgress(Instant At, int Started, int Completed, int Refused);

/// <summary>
/// Does the acts of an <see cref="OfficeModel"/> with the same verbs as everywhere, under a simulated clock, and what falls due in between. Nothing else may
/// run jobs on the database meanwhile.
/// </summary>
public sealed class OfficeDriver : IAsyncDisposable
{
    private const int ForecastRuns = 100;

    /// <summary>Acts of different cases and people that are so near are done side by side.</summary>
    private const int MostTogether = 8;
    private static readonly Duration Together = Duration.FromMinutes(5);
    private static readonly Duration Forecasts = Duration.FromDays(28);
    private static readonly Duration NothingKnown = Duration.FromDays(14);

    /// <summary>The board compares with yesterday and a week ago.</summary>
    private static readonly Duration BoardTrends = Duration.FromDays(8);

    private readonly OfficeModel _model;
    private readonly SimulatedClock _clock;
    private readonly ServiceProvider _services;
    private readonly NpgsqlDataSource _database;
    private readonly WorkflowRuntime _runtime;
    private readonly DueWork _due;
    private readonly OfficeVerbs _verbs;
    private readonly ForecastOffice _forecast;
    private readonly PlanShifts _plan;
    private readonly Dictionary<string, Person> _people = new(StringComparer.OrdinalIgnoreCase);
    private readonly Instant _from;
    private Instant _forecastAt;
    private Instant _looked;

    /// <summary>Until when the model knows which cases were finished.</summary>
    private Instant _ended;

    /// <summary>What the model said already: acts that have to wait for the ones before, and the first that was too late for them.</summary>
    private Queue<OfficeAct> _said = [];

    /// <summary>A driver for a model that begins at an instant.</summary>
    public OfficeDriver(OfficeModel model, NpgsqlDataSource database, Instant from, ILoggerFactory log)
    {
        (_model, _database, _clock, _looked, _ended) = (model, database, new(from), from, from);
        var services = new ServiceCollection();
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        _services = services
            .AddSingleton(log)
            .AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddSingleton(database)
            .AddSingleton<IClock>(_clock)
            .AddSingleton<Changes>()
            .AddSingleton<FindPerson>()
            .AddSingleton(new PasswordSettings())
            .AddWorkflows()
            .BuildServiceProvider();
        var tasks = _services.GetRequiredService<TaskRuntime>();
        _runtime = tasks.Runtime;
        _verbs = new(model, _clock, tasks, _services.GetRequiredService<MakePromise>(), _services.GetRequiredService<MailOwnViewLink>(), _people);
        (_forecast, _plan) = (_services.GetRequiredService<ForecastOffice>(), _services.GetRequiredService<PlanShifts>());
        _forecast.KeepFor = Duration.FromDays(1);
        (_from, _forecastAt) = (from, NextForecast(from));
        _due = ActivatorUtilities.CreateInstance<DueWork>(_services, _clock);
    }

    /// <summary>Runs until the model ends. Says from time to time how far it is.</summary>
    public async Task<OfficeProgress> RunAsync(Instant until, Action<OfficeProgress>? tell = null, CancellationToken cancel = default)
    {
        await LoadAsync(cancel);
        _due.KeepBoardFrom(until - BoardTrends);
        await PlanAsync(cancel);
        var acts = 0;
        while (Take() is { } act)
        {
            cancel.ThrowIfCancellationRequested();
            await ForecastAsync(act.At, until, cancel);
            if (act.At >= _ended + Duration.FromDays(1))
                await TellFinishedAsync(act.At, cancel);
            if (await _due.RunAsync(act.At, cancel))
                await LookAsync(cancel);
            var together = Near(act);
            var done = await Task.WhenAll(together.Select(one => _verbs.DoAsync(one, cancel)));
            _clock.To(together.Max(one => one.At));
            foreach (var inform in done)
                inform();
            await LookAsync(cancel);
            if (acts / 100 != (acts += together.Count) / 100)
                tell?.Invoke(_verbs.Progress with { At = _clock.Now });
        }

        await _due.RunAsync(until, cancel);
        return _verbs.Progress with { At = _clock.Now };
    }

    private OfficeAct? Take() => _said.TryDequeue(out var act) ? act : _model.Next();

    /// <summary>
    /// The acts that can be done beside one: soon after it, before anything falls due, and of other cases and people. What touches those waits for the next
    /// round, and what touches that waits behind it.
    /// </summary>
    private List<OfficeAct> Near(OfficeAct first)
    {
        var (acts, waiting) = (new List<OfficeAct> { first }, new Queue<OfficeAct>());
        var touched = _verbs.TouchedBy(first).ToHashSet();
        var end = Instant.Min(first.At + Together, Instant.Min(_due.NextAt, _forecastAt));
        while (acts.Count < MostTogether && Take() is { } act)
        {
            if (act.At >= end)
            {
                waiting.Enqueue(act);
                break;
            }

            var touches = _verbs.TouchedBy(act).ToList();
            if (touches.Any(touched.Contains))
                waiting.Enqueue(act);
            else
                acts.Add(act);
            touched.UnionWith(touches);
        }

        while (_said.TryDequeue(out var later))
            waiting.Enqueue(later);
        _said = waiting;
        return acts;
    }

    /// <summary>Ends what it made; the database connections belong to the caller.</summary>
    public ValueTask DisposeAsync() => _services.DisposeAsync();

    /// <summary>
    /// Forecasts every morning of the last four weeks, so that pages can show how good forecasts are; not in the first two weeks, when there is nothing to
    /// learn from.
    /// </summary>
    private async Task ForecastAsync(Instant next, Instant until, CancellationToken cancel)
    {
        for (; _forecastAt <= next; _forecastAt = NextForecast(_forecastAt))
        {
            if (_forecastAt < until - Forecasts || _forecastAt < _from + NothingKnown)
                continue;
            await _due.RunAsync(_forecastAt, cancel);
            await LookAsync(cancel);
            await _forecast.PublishAsync(ForecastRuns, cancel);
        }
    }

    private static Instant NextForecast(Instant at)
    {
        var local = at.InZone(OfficePlan.Demo.Zone);
        var day = local.Hour < 9 ? local.Date : local.Date.PlusDays(1);
        return day.At(new(9, 0)).InZoneLeniently(OfficePlan.Demo.Zone).ToInstant();
    }

    /// <summary>Plans the shifts in which the people of the model work, those of the next two weeks included; who has shifts already keeps them.</summary>
    private async Task PlanAsync(CancellationToken cancel)
    {
        if (!_people.TryGetValue("supervisor", out var supervisor))
            return;
        var begins = new Dictionary<string, Instant>(StringComparer.OrdinalIgnoreCase);
        await using (var query = _database.Query("select p.user_name, min(s.from_at) from shift s join person p on p.id = s.person_id group by 1"))
        {
            await using var reader = await query.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
                begins[reader.GetString(0)] = reader.Instant(1);
        }

        var shifts = _model
            .Shifts.Where(one => _people.ContainsKey(one.Key))
            .SelectMany(one =>
                Days(one.Value).Where(day => !begins.TryGetValue(one.Key, out var begin) || day.End <= begin).Select(day => (one.Key, Day: day))
            );
        foreach (var part in shifts.OrderBy(shift => shift.Day.Start).Chunk(PlanShifts.Most))
            await _plan.AddAsync([.. part.Select(shift => new PlannedShift(shift.Key, shift.Day.Start, shift.Day.End))], supervisor, cancel);
    }

    /// <summary>A shift is a morning and an afternoon.</summary>
    private static IEnumerable<Interval> Days(IReadOnlyList<Interval> halves)
    {
        for (var i = 0; i + 1 < halves.Count; i += 2)
            yield return new(halves[i].Start, halves[i + 1].End);
    }

    private async Task LoadAsync(CancellationToken cancel)
    {
        await _services.GetRequiredService<ServiceLevelCatalog>().LoadAsync(cancel);
        await _services.GetRequiredService<FormCatalog>().LoadAsync(cancel);
        await _services.GetRequiredService<PeopleCatalog>().LoadAsync(cancel);
        await _runtime.Definitions.LoadPublishedAsync(cancel);
        var ids = new List<Guid>();
        await using (var query = _database.Query("select id from person where active"))
        {
            await using var reader = await query.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
                ids.Add(reader.GetGuid(0));
        }

        var find = _services.GetRequiredService<FindPerson>();
        foreach (var id in ids)
        {
            if (await find.OfIdAsync(id, _clock.Now, cancel) is { } person)
                _people[person.UserName] = person;
        }
    }

    /// <summary>Tells the model which cases were finished, once a day.</summary>
    private async Task TellFinishedAsync(Instant at, CancellationToken cancel)
    {
        await using var query = _database.Query(
            """
            select c.id, extract(epoch from i.finished_at - c.created_at)::float8 / 86400,
                (select count(*)::int from sla_clock k where k.instance_id = c.id and k.breached
                    and not exists (select from promise p where p.clock_id = k.id)),
                (select count(*)::int from promise p where p.case_id = c.id and p.outcome in ('Broken', 'KeptLate'))
            from journey_case c join workflow_instance i on i.id = c.id
            where i.finished_at > $1 and i.finished_at <= $2 and i.sub_status = 'Finished' order by i.finished_at, c.reference
            """,
            _ended,
            _clock.Now
        );
        _ended = _clock.Now;
        await using var r = await query.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
            _model.Finished(new(r.GetGuid(0), r.GetDouble(1), r.GetInt32(2), r.GetInt32(3)), at);
    }

    /// <summary>Tells the model which tasks opened since it was told last.</summary>
    private async Task LookAsync(CancellationToken cancel)
    {
        await using var query = _database.Query(
            """
            select t.id, run_root(t.instance_id, i.parent_id), t.definition_id, t.activity_id, t.team, t.candidates, t.required_skills, t.outcomes,
                t.created_at, t.due_at, t.definition_version_id, t.form::text, t.form_name, t.prefill::text, t.title, t.revision
            from task t join workflow_instance i on i.id = t.instance_id
            where t.ended_at is null and t.created_at between $1 and $2
            """,
            _looked,
            _clock.Now
        );
        _looked = _clock.Now;
        var opened = new List<OpenWork>();
        await using var r = await query.ExecuteReaderAsync(cancel);
        while (await r.ReadAsync(cancel))
        {
            var task = new OfficeTask(
                r.GetGuid(0),
                r.GetGuid(1),
                r.GetString(2),
                r.GetString(3),
                r.Text(4),
                r.GetFieldValue<string[]>(5),
                r.GetFieldValue<string[]>(6),
                r.GetFieldValue<string[]>(7),
                r.Instant(8),
                r.InstantOrNull(9)
            );
            opened.Add(new(task, r.GetString(14), r.GetString(10), r.Text(11), r.Text(12), r.Text(13)) { Revision = r.GetInt32(15) });
        }

        _verbs.Opened(opened);
    }
}
