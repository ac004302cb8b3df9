using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Activities;

/// <summary>The ports that connections of a flowchart can leave an activity from.</summary>
internal static class FlowPorts
{
    /// <summary>Why a connection that leaves an activity from this port could never be taken, or null.</summary>
    public static string? Problem(ActivityNode node, string port) =>
        Of(node) is { } ports && !ports.Contains(port)
            ? $"leaves from '{port}', which is not an outcome of '{node.DisplayName}' ({string.Join(", ", ports)}), so it could never be taken."
            : null;

    /// <summary>The outcomes an activity can complete with, or null when only a run knows them.</summary>
    private static List<string>? Of(ActivityNode node)
    {
        if (node.HasOpenOutcomes || node.Activity is NotFoundActivity)
            return null;

        var ports = new List<string>(node.Outcomes.Count > 0 ? node.Outcomes : Outcomes.Done);
        ports.AddRange(node.HiddenOutcomes);

        // A workflow used as an activity completes with what a Complete inside it says.
        return node.Activity is not WorkflowActivity || AddCompletions(node, ports) ? [.. ports.Distinct()] : null;
    }

    private static bool AddCompletions(ActivityNode node, List<string> ports)
    {
        ports.Add(Outcomes.DoneName);

        foreach (var child in node.ChildList)
        {
            if (child.Activity is Complete)
            {
                var index = child.Type.InputIndex("Outcomes");

                if (child.Inputs[index] is not (null or ValueSource.Constant))
                    return false;

                ports.AddRange(Complete.Interpret((child.Inputs[index] as ValueSource.Constant)?.Value));
            }

            if (child.Activity is not WorkflowActivity && !AddCompletions(child, ports))
                return false;
        }

        return true;
    }
}
