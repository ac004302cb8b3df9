using System.Globalization;
using Fluid;
using Fluid.Values;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.Liquid;

/// <summary>One rendering: its scope and its remaining budget. Sizes are in characters; a value that isn't text counts as two.</summary>
internal sealed class LiquidRun : TemplateContext
{
    private readonly ScriptLimits _limits;
    private long _stepsLeft,
        _memoryLeft;

    public LiquidRun(ExpressionScope scope, ScriptLimits limits, TemplateOptions options)
        : base(options)
    {
        (_limits, _stepsLeft, _memoryLeft) = (limits, limits.MaxSteps, limits.MaxMemory);
        Now = () => scope.Now.ToDateTimeOffset();
        SetValue("Variables", new Names(name => scope.TryGetVariable(name, out var value) ? Wrap(value) : NilValue.Instance));
        SetValue("Input", new Names(name => scope.TryGetInput(name, out var value) ? Wrap(value) : NilValue.Instance));
        SetValue("CorrelationId", Wrap(scope.CorrelationId));
        SetValue("WorkflowInstanceId", Wrap(scope.WorkflowInstanceId));
        SetValue("WorkflowDefinitionId", Wrap(scope.WorkflowDefinitionId));
        SetValue("WorkflowDefinitionVersionId", Wrap(scope.WorkflowDefinitionVersionId));
        SetValue("WorkflowDefinitionVersion", Wrap(scope.WorkflowDefinitionVersion));
    }

    public long StepsUsed => _limits.MaxSteps - _stepsLeft;

    public long MemoryUsed => _limits.MaxMemory - _memoryLeft;

    public void Step(long count = 1)
    {
        if ((_stepsLeft -= count) < 0)
            throw Limit($"The template was stopped after {_limits.MaxSteps.ToString("N0", CultureInfo.InvariantCulture)} steps");
    }

    /// <summary>Refuses a value that would exceed the remaining memory, before it is built.</summary>
    public void Require(long bytes)
    {
        if (bytes > _memoryLeft)
            throw Limit($"The template was stopped because it built more than {_limits.MaxMemory.ToString("N0", CultureInfo.InvariantCulture)} bytes");
    }

    /// <summary>Charges a built value.</summary>
    public void Take(long bytes)
    {
        Require(bytes);
        _memoryLeft -= bytes;
    }

    public void CheckLength(long length)
    {
        if (length > _limits.MaxStringLength)
        {
            var most = _limits.MaxStringLength.ToString("N0", CultureInfo.InvariantCulture);
            throw Limit($"The template was stopped because it built a text of more than {most} characters");
        }
    }

    private static ExpressionException Limit(string message) => new(message) { Kind = "LimitError" };

    /// <summary>Takes off the steps that going through a whole value costs, as comparisons and most filters do.</summary>
    /// <returns>Its size.</returns>
    public long Weigh(FluidValue value, int times = 1)
    {
        var size = Size(value);
        Step(1 + (size * times >> 4));
        return size;
    }

    private long Size(FluidValue value)
    {
        switch (value)
        {
            case ArrayValue { Values: Items items }:
                return Size(items.Values);
            case ArrayValue list:
                var size = 2L;

                foreach (var item in list.Values)
                    size = Bounded(size + Size(item));

                return size;
            case DictionaryValue when value.ToObjectValue() is Members members:
                return Size(members.Values);
            default:
                return value.Type == FluidValues.String ? 2 + value.ToStringValue().Length : 2;
        }
    }

    private long Size(object? value)
    {
        var size = 2L;

        switch (value)
        {
            case string text:
                return size + text.Length;
            case List<object?> list:
                foreach (var item in list)
                    size = Bounded(size + Size(item));

                break;
            case OrderedDictionary<string, object?> members:
                foreach (var (name, item) in members)
                    size = Bounded(size + name.Length + Size(item));

                break;
        }

        return size;
    }

    private long Bounded(long size)
    {
        if (size >> 4 > _stepsLeft)
            Step(size >> 4);

        return size;
    }

    /// <summary>A value as Fluid sees it. Lists and objects are wrapped, not copied.</summary>
    public FluidValue Wrap(object? value)
    {
        switch (value)
        {
            case null:
                return NilValue.Instance;
            case string text:
                return new StringValue(text);
            case bool flag:
                return BooleanValue.Create(flag);
            case int number:
                return NumberValue.Create(number);
            case long number:
                return NumberValue.Create((decimal)number);
            case decimal number:
                return NumberValue.Create(number);
            case double number when Math.Abs(number) < 7.9e27:
                return NumberValue.Create((decimal)number);
            case DateTimeOffset time:
                return new DateTimeValue(time);
            case List<object?> list:
                return new ArrayValue(new Items(list, this));
            case OrderedDictionary<string, object?> members:
                return new DictionaryValue(new Members(members, this));
            case byte[] bytes:
                Take(3L * bytes.Length);
                return new StringValue(Convert.ToBase64String(bytes));
            case IFormattable other:
                return new StringValue(other.ToString(null, CultureInfo.InvariantCulture));
            default:
                return new StringValue(value.ToString());
        }
    }

    /// <summary>A value of Fluid as workflow data.</summary>
    public static object? Unwrap(FluidValue value) =>
        value switch
        {
            ArrayValue { Values: Items items } => items.Values,
            ArrayValue list => list.Values.Select(Unwrap).ToList(),
            DictionaryValue when value.ToObjectValue() is Members members => members.Values,
            NumberValue => value.ToNumberValue(),
            BooleanValue => value.ToBooleanValue(),
            DateTimeValue => value.ToObjectValue(),
            _ => value.IsNil() ? null : value.ToStringValue(),
        };

    /// <summary><c>Variables</c> and <c>Input</c>: a name is looked up when it is used.</summary>
    private sealed class Names(Func<string, FluidValue> find) : ObjectValueBase("")
    {
        public override ValueTask<FluidValue> GetValueAsync(string name, TemplateContext context) => find(name);
    }

    private sealed class Items(List<object?> values, LiquidRun run) : IReadOnlyList<FluidValue>
    {
        public List<object?> Values => values;
        public int Count => values.Count;
        public FluidValue this[int index] => run.Wrap(values[index]);

        public IEnumerator<FluidValue> GetEnumerator() => values.Select(run.Wrap).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class Members(OrderedDictionary<string, object?> values, LiquidRun run) : IFluidIndexable
    {
        public OrderedDictionary<string, object?> Values => values;
        public int Count => values.Count;
        public IEnumerable<string> Keys => values.Keys;

        public bool TryGetValue(string name, out FluidValue value)
        {
            var exists = values.TryGetValue(name, out var found);
            value = run.Wrap(found);
            return exists;
        }
    }
}

/// <summary>Output of a template or a capture, up to the longest string.</summary>
internal sealed class LiquidWriter(LiquidRun run) : StringWriter(CultureInfo.InvariantCulture)
{
    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(string? value)
    {
        var length = value?.Length ?? 0;
        run.Step(length >> 4);
        run.CheckLength(GetStringBuilder().Length + length);
        run.Take(2L * length);
        base.Write(value);
    }
}
