using NodaTime;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

internal sealed class Delay : Activity
{
    public const string TypeName = "Elsa.Delay";

    protected internal override void Execute(ActivityContext context)
    {
        var due = Due.After(context.Now, context.Input<TimeSpan>("TimeSpan"));
        context.OpenBookmark(TypeName, context.NewId(), new OrderedDictionary<string, object?> { ["ResumeAt"] = due.ToDateTimeOffset() }, due);
    }
}

/// <summary>As a trigger it starts an instance again and again; inside an instance it waits once.</summary>
internal sealed class Timer : Activity, ITrigger
{
    public const string TypeName = "Elsa.Timer";

    protected internal override void Execute(ActivityContext context)
    {
        if (context.IsTrigger)
        {
            context.Complete();
            return;
        }

        var due = Due.After(context.Now, context.RequiredInput<TimeSpan>("Interval"));
        context.OpenBookmark(TypeName, context.NewId(), new OrderedDictionary<string, object?> { ["ResumeAt"] = due.ToDateTimeOffset() }, due);
    }

    public static Activity Compile(ActivityCompilation c)
    {
        if (c.TryLiteral("Interval", out var value) ? value is not TimeSpan { Ticks: > 0 } : c.Node.CanStartWorkflow)
            c.PublishError(
                "interval",
                c.Node.CanStartWorkflow
                    ? "the interval of a timer that starts workflows must be a literal time span greater than zero."
                    : "the interval must be a time span greater than zero."
            );

        return new Timer();
    }

    public IEnumerable<Trigger> Triggers(ActivityNode node) =>
        node.Literal("Interval") is TimeSpan interval
            ? [new Trigger(node.Id, TypeName, StimulusHash.Of(TypeName, node.Id), new() { ["Interval"] = interval })]
            : [];
}

internal sealed class StartAt : Activity, ITrigger
{
    public const string TypeName = "Elsa.StartAt";

    public static Activity Compile(ActivityCompilation c)
    {
        if (c.TryLiteral("DateTime", out var value) ? value is not DateTimeOffset : c.Node.CanStartWorkflow)
            c.PublishError(
                "dateTime",
                c.Node.CanStartWorkflow
                    ? "the time at which workflows are started must be a literal date and time."
                    : "the date and time is missing or cannot be read."
            );

        return new StartAt();
    }

    protected internal override void Execute(ActivityContext context)
    {
        if (context.IsTrigger)
        {
            context.Complete();
            return;
        }

        var at = context.RequiredInput<DateTimeOffset>("DateTime");
        var due = Instant.FromDateTimeOffset(at);

        if (due <= context.Now)
        {
            context.Complete();
            return;
        }

        context.OpenBookmark(TypeName, context.NewId(), new OrderedDictionary<string, object?> { ["ExecuteAt"] = at }, due);
    }

    public IEnumerable<Trigger> Triggers(ActivityNode node) =>
        node.Literal("DateTime") is DateTimeOffset at ? [new Trigger(node.Id, TypeName, StimulusHash.Of(TypeName, node.Id), new() { ["ExecuteAt"] = at })] : [];
}

internal sealed class Cron(CronSchedule? literal) : Activity, ITrigger
{
    public const string TypeName = "Elsa.Cron";

    public static Activity Compile(ActivityCompilation c)
    {
        if (!c.TryLiteral("CronExpression", out var value))
        {
            if (c.Node.CanStartWorkflow)
                c.PublishError("cronExpression", "the cron expression of a trigger that starts workflows must be a literal text.");

            return new Cron(null);
        }

        if (value is not string text || string.IsNullOrWhiteSpace(text))
        {
            c.PublishError("cronExpression", "the cron expression is missing.");
            return new Cron(null);
        }

        try
        {
            return new Cron(CronSchedule.Parse(text));
        }
        catch (FormatException exception)
        {
            c.PublishError("cronExpression", exception.Message);
            return new Cron(null);
        }
    }

    protected internal override void Execute(ActivityContext context)
    {
        if (context.IsTrigger)
        {
            context.Complete();
            return;
        }

        var expression = context.RequiredInput<string>("CronExpression");
        var due =
            (literal ?? CronSchedule.Parse(expression)).NextAfter(context.Now) ?? throw new InvalidOperationException($"'{expression}' never happens again.");
        context.Journal("ExecuteAt", due.ToDateTimeOffset());
        context.OpenBookmark(
            TypeName,
            context.NewId(),
            new OrderedDictionary<string, object?> { ["ExecuteAt"] = due.ToDateTimeOffset(), ["CronExpression"] = expression },
            due
        );
    }

    public IEnumerable<Trigger> Triggers(ActivityNode node) =>
        literal is not null && node.Literal("CronExpression") is string expression
            ? [new Trigger(node.Id, TypeName, StimulusHash.Of(TypeName, node.Id), new() { ["CronExpression"] = expression, ["TimeZone"] = literal.Zone.Id })]
            : [];
}

/// <summary>When a Timer, Cron or StartAt that triggers starts instances. Other activities never do.</summary>
public static class TriggerSchedule
{
    /// <summary>The first start of a trigger that is published now; null for never. A StartAt in the past starts immediately, as in Elsa.</summary>
    public static Instant? First(Trigger trigger, Instant now) =>
        trigger.Kind switch
        {
            Timer.TypeName => Due.After(now, Interval(trigger)),
            StartAt.TypeName => Instant.FromDateTimeOffset((DateTimeOffset)trigger.Payload["ExecuteAt"]!),
            Cron.TypeName => Schedule(trigger).NextAfter(now),
            _ => null,
        };

    /// <summary>
    /// The next start after one that was due. It makes up for all missed starts: a host that was down overnight runs the nightly job once, not once
    /// an hour. A Timer keeps its interval.
    /// </summary>
    public static Instant? Next(Trigger trigger, Instant due, Instant now)
    {
        switch (trigger.Kind)
        {
            case Timer.TypeName:
                var beats = Math.Floor((now - due) / Duration.FromTimeSpan(Interval(trigger))) + 1;
                return due + Duration.FromTimeSpan(Interval(trigger)) * Math.Max(1, beats);
            case Cron.TypeName:
                return Schedule(trigger).NextAfter(Instant.Max(due, now));
            default:
                return null;
        }
    }

    /// <summary>Workflow input of a start, by Elsa's names.</summary>
    public static OrderedDictionary<string, object?> Input(Trigger trigger, Instant due) =>
        trigger.Kind switch
        {
            Timer.TypeName => new() { ["StartAt"] = due.ToDateTimeOffset(), ["Interval"] = Interval(trigger) },
            Cron.TypeName => new() { ["CronExpression"] = trigger.Payload["CronExpression"] },
            _ => new() { ["ExecuteAt"] = due.ToDateTimeOffset() },
        };

    private static TimeSpan Interval(Trigger trigger) => (TimeSpan)trigger.Payload["Interval"]!;

    private static CronSchedule Schedule(Trigger trigger) => CronSchedule.Parse((string)trigger.Payload["CronExpression"]!);
}

internal static class Due
{
    private static readonly Instant Latest = Instant.FromUtc(9999, 12, 31, 0, 0);

    /// <summary>An instant that far from now, or the furthest there is.</summary>
    public static Instant After(Instant now, TimeSpan span)
    {
        var wait = Duration.FromTimeSpan(span);
        return wait < Duration.Zero ? now
            : Latest - now < wait ? Latest
            : now + wait;
    }
}
