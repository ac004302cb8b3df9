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
using Orchestration.Workflows.People;
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
    private const int MostTries = 6;
    private const string FrontOffice = "frontoffice";
    private const string Changes = "Name the evidence for the amount, and the date.";
    private const int ForecastRuns = 100;
    private static readonly Duration Forecasts = Duration.FromDays(28);
    private static readonly Duration NothingKnown = Duration.FromDays(14);

    /// <summary>The board compares with yesterday and a week ago.</summary>
    private static readonly Duration BoardTrends = Duration.FromDays(8);

    private readonly OfficeModel _model;
    private readonly SimulatedClock _clock;
    private readonly ServiceProvider _services;
    private readonly NpgsqlDataSource _database;
    private readonly TaskRuntime _tasks;
    private readonly ClockRuntime _clocks;
    private readonly DueWork _due;
    private readonly OfficeCustomers _customers;
    private readonly ForecastOffice _forecast;
    private readonly PlanShifts _plan;
    private readonly Dictionary<string, Person> _people = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<Guid> _cases = [];
    private readonly Dictionary<Guid, OpenWork> _open = [];
    private readonly Dictionary<Guid, Guid> _promises = [];
    private OfficeProgress _progress;
    private readonly Instant _from;
    private Instant _forecastAt;
    private Instant _looked;
    private int _operations;

    /// <summary>A driver for a model that begins at an instant.</summary>
    public OfficeDriver(OfficeModel model, NpgsqlDataSource database, Instant from, ILoggerFactory log)
    {
        (_model, _database, _clock, _progress, _looked) = (model, database, new(from), new(from, 0, 0, 0), from);
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
        (_tasks, _clocks) = (_services.GetRequiredService<TaskRuntime>(), _services.GetRequiredService<ClockRuntime>());
        _customers = new(_tasks, _people);
        (_forecast, _plan) = (_services.GetRequiredService<ForecastOffice>(), _services.GetRequiredService<PlanShifts>());
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
        while (_model.Next() is { } act)
        {
            cancel.ThrowIfCancellationRequested();
            await ForecastAsync(act.At, until, cancel);
            if (await _due.RunAsync(act.At, cancel))
                await LookAsync(cancel);
            _progress = _progress with { At = _clock.Now };
            if (!await DoAsync(act, cancel))
                _progress = _progress with { Refused = _progress.Refused + 1 };
            await LookAsync(cancel);
            if (++acts % 100 == 0)
                tell?.Invoke(_progress);
        }

        await _due.RunAsync(until, cancel);
        return _progress with { At = _clock.Now };
    }

    /// <summary>Ends what it made; the database connections belong to the caller.</summary>
    public ValueTask DisposeAsync() => _services.DisposeAsync();

    /// <summary>
    /// Forecasts twice a day in the last four weeks, so that pages can show how good forecasts are; not in the first two weeks, when there is nothing to learn
    /// from.
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
        var (day, hour) =
            local.Hour < 9 ? (local.Date, 9)
            : local.Hour < 14 ? (local.Date, 14)
            : (local.Date.PlusDays(1), 9);
        return day.At(new(hour, 0)).InZoneLeniently(OfficePlan.Demo.Zone).ToInstant();
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
        await _tasks.Runtime.Definitions.LoadPublishedAsync(cancel);
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

    private async Task<bool> DoAsync(OfficeAct act, CancellationToken cancel)
    {
        switch (act)
        {
            case OfficeAct.StartCase start:
                var request = new CaseRequest(start.Journey, null, start.Customer.Id, start.Customer.Name, start.Input, $"office-{start.Number}");
                if (await StartCase.RunAsync(_tasks.Runtime, request, _people[FrontOffice], cancel) is not StartCaseResult.Started { CaseId: var started })
                    return false;
                _progress = _progress with { Started = _progress.Started + 1 };
                _cases.Add(started);
                await _customers.StartedAsync(started, start.Customer, FrontOffice, cancel);
                _model.Started(start, started);
                return true;
            case OfficeAct.Claim claim:
                return await MoveAsync(claim.Task, claim.Person, ask => ClaimTask.RunAsync(_tasks, ask, _people[claim.Person], cancel), cancel);
            case OfficeAct.Suspend wait:
                var waits = await MoveAsync(
                    wait.Task,
                    wait.Person,
                    ask => SuspendTask.RunAsync(_tasks, ask, ResumeTask.WaitsForCustomer, null, "Asked for what is missing", _people[wait.Person], cancel),
                    cancel
                );
                if (waits && _open.TryGetValue(wait.Task, out var asked))
                    await _customers.AskedAsync(asked.Task.Case, asked.Title, wait.Person, cancel);
                return waits;
            case OfficeAct.Resume resume:
                if (_open.TryGetValue(resume.Task, out var answered))
                    await _customers.AnsweredAsync(answered.Task.Case, resume.Task, FrontOffice, cancel);
                return await MoveAsync(resume.Task, resume.Person, ask => ResumeTask.RunAsync(_tasks, ask, _people[resume.Person], cancel), cancel);
            case OfficeAct.Complete complete:
                return await CompleteAsync(complete, cancel);
            case OfficeAct.Return back:
                var returned = await MoveAsync(
                    back.Task,
                    back.Person,
                    ask => ReturnTask.RunAsync(_tasks, ask, back.Step, "incomplete", "The file lacks what this step needs.", _people[back.Person], cancel),
                    cancel
                );
                if (returned)
                    Over(back.Task);
                return returned;
            case OfficeAct.AskReview asks:
                return _open.TryGetValue(asks.Task, out var proposed) && await AskReviewAsync(asks, proposed, cancel);
            case OfficeAct.Review review:
                return await ReviewAsync(review, _people[review.Person], cancel);
            case OfficeAct.Event told:
                await _tasks.Runtime.Stimuli.PublishAsync(told.Name, Ids.Text(told.Case), null, FrontOffice, cancel: cancel);
                return true;
            case OfficeAct.Cancel withdrawn:
                await CancelCase.RunAsync(_tasks.Runtime, withdrawn.Case, "The customer withdrew the request.", _people["supervisor"], cancel);
                return true;
            case OfficeAct.Promise promise:
                await _customers.CalledAsync(promise.Case, promised: true, FrontOffice, cancel);
                var made = await Promises.MakeAsync(_clocks, promise.Case, new(promise.What, promise.Due, "Phone"), _people[FrontOffice], cancel);
                if (made is PromiseResult.Done { ClockId: var clock })
                    _promises[promise.Case] = clock;
                return true;
            case OfficeAct.Settle settle:
                if (_promises.Remove(settle.Case, out var promised))
                {
                    await _customers.CalledBackAsync(settle.Case, settle.Kept, FrontOffice, cancel);
                    var (outcome, reason) = settle.Kept ? (PromiseOutcome.Kept, null) : (PromiseOutcome.Broken, "Nobody was free to call.");
                    await Promises.SettleAsync(_clocks, settle.Case, promised, outcome, reason, _people[FrontOffice], cancel);
                }

                return true;
            default:
                throw new InvalidOperationException($"The office has no act {act.GetType().Name}.");
        }
    }

    private async Task<bool> MoveAsync(Guid task, string person, Func<TaskRequest, Task<TaskResult>> verb, CancellationToken cancel)
    {
        if (await ReadAsync(task, cancel) is not var (revision, owner))
        {
            Over(task);
            return true;
        }

        if (await verb(Request(task, revision)) is TaskResult.Done)
            return true;

        // A ladder may have given it to someone else.
        if (owner is not null && owner != person)
            _model.Given(task, owner, _clock.Now);
        else
            _model.Refused(task, person, _clock.Now);
        return false;
    }

    private async Task<bool> CompleteAsync(OfficeAct.Complete act, CancellationToken cancel)
    {
        if (!_open.TryGetValue(act.Task, out var work))
            return false;
        var data = await FillInAsync(work, act.Outcome, cancel);
        var done = await MoveAsync(act.Task, act.Person, ask => CompleteTask.RunAsync(_tasks, ask, act.Outcome, data, _people[act.Person], cancel), cancel);
        if (done)
            Finished(act.Task);
        return done;
    }

    private async Task<bool> AskReviewAsync(OfficeAct.AskReview act, OpenWork work, CancellationToken cancel)
    {
        var (data, person) = (await FillInAsync(work, act.Outcome, cancel), _people[act.Person]);
        return await MoveAsync(act.Task, act.Person, ask => RequestReview.RunAsync(_tasks, ask, act.Outcome, data, act.Reviewer, person, cancel), cancel);
    }

    private async Task<bool> ReviewAsync(OfficeAct.Review act, Person reviewer, CancellationToken cancel)
    {
        if (!await MoveAsync(act.Task, act.Person, ask => StartReview.RunAsync(_tasks, ask, reviewer, cancel), cancel))
            return false;
        if (!act.Approved)
            return await MoveAsync(act.Task, act.Person, ask => RequestChanges.RunAsync(_tasks, ask, Changes, reviewer, cancel), cancel);
        var done = await MoveAsync(act.Task, act.Person, ask => ApproveReview.RunAsync(_tasks, ask, reviewer, cancel), cancel);
        if (done)
            Finished(act.Task);
        return done;
    }

    /// <summary>What the form began with, and plausible values for what it asks besides.</summary>
    private async Task<JsonObject> FillInAsync(OpenWork work, string outcome, CancellationToken cancel)
    {
        var data = work.Prefill is { } prefill ? JsonNode.Parse(prefill)!.AsObject() : [];
        if (await TaskForms.FindAsync(_tasks.Runtime.Definitions, work.VersionId, work.Form, work.FormName, cancel) is not { } form)
            return data;
        var dates = _clock.Now.InUtc().Date.PlusDays(OfficePlan.Demo.StepOf(work.Task.Journey, work.Task.Step).DaysAhead);
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            var errors = form.Validate(JsonSerializer.SerializeToElement(data), outcome);
            if (errors.Count == 0 || FillIn.Mend(form, data, errors, dates) is not { } mended)
                break;
            data = mended;
        }

        return data;
    }

    private void Finished(Guid task)
    {
        _progress = _progress with { Completed = _progress.Completed + 1 };
        Over(task);
    }

    private void Over(Guid task)
    {
        _open.Remove(task);
        _model.Ended(task, _clock.Now);
    }

    /// <summary>Tells the model which tasks opened and which ended since it was told last.</summary>
    private async Task LookAsync(CancellationToken cancel)
    {
        await using var query = _database.Query(
            """
            select t.id, run_root(t.instance_id, i.parent_id), t.definition_id, t.activity_id, t.team, t.candidates, t.required_skills, t.outcomes,
                t.created_at, t.due_at, t.definition_version_id, t.form::text, t.form_name, t.prefill::text, t.title
            from task t join workflow_instance i on i.id = t.instance_id
            where t.ended_at is null and t.created_at between $1 and $2
            order by t.created_at, t.id
            """,
            _looked,
            _clock.Now
        );
        _looked = _clock.Now;
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
            if (!_cases.Contains(task.Case) || _open.ContainsKey(task.Id))
                continue;
            _open[task.Id] = new(task, r.GetString(14), r.GetString(10), r.Text(11), r.Text(12), r.Text(13));
            _model.Opened(task, _clock.Now);
        }
    }

    private async Task<(int Revision, string? Owner)?> ReadAsync(Guid task, CancellationToken cancel)
    {
        await using var query = _database.Query(
            "select t.revision, p.user_name from task t left join person p on p.id = t.owner_id where t.id = $1 and t.ended_at is null",
            task
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        return await reader.ReadAsync(cancel) ? (reader.GetInt32(0), reader.Text(1)) : null;
    }

    private TaskRequest Request(Guid task, int revision) => new(task, revision, $"office-{(++_operations).ToString(CultureInfo.InvariantCulture)}");

    private sealed record OpenWork(OfficeTask Task, string Title, string VersionId, string? Form, string? FormName, string? Prefill);
}
