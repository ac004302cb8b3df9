using Orchestration.Engine.Runtime;
using Orchestration.Workflows.Settings;

namespace Orchestration.Workflows.Escalation;

/// <summary>What changing clocks by hand needs: the runtime, and the service levels in force.</summary>
public sealed record ClockRuntime(WorkflowRuntime Runtime, ServiceLevelCatalog ServiceLevels);
