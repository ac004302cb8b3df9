using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Reviews;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.Simulation;

/// <summary>
/// Does the acts of an <see cref="OfficeModel"/> with the same verbs as everywhere. Acts run side by side; what came of each is an <see cref="Action"/> that
/// tells the model, for whoever drives the simulation to call afterward, one after the other.
/// </summary>
internal sealed class OfficeVerbs(
    OfficeModel model,
    SimulatedClock clock,
    TaskRuntime tasks,
    MakePromise promises,
    MailOwnViewLink mail,
    IReadOnlyDictionary<string, Person> people
)
{
    private const int MostTries = 6;
    private const string FrontOffice = "frontoffice";
    private const string Changes = "Name the evidence for the amount, and the date.";

    private readonly OfficeCustomers _customers = new(tasks, people);

    /// <summary>The cases that were started here, by their order.</summary>
    private readonly Dictionary<Guid, int> _cases = [];
    private readonly Dictionary<Guid, OpenWork> _open = [];
    private readonly Dictionary<Guid, Guid> _promises = [];
    private int _operations;
    private int _opened;

    /// <summary>What was done so far.</summary>
    public OfficeProgress Progress { get; set; } = new(clock.Now, 0, 0, 0);

    /// <summary>What an act changes, as values that two acts of the same moment must not share.</summary>
    public IEnumerable<object> TouchedBy(OfficeAct act) =>
        act switch
        {
            OfficeAct.StartCase start => [start.Customer.Id],
            OfficeAct.Claim one => Of(one.Task, one.Person),
            OfficeAct.Complete one => Of(one.Task, one.Person),
            OfficeAct.Return one => Of(one.Task, one.Person),
            OfficeAct.AskReview one => Of(one.Task, one.Person),
            OfficeAct.Review one => Of(one.Task, one.Person),
            OfficeAct.Suspend one => Of(one.Task, one.Person),
            OfficeAct.Resume one => Of(one.Task, one.Person),
            OfficeAct.Event one => [one.Case],
            OfficeAct.Cancel one => [one.Case],
            OfficeAct.Promise one => [one.Case],
            OfficeAct.Settle one => [one.Case],
            OfficeAct.Rate one => [one.Case],
            _ => throw Unknown(act),
        };

    /// <summary>Tasks opened. Only those of cases that were started here are told to the model: in an order that is the same in each run, unlike ids.</summary>
    public void Opened(IEnumerable<OpenWork> opened)
    {
        var ours = opened.Where(work => _cases.ContainsKey(work.Task.Case));
        foreach (var work in ours.OrderBy(w => (w.Task.OpenedAt, _cases[w.Task.Case])).ThenBy(w => w.Task.Step, StringComparer.Ordinal))
        {
            if (_open.TryAdd(work.Task.Id, work with { Number = _opened + 1 }))
            {
                _opened++;
                model.Opened(work.Task, clock.Now);
            }
        }
    }

    /// <summary>Does an act at its time.</summary>
    /// <returns>What to do once all acts of the moment are done.</returns>
    public async Task<Action> DoAsync(OfficeAct act, CancellationToken cancel)
    {
        clock.Here(act.At);
        switch (act)
        {
            case OfficeAct.StartCase start:
                var request = new CaseRequest(start.Journey, null, start.Customer.Id, start.Customer.Name, start.Input, $"office-{start.Number}");
                if (await StartCase.RunAsync(tasks.Runtime, request, people[FrontOffice], cancel) is not StartCaseResult.Started { CaseId: var started })
                    return Refused;
                await _customers.StartedAsync(started, start.Customer, FrontOffice, cancel);
                return () =>
                {
                    Progress = Progress with { Started = Progress.Started + 1 };
                    _cases.Add(started, _cases.Count);
                    model.Started(start, started);
                };
            case OfficeAct.Claim claim:
                return await MoveAsync(claim.Task, claim.Person, (ask, person) => ClaimTask.RunAsync(tasks, ask, person, cancel), cancel) ?? Nothing;
            case OfficeAct.Suspend wait:
                return await SuspendAsync(wait, cancel);
            case OfficeAct.Resume resume:
                if (_open.TryGetValue(resume.Task, out var answered))
                    await _customers.AnsweredAsync(answered.Task.Case, resume.Task, FrontOffice, cancel);
                return await MoveAsync(resume.Task, resume.Person, (ask, person) => ResumeTask.RunAsync(tasks, ask, person, cancel), cancel) ?? Nothing;
            case OfficeAct.Complete complete:
                return await CompleteAsync(complete, cancel);
            case OfficeAct.Return back:
                const string Why = "The file lacks what this step needs.";
                return await MoveAsync(
                        back.Task,
                        back.Person,
                        (ask, person) => ReturnTask.RunAsync(tasks, ask, back.Step, "incomplete", Why, person, cancel),
                        cancel
                    ) ?? (() => Over(back.Task));
            case OfficeAct.AskReview asks:
                return await AskReviewAsync(asks, cancel);
            case OfficeAct.Review review:
                return await ReviewAsync(review, cancel);
            case OfficeAct.Event told:
                await tasks.Runtime.Stimuli.PublishAsync(told.Name, Ids.Text(told.Case), null, FrontOffice, cancel: cancel);
                return Nothing;
            case OfficeAct.Cancel withdrawn:
                await CancelCase.RunAsync(tasks.Runtime, withdrawn.Case, "The customer withdrew the request.", people["supervisor"], cancel);
                return Nothing;
            case OfficeAct.Promise promise:
                await _customers.CalledAsync(promise.Case, promised: true, FrontOffice, cancel);
                var said = new PromiseRequest(promise.What, promise.Due, "Phone");
                var made = await promises.RunAsync(promise.Case, said, people[FrontOffice], cancel);
                if (made is PromiseResult.Unlikely)
                    made = await promises.RunAsync(promise.Case, said with { Reason = "The customer can’t wait longer." }, people[FrontOffice], cancel);
                return made is PromiseResult.Done { ClockId: var clockId } ? () => _promises[promise.Case] = clockId : Nothing;
            case OfficeAct.Settle settle:
                return await SettleAsync(settle, cancel);
            case OfficeAct.Rate rate:
                await _customers.RatedAsync(rate, mail, FrontOffice, cancel);
                return Nothing;
            default:
                throw Unknown(act);
        }
    }

    private async Task<Action> SuspendAsync(OfficeAct.Suspend act, CancellationToken cancel)
    {
        var failed = await MoveAsync(
            act.Task,
            act.Person,
            (ask, person) => SuspendTask.RunAsync(tasks, ask, ResumeTask.WaitsForCustomer, null, "Asked for what is missing", person, cancel),
            cancel
        );
        if (failed is not null)
            return failed;
        if (_open.TryGetValue(act.Task, out var asked))
            await _customers.AskedAsync(asked.Task.Case, asked.Title, act.Person, cancel);
        return Nothing;
    }

    private async Task<Action> CompleteAsync(OfficeAct.Complete act, CancellationToken cancel)
    {
        if (!_open.TryGetValue(act.Task, out var work))
            return Refused;
        var data = await FillInAsync(work, act.Outcome, cancel);
        return await MoveAsync(act.Task, act.Person, (ask, person) => CompleteTask.RunAsync(tasks, ask, act.Outcome, data, person, cancel), cancel)
            ?? (() => Finished(act.Task));
    }

    private async Task<Action> AskReviewAsync(OfficeAct.AskReview act, CancellationToken cancel)
    {
        if (!_open.TryGetValue(act.Task, out var work))
            return Refused;
        var data = await FillInAsync(work, act.Outcome, cancel);
        return await MoveAsync(
                act.Task,
                act.Person,
                (ask, person) => RequestReview.RunAsync(tasks, ask, act.Outcome, data, act.Reviewer, person, cancel),
                cancel
            ) ?? Nothing;
    }

    private async Task<Action> ReviewAsync(OfficeAct.Review act, CancellationToken cancel)
    {
        if (await MoveAsync(act.Task, act.Person, (ask, person) => StartReview.RunAsync(tasks, ask, person, cancel), cancel) is { } failed)
            return failed;
        if (!act.Approved)
            return await MoveAsync(act.Task, act.Person, (ask, person) => RequestChanges.RunAsync(tasks, ask, Changes, person, cancel), cancel) ?? Nothing;
        return await MoveAsync(act.Task, act.Person, (ask, person) => ApproveReview.RunAsync(tasks, ask, person, cancel), cancel) ?? (() => Finished(act.Task));
    }

    private async Task<Action> SettleAsync(OfficeAct.Settle act, CancellationToken cancel)
    {
        if (!_promises.TryGetValue(act.Case, out var promised))
            return Nothing;
        await _customers.CalledBackAsync(act.Case, act.Kept, FrontOffice, cancel);
        var (outcome, reason) = act.Kept ? (PromiseOutcome.Kept, null) : (PromiseOutcome.Broken, "Nobody was free to call.");
        await Promises.SettleAsync(promises.Clocks, act.Case, promised, outcome, reason, people[FrontOffice], cancel);
        return () => _promises.Remove(act.Case);
    }

    /// <returns>Null when it is done; else what to do about it.</returns>
    private async Task<Action?> MoveAsync(Guid task, string person, Func<TaskRequest, Person, Task<TaskResult>> verb, CancellationToken cancel)
    {
        if (!_open.TryGetValue(task, out var work))
            return () => Over(task);
        var result = await TryAsync(work.Revision);
        if (result is TaskResult.StaleRevision { Actual: var revision })
            result = await TryAsync(revision);
        switch (result)
        {
            case TaskResult.Done { Answer: var answer }:
                work.Revision = answer.Revision;
                return null;
            case TaskResult.AlreadyEnded:
                return () => Over(task);
        }

        // A ladder may have given it to someone else.
        var owner = await OwnerAsync(task, cancel);
        return () =>
        {
            Refused();
            if (owner is not null && owner != person)
                model.Given(task, owner, clock.Now);
            else
                model.Refused(task, person, clock.Now);
        };

        Task<TaskResult> TryAsync(int revision)
        {
            var operation = Interlocked.Increment(ref _operations).ToString(CultureInfo.InvariantCulture);
            return verb(new(task, revision, $"office-{operation}"), people[person]);
        }
    }

    /// <summary>What the form began with, and plausible values for what it asks besides.</summary>
    private async Task<JsonObject> FillInAsync(OpenWork work, string outcome, CancellationToken cancel)
    {
        var data = work.Prefill is { } prefill ? JsonNode.Parse(prefill)!.AsObject() : [];
        if (await TaskForms.FindAsync(tasks.Runtime.Definitions, work.VersionId, work.Form, work.FormName, cancel) is not { } form)
            return data;
        var dates = clock.Now.InUtc().Date.PlusDays(OfficePlan.Demo.StepOf(work.Task.Journey, work.Task.Step).DaysAhead);
        var spread = (decimal)(work.Number * 61 % 100);
        var amount = 300 + 97 * spread * spread / 100;
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            var errors = form.Validate(JsonSerializer.SerializeToElement(data), outcome);
            if (errors.Count == 0 || FillIn.Mend(form, data, errors, dates, amount) is not { } mended)
                break;
            data = mended;
        }

        return data;
    }

    private async Task<string?> OwnerAsync(Guid task, CancellationToken cancel)
    {
        await using var query = tasks.Runtime.Database.Query("select p.user_name from task t join person p on p.id = t.owner_id where t.id = $1", task);
        return (string?)await query.ExecuteScalarAsync(cancel);
    }

    private void Finished(Guid task)
    {
        Progress = Progress with { Completed = Progress.Completed + 1 };
        Over(task);
    }

    private void Over(Guid task)
    {
        _open.Remove(task);
        model.Ended(task, clock.Now);
    }

    private void Refused() => Progress = Progress with { Refused = Progress.Refused + 1 };

    private object[] Of(Guid task, string person) => _open.TryGetValue(task, out var work) ? [work.Task.Case, person] : [task, person];

    private static void Nothing() { }

    private static InvalidOperationException Unknown(OfficeAct act) => new($"The office has no act {act.GetType().Name}.");
}

/// <summary>A task that is open in a simulated office, with what it takes to complete it.</summary>
internal sealed record OpenWork(OfficeTask Task, string Title, string VersionId, string? Form, string? FormName, string? Prefill)
{
    /// <summary>The how many-th it is.</summary>
    public int Number { get; init; }

    /// <summary>Its revision, unless someone else has changed it since.</summary>
    public int Revision { get; set; }
}
