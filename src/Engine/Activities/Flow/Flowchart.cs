using System.Text.Json;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <summary>
/// Activities and the connections between them. In counter mode visits of connections are counted against visits of activities, which makes
/// every activity an implicit join of the branches that can still arrive; in token mode (see <see cref="ChildCompletedByTokens"/>) tokens travel.
/// </summary>
internal sealed partial class Flowchart : Container
{
    private readonly ActivityNode[] _activities;
    private readonly FlowConnection[] _connections;
    private readonly string[] _activityIds;
    private readonly string[] _connectionIds;
    private readonly FlowGraph?[] _graphs;
    private readonly int _defaultStart;

    private Flowchart(ActivityNode[] activities, FlowConnection[] connections, string[] connectionIds, string? startId)
    {
        _activities = activities;
        _connections = connections;
        _activityIds = [.. activities.Select(x => x.Id)];
        _connectionIds = connectionIds;
        _graphs = new FlowGraph?[activities.Length];
        _defaultStart = FindStart(startId);
    }

    public static Activity Compile(ActivityCompilation c)
    {
        var activities = c.ChildList("activities").ToArray();
        var byId = new Dictionary<string, int>(activities.Length, StringComparer.Ordinal);

        for (var i = 0; i < activities.Length; i++)
        {
            if (activities[i].Id.Length > 0 && !byId.TryAdd(activities[i].Id, i))
                c.Error("activities", $"the id '{activities[i].Id}' is used by two of its activities.");
        }

        var connections = new List<FlowConnection>();
        var ids = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var index = 0;

        if (c.List("connections") is { } items)
        {
            foreach (var item in items.EnumerateArray())
            {
                var path = $"connections[{index++}]";
                var source = Endpoint(item, "source", out var port);
                var target = Endpoint(item, "target", out var targetPort);

                if (source is null || target is null)
                {
                    c.Error(path, "a connection needs a source and a target.");
                    continue;
                }

                if (!byId.TryGetValue(source, out var from) || !byId.TryGetValue(target, out var to))
                {
                    // As Elsa: a connection to nowhere is kept in the document and ignored.
                    c.PublishError(path, $"the connection {source} → {target} leads from or to an activity that is not here.");
                    continue;
                }

                if (FlowPorts.Problem(activities[from], port) is { } unknown)
                    c.PublishError(path + ".source.port", $"the connection {source} → {target} {unknown}");
                (activities[from].ConnectedPorts ??= []).Add(port);

                var id = $"{source}:{port}->{target}{(targetPort.Length == 0 ? "" : ":" + targetPort)}";

                if (seen.Add(id))
                {
                    connections.Add(new FlowConnection(connections.Count, from, port, to));
                    ids.Add(id);
                }
            }
        }

        var start = c.Text("start");

        if (start is not null && !byId.ContainsKey(start))
            c.PublishError("start", $"the start activity '{start}' is not here.");

        var flowchart = new Flowchart(activities, [.. connections], [.. ids], start);
        FlowJoins.Check(c, activities, flowchart.GraphFrom, flowchart._defaultStart);
        return flowchart;
    }

    private static string? Endpoint(JsonElement connection, string name, out string port)
    {
        port = name == "source" ? Outcomes.DoneName : "";

        if (connection.ValueKind != JsonValueKind.Object || !connection.TryGetProperty(name, out var end))
            return null;

        // Older documents: { "source": "a", "sourcePort": "Done" }.
        if (end.ValueKind == JsonValueKind.String)
        {
            if (connection.TryGetProperty(name + "Port", out var oldPort) && oldPort.ValueKind == JsonValueKind.String)
                port = oldPort.GetString()!;

            return end.GetString();
        }

        if (end.ValueKind != JsonValueKind.Object || !end.TryGetProperty("activity", out var activity) || activity.ValueKind != JsonValueKind.String)
            return null;

        if (end.TryGetProperty("port", out var given) && given.ValueKind == JsonValueKind.String && given.GetString() is { Length: > 0 } portName)
            port = portName;

        return activity.GetString();
    }

    private int FindStart(string? startId)
    {
        if (_activities.Length == 0)
            return -1;

        var start = startId is null ? -1 : Array.FindIndex(_activities, x => x.Id == startId);

        if (start < 0)
            start = Array.FindIndex(_activities, x => x.Type.IsStart);

        if (start < 0)
            start = Array.FindIndex(_activities, x => x.CanStartWorkflow);

        if (start < 0)
            start = Array.FindIndex(_activities, x => !Array.Exists(_connections, c => ReferenceEquals(_activities[c.Target], x)));

        return start < 0 ? 0 : start;
    }

