namespace Orchestration.Engine.Expressions.JavaScript;

internal enum Completion { Normal, Break, Continue, Return }

internal abstract class Statement
{
    public int Start { get; init; }

    public abstract Completion Execute(Frame frame);

    public static Completion Run(Frame frame, Statement[] statements)
    {
        foreach (var statement in statements)
        {
            frame.Realm.Step();
            var completion = statement.Execute(frame);
            if (completion != Completion.Normal)
                return completion;
        }

        return Completion.Normal;
    }
}

internal sealed class Empty : Statement
{
    public override Completion Execute(Frame frame) => Completion.Normal;
}

/// <param name="expression">The expression.</param>
/// <param name="records">Whether its value may be the value of the program.</param>
internal sealed class ExpressionStatement(Expression expression, bool records) : Statement
{
    public Expression Expression => expression;

    public override Completion Execute(Frame frame)
    {
        frame.Realm.Position = Start;
        var value = expression.Evaluate(frame);
        if (records)
            frame.Result = value;
        return Completion.Normal;
    }
}

internal sealed class Declaration((Expression Target, Expression? Value)[] declarations, bool isVar) : Statement
{
    public (Expression Target, Expression? Value)[] Declarations => declarations;

    public override Completion Execute(Frame frame)
    {
        frame.Realm.Position = Start;
        foreach (var (target, value) in declarations)
        {
            if (value is not null)
                target.Assign(frame, value.Evaluate(frame), true);
            else if (!isVar)
                target.Assign(frame, default, true);
        }

        return Completion.Normal;
    }
}

internal sealed class FunctionDeclaration(Identifier name, FunctionExpression function) : Statement
{
    public string Name => name.Name;

    /// <summary>In sloppy code a function in a block is also a variable of the function around it, from here on.</summary>
    public Identifier? Outer { get; set; }

    public void Hoist(Frame frame) => name.Assign(frame, function.Evaluate(frame), true);

    public override Completion Execute(Frame frame)
    {
        Outer?.Assign(frame, name.Evaluate(frame), true);
        return Completion.Normal;
    }
}

internal sealed class Block(Statement[] body, FunctionDeclaration[] functions, Scope? scope) : Statement
{
    public override Completion Execute(Frame frame)
    {
        frame.Realm.CheckStack();
        if (scope is null)
            return Run(frame, body);
        var outer = frame.Environment;
        Enter(frame, scope, functions);
        var completion = Run(frame, body);
        frame.Environment = outer;
        return completion;
    }

    /// <summary>Makes the scope's environment if it has one, and marks its names as not yet declared.</summary>
    public static void Enter(Frame frame, Scope scope, FunctionDeclaration[] functions)
    {
        if (scope.HasEnvironment)
        {
            frame.Realm.Allocate(64 + 16L * scope.SlotCount);
            frame.Environment = new Environment(new JsValue[scope.SlotCount], frame.Environment);
        }

        foreach (var slot in scope.LexicalSlots)
            frame.Environment.Slots[slot] = JsValue.Hole;
        foreach (var function in functions)
            function.Hoist(frame);
    }
}

internal sealed class If(Expression condition, Statement then, Statement? otherwise, bool records) : Statement
{
    public override Completion Execute(Frame frame)
    {
        var holds = condition.EvaluateCondition(frame);
        if (records)
            frame.Result = default;
        return holds ? then.Execute(frame) : otherwise?.Execute(frame) ?? Completion.Normal;
    }
}

/// <summary>What loops share: labels and the meaning of break and continue.</summary>
internal abstract class Loop(bool records) : Statement
{
    public List<string> Labels { get; } = [];

    protected void Begin(Frame frame)
    {
        if (records)
            frame.Result = default;
    }

    /// <summary>Whether the loop ends here; the completion is then what it ends with.</summary>
    protected bool Ends(Frame frame, ref Completion completion)
    {
        switch (completion)
        {
            case Completion.Normal:
                return false;
            case Completion.Return:
                return true;
        }

        var mine = frame.Label is null || Labels.Contains(frame.Label);
        if (!mine)
            return true;
        frame.Label = null;
        if (completion == Completion.Continue)
        {
            completion = Completion.Normal;
            return false;
        }

        completion = Completion.Normal;
        return true;
    }
}

internal sealed class While(Expression condition, Statement body, bool testFirst, bool records) : Loop(records)
{
    public override Completion Execute(Frame frame)
    {
        Begin(frame);
        var completion = Completion.Normal;
        if (testFirst && !condition.EvaluateCondition(frame))
            return completion;
        do
        {
            frame.Realm.Step();
            completion = body.Execute(frame);
            if (Ends(frame, ref completion))
                break;
        }
        while (condition.EvaluateCondition(frame));
        return completion;
    }
}

internal sealed class For(Statement? initial, Expression? condition, Expression? update, Statement body, Scope? scope, bool records) : Loop(records)
{
    public override Completion Execute(Frame frame)
    {
        var outer = frame.Environment;
        if (scope is not null)
            Block.Enter(frame, scope, []);
        initial?.Execute(frame);
        Begin(frame);
        var completion = Completion.Normal;
        var copies = scope is { HasEnvironment: true };
        while (true)
        {
            // Each round has its own variables, so that a closure keeps the values of its round.
            if (copies)
                Copy(frame);
            if (condition is not null && !condition.EvaluateCondition(frame))
                break;
            frame.Realm.Step();
            completion = body.Execute(frame);
            if (Ends(frame, ref completion))
                break;
            if (copies)
                Copy(frame);
            update?.Evaluate(frame);
        }

        frame.Environment = outer;
        return completion;
    }

