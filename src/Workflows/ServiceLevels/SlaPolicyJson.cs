using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Documents;
using static Orchestration.Workflows.ServiceLevels.LadderTarget;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>Reads a policy's JSON and reports all its errors together; writes it back in the same form.</summary>
internal static partial class SlaPolicyJson
{
    private static readonly Dictionary<string, SlaKind> Kinds = new()
    {
        ["internal"] = SlaKind.Internal,
        ["promise"] = SlaKind.Promise,
        ["statutory"] = SlaKind.Statutory,
    };
    private static readonly Dictionary<string, SlaSubject> Subjects = new() { ["task"] = SlaSubject.Task, ["case"] = SlaSubject.Case };
    private static readonly Dictionary<string, ClockDirection> Directions = new()
    {
        ["forward"] = ClockDirection.Forward,
        ["backward"] = ClockDirection.Backward,
    };
    private static readonly Dictionary<string, WaitEnd> Waits = new() { ["opensOn"] = WaitEnd.OpensOn, ["endsAfter"] = WaitEnd.EndsAfter };
    private static readonly Dictionary<string, bool> MissedRungs = new() { ["act"] = true, ["skip"] = false };
    private static readonly Dictionary<string, bool> RecurrenceFrom = new() { ["completion"] = false, ["due"] = true };

    private static readonly Dictionary<string, LadderTarget> Targets = new()
    {
        ["owner"] = Owner,
        ["deputy"] = Deputy,
        ["team"] = Team,
        ["lead"] = Lead,
        ["manager"] = Manager,
        ["compliance"] = Compliance,
        ["frontOffice"] = FrontOffice,
    };

    private static readonly Dictionary<string, LadderTarget> NewOwners = new()
    {
        ["deputy"] = Deputy,
        ["lead"] = Lead,
        ["team"] = Team,
    };

    private enum Action
    {
        Notify,
        RaisePriority,
        RelaxSkills,
        Reassign,
        AddWatcher,
        StartWorkflow,
        PublishEvent,
        Webhook,
    }

    private static readonly Dictionary<string, Action> Actions = Enum.GetValues<Action>()
        .ToDictionary(action => JsonNamingPolicy.CamelCase.ConvertName(action.ToString()));

    public static bool TryParse(
        string json,
        Func<string, bool> calendarExists,
        [NotNullWhen(true)] out SlaPolicy? policy,
        out IReadOnlyList<DefinitionError> errors
    )
    {
        List<DefinitionError> found = [];
        policy = DocumentReader.Open(json, found) is { } reader ? Read(reader, calendarExists) : null;
        if (found.Count > 0)
        {
            policy = null;
        }

        errors = found;
        return policy is not null;
    }