    private FlowGraph GraphFrom(int start) => _graphs[start] ??= new FlowGraph(_activities.Length, _connections, start);

    private FlowState StateOf(ActivityExecution execution)
    {
        var state = execution.Flow ??= new FlowState(_activityIds, _connectionIds);
        state.Rebase(_activityIds, _connectionIds);
        return state;
    }

    private FlowGraph GraphOf(ActivityExecution execution)
    {
        var start = StateOf(execution).StartId is { } id ? Array.IndexOf(_activityIds, id) : -1;
        return GraphFrom(start < 0 ? _defaultStart : start);
    }

    internal override IEnumerable<ActivityNode> After(ActivityNode self, ActivityNode child) =>
        _connections.Where(x => ReferenceEquals(_activities[x.Source], child)).Select(x => _activities[x.Target]);

    private int IndexOf(ActivityNode node) => Array.IndexOf(_activities, node);

    protected override void ScheduleChildren(ActivityContext context)
    {
        var start = context.Run.TriggerActivityId is { } trigger ? Array.IndexOf(_activityIds, trigger) : -1;

        if (start < 0)
            start = _defaultStart;

        if (start < 0)
        {
            context.Complete();
            return;
        }

        StateOf(context.Execution).StartId = _activityIds[start];
        context.Schedule(_activities[start], ChildDone);
    }

    internal override void ChildCompleted(ActivityContext context, ActivityExecution child, string? callback, object? tag, string[]? outcomes)
    {
        if (context.Run.FlowchartMode == FlowchartMode.Token)
            ChildCompletedByTokens(context, child, outcomes ?? Outcomes.Done);
        else
            ChildCompletedByCounters(context, child, outcomes ?? Outcomes.Done);
    }

    internal override void ActivityCanceled(ActivityContext context, ActivityExecution sender)
    {
        if (context.Run.FlowchartMode == FlowchartMode.Token)
            ActivityCanceledByTokens(context, sender);
        else
            ActivityCanceledByCounters(context, sender);
    }

    private void ChildCompletedByCounters(ActivityContext context, ActivityExecution child, string[] outcomes)
    {
        if (child.Status != ActivityStatus.Completed)
            return;

        if (child.Node.Type.IsTerminal)
        {
            context.Complete();
            return;
        }

        if (!FollowOutbound(context, child.Node, outcomes, child.IsLoopBack))
            CompleteIfNothingIsPending(context);
    }

    private void ActivityCanceledByCounters(ActivityContext context, ActivityExecution sender)
    {
        CompleteIfNothingIsPending(context);

        // Its connections count as visited and not followed, so that joins behind it do not wait for it. Elsa also tries this for itself and for
        // activities further below, finds them not connected here and faults whatever caused the cancellation: a race over a nested container faults.
        if (ReferenceEquals(sender.Node.Parent, context.Node))
            FollowOutbound(context, sender.Node, Outcomes.None, isLoopBack: false);
    }

    private void CompleteIfNothingIsPending(ActivityContext context)
    {
        if (!HasPendingWork(context, out var hasFaults) && !hasFaults)
            context.Complete();
    }

    private static bool HasPendingWork(ActivityContext context, out bool hasFaults)
    {
        hasFaults = false;

        foreach (var child in context.Execution.Children)
        {
            if (child.Status == ActivityStatus.Running)
                return true;

            hasFaults |= child.Status == ActivityStatus.Faulted;
        }

        return context.Run.HasScheduledWorkAtOrBelow(context.Execution);
    }

