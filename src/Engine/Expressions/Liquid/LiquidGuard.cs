using System.Text.Encodings.Web;
using Fluid;
using Fluid.Ast;
using Fluid.Ast.BinaryExpressions;
using Fluid.Values;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.Liquid;

/// <summary>
/// Puts what counts steps into a parsed template, because Fluid bounds neither time nor memory: it builds <c>(1..1000000000)</c> whole, and compares and copies
/// values of any size in one step. What loops can repeat is paid for by each round; what goes through a whole value pays by its size.
/// </summary>
internal sealed class LiquidGuard : AstRewriter
{
    private const int MaxNesting = 100;

    // Most characters of a value of a cycle: Fluid encodes it in one piece.
    private const int MaxCycleText = 1 << 16;

    private int _nesting,
        _loops;
    private long _nodes;

    /// <summary>The first filter that doesn't exist, or null.</summary>
    public string? UnknownFilter { get; private set; }

    public IReadOnlyList<Statement> Rewrite(IReadOnlyList<Statement> statements)
    {
        TryRewriteStatements(statements, out var result);
        return result;
    }

    public override Statement? Visit(Statement? statement)
    {
        if (statement is null)
            return null;

        Enter();
        var result = base.Visit(statement);
        _nesting--;
        return result;
    }

    public override Expression? Visit(Expression? expression)
    {
        if (expression is null)
            return null;

        Enter();
        var result = base.Visit(expression);
        _nesting--;
        return result;
    }

    private void Enter()
    {
        _nodes++;

        // A chain of filters or conditions is nested as well: it is evaluated by recursion.
        if (++_nesting > MaxNesting)
            throw new InvalidOperationException($"Tags or expressions are nested deeper than {MaxNesting} levels");
    }

    protected override Statement VisitForStatement(ForStatement loop)
    {
        _loops++;
        var before = _nodes;
        TryRewriteStatements(loop.Statements, out var body);
        var round = _nodes - before + 1;
        _loops--;

        // Its place is kept under the name of the list, which Fluid only finds in the unchanged expression.
        var source = loop.Source is MemberExpression ? loop.Source : Visit(loop.Source);
        var offset = loop.OffsetIsContinue ? loop.Offset : Visit(loop.Offset);
        TryRewriteStatement(loop.Else, out var otherwise);
        var counted = new ForStatement([new Charge(round), .. body], loop.Identifier, source, Visit(loop.Limit), offset, loop.Reversed, otherwise);
        return loop.Source is MemberExpression member ? new LiquidStatement([new Charge(1, Visit(member)), counted]) : counted;
    }

    protected override Expression VisitFilterExpression(FilterExpression filter)
    {
        if (!LiquidTemplate.HasFilter(filter.Name))
            UnknownFilter ??= filter.Name;
        return base.VisitFilterExpression(filter);
    }

    protected override Expression VisitRangeExpression(RangeExpression range) => new CountedRange(Visit(range.From)!, Visit(range.To)!);

    protected override Expression VisitMemberExpression(MemberExpression member) =>
        new Read(
            new MemberExpression([.. member.Segments.Select(x => x is IndexerSegment at ? new IndexerSegment(new Weighed(Visit(at.Expression)!)) : x)]),
            1 + _loops / 2
        );

    public override Expression VisitOtherExpression(Expression expression) =>
        expression is Comparison x ? new Comparison(Visit(x.Left)!, Visit(x.Right)!, x.Make) : expression;

    protected override Expression VisitAndBinaryExpression(AndBinaryExpression expression) => new Truth(base.VisitAndBinaryExpression(expression));

    protected override Expression VisitOrBinaryExpression(OrBinaryExpression expression) => new Truth(base.VisitOrBinaryExpression(expression));

    protected override Statement VisitOutputStatement(OutputStatement output) => new Output(Visit(output.Expression)!);

    protected override Statement VisitCaptureStatement(CaptureStatement capture) => new Capture(capture.Identifier, Rewrite(capture.Statements));

    protected override Statement VisitCycleStatement(CycleStatement cycle) =>
        new CycleStatement(
            cycle.Group is null ? null : new Weighed(Visit(cycle.Group)!, MaxCycleText),
            [.. cycle.Values.Select(x => new Weighed(Visit(x)!, MaxCycleText))]
        );

    protected override Statement VisitCaseStatement(CaseStatement choice)
    {
        var options = choice.Whens.Sum(x => x.Options.Count);
        TryRewriteStatements(choice.Whens, out var whens);
        TryRewriteStatement(choice.Else, out var otherwise);
        return new CaseStatement(new Weighed(Visit(choice.Expression)!, times: options), otherwise, [.. whens]);
    }

    protected override Statement VisitTextSpanStatement(TextSpanStatement text)
    {
        _nodes += text.Text.Length >> 4;
        return text;
    }

    protected override Statement VisitRawStatement(RawStatement raw)
    {
        _nodes += raw.Text.Length >> 4;
        return raw;
    }
}

