using Orchestration.Engine.Execution;

namespace Orchestration.Engine.Expressions;

/// <summary>Where an input of an activity gets its value from; compiled once.</summary>
internal abstract class ValueSource
{
    public abstract object? Evaluate(ActivityScope scope);

    /// <summary>A value known when the definition was compiled.</summary>
    public sealed class Constant(object? value) : ValueSource
    {
        public object? Value { get; } = value;
        public override object? Evaluate(ActivityScope scope) => Value;
    }

    /// <summary>A variable, by the id of its block.</summary>
    public sealed class Variable(string id, DataType type) : ValueSource
    {
        public override object? Evaluate(ActivityScope scope) =>
            scope.Execution.FindBlock(id) is { } block
                ? Values.Convert(block.Value, type)
                : throw new InvalidOperationException($"Failed to retrieve memory block with reference {id}");
    }

    /// <summary>An input of the workflow.</summary>
    public sealed class WorkflowInput(string name, DataType type) : ValueSource
    {
        public override object? Evaluate(ActivityScope scope) =>
            scope.TryGetInput(name, out var value) ? Values.Convert(value, type) : null;
    }

    /// <summary>An expression in a language.</summary>
    public sealed class Script(EvaluateExpression evaluate, DataType type) : ValueSource
    {
        public override object? Evaluate(ActivityScope scope) => Values.Convert(evaluate(scope), type);
    }

    /// <summary>An expression that could not be compiled: it faults when it is reached, not before, as in Elsa.</summary>
    public sealed class Broken(Exception exception) : ValueSource
    {
        public override object? Evaluate(ActivityScope scope) => throw exception;
    }
}