    private static void Copy(Frame frame)
    {
        var current = frame.Environment;
        frame.Realm.Allocate(64 + 16L * current.Slots.Length);
        frame.Environment = new Environment((JsValue[])current.Slots.Clone(), current.Parent);
    }
}

/// <summary><c>for … in</c> and <c>for … of</c>.</summary>
internal sealed class ForEach(Expression target, bool declares, Expression source, Statement body, Scope? scope, bool ofValues, bool records) : Loop(records)
{
    public override Completion Execute(Frame frame)
    {
        var realm = frame.Realm;
        var outer = frame.Environment;
        if (scope is not null)
            Block.Enter(frame, scope, []);
        var items = source.Evaluate(frame);
        frame.Environment = outer;
        Begin(frame);
        var completion = Completion.Normal;
        if (ofValues)
        {
            var iterator = realm.GetIterator(items);
            try
            {
                while (iterator.MoveNext(out var value))
                {
                    if (Round(frame, outer, value, ref completion))
                    {
                        frame.Environment = outer;
                        var result = frame.Result;
                        iterator.Close();
                        frame.Result = result;
                        break;
                    }
                }
            }
            catch (JsThrow)
            {
                iterator.CloseQuietly();
                throw;
            }
        }
        else if (!items.IsNullish)
        {
            var holder = Operators.ToObject(realm, items);
            foreach (var key in realm.EnumerableNames(holder))
            {
                if (Round(frame, outer, key, ref completion))
                    break;
            }
        }

        frame.Environment = outer;
        return completion;
    }

    private bool Round(Frame frame, Environment outer, JsValue value, ref Completion completion)
    {
        frame.Realm.Step();
        frame.Environment = outer;
        if (scope is not null)
            Block.Enter(frame, scope, []);
        target.Assign(frame, value, declares);
        completion = body.Execute(frame);
        return Ends(frame, ref completion);
    }
}

internal sealed class Jump(Completion kind, string? label) : Statement
{
    public override Completion Execute(Frame frame)
    {
        frame.Label = label;
        return kind;
    }
}

internal sealed class Return(Expression? value) : Statement
{
    public override Completion Execute(Frame frame)
    {
        frame.Realm.Position = Start;
        frame.Result = value?.Evaluate(frame) ?? default;
        return Completion.Return;
    }
}

internal sealed class Throw(Expression value) : Statement
{
    public override Completion Execute(Frame frame)
    {
        var thrown = value.Evaluate(frame);
        frame.Realm.Position = Start;
        throw frame.Realm.Throw(thrown);
    }
}

internal sealed class Labelled(string label, Statement body) : Statement
{
    public Statement Body => body;

    public override Completion Execute(Frame frame)
    {
        var completion = body.Execute(frame);
        if (completion != Completion.Break || frame.Label != label)
            return completion;
        frame.Label = null;
        return Completion.Normal;
    }
}

internal sealed class Switch(Expression value, (Expression? Test, Statement[] Body)[] cases, FunctionDeclaration[] functions, Scope scope, bool records) : Statement
{
    public override Completion Execute(Frame frame)
    {
        var subject = value.Evaluate(frame);
        if (records)
            frame.Result = default;
        var outer = frame.Environment;
        Block.Enter(frame, scope, functions);
        var start = Array.FindIndex(cases, c => c.Test is not null && Operators.StrictEquals(frame.Realm, subject, c.Test.Evaluate(frame)));
        if (start < 0)
            start = Array.FindIndex(cases, c => c.Test is null);
        var completion = Completion.Normal;
        for (var i = start; i >= 0 && i < cases.Length && completion == Completion.Normal; i++)
            completion = Run(frame, cases[i].Body);
        frame.Environment = outer;
        if (completion != Completion.Break || frame.Label is not null)
            return completion;
        return Completion.Normal;
    }
}

internal sealed class Try(Statement body, Expression? parameter, Scope? scope, Statement? handler, Statement? finalizer) : Statement
{
    public override Completion Execute(Frame frame)
    {
        var realm = frame.Realm;
        var environment = frame.Environment;
        var depth = realm.Depth;
        if (finalizer is null)
            return Guarded(frame, environment, depth);

        Completion completion;
        try
        {
            completion = handler is null ? body.Execute(frame) : Guarded(frame, environment, depth);
        }
        catch (JsThrow)
        {
            Restore(frame, environment, depth);
            var ended = finalizer.Execute(frame);
            if (ended != Completion.Normal)
                return ended;
            throw;
        }

        var (result, label) = (frame.Result, frame.Label);
        frame.Label = null;
        var last = finalizer.Execute(frame);
        if (last != Completion.Normal)
            return last;
        (frame.Result, frame.Label) = (result, label);
        return completion;
    }

    private static void Restore(Frame frame, Environment environment, int depth)
    {
        frame.Environment = environment;
        frame.Realm.Depth = depth;
    }

    private Completion Guarded(Frame frame, Environment environment, int depth)
    {
        JsValue thrown;
        try
        {
            return body.Execute(frame);
        }
        catch (JsThrow error)
        {
            thrown = error.Value;
        }

        Restore(frame, environment, depth);
        if (scope is not null)
            Block.Enter(frame, scope, []);
        parameter?.Assign(frame, thrown, true);
        var completion = handler!.Execute(frame);
        frame.Environment = environment;
        return completion;
    }
}