    /// <summary>
    /// Visits every connection out of an activity and schedules what may run now. An activity all of whose connections were visited and none
    /// followed is skipped: its own connections are then visited the same way, depth first (on a stack of its own, for a dead branch may be long).
    /// </summary>
    private bool FollowOutbound(ActivityContext context, ActivityNode activity, string[] outcomes, bool isLoopBack)
    {
        var index = IndexOf(activity);
        var graph = GraphOf(context.Execution);

        if (index < 0 || graph.IsDangling(index))
            throw new EngineException($"Activity {activity.Id} is not reachable from the flowchart graph. Unable to schedule it's outbound activities.");

        var state = StateOf(context.Execution);
        var scheduled = false;
        Stack<(int Activity, int Next)>? skipped = null;
        var current = (Activity: index, Next: 0);
        var names = outcomes;

        if (!isLoopBack)
            state.ActivityVisits[index]++;

        while (true)
        {
            var outbound = graph.Outbound[current.Activity];

            if (current.Next == outbound.Length)
            {
                if (skipped is null || !skipped.TryPop(out current))
                    return scheduled;

                names = skipped.Count == 0 ? outcomes : Outcomes.None;
                continue;
            }

            var connection = outbound[current.Next++];
            var followed = Array.IndexOf(names, connection.Port) >= 0;
            state.ConnectionVisits[connection.Index]++;
            state.LastFollowed[connection.Index] = followed;

            switch (graph.IsForward(connection) ? Decide(context, state, graph, connection) : DecideLoop(graph, connection, followed))
            {
                case Next.Loop:
                    context.Run.Schedule(context.Execution, _activities[connection.Target], ChildDone, isLoopBack: true);
                    scheduled = true;
                    break;

                case Next.Run:
                    context.Schedule(_activities[connection.Target], ChildDone);
                    scheduled = true;
                    break;

                case Next.RunFirst:
                    context.Schedule(_activities[connection.Target], ChildDone);
                    CancelInboundAncestors(context, _activities[connection.Target]);
                    scheduled = true;
                    break;

                case Next.Skip:
                    if (graph.IsDangling(connection.Target))
                        throw new EngineException(
                            $"Activity {_activityIds[connection.Target]} is not reachable from the flowchart graph. Unable to schedule it's "
                                + "outbound activities."
                        );

                    (skipped ??= new()).Push(current);
                    current = (connection.Target, 0);
                    names = Outcomes.None;
                    state.ActivityVisits[connection.Target]++;
                    break;
            }
        }
    }

    private enum Next
    {
        Wait,
        Run,
        RunFirst,
        Skip,
        Loop,
    }

    private Next DecideLoop(FlowGraph graph, FlowConnection connection, bool followed)
    {
        if (!followed)
            return Next.Wait;

        return graph.IsValidLoop(connection)
            ? Next.Loop
            : throw new EngineException(
                $"Invalid backward connection: Every path from the source ('{_activityIds[connection.Source]}') must go through the target "
                    + $"('{_activityIds[connection.Target]}') when tracing back to the start."
            );
    }

    private Next Decide(ActivityContext context, FlowState state, FlowGraph graph, FlowConnection connection)
    {
        var target = _activities[connection.Target];
        var visits = state.ActivityVisits[connection.Target];
        var least = int.MaxValue;
        var most = 0;

        foreach (var inbound in graph.ForwardInbound[connection.Target])
        {
            var count = state.ConnectionVisits[inbound.Index];
            least = Math.Min(least, count);
            most = Math.Max(most, count);
        }

        var allVisited = least > visits;
        bool allFollowed = most > visits,
            anyFollowed = false;

        foreach (var inbound in graph.ForwardInbound[connection.Target])
        {
            var followed = state.ConnectionVisits[inbound.Index] == most && state.LastFollowed[inbound.Index];
            allFollowed &= followed;
            anyFollowed |= followed;
        }

        anyFollowed &= most > visits;

        switch (target.Activity is FlowJoin ? JoinModeOf(context, target) : JoinMode.WaitAllActive)
        {
            case JoinMode.WaitAll:
                if (allVisited && !allFollowed && anyFollowed)
                    context.Run.ReportLost(target, context.Execution, "it waits for all branches, and one that leads to it was not taken.");

                return !allVisited ? Next.Wait
                    : allFollowed ? Next.Run
                    : Next.Skip;

            case JoinMode.WaitAllActive:
                return !allVisited ? Next.Wait
                    : anyFollowed ? Next.Run
                    : Next.Skip;

            default:
                if (state.ConnectionVisits[connection.Index] <= visits || context.Run.IsScheduled(context.Execution, target))
                    return Next.Wait;

                return anyFollowed ? Next.RunFirst
                    : allVisited ? Next.Skip
                    : Next.Wait;
        }
    }

    private static JoinMode JoinModeOf(ActivityContext context, ActivityNode join) =>
        FlowJoin.ModeOf(join.Inputs[0] is { } source ? context.Run.Evaluate(context.Execution, source) : null);

    /// <summary>Cancels what runs on the paths that lead to an activity.</summary>
    internal void CancelInboundAncestors(ActivityContext context, ActivityNode activity)
    {
        var children = context.Execution.Children;

        if (children.Count == 0)
            return;

        var ancestors = GraphOf(context.Execution).Ancestors(IndexOf(activity));

        foreach (var child in children.ToArray())
        {
            if (Array.IndexOf(ancestors, IndexOf(child.Node)) >= 0)
                context.Run.Cancel(child);
        }
    }
}
