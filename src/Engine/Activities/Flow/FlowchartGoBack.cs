using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <content>
/// Going back to an earlier activity: everything behind it is left, and its way forward is as if it had never been taken. Branches that join that way from
/// elsewhere keep what they have done: a join waits again for what comes anew, and not for what has arrived.
/// </content>
internal sealed partial class Flowchart
{
    internal override bool ComesBefore(ActivityNode earlier, ActivityNode later)
    {
        var (first, second) = (IndexOf(earlier), IndexOf(later));
        return first >= 0 && second >= 0 && first != second && Array.IndexOf(GraphFrom(_defaultStart).Ancestors(second), first) >= 0;
    }

    internal override void GoBack(ActivityContext context, ActivityExecution from, ActivityNode to)
    {
        var graph = GraphOf(context.Execution);
        var state = StateOf(context.Execution);
        var target = IndexOf(to);
        var behind = graph.Descendants(target);
        behind.Add(target);

        var left = new List<int>();
        foreach (var child in context.Execution.Children.ToArray())
        {
            var index = IndexOf(child.Node);
            if (!behind.Contains(index))
                continue;
            left.Add(index);
            context.Run.Leave(child);
        }

        if (state.Tokens is { } tokens)
            ForgetTokens(tokens, graph, behind, left, target);
        ForgetVisits(context, state, graph, behind, target);

        // As in a loop, the connections into it aren't followed again, so its own visit doesn't count again.
        context.Run.Schedule(context.Execution, to, ChildDone, isLoopBack: true);
    }

    private void ForgetVisits(ActivityContext context, FlowState state, FlowGraph graph, HashSet<int> behind, int target)
    {
        var busy = new HashSet<int>();
        foreach (var child in context.Execution.Children)
        {
            var index = IndexOf(child.Node);
            if (index >= 0 && busy.Add(index))
                busy.UnionWith(graph.Descendants(index));
        }

        foreach (var activity in behind)
        {
            foreach (var connection in graph.Outbound[activity])
            {
                if (!graph.IsForward(connection))
                    continue;
                state.ConnectionVisits[connection.Index] = 0;
                state.LastFollowed[connection.Index] = false;
            }

            if (activity == target)
                continue;

            state.ActivityVisits[activity] = 0;
            foreach (var connection in graph.ForwardInbound[activity])
            {
                // A token from elsewhere has either arrived or is still on its way.
                if (!behind.Contains(connection.Source))
                    state.ConnectionVisits[connection.Index] = busy.Contains(connection.Source) ? 0 : Math.Min(1, state.ConnectionVisits[connection.Index]);
            }
        }
    }

    private void ForgetTokens(List<FlowToken> tokens, FlowGraph graph, HashSet<int> behind, List<int> left, int target)
    {
        var ids = behind.Select(x => _activityIds[x]).ToHashSet(StringComparer.Ordinal);
        tokens.RemoveAll(x => ids.Contains(x.From));
        foreach (var activity in behind)
        {
            // A join that ran had everything it waits for; tokens from elsewhere don't arrive again.
            var ran = activity != target && left.Exists(x => x == activity || Array.IndexOf(graph.Ancestors(x), activity) >= 0);
            foreach (var connection in graph.ForwardInbound[activity])
            {
                if (!ran || behind.Contains(connection.Source))
                    continue;
                var (source, here) = (_activityIds[connection.Source], _activityIds[activity]);
                tokens.RemoveAll(x => x.From == source && x.To == here && x.Outcome == connection.Port);
                tokens.Add(new FlowToken(source, connection.Port, here));
            }
        }
    }
}
