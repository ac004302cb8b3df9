using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Simulation;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Demo;

/// <summary>
/// A few dozen cases in every state for a new development database: started, claimed, completed, suspended and cancelled by the demo people with the same
/// verbs as everywhere, on a clock that begins weeks ago. What is overdue by now is escalated by the host like anything else.
/// </summary>
public sealed class DemoCases(
    NpgsqlDataSource database,
    DefinitionStore definitions,
    BurstWrites burstWrites,
    Changes changes,
    ServiceLevelCatalog serviceLevels,
    FindPerson people,
    IClock clock,
    ILogger<WorkflowRuntime> log
)
{
    private const int MostSteps = 20;
    private const int MostTries = 6;
    private const int Batch = 100;
    private const string BrokenJourney = "demo-address-check";

    private readonly Dictionary<string, Person> _people = new(StringComparer.OrdinalIgnoreCase);
    private DemoClock _time = null!;
    private TaskRuntime _tasks = null!;
    private int _operations;

    /// <summary>Makes the cases, unless the database has any. Only one host does it.</summary>
    /// <returns>How many were made.</returns>
    public async Task<int> RunAsync(CancellationToken cancel = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using (var empty = new NpgsqlCommand("select pg_try_advisory_lock(hashtext('demo cases')) and not exists (select from journey_case)", connection))
        {
            if (!(bool)(await empty.ExecuteScalarAsync(cancel))!)
                return 0;
        }

        var now = clock.Now();
        _time = new(now);
        var runtime = new WorkflowRuntime(database, definitions, burstWrites, changes, _time, log);
        _tasks = new(
            runtime,
            (transaction, clocks, move, stop) => TaskClocks.MoveAsync(runtime, serviceLevels, transaction, clocks, move, stop),
            (transaction, promises) => Promises.Reached(serviceLevels, transaction, promises)
        );
        await ReadPeopleAsync(now, cancel);
        await PublishBrokenAsync(now, cancel);
        var made = 0;
        foreach (var plan in DemoPlan.All.OrderByDescending(plan => plan.Age))
        {
            if (await PlayAsync(plan, made, now, cancel))
                made++;
        }

        await StepEffort.LearnAsync(database, now, cancel);
        await definitions.RetractAsync(BrokenJourney, "setup", now, cancel);
        return made;
    }

    private async Task<bool> PlayAsync(DemoPlan plan, int number, Instant now, CancellationToken cancel)
    {
        _time.Now = now - plan.Age;
        var (id, name) = DemoPlan.Customers[number % DemoPlan.Customers.Count];
        var request = new CaseRequest(plan.Journey, null, id, name, plan.Input(number), $"demo-case-{number}");
        if (await StartCase.RunAsync(_tasks.Runtime, request, _people["frontoffice"], cancel) is not StartCaseResult.Started { CaseId: var started })
            return false;
        await SaveCustomer.PutAsync(_tasks.Runtime, OfficeCustomers.DataOf((id, name)), _people["frontoffice"], cancel);
        for (var step = 0; step < Math.Min(plan.Steps, MostSteps); step++)
        {
            // What a step sets off elsewhere happens now, not when a host finds the time.
            await _tasks.Runtime.Stimuli.SweepAsync(Batch, cancel);
            if (await NextAsync(started, cancel) is not { } task || !await CompleteAsync(task, plan, cancel))
                break;
        }

        await EndAsync(plan.End, started, cancel);
        return true;
    }

    private async Task EndAsync(DemoEnd end, Guid started, CancellationToken cancel)
    {
        if (end == DemoEnd.Cancelled)
        {
            await CancelCase.RunAsync(_tasks.Runtime, started, "The customer withdrew the request.", _people["supervisor"], cancel);
            return;
        }

        if (end == DemoEnd.Left || await NextAsync(started, cancel) is not { } task || await ClaimAsync(task, cancel) is not var (owner, revision))
            return;
        Later(10);
        if (end == DemoEnd.Started)
            await StartTask.RunAsync(_tasks, Request(task.Id, revision), owner, cancel);
        if (end == DemoEnd.Suspended)
            await SuspendTask.RunAsync(_tasks, Request(task.Id, revision), "WaitingForCustomer", null, "Asked for the missing documents.", owner, cancel);
    }

    /// <summary>The oldest open task that nobody has.</summary>
    private async Task<TaskSummary?> NextAsync(Guid started, CancellationToken cancel)
    {
        var filter = new TaskFilter
        {
            View = "all",
            CaseId = started,
            State = TaskState.Ready,
        };
        var open = await TaskList.ReadAsync(database, filter, _people["supervisor"], _time.Now, cancel);
        return open.Items.MinBy(task => task.CreatedAt);
    }

    private async Task<(Person Owner, int Revision)?> ClaimAsync(TaskSummary task, CancellationToken cancel)
    {
        foreach (var candidate in await Assignees.ReadAsync(database, task.Id, _time.Now, cancel))
        {
            Later(5);
            if (
                _people.TryGetValue(candidate.UserName, out var person)
                && await ClaimTask.RunAsync(_tasks, Request(task.Id, task.Revision), person, cancel) is TaskResult.Done done
            )
                return (person, done.Answer.Revision);
        }

        return null;
    }

    private async Task<bool> CompleteAsync(TaskSummary task, DemoPlan plan, CancellationToken cancel)
    {
        if (await ClaimAsync(task, cancel) is not var (owner, revision) || await TaskDetail.FindAsync(_tasks.Runtime, task.Id, owner, cancel) is not { } detail)
            return false;
        var form = detail.Form is { } schema && FormSchema.TryParse(schema.ToJsonString(), out var parsed, out _) ? parsed : null;
        var data = detail.Prefill as JsonObject ?? [];
        var outcome = plan.Outcomes.FirstOrDefault(detail.Outcomes.Contains) ?? detail.Outcomes[0];
        Later(25);
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            switch (await CompleteTask.RunAsync(_tasks, Request(task.Id, revision), outcome, (JsonObject)data.DeepClone(), owner, cancel))
            {
                case TaskResult.Done:
                    return true;
                case TaskResult.InvalidData invalid when form is not null && FillIn.Mend(form, data, invalid.Errors, _time.Now.InUtc().Date) is { } mended:
                    data = mended;
                    break;
                default:
                    return false;
            }
        }

        return false;
    }

    private TaskRequest Request(Guid task, int revision) => new(task, revision, $"demo-{(++_operations).ToString(CultureInfo.InvariantCulture)}");

    private void Later(int minutes)
    {
        var later = _time.Now + Duration.FromMinutes(minutes);
        _time.Now = later < clock.Now() ? later : clock.Now();
    }

    private async Task ReadPeopleAsync(Instant now, CancellationToken cancel)
    {
        var ids = new List<Guid>();
        await using (var query = database.Query("select id from person where active"))
        {
            await using var reader = await query.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
                ids.Add(reader.GetGuid(0));
        }

        foreach (var id in ids)
        {
            if (await people.OfIdAsync(id, now, cancel) is { } person)
                _people[person.UserName] = person;
        }
    }

    /// <summary>A journey whose second step fails, for a case that needs attention. It is taken back afterwards; its case stays.</summary>
    private async Task PublishBrokenAsync(Instant now, CancellationToken cancel)
    {
        const string Document = """
            { "definitionId": "demo-address-check", "name": "Address check (demo)", "customProperties": { "reference": "ADR-{yyyy}-{000000}" },
              "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
                { "id": "check", "name": "Check the address", "type": "Orchestration.HumanTask", "version": 1,
                  "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Check the address" } },
                  "team": { "typeName": "String", "expression": { "type": "Literal", "value": "customer-service" } } },
                { "id": "registry", "name": "Ask the address registry", "type": "Elsa.RunJavaScript", "version": 1,
                  "script": { "typeName": "String",
                    "expression": { "type": "Literal", "value": "throw new Error('The address registry did not answer.')" } } } ] } }
            """;
        await definitions.PublishAsync(new(BrokenJourney, Encoding.UTF8.GetBytes(Document), "designer"), "setup", now, cancel);
    }

    private sealed class DemoClock(Instant now) : IClock
    {
        public Instant Now { get; set; } = now;

        public Instant GetCurrentInstant() => Now;
    }
}
