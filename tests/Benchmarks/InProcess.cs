using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Benchmarks;

/// <summary>
/// The verbs of <see cref="HttpThroughput"/> without HTTP: called in this process, on the database of the host, which does the rest of its work meanwhile.
/// </summary>
internal sealed class InProcess : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly WorkflowRuntime _runtime;
    private readonly TaskRuntime _desk;
    private Person _frontOffice = null!;
    private Person _employee = null!;
    private long _number;

    private InProcess(ServiceProvider services) =>
        (_services, _runtime, _desk) = (services, services.GetRequiredService<WorkflowRuntime>(), services.GetRequiredService<TaskRuntime>());

    public static async Task<InProcess> OpenAsync(string connection, string frontOffice, string employee)
    {
#pragma warning disable RS0030 // A benchmark measures real time.
        var opened = new InProcess(Sweeper.Services(connection, SystemClock.Instance));
#pragma warning restore RS0030
        await opened._runtime.Definitions.LoadPublishedAsync();
        var (database, find) = (opened._runtime.Database, opened._services.GetRequiredService<FindPerson>());
        opened._frontOffice = await PersonAsync(frontOffice);
        opened._employee = await PersonAsync(employee);
        return opened;

        async Task<Person> PersonAsync(string userName)
        {
            await using var query = database.Query("select id from person where user_name = $1", userName);
            return await query.ExecuteScalarAsync() is Guid id && await find.OfIdAsync(id, opened._runtime.Clock.Now()) is { } person
                ? person
                : throw new InvalidOperationException($"There is no {userName}.");
        }
    }

    public async Task<string> StartAsync(string journey)
    {
        var reference = string.Create(
            CultureInfo.InvariantCulture,
            $"I-{Environment.ProcessId}-{Environment.TickCount64}-{Interlocked.Increment(ref _number)}"
        );
        return await StartCase.RunAsync(_runtime, new(journey, reference, "C", "Customer", [], reference), _frontOffice) is StartCaseResult.Started(var id)
            ? id.ToString()
            : throw new InvalidOperationException("Not started.");
    }

    /// <summary>Claims the next task and completes it.</summary>
    public async Task PairAsync(ConcurrentQueue<string> tasks)
    {
        if (!tasks.TryDequeue(out var id))
            throw new InvalidOperationException("No task is left: measure for fewer seconds.");
        var task = Guid.Parse(id);
        await ClaimTask.RunAsync(_desk, new(task, 1, $"c-{task}"), _employee);
        if (await CompleteTask.RunAsync(_desk, new(task, 2, $"d-{task}"), "Done", [], _employee) is not TaskResult.Done)
            throw new InvalidOperationException("Not completed.");
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
