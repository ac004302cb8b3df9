using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <content>Token mode: a completed activity puts a token on each followed connection; the target's merge mode decides when it runs.</content>
internal sealed partial class Flowchart
{
    private void ChildCompletedByTokens(ActivityContext context, ActivityExecution child, string[] outcomes)
    {
        var state = StateOf(context.Execution);
        var tokens = state.Tokens ??= [];

        if (child.Node.Type.IsTerminal)
        {
            tokens.Clear();
            context.Complete();
            return;
        }

        var graph = GraphOf(context.Execution);
        var completed = IndexOf(child.Node);
        var completedId = child.Node.Id;
        var active = completed < 0 ? [] : Array.FindAll(graph.Outbound[completed], x => Array.IndexOf(outcomes, x.Port) >= 0);

        foreach (var connection in active)
            tokens.Add(new FlowToken(completedId, connection.Port, _activityIds[connection.Target]));

        foreach (var token in tokens)
        {
            if (token.IsLive && token.To == completedId)
                token.Consumed = true;
        }

        foreach (var connection in active)
            Arrive(context, graph, tokens, completed, connection);

        if (!HasPendingWork(context, out var hasFaults) && !hasFaults && !tokens.Exists(static x => x.IsLive))
        {
            tokens.Clear();
            context.Complete();
        }

        tokens.RemoveAll(x => x.Consumed && x.To == completedId);
    }

    private void Arrive(ActivityContext context, FlowGraph graph, List<FlowToken> tokens, int completed, FlowConnection connection)
    {
        var target = _activities[connection.Target];

        switch (
            target.Activity is FlowJoin
                ? JoinModeOf(context, target) == JoinMode.WaitAny
                    ? MergeMode.Race
                    : MergeMode.Merge
                : target.MergeMode
        )
        {
            case MergeMode.Race:
                CancelInboundAncestors(context, target);
                goto case MergeMode.Cascade;

            case MergeMode.Cascade:
                if (tokens.Find(x => x.Blocked && x.To == target.Id && x.From == _activityIds[connection.Source] && x.Outcome == connection.Port) is { } block)
                {
                    block.Consumed = true;
                    break;
                }

                context.Schedule(target, ChildDone);

                foreach (var other in graph.ForwardInbound[connection.Target])
                {
                    if (other.Source != completed)
                        tokens.Add(new FlowToken(_activityIds[other.Source], other.Port, target.Id) { Blocked = true });
                }

                break;

            case MergeMode.Merge:
                if (AllArrived(tokens, graph.ForwardInbound[connection.Target]))
                    context.Schedule(target, ChildDone);

                break;

            case MergeMode.Converge:
                if (AllArrived(tokens, graph.Inbound[connection.Target]))
                    context.Schedule(target, ChildDone);

                break;

            default:
                var isUpstreamBusy = Array.Exists(graph.ForwardInbound[connection.Target], x => tokens.Exists(t => t.IsLive && t.To == _activityIds[x.Source]));

                if (!isUpstreamBusy)
                    context.Schedule(target, ChildDone);

                break;
        }
    }

    private bool AllArrived(List<FlowToken> tokens, FlowConnection[] inbound) =>
        inbound.Length <= 1
        || Array.TrueForAll(
            inbound,
            x => tokens.Exists(t => t.IsLive && t.From == _activityIds[x.Source] && t.To == _activityIds[x.Target] && t.Outcome == x.Port)
        );

    private void ActivityCanceledByTokens(ActivityContext context, ActivityExecution sender)
    {
        var id = sender.Node.Id;
        StateOf(context.Execution).Tokens?.RemoveAll(x => x.From == id || x.To == id);
        CompleteIfNothingIsPending(context);
    }

    /// <summary>Names the activities that a token waits at and that will not run.</summary>
    internal override void ReportStall(ActivityContext context)
    {
        foreach (var token in StateOf(context.Execution).Tokens ?? [])
        {
            if (token.IsLive && Array.IndexOf(_activityIds, token.To) is >= 0 and var index)
                context.Run.ReportLost(_activities[index], context.Execution, $"the branch from '{token.From}' waits there for branches that were not taken.");
        }
    }
}