/// <summary>Takes off the steps of one round of a loop, or of its list.</summary>
internal sealed class Charge(long steps, Expression? list = null) : Statement
{
    public override async ValueTask<Completion> WriteToAsync(TextWriter writer, TextEncoder encoder, TemplateContext context)
    {
        ((LiquidRun)context).Step(steps);

        if (list is not null)
            await list.EvaluateAsync(context);

        return Completion.Normal;
    }
}

/// <summary>A variable. A text, list or object costs what copying it does.</summary>
internal sealed class Read(Expression inner, int steps) : Expression
{
    public override async ValueTask<FluidValue> EvaluateAsync(TemplateContext context)
    {
        var value = await inner.EvaluateAsync(context);
        var copied = value switch
        {
            StringValue => value.ToStringValue().Length >> 4,
            ArrayValue list => list.Values.Count,
            DictionaryValue => ((IFluidIndexable)value.ToObjectValue()).Count,
            _ => 0,
        };
        ((LiquidRun)context).Step(steps + copied);
        return value;
    }
}

/// <summary>A value whose whole is gone through.</summary>
internal sealed class Weighed(Expression inner, int maxText = int.MaxValue, int times = 1) : Expression
{
    public override async ValueTask<FluidValue> EvaluateAsync(TemplateContext context)
    {
        var value = await inner.EvaluateAsync(context);
        return ((LiquidRun)context).Weigh(value, times) > maxText
            ? throw new ExpressionException($"A value of more than {maxText} characters cannot be used in a cycle") { Kind = "LimitError" }
            : value;
    }
}

/// <summary>True or false, as in Elsa's version of Fluid; later ones print the left side.</summary>
internal sealed class Truth(Expression inner) : Expression
{
    public override async ValueTask<FluidValue> EvaluateAsync(TemplateContext context) =>
        BooleanValue.Create((await inner.EvaluateAsync(context)).ToBooleanValue());
}

internal sealed class Comparison(Expression left, Expression right, Func<Expression, Expression, Expression> make) : Expression
{
    public Expression Left => left;
    public Expression Right => right;
    public Func<Expression, Expression, Expression> Make => make;

    public override async ValueTask<FluidValue> EvaluateAsync(TemplateContext context)
    {
        var run = (LiquidRun)context;
        var (a, b) = (await left.EvaluateAsync(context), await right.EvaluateAsync(context));

        // A search compares as often as one has characters or items.
        run.Step(run.Weigh(a) * run.Weigh(b) >> 10);

        // As in Elsa's version of Fluid; in later ones false is blank.
        if (a is BooleanValue && b is BlankValue)
            b = NilValue.Instance;
        else if (a is BlankValue && b is BooleanValue)
            a = NilValue.Instance;

        var result = await make(new LiteralExpression(a), new LiteralExpression(b)).EvaluateAsync(context);
        return BooleanValue.Create(result.ToBooleanValue());
    }
}

internal sealed class CountedRange(Expression from, Expression to) : Expression
{
    public override async ValueTask<FluidValue> EvaluateAsync(TemplateContext context)
    {
        var run = (LiquidRun)context;
        var first = Convert.ToInt32((await from.EvaluateAsync(context)).ToNumberValue());
        var count = Math.Max(0L, Convert.ToInt32((await to.EvaluateAsync(context)).ToNumberValue()) - (long)first + 1);
        run.Step(4 * count);
        run.Take(64 * count);
        return new ArrayValue(Array.ConvertAll(Enumerable.Range(first, (int)count).ToArray(), FluidValue (x) => NumberValue.Create(x)));
    }
}

internal sealed class Output(Expression expression) : Statement
{
    // Longer texts are encoded in pieces: encoding can make them eight times as long.
    private const int Piece = 1 << 12;

    public override async ValueTask<Completion> WriteToAsync(TextWriter writer, TextEncoder encoder, TemplateContext context)
    {
        var run = (LiquidRun)context;
        var value = await expression.EvaluateAsync(context);
        run.CheckLength(run.Weigh(value));

        if (value is not StringValue { Encode: true } || value.ToStringValue() is not { Length: > Piece } text)
        {
            await value.WriteToAsync(writer, encoder, context.CultureInfo);
            return Completion.Normal;
        }

        for (int start = 0, end; start < text.Length; start = end)
        {
            end = Math.Min(start + Piece, text.Length);

            if (end < text.Length && char.IsHighSurrogate(text[end - 1]))
                end++;

            writer.Write(encoder.Encode(text[start..end]));
        }

        return Completion.Normal;
    }
}

internal sealed class Capture(string name, IReadOnlyList<Statement> body) : Statement
{
    public override async ValueTask<Completion> WriteToAsync(TextWriter writer, TextEncoder encoder, TemplateContext context)
    {
        var completion = Completion.Normal;
        using var captured = new LiquidWriter((LiquidRun)context);

        for (var i = 0; i < body.Count && completion == Completion.Normal; i++)
            completion = await body[i].WriteToAsync(captured, encoder, context);

        // Captured text is already encoded.
        context.SetValue(name, new StringValue(captured.ToString(), encode: false));
        return completion;
    }
}
