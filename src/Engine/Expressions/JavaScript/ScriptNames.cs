using Acornima.Ast;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>The names that the text of a script can reach. If it computes names, it can reach everything.</summary>
/// <param name="Names">Every name and text in it that could name a member or a global; null when it computes names.</param>
/// <param name="LeavesBuiltInsAlone">The script can't change built-in objects for the next script.</param>
internal sealed record ScriptNames(IReadOnlySet<string>? Names, bool LeavesBuiltInsAlone)
{
    /// <summary>
    /// Maximum nesting of syntax. A level takes up to a kilobyte of stack, and a function can be called when little more than <see
    /// cref="MaxFunctionDepth"/> of it is left.
    /// </summary>
    private const int MaxDepth = 250;

    private const int MaxFunctionDepth = 100;

    // By these a member is reached without its name being written, or a built-in object is changed without an assignment.
    private static readonly HashSet<string> s_reflection = ["Reflect", "Proxy", "getOwnPropertyDescriptor", "getOwnPropertyDescriptors"];

    private static readonly HashSet<string> s_changing =
    [
        "assign",
        "constructor",
        "defineProperties",
        "defineProperty",
        "freeze",
        "Function",
        "getPrototypeOf",
        "globalThis",
        "preventExtensions",
        "prototype",
        "seal",
        "setPrototypeOf",
        "with",
        "__defineGetter__",
        "__defineSetter__",
        "__proto__",
    ];

    /// <exception cref="ExpressionException">The script uses something that isn't allowed.</exception>
    public static ScriptNames Of(Script script)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var (isDynamic, isChanging) = (false, false);
        var pending = new Stack<(Node Node, int Depth, int Most)>();
        pending.Push((script, 0, MaxDepth));

        while (pending.TryPop(out var next))
        {
            var (node, depth, most) = next;

            if (depth > most)
                throw Refuse(node, "The expression is nested too deeply");

            if (node is IFunction or IClass)
                (depth, most) = (0, MaxFunctionDepth);

            switch (node)
            {
                case BigIntLiteral:
                    throw Refuse(node, "BigInt is not supported in expressions");
                case ImportExpression or ImportDeclaration:
                    throw Refuse(node, "import is not supported in expressions");
                case Identifier identifier:
                    names.Add(identifier.Name);
                    break;
                case StringLiteral text:
                    names.Add(text.Value);
                    break;
                case MemberExpression { Computed: true, Property: not (StringLiteral or NumericLiteral) }:
                case Property { Computed: true }:
                    isDynamic = true;
                    break;
                case WithStatement:
                case UpdateExpression { Argument: MemberExpression updated } when !IsOfVariables(updated):
                case UnaryExpression { Operator: Acornima.Operator.Delete }:
                case AssignmentExpression { Left: not Identifier } assignment when assignment.Left is not MemberExpression target || !IsOfVariables(target):
                case ForInStatement { Left: MemberExpression or ArrayPattern or ObjectPattern }:
                case ForOfStatement { Left: MemberExpression or ArrayPattern or ObjectPattern }:
                    isChanging = true;
                    break;
            }

            foreach (var child in node.ChildNodes)
                pending.Push((child, depth + 1, most));
        }

        isDynamic |= names.Overlaps(s_reflection);
        return new ScriptNames(isDynamic ? null : names, !isDynamic && !isChanging && !names.Overlaps(s_changing));
    }

    private static bool IsOfVariables(MemberExpression member) =>
        member.Object switch
        {
            Identifier { Name: "variables" } => true,
            MemberExpression outer => IsOfVariables(outer),
            _ => false,
        };

    private static ExpressionException Refuse(Node node, string message)
    {
        var at = node.Location.Start;
        return JavaScriptErrors.Syntax($"{message} (<anonymous>:{at.Line}:{at.Column + 1})", at.Line, at.Column + 1);
    }
}
