using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Execution;

/// <summary>Where an input of an activity gets its value from; compiled once.</summary>
internal abstract class ValueSource
{
    private static readonly object True = true,
        False = false;

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
                ? type.Convert(block.Value)
                : throw new InvalidOperationException($"Failed to retrieve memory block with reference {id}");
    }

    /// <summary>An input of the workflow.</summary>
    public sealed class WorkflowInput(string name, DataType type) : ValueSource
    {
        public override object? Evaluate(ActivityScope scope) => scope.TryGetInput(name, out var value) ? type.Convert(value) : null;
    }

    /// <summary>An expression in a language.</summary>
    public sealed class Script(CompiledExpression expression, DataType type) : ValueSource
    {
        public override object? Evaluate(ActivityScope scope) =>
            type.IsBoolean && expression.EvaluateCondition is { } condition
                ? condition(scope)
                    ? True
                    : False
                : type.Convert(expression.Evaluate(scope));
    }

    /// <summary>An expression that could not be compiled: it faults when it is reached, not before, as in Elsa.</summary>
    public sealed class Broken(Exception exception) : ValueSource
    {
        public override object? Evaluate(ActivityScope scope) => throw exception;
    }
}
