using Acornima;
using Acornima.Ast;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>
/// Evaluates most conditions without an engine: literals, <c>variables.x</c>, accessor calls, and comparisons, logic and plain arithmetic of those.
/// Works on numbers, text,
/// true, false, null and undefined; for anything else, or a rule that isn't implemented here, it gives up and the engine evaluates the whole. It has
/// no side effects.
/// </summary>
internal static class SimpleForms
{
    private enum Kind
    {
        Undefined,
        Null,
        Boolean,
        Number,
        Text,
    }

    /// <summary>A value of JavaScript that is no object.</summary>
    internal readonly struct Value
    {
        private readonly Kind _kind;
        private readonly double _number;
        private readonly string? _text;

        private Value(Kind kind, double number = 0, string? text = null) => (_kind, _number, _text) = (kind, number, text);

        public static Value Undefined { get; } = new(Kind.Undefined);
        public static Value Null { get; } = new(Kind.Null);

        public static Value Of(bool value) => new(Kind.Boolean, value ? 1 : 0);

        public static Value Of(double value) => new(Kind.Number, value);

        public static Value Of(string value) => new(Kind.Text, 0, value);

        public bool IsNullish => _kind is Kind.Undefined or Kind.Null;
        public bool IsNumber => _kind == Kind.Number;
        public bool IsText => _kind == Kind.Text;
        public bool IsBoolean => _kind == Kind.Boolean;
        public double Number => _number;
        public string Text => _text!;

        public bool IsTrue =>
            _kind switch
            {
                Kind.Boolean => _number != 0,
                Kind.Number => _number != 0 && !double.IsNaN(_number),
                Kind.Text => _text!.Length > 0,
                _ => false,
            };

        /// <summary>For a value that isn't text.</summary>
        public double ToNumber() => _kind == Kind.Undefined ? double.NaN : _number;

        public bool IsStrictly(Value other) =>
            _kind == other._kind
            && (
                _kind == Kind.Number ? _number == other._number
                : _kind == Kind.Boolean ? _number == other._number
                : _text == other._text
            );

        public object? ToData() =>
            _kind switch
            {
                Kind.Boolean => _number != 0,
                Kind.Number => _number,
                Kind.Text => _text,
                _ => null,
            };
    }

    /// <summary>The expression a script consists of, when all of it is simple; else null.</summary>
    public static Expression? Of(Script script, string[] variableNames) =>
        script.Body is [ExpressionStatement { Expression: var only }] && IsSimple(only, variableNames) ? only : null;

    private static bool IsSimple(Node node, string[] variables) =>
        node switch
        {
            NumericLiteral or StringLiteral or BooleanLiteral or NullLiteral or Identifier { Name: "undefined" } => true,
            MemberExpression member => VariableOf(member) is { } name && Array.IndexOf(variables, name) >= 0,
            CallExpression call => AccessorOf(call) is { } name && WorkflowFunctions.Find(name) is null,
            LogicalExpression logical => IsSimple(logical.Left, variables) && IsSimple(logical.Right, variables),
            BinaryExpression binary => IsKnown(binary.Operator) && IsSimple(binary.Left, variables) && IsSimple(binary.Right, variables),
            UnaryExpression { Operator: Operator.LogicalNot or Operator.UnaryNegation } unary => IsSimple(unary.Argument, variables),
            ConditionalExpression choice => IsSimple(choice.Test, variables) && IsSimple(choice.Consequent, variables) && IsSimple(choice.Alternate, variables),
            _ => false,
        };

    private static bool IsKnown(Operator @operator) =>
        @operator
            is Operator.StrictEquality
                or Operator.StrictInequality
                or Operator.Equality
                or Operator.Inequality
                or Operator.LessThan
                or Operator.LessThanOrEqual
                or Operator.GreaterThan
                or Operator.GreaterThanOrEqual
                or Operator.Addition
                or Operator.Subtraction
                or Operator.Multiplication
                or Operator.Division;

    /// <summary>The name in <c>variables.name</c>.</summary>
    private static string? VariableOf(MemberExpression member) =>
        member is { Computed: false, Optional: false, Object: Identifier { Name: "variables" }, Property: Identifier { Name: var name } } ? name : null;

    /// <summary>The name of the function in <c>getName()</c>.</summary>
    private static string? AccessorOf(CallExpression call) =>
        call is { Optional: false, Arguments.Count: 0, Callee: Identifier { Name: ['g', 'e', 't', _, ..] name } } ? name : null;

