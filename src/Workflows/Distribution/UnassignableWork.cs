using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Distribution.Matching;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Distribution;

/// <summary>An open task that no one can be given now.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Title">Its title.</param>
/// <param name="Reason">What keeps the people who come closest from it.</param>
public sealed record UnassignableTask(Guid TaskId, string Title, NobodyReason Reason);

/// <summary>
/// Why open tasks of teams that push their work stay open. Judged anew when someone asks: what was decided before was right then, and may not be any more.
/// </summary>
public sealed class UnassignableWork(WorkflowRuntime runtime, ServiceLevelCatalog serviceLevels, DatabaseTime time)
{
    /// <summary>Tasks of a team that are looked at, those due first before the others.</summary>
    public const int Most = 2000;

    /// <summary>The tasks of a team that no one can be given now; none for a team that doesn't push its work.</summary>
    public Task<IReadOnlyList<UnassignableTask>> OfTeamAsync(string team, CancellationToken cancel = default) => ReadAsync(team, null, cancel);

    /// <summary>Why no one can be given a task now; null: someone can, or has it or an offer of it, or its team doesn't push its work.</summary>
    public async Task<NobodyReason?> OfTaskAsync(string? team, Guid task, CancellationToken cancel = default) =>
        team is null ? null : (await ReadAsync(team, task, cancel)).SingleOrDefault()?.Reason;

    private async Task<IReadOnlyList<UnassignableTask>> ReadAsync(string team, Guid? only, CancellationToken cancel)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        if (!await PushesAsync(connection, team, cancel))
            return [];
        var now = await time.NowAsync(cancel);
        var (policy, calendar, problem) = await PolicyInForce.ReadAsync(connection, serviceLevels, team, cancel);
        var people = await TeamSnapshot.PeopleAsync(connection, team, policy, now, cancel);
        var work = await new WaitingWork(connection, team, policy, calendar, now).AllAsync(Most, only, cancel);
        if (problem is not null)
            return [.. work.Select(task => new UnassignableTask(task.Id, task.Title, new("policy", problem.TrimEnd('.'), null)))];
        var fit = new Fit(people, policy, now, new Dictionary<string, int>());
        var alike = new Dictionary<string, NobodyReason?>();
        var found = new List<UnassignableTask>();
        foreach (var task in work)
        {
            // Tasks that are the same to everyone have the same reason.
            if (task.IsPersonal || !alike.TryGetValue(task.Signature, out var reason))
            {
                reason = Of(task, people, fit);
                if (!task.IsPersonal)
                    alike[task.Signature] = reason;
            }

            if (reason is not null)
                found.Add(new(task.Id, task.Title, reason));
        }

        return found;
    }

    private static NobodyReason? Of(Work task, IReadOnlyList<Worker> people, Fit fit)
    {
        var filtered = new List<(Worker, Obstacle)>();
        foreach (var person in people)
        {
            if (fit.Of(person, task) is not { } obstacle)
                return null;
            filtered.Add((person, obstacle));
        }

        return NobodyReason.Of(task, filtered, othersCame: false);
    }

    private static async Task<bool> PushesAsync(NpgsqlConnection connection, string team, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add("select true from team where key = $1 and distribution in ('offer', 'assign')", team);
        return await batch.ExecuteScalarAsync(cancel) is true;
    }
}
