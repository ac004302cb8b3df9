using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <summary>
/// Joins that certainly wait for ever: they wait for paths that follow different outcomes of one activity, which has only one of them, once. Nothing is said
/// where a loop or several branches could run that activity again, where the flowchart can begin elsewhere, or where an expression decides how the join waits.
/// </summary>
internal sealed class FlowJoins
{
    private readonly ActivityNode[] _activities;
    private readonly FlowGraph _graph;
    private readonly bool _hasTokens;
    private readonly List<(int Activity, string Port)> _ports = [];
    private readonly Dictionary<(int Activity, string Port), int> _nodes = [];
    private readonly List<int>[] _next;
    private readonly List<int>[] _previous;
    private readonly bool[] _runsOnce;

    /// <summary>Nodes of the graph are the activities and then their ports. Of each: the last node before it that every path from the start passes.</summary>
    private readonly int[] _dominators;

    private readonly int[] _positions;

    private FlowJoins(ActivityNode[] activities, FlowGraph graph, int start, bool hasTokens)
    {
        _activities = activities;
        _graph = graph;
        _hasTokens = hasTokens;
        foreach (var connection in graph.Outbound.SelectMany(x => x))
        {
            if (_nodes.TryAdd((connection.Source, connection.Port), activities.Length + _ports.Count))
                _ports.Add((connection.Source, connection.Port));
        }

        var nodes = activities.Length + _ports.Count;
        _next = [.. Enumerable.Range(0, nodes).Select(_ => new List<int>())];
        foreach (var ((source, _), port) in _nodes)
            _next[source].Add(port);
        foreach (var connection in graph.Outbound.SelectMany(x => x))
            _next[_nodes[(connection.Source, connection.Port)]].Add(connection.Target);

        var order = Ordered(nodes, start);
        _positions = new int[nodes];
        Array.Fill(_positions, -1);
        for (var i = 0; i < order.Count; i++)
            _positions[order[i]] = i;
        _previous = [.. Enumerable.Range(0, nodes).Select(_ => new List<int>())];
        foreach (var node in order)
        {
            foreach (var next in _next[node])
                _previous[next].Add(node);
        }

        _dominators = Dominators(order);
        _runsOnce = RunOnce(order);
    }

    public static void Check(ActivityCompilation c, ActivityNode[] activities, Func<int, FlowGraph> graphFrom, int start)
    {
        if (!c.IsPublishing || activities.Where((x, i) => i != start && x.CanStartWorkflow).Any())
            return;
        var joins = Enumerable.Range(0, activities.Length).Where(x => WaitsForAll(activities[x], c.HasTokens)).ToList();
        if (joins.Count == 0)
            return;

        var flow = new FlowJoins(activities, graphFrom(start), start, c.HasTokens);
        foreach (var join in joins)
        {
            if (flow.Problem(join) is { } reason)
                c.PublishError(activities[join], null, $"it waits for every path that leads to it, and it can't get them all: {reason}");
        }
    }

    private static bool WaitsForAll(ActivityNode node, bool hasTokens) =>
        node.Activity is FlowJoin
            ? node.IsLiteral("Mode")
                && (FlowJoin.ModeOf(node.Literal("Mode")) is var mode && (mode == JoinMode.WaitAll || hasTokens && mode != JoinMode.WaitAny))
            : hasTokens && node.MergeMode is MergeMode.Merge or MergeMode.Converge;

    private string? Problem(int join)
    {
        if (_graph.IsDangling(join))
            return null;

        var isConvergence = _activities[join].Activity is not FlowJoin && _activities[join].MergeMode == MergeMode.Converge;
        var passed = new Dictionary<int, (string Outcome, FlowConnection Path)>();
        foreach (var path in isConvergence ? _graph.Inbound[join] : _graph.ForwardInbound[join])
        {
            var at = _nodes[(path.Source, path.Port)];
            if (_positions[at] < 0)
                return $"the path from '{Name(path.Source)}' can't be reached from the start.";

            for (; _dominators[at] != at; at = _dominators[at])
            {
                if (at < _activities.Length || !IsChoice(_ports[at - _activities.Length].Activity))
                    continue;
                var (choice, outcome) = _ports[at - _activities.Length];
                if (!passed.TryAdd(choice, (outcome, path)) && passed[choice] is var (other, before) && other != outcome)
                    return $"the path from '{Name(before.Source)}' needs the outcome '{other}' of '{Name(choice)}', and the path from "
                        + $"'{Name(path.Source)}' needs '{outcome}'.";
            }
        }

        return null;
    }

    private string Name(int activity) => _activities[activity].DisplayName;

    private bool IsChoice(int activity) => _runsOnce[activity] && _activities[activity].Activity.HasOneOutcome(_activities[activity]);

    /// <summary>What can be reached, each before what follows it except in loops.</summary>
    private List<int> Ordered(int nodes, int start)
    {
        var order = new List<int>();
        var seen = new bool[nodes];
        var stack = new Stack<(int Node, int Next)>();
        stack.Push((start, 0));
        seen[start] = true;
        while (stack.TryPop(out var at))
        {
            if (at.Next == _next[at.Node].Count)
            {
                order.Add(at.Node);
                continue;
            }

            stack.Push((at.Node, at.Next + 1));
            var next = _next[at.Node][at.Next];
            if (!seen[next])
            {
                seen[next] = true;
                stack.Push((next, 0));
            }
        }

        order.Reverse();
        return order;
    }

    /// <summary>As Cooper, Harvey and Kennedy find them.</summary>
    private int[] Dominators(List<int> order)
    {
        var dominators = new int[_next.Length];
        Array.Fill(dominators, -1);
        dominators[order[0]] = order[0];
        for (var isChanged = true; isChanged; )
        {
            isChanged = false;
            foreach (var node in order.Skip(1))
            {
                var found = -1;
                foreach (var previous in _previous[node].Where(x => dominators[x] >= 0))
                    found = found < 0 ? previous : Common(previous, found);
                isChanged |= dominators[node] != found;
                dominators[node] = found;
            }
        }

        return dominators;

        int Common(int one, int other)
        {
            while (one != other)
            {
                while (_positions[one] > _positions[other])
                    one = dominators[one];
                while (_positions[other] > _positions[one])
                    other = dominators[other];
            }

            return one;
        }
    }

    /// <summary>Neither in a loop nor behind one; with tokens, which don't wait for each other, not where paths meet or behind that either.</summary>
    private bool[] RunOnce(List<int> order)
    {
        var once = new bool[_next.Length];
        foreach (var node in order)
        {
            // A path back comes from a node that isn't visited yet.
            once[node] = _previous[node].TrueForAll(x => once[x]) && (!_hasTokens || IsSinglePath(node));
        }

        return once;
    }

    private bool IsSinglePath(int node) => node >= _activities.Length || _graph.Inbound[node].Length <= 1;
}
