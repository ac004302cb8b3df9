using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Distribution;

/// <summary>
/// Decides right after a change that asked for it, on this host or another. This only shortens the way from a trigger to its offer: the job finds whatever it
/// misses, and pausing that job pauses this.
/// </summary>
internal sealed partial class PushWatch(DistributeWork distribution, WorkflowRuntime runtime, TimeProvider time, ILogger<PushWatch> log) : BackgroundService
{
    /// <summary>Changes within that time are looked at together.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var listening = runtime.Changes.Listen(change =>
        {
            if (change.Kind is not (ChangeKind.Instance or ChangeKind.Definition or ChangeKind.Reply))
                changed.Writer.TryWrite(true);
        });
        using var timer = new PeriodicTimer(Window, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await changed.Reader.ReadAsync(stoppingToken);
            try
            {
                if (await IsAskedAsync(stoppingToken))
                    await distribution.RunAsync(stop: stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                // Whatever it is must not stop the host: the job tries again.
                LogFailed(log, e);
            }
        }
    }

    private async Task<bool> IsAskedAsync(CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            """
            select (exists (select from distribution_request) or exists (select from task_offer where state = 'Open'))
                and not exists (select from job_pause where job = 'distribute')
            """
        );
        return await query.ExecuteScalarAsync(cancel) is true;
    }

    [LoggerMessage(EventId = 242, Level = LogLevel.Warning, Message = "Couldn't push work right away; the job does it.")]
    private static partial void LogFailed(ILogger log, Exception e);
}
