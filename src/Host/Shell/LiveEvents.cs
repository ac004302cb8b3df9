using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Host.Shell;

/// <summary>
/// <c>/live</c>: tells an open page what changed, so that it fetches the parts of it that show it (docs/ui.md). Only kinds and ids go over the
/// wire; what the person can see is decided when the part is fetched.
/// </summary>
internal static class LiveEvents
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Seen = TimeSpan.FromMinutes(1);

    public static void MapLive(this WebApplication app) =>
        app.MapGet(
                "/live",
                IResult (Person me, Changes changes, LiveStreams streams, Presence presence, IHostApplicationLifetime host, HttpContext context) =>
                {
                    if (streams.TryOpen(me.UserName) is not { } stream)
                        return Problems.Of(
                            429,
                            "too-many-streams",
                            "Too many open pages",
                            $"One person can have at most {LiveStreams.MostPerPerson} live pages open on a host. This one doesn't update by itself."
                        );
                    context.Response.RegisterForDispose(stream);

                    // Ends with the page and with the host, which would else wait for it when it stops.
                    var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, host.ApplicationStopping);
                    context.Response.RegisterForDispose(ended);
                    return TypedResults.ServerSentEvents(Events(changes, presence, me, ended.Token));
                }
            )
            .WithMetadata(new LongLivedEndpoint())
            .ExcludeFromDescription();

    private static async IAsyncEnumerable<SseItem<string>> Events(
        Changes changes,
        Presence presence,
        Person me,
        [EnumeratorCancellation] CancellationToken ended
    )
    {
        // A page that reads too slowly misses the oldest; it fetches the same parts for the newest.
        var waiting = Channel.CreateBounded<Change>(new BoundedChannelOptions(500) { FullMode = BoundedChannelFullMode.DropOldest });
        var changed = false;
        using var listening = changes.Listen(change =>
        {
            // The page connects again, if its session is still good.
            if (change.Kind == ChangeKind.Access && change.Id == me.Id)
                Volatile.Write(ref changed, true);
            else if (change.Kind is not (ChangeKind.Access or ChangeKind.Reply) && (change.Kind != ChangeKind.Person || change.Id == me.Id))
                waiting.Writer.TryWrite(change);
        });
        yield return new("", "ready");
        await SeenAsync(presence, me);

        using var tick = new PeriodicTimer(Window);
        var seen = new HashSet<Change>();
        var (silent, unseen) = (TimeSpan.Zero, TimeSpan.Zero);
        while (!Volatile.Read(ref changed) && await NextAsync(tick, ended))
        {
            while (waiting.Reader.TryRead(out var change))
                seen.Add(change);
            silent = seen.Count > 0 ? TimeSpan.Zero : silent + Window;
            foreach (var change in seen)
                yield return new($"{Name(change.Kind)} {change.Id:N}", "change");
            seen.Clear();
            unseen += Window;
            if (unseen >= Seen)
            {
                unseen = TimeSpan.Zero;
                await SeenAsync(presence, me);
            }

            if (silent >= Heartbeat)
            {
                // So that proxies do not take the connection for dead, and we learn when it is.
                silent = TimeSpan.Zero;
                yield return new("", "beat");
            }
        }
    }

    private static async Task SeenAsync(Presence presence, Person me)
    {
        try
        {
            await presence.SeenAsync(me);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            // The next beat says it; the grace is longer.
        }
    }

    private static async ValueTask<bool> NextAsync(PeriodicTimer tick, CancellationToken ended)
    {
        try
        {
            return await tick.WaitForNextTickAsync(ended);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static string Name(ChangeKind kind) =>
        kind switch
        {
            ChangeKind.Instance => "case",
            ChangeKind.Task => "task",
            ChangeKind.Person => "person",
            ChangeKind.Definition => "definition",
            ChangeKind.Presence => "presence",
            _ => "settings",
        };
}
