using System.ComponentModel;
using System.Dynamic;

namespace Orchestration.Engine.Expressions.CSharp;

/// <summary>
/// What a C# expression finds by name, as Elsa calls it; besides these, <c>Variable</c> (<c>Variables</c>) and <c>Input</c> (<c>Inputs</c>) with an
/// accessor for each declared name.
/// </summary>
public sealed class CSharpGlobals
{
    private readonly CSharpRun _run;

    internal CSharpGlobals(CSharpRun run)
    {
        _run = run;
        ExecutionContext = new(run);
        Output = new(run);
        Outcome = new(run);
        Args = new ArgumentsProxy(run);
    }

    /// <summary>Variables and inputs by name.</summary>
    public ExecutionContextProxy ExecutionContext { get; }

    /// <summary>Outputs of earlier activities.</summary>
    public OutputProxy Output { get; }

    /// <summary>Outcomes of the RunCSharp activity that runs the script.</summary>
    public OutcomeProxy Outcome { get; }

    /// <summary>
    /// What the activity gives its expression besides: the item of a BulkDispatchWorkflows by its key. Members by name, or <c>Get&lt;T&gt;</c>.
    /// </summary>
    public dynamic Args { get; }

    /// <summary>Id of the instance.</summary>
    public string WorkflowInstanceId => _run.Use(static x => x.WorkflowInstanceId);

    /// <summary>The instance's business reference.</summary>
    public string? CorrelationId
    {
        get => _run.Use(static x => x.CorrelationId);
        set => _run.Use(x => x.CorrelationId = value);
    }

    /// <summary>The instance's name.</summary>
    public string? WorkflowInstanceName
    {
        get => _run.Use(static x => x.WorkflowInstanceName);
        set => _run.Use(x => x.WorkflowInstanceName = value);
    }

    /// <summary>Counts a round or a call of the running script; the compiler puts the calls in.</summary>
    /// <exception cref="ExpressionException">The script reached a limit.</exception>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static void Step() => CSharpRun.Current.Step();
}

/// <summary>Variables and inputs by name.</summary>
public sealed class ExecutionContextProxy
{
    private readonly CSharpRun _run;

    internal ExecutionContextProxy(CSharpRun run) => _run = run;

    /// <summary>
    /// A variable as a .NET type, converted as Elsa does; the type's default when there is none. An object or list changed in place is stored when the
    /// script ends.
    /// </summary>
    public T? GetVariable<T>(string name)
    {
        var data = Find(name);
        return _run.Lend(name, (T?)CSharpData.ToClr(data, typeof(T)), data);
    }

    /// <summary>
    /// A variable without conversion: an object is an <see cref="ExpandoObject"/>, a list a <c>List&lt;object&gt;</c>. Null if there is none.
    /// </summary>
    public object? GetVariable(string name) => GetVariable<object>(name);

    /// <summary>Sets a variable; one that does not exist is created at workflow level.</summary>
    public void SetVariable(string name, object? value)
    {
        var data = CSharpData.FromClr(value, _run);
        _run.Use(x => x.SetVariable(name, data));
    }

    /// <summary>A workflow input as a .NET type; the type's default if there is none.</summary>
    public T? GetInput<T>(string name) => (T?)CSharpData.ToClr(_run.Use(x => x.TryGetInput(name, out var value) ? value : null), typeof(T));

    private object? Find(string name) => _run.Use(x => x.TryGetVariable(name, out var value) ? value : null);
}

/// <summary>Outputs of earlier activities.</summary>
public sealed class OutputProxy
{
    private readonly CSharpRun _run;

    internal OutputProxy(CSharpRun run) => _run = run;

    /// <summary>Result of the activity that completed last.</summary>
    public object? LastResult => CSharpData.ToClr(_run.Use(static x => x.LastResult), typeof(object));

    /// <summary>An output by its activity's id or name; <paramref name="outputName"/> default: <c>Result</c>.</summary>
    public object? From(string activityIdOrName, string? outputName = null) => From<object>(activityIdOrName, outputName);

    /// <inheritdoc cref="From(string, string?)"/>
    public T? From<T>(string activityIdOrName, string? outputName = null) =>
        (T?)CSharpData.ToClr(_run.Use(x => x.GetOutputFrom(activityIdOrName, outputName)), typeof(T));

    /// <inheritdoc cref="From(string, string?)"/>
    public object? Get(string activityIdOrName, string? outputName = null) => From(activityIdOrName, outputName);

    /// <inheritdoc cref="From(string, string?)"/>
    public T? Get<T>(string activityIdOrName, string? outputName = null) => From<T>(activityIdOrName, outputName);
}

/// <summary>Outcomes of the activity that runs the script.</summary>
public sealed class OutcomeProxy
{
    private readonly CSharpRun _run;

    internal OutcomeProxy(CSharpRun run) => _run = run;

    /// <summary>The outcomes to complete with; default <c>Done</c>.</summary>
    public void Set(params string[] outcomeNames) => _run.Use(x => x.SetOutcomes(outcomeNames));
}

/// <summary>What an activity passes to its expression in addition to variables and inputs.</summary>
public sealed class ArgumentsProxy : DynamicObject
{
    private readonly CSharpRun _run;

    internal ArgumentsProxy(CSharpRun run) => _run = run;

    /// <summary>An argument as a .NET type; the type's default if there is none.</summary>
    public T? Get<T>(string name) => (T?)CSharpData.ToClr(_run.Use(x => x.TryGetVariable(name, out var value) ? value : null), typeof(T));

    /// <inheritdoc/>
    public override bool TryGetMember(GetMemberBinder binder, out object? result)
    {
        object? data = null;
        var known = _run.Use(x => x.TryGetVariable(binder.Name, out data));
        result = known ? CSharpData.ToClr(data, typeof(object)) : null;
        return known;
    }
}