    private static SlaPolicy? Read(DocumentReader reader, Func<string, bool> calendarExists)
    {
        var id = reader.Text("id", maxLength: 100);
        var version = reader.Int("version", 1, int.MaxValue);
        var name = reader.Text("name");
        var kind = reader.Choice("kind", Kinds, required: false) ?? SlaKind.Internal;
        var subject = reader.Choice("subject", Subjects, required: false) ?? SlaSubject.Task;
        var direction = reader.Choice("direction", Directions, required: false) ?? ClockDirection.Forward;
        var target = ReadTarget(reader, "target", zero: direction == ClockDirection.Backward);
        var calendar = reader.Text("calendar", maxLength: 100);
        if (calendar is not null && !calendarExists(calendar))
        {
            reader.Error("calendar", $"there is no calendar '{calendar}'");
        }

        var anchorFact = reader.Text("anchor", required: direction == ClockDirection.Backward);
        if (anchorFact is not null && direction == ClockDirection.Forward)
        {
            reader.Error("anchor", "is for backward clocks only; a forward clock counts from its start");
        }

        var pausable = reader.Bool("pausable", kind != SlaKind.Statutory);
        var pauseReasons = reader
            .Texts("pauseReasons", required: false)
            .Select(reason => reason.Text.Trim())
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .ToList();
        if (!pausable && pauseReasons.Count > 0)
        {
            reader.Error("pauseReasons", "an unpausable clock cannot have pause reasons");
        }

        var recurrence = ReadRecurrence(reader);
        if (reader.Has("recurrence") && !reader.Has("reset"))
        {
            reader.Error("recurrence", "needs a reset condition");
        }

        if (reader.Has("recurrence") && direction == ClockDirection.Backward)
        {
            reader.Error("recurrence", "is for forward clocks only");
        }

        var ladder = reader.Has("ladder") ? ReadLadder(reader, target, direction) : LadderRung.Default(kind);
        var policy = new SlaPolicy
        {
            Id = id ?? "",
            Version = version ?? 1,
            Name = name ?? "",
            Description = reader.Text("description", required: false, maxLength: 2000),
            Source = reader.Text("source", required: false, maxLength: 2000),
            Kind = kind,
            Subject = subject,
            Target = target ?? SlaTarget.Zero,
            Calendar = calendar ?? "",
            Direction = direction,
            AnchorFact = anchorFact,
            Pausable = pausable,
            Wait = ReadWait(reader, target, recurrence, direction),
            MissedRungsAct = reader.Choice("missedRungs", MissedRungs, required: false) ?? true,
            Start = ReadCondition(reader, "start") ?? ClockCondition.On(subject, "opened"),
            Stop = ReadCondition(reader, "stop") ?? ClockCondition.On(subject, "completed"),
            Cancel = ReadCondition(reader, "cancel") ?? ClockCondition.On(subject, "cancelled"),
            Reset = ReadCondition(reader, "reset"),
            PauseReasons = pauseReasons,
            Ladder = ladder,
            Recurrence = recurrence,
        };
        reader.NoOthers();
        return policy;
    }

    private static WaitEnd? ReadWait(DocumentReader reader, SlaTarget? target, Recurrence? recurrence, ClockDirection direction)
    {
        const string Member = "waitingPeriod";
        if (reader.Bool("window", false))
        {
            if (reader.Has(Member))
            {
                reader.Error(Member, "a clock measures a waiting period or a window, not both");
            }

            return WaitEnd.Closes;
        }

        // Running clocks and older documents say true or false.
        if (reader.IsBool(Member))
        {
            return reader.Bool(Member, false) ? WaitEnd.EndsAfter : null;
        }

        var wait = reader.Choice(Member, Waits, required: false);
        if (wait == WaitEnd.OpensOn && (direction == ClockDirection.Backward || target is { CountsDays: false } || recurrence?.Target is { CountsDays: false }))
        {
            reader.Error(Member, "opensOn is for forward clocks that count days or weeks");
        }

        return wait;
    }

    private static SlaTarget? ReadTarget(DocumentReader reader, string member, bool zero = false)
    {
        if (reader.Object(member) is not { } body)
        {
            return null;
        }

        var amount = body.Text("amount");
        var unit = body.Text("unit");
        body.NoOthers();
        if (amount is null || unit is null)
        {
            return null;
        }

        if (SlaTarget.TryParse(amount, unit, out var target, out var reason, zero))
        {
            return target;
        }

        body.Error(SlaTarget.Units.ContainsKey(unit) ? "amount" : "unit", reason);
        return null;
    }

    private static ClockCondition? ReadCondition(DocumentReader reader, string member)
    {
        if (reader.Object(member, required: false) is not { } body)
        {
            return null;
        }

        var events = body.Texts("events", required: true).Select(name => name.Text).ToList();
        if (events.Count == 0 && body.Has("events"))
        {
            body.Error("events", "must name at least one event");
        }

        Dictionary<string, IReadOnlyList<string>> where = [];
        if (body.Object("where", required: false) is { } facts)
        {
            foreach (var fact in facts.MemberNames())
            {
                where[fact] = [.. facts.Texts(fact, required: true).Select(value => value.Text)];
            }
        }

        var at = body.Text("at", required: false, maxLength: 100);
        if (at is not null && member != "start")
        {
            body.Error("at", "is allowed for the start only");
        }

        body.NoOthers();
        return new ClockCondition(events, where) { At = at };
    }

