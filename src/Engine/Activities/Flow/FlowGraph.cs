namespace Orchestration.Engine.Activities;

/// <summary>A connection of a flowchart, by position of its activities.</summary>
internal sealed record FlowConnection(int Index, int Source, string Port, int Target);

/// <summary>
/// What is forward, what is a loop and what comes before what, seen from the activity a flowchart begins with. Computed once per
/// flowchart and beginning. Forward connections are found breadth first: a connection that would close a circle is a loop.
/// </summary>
internal sealed class FlowGraph
{
    private readonly FlowConnection[] _connections;
    private readonly bool[] _isForward;
    private readonly byte[] _isValidLoop;
    private readonly bool[] _isReached;
    private readonly int[]?[] _ancestors;
    private readonly int _start;

    public FlowGraph(int activities, FlowConnection[] connections, int start)
    {
        _connections = connections;
        _start = start;
        _isForward = new bool[connections.Length];
        _isValidLoop = new byte[connections.Length];
        _isReached = new bool[activities];
        _ancestors = new int[]?[activities];
        Outbound = Group(activities, connections, static x => x.Source);
        Inbound = Group(activities, connections, static x => x.Target);
        FindForward(activities);
        ForwardInbound = Group(activities, connections.Where(x => _isForward[x.Index]), static x => x.Target);
    }

    public FlowConnection[][] Outbound { get; }
    public FlowConnection[][] Inbound { get; }
    public FlowConnection[][] ForwardInbound { get; }

    public bool IsForward(FlowConnection connection) => _isForward[connection.Index];

    /// <summary>Not reachable from the beginning.</summary>
    public bool IsDangling(int activity) => activity != _start && !_isReached[activity];

    /// <summary>A loop back is valid when every way from the beginning to its source leads through its target.</summary>
    public bool IsValidLoop(FlowConnection connection)
    {
        // Computed on first use; two threads may both do it and write the same.
        if (_isValidLoop[connection.Index] == 0)
            _isValidLoop[connection.Index] = Dominates(connection.Target, connection.Source) ? (byte)1 : (byte)2;

        return _isValidLoop[connection.Index] == 1;
    }

    /// <summary>Activities from which this one is reached, nearest first.</summary>
    public int[] Ancestors(int activity)
    {
        if (_ancestors[activity] is { } known)
            return known;

        var seen = new HashSet<int>();
        var order = new List<int>();
        var queue = new Queue<int>();
        queue.Enqueue(activity);

        while (queue.TryDequeue(out var current))
        {
            foreach (var connection in ForwardInbound[current])
            {
                if (seen.Add(connection.Source))
                {
                    order.Add(connection.Source);
                    queue.Enqueue(connection.Source);
                }
            }
        }

        return _ancestors[activity] = [.. order];
    }

    /// <summary>Activities that are reached from this one going forward, without itself.</summary>
    public HashSet<int> Descendants(int activity)
    {
        var seen = new HashSet<int>();
        var queue = new Queue<int>();
        queue.Enqueue(activity);

        while (queue.TryDequeue(out var current))
        {
            foreach (var connection in Outbound[current])
            {
                if (_isForward[connection.Index] && seen.Add(connection.Target))
                    queue.Enqueue(connection.Target);
            }
        }

        return seen;
    }

    private void FindForward(int activities)
    {
        var next = new List<int>[activities];
        var accepted = new HashSet<(int, int)>();
        var visited = new bool[activities];
        var queue = new Queue<int>();
        queue.Enqueue(_start);

        while (queue.TryDequeue(out var source))
        {
            visited[source] = true;

            foreach (var connection in Outbound[source])
            {
                var target = connection.Target;

                if (accepted.Contains((source, target)))
                {
                    _isForward[connection.Index] = true;
                    continue;
                }

                if (HasPath(next, target, source))
                    continue;

                accepted.Add((source, target));
                (next[source] ??= []).Add(target);
                _isForward[connection.Index] = true;
                _isReached[target] = true;

                if (!visited[target])
                    queue.Enqueue(target);
            }
        }
    }

    private static bool HasPath(List<int>[] next, int from, int to)
    {
        if (from == to)
            return true;

        if (next[from] is null)
            return false;

        var seen = new HashSet<int>();
        var stack = new Stack<int>();
        stack.Push(from);

        while (stack.TryPop(out var current))
        {
            if (current == to)
                return true;

            if (!seen.Add(current) || next[current] is not { } targets)
                continue;

            foreach (var target in targets)
                stack.Push(target);
        }

        return false;
    }

    private bool Dominates(int gate, int activity)
    {
        if (gate == activity || gate == _start)
            return true;

        var seen = new HashSet<int> { _start };
        var queue = new Queue<int>();
        queue.Enqueue(_start);

        while (queue.TryDequeue(out var current))
        {
            if (current == activity)
                return false;

            foreach (var connection in Outbound[current])
            {
                if (_isForward[connection.Index] && connection.Target != gate && seen.Add(connection.Target))
                    queue.Enqueue(connection.Target);
            }
        }

        return true;
    }

    private static FlowConnection[][] Group(int activities, IEnumerable<FlowConnection> connections, Func<FlowConnection, int> key)
    {
        var groups = new FlowConnection[activities][];

        foreach (var group in connections.GroupBy(key))
            groups[group.Key] = [.. group];

        for (var i = 0; i < activities; i++)
            groups[i] ??= [];

        return groups;
    }
}