    /// <summary>False when it gives up.</summary>
    public static bool TryEvaluate(Expression expression, ExpressionScope scope, out Value value)
    {
        value = default;

        switch (expression)
        {
            case NumericLiteral number:
                value = Value.Of(number.Value);
                return true;
            case StringLiteral text:
                value = Value.Of(text.Value);
                return true;
            case BooleanLiteral flag:
                value = Value.Of(flag.Value);
                return true;
            case NullLiteral:
                value = Value.Null;
                return true;
            case Identifier:
                return true;
            case MemberExpression member:
                return scope.TryGetVariable(VariableOf(member)!, out var data) && TryRead(data, out value);
            case CallExpression call:
                return WorkflowGlobals.TryFind(scope, AccessorOf(call)!, out _, out var found) && TryRead(found, out value);
            case ConditionalExpression choice:
                return TryEvaluate(choice.Test, scope, out var test) && TryEvaluate(test.IsTrue ? choice.Consequent : choice.Alternate, scope, out value);
            case UnaryExpression unary:
                if (!TryEvaluate(unary.Argument, scope, out var operand) || (unary.Operator == Operator.UnaryNegation && !operand.IsNumber))
                    return false;

                value = unary.Operator == Operator.LogicalNot ? Value.Of(!operand.IsTrue) : Value.Of(-operand.Number);
                return true;
            case LogicalExpression logical:
                if (!TryEvaluate(logical.Left, scope, out value))
                    return false;

                var isEnough = logical.Operator switch
                {
                    Operator.LogicalAnd => !value.IsTrue,
                    Operator.LogicalOr => value.IsTrue,
                    _ => !value.IsNullish,
                };
                return isEnough || TryEvaluate(logical.Right, scope, out value);
            case BinaryExpression binary:
                return TryEvaluate(binary.Left, scope, out var left)
                    && TryEvaluate(binary.Right, scope, out var right)
                    && TryApply(binary.Operator, left, right, out value);
            default:
                return false;
        }
    }

    private static bool TryRead(object? data, out Value value)
    {
        (value, var isSimple) = data switch
        {
            null => (Value.Null, true),
            bool flag => (Value.Of(flag), true),
            int number => (Value.Of(number), true),
            double number => (Value.Of(number), true),
            long number => (Value.Of(number), true),
            decimal number => (Value.Of((double)number), true),
            string text => (Value.Of(text), true),
            EnumValue named => (Value.Of(named.Name), true),
            _ => (default, false),
        };
        return isSimple;
    }

    private static bool TryApply(Operator @operator, Value left, Value right, out Value value)
    {
        value = default;

        switch (@operator)
        {
            case Operator.StrictEquality or Operator.StrictInequality:
                value = Value.Of(left.IsStrictly(right) == (@operator == Operator.StrictEquality));
                return true;
            case Operator.Equality or Operator.Inequality:
                if (TryLoosely(left, right) is not { } isEqual)
                    return false;

                value = Value.Of(isEqual == (@operator == Operator.Equality));
                return true;
            case Operator.Addition when left.IsText && right.IsText && left.Text.Length + right.Text.Length < 10_000:
                value = Value.Of(left.Text + right.Text);
                return true;
            case Operator.Addition or Operator.Subtraction or Operator.Multiplication or Operator.Division when left.IsNumber && right.IsNumber:
                value = Value.Of(
                    @operator switch
                    {
                        Operator.Addition => left.Number + right.Number,
                        Operator.Subtraction => left.Number - right.Number,
                        Operator.Multiplication => left.Number * right.Number,
                        _ => left.Number / right.Number,
                    }
                );
                return true;
            case Operator.LessThan or Operator.LessThanOrEqual or Operator.GreaterThan or Operator.GreaterThanOrEqual:
                if (left.IsText != right.IsText)
                    return false;

                var (a, b) = left.IsText ? (string.CompareOrdinal(left.Text, right.Text), 0) : (left.ToNumber(), right.ToNumber());
                value = Value.Of(
                    @operator switch
                    {
                        Operator.LessThan => a < b,
                        Operator.LessThanOrEqual => a <= b,
                        Operator.GreaterThan => a > b,
                        _ => a >= b,
                    }
                );
                return true;
            default:
                return false;
        }
    }

    /// <summary>Null where text would have to become a number.</summary>
    private static bool? TryLoosely(Value left, Value right) =>
        left.IsNullish || right.IsNullish ? left.IsNullish && right.IsNullish
        : left.IsText != right.IsText ? null
        : left.IsText ? left.Text == right.Text
        : left.ToNumber() == right.ToNumber();
}