    private static Recurrence? ReadRecurrence(DocumentReader reader)
    {
        if (reader.Object("recurrence", required: false) is not { } body)
        {
            return null;
        }

        var target = ReadTarget(body, "target");
        var fromDue = body.Choice("from", RecurrenceFrom, required: false) ?? false;
        body.NoOthers();
        return target is null ? null : new Recurrence(target, fromDue);
    }

    private static List<LadderRung> ReadLadder(DocumentReader reader, SlaTarget? target, ClockDirection direction)
    {
        List<LadderRung> ladder = [];
        HashSet<string> keys = [];
        foreach (var body in reader.Objects("ladder", required: false, max: 50))
        {
            var percent = body.Int("percent", 1, LadderRung.MaxPercent, required: false);
            var before = body.Has("before") ? ReadTarget(body, "before", zero: true) : null;
            var after = body.Has("after") ? ReadTarget(body, "after", zero: true) : null;
            var actions = body.Objects("actions", required: true, max: 20).Select(ReadAction).OfType<LadderAction>().ToList();
            body.NoOthers();
            if (new[] { body.Has("percent"), body.Has("before"), body.Has("after") }.Count(given => given) != 1)
            {
                body.Error(null, "must have exactly one of percent, before and after");
                continue;
            }

            if (percent is null && before is null && after is null)
            {
                continue;
            }

            if (before == SlaTarget.Zero || after == SlaTarget.Zero)
            {
                body.Error(null, "the due time itself is percent 100");
                continue;
            }

            if (before is not null && direction == ClockDirection.Forward && IsAtLeast(before, target))
            {
                body.Error("before", "is before the start of the clock");
            }

            if (after is not null && direction == ClockDirection.Backward && target != SlaTarget.Zero && IsAtLeast(after, target))
            {
                body.Error("after", "is after the end date the clock counts back from");
            }

            if (actions.Count == 0 && body.Has("actions"))
            {
                body.Error("actions", "must have at least one action");
            }

            var rung = new LadderRung(percent, before, after, actions);
            if (!keys.Add(rung.Key))
            {
                body.Error(null, $"there are two rungs at {rung.Key}");
            }

            ladder.Add(rung);
        }

        return ladder;
    }

    private static bool IsAtLeast(SlaTarget offset, SlaTarget? target) =>
        target is not null && offset.Unit == target.Unit && (offset.CountsDays ? offset.Count >= target.Count : offset.Time >= target.Time);

    private static LadderAction? ReadAction(DocumentReader body)
    {
        LadderAction? action = null;
        switch (body.Choice("action", Actions))
        {
            case Action.Notify:
                action = body.Choice("to", Targets) is { } to ? new LadderAction.Notify(to) : null;
                break;
            case Action.RaisePriority:
                action = new LadderAction.RaisePriority(body.Int("by", 1, 9, required: false) ?? 1);
                break;
            case Action.RelaxSkills:
                action = new LadderAction.RelaxSkills();
                break;
            case Action.Reassign:
                action = body.Choice("to", NewOwners) is { } owner ? new LadderAction.Reassign(owner) : null;
                break;
            case Action.AddWatcher:
                action = body.Choice("who", Targets) is { } who ? new LadderAction.AddWatcher(who) : null;
                break;
            case Action.StartWorkflow:
                action = body.Text("definition") is { } definition ? new LadderAction.StartWorkflow(definition) : null;
                break;
            case Action.PublishEvent:
                action = body.Text("event") is { } name ? new LadderAction.PublishEvent(name) : null;
                break;
            case Action.Webhook:
                var text = body.Text("url", maxLength: 2000);
                if (
                    text is not null
                    && Uri.TryCreate(text, UriKind.Absolute, out var url)
                    && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
                )
                {
                    action = new LadderAction.Webhook(url);
                }
                else if (text is not null)
                {
                    body.Error("url", "must be an http or https address");
                }

                break;
        }

        body.NoOthers();
        return action;
    }
}
