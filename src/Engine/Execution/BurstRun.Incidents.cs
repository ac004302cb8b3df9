using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>What goes wrong: faults, loops without end, activities that can never run.</summary>
internal sealed partial class BurstRun
{
    private void Fault(ActivityExecution execution, Exception exception)
    {
        var details = new OrderedDictionary<string, object?> { ["Exception"] = Faults.TypeName(exception), ["Message"] = exception.Message };

        if (exception.InnerException is { } inner)
            details["InnerException"] = Faults.TypeName(inner);

        (execution.JournalData ??= [])["Exception"] = details;
        Journal("Faulted", execution, exception.Message);
        execution.JournalData.Remove("Exception");

        if (execution.IsEnded)
            execution.Parent?.AddChild(execution);

        SetStatus(execution, ActivityStatus.Faulted);
        AddIncident(execution.Node, execution.Id, exception.Message, Faults.Describe(exception));

        for (var ancestor = execution; ancestor is not null; ancestor = ancestor.Parent)
        {
            ancestor.FaultCount++;
            Touch(ancestor);
        }

        if (Workflow.Options.IncidentStrategy == IncidentStrategy.Fault && State.Status == WorkflowStatus.Running)
            SetSubStatus(WorkflowSubStatus.Faulted);
    }

    private void AddIncident(ActivityNode node, string executionId, string message, IncidentException? exception) =>
        State.Incidents.Add(new Incident(node.Id, node.NodeId, executionId, node.TypeName, message, exception, Context.Now));

    private string TooManySteps(ActivityNode node) =>
        $"Stopped after {Context.MaxSteps} activities without a wait: an endless loop at '{node.Name ?? node.Id}'?";

    /// <summary>Counts a round of a loop that schedules nothing.</summary>
    /// <exception cref="InvalidOperationException">There were too many.</exception>
    public void CountStep(ActivityNode node)
    {
        if (++_outermost._steps > Context.MaxSteps)
            throw new InvalidOperationException(TooManySteps(node));
    }

    /// <summary>Reports an activity that the designer meant to run and that never will. Elsa is silent there; the rest goes on as it does in Elsa.</summary>
    public void ReportLost(ActivityNode node, ActivityExecution container, string reason)
    {
        var message = $"'{node.Name ?? node.Id}' can never run: {reason}";

        if (!State.Incidents.Exists(x => x.ActivityNodeId == node.NodeId && x.Message == message))
            AddIncident(node, container.Id, message, null);
    }

    /// <summary>Nothing runs, nothing is awaited, and yet it has not ended: no stimulus will ever move it.</summary>
    private void ReportStall()
    {
        // A fault the strategy lets be has its own incident, and can be retried.
        if (State.ExecutionList.Exists(static x => x.Status == ActivityStatus.Faulted))
            return;

        var reported = State.Incidents.Count;

        foreach (var execution in State.ExecutionList)
        {
            if (!execution.IsEnded)
                execution.Node.Activity.ReportStall(new ActivityContext(this, execution));
        }

        if (State.Incidents.Count == reported && State.ExecutionList.FindLast(static x => !x.IsEnded) is { } last)
            ReportLost(last.Node, last, "it neither completed nor waits for anything.");
    }
}
