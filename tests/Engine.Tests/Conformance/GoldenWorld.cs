using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Tests.Conformance;

/// <summary>Instances, what they tell each other, and time: a runtime in memory. Every state goes through JSON between two bursts.</summary>
internal sealed class GoldenWorld
{
    private static readonly ActivityRegistry Registry = ActivityRegistry.WithBuiltIns().AddCSharp();
    private readonly Dictionary<string, CompiledWorkflow> _definitions = [];
    private readonly List<Running> _instances = [];
    private readonly Queue<OutgoingStimulus> _outgoing = new();
    private readonly FlowchartMode _mode;
    private readonly List<string> _lines = [];
    private Instant _now = Instant.FromUtc(2026, 1, 1, 8, 0);
    private ulong _seed;

    public GoldenWorld(JsonElement testCase)
    {
        _mode =
            testCase.TryGetProperty("options", out var options)
            && options.ValueKind == JsonValueKind.Object
            && options.TryGetProperty("flowchartMode", out var mode)
            && mode.GetString() == "Token"
                ? FlowchartMode.Token
                : FlowchartMode.Counter;
        var documents = testCase.GetProperty("definitions").EnumerateArray().ToList();
        MainId = documents[0].GetProperty("definitionId").GetString()!;

        foreach (var document in documents)
        {
            var json = Encoding.UTF8.GetBytes(document.GetRawText());
            var (workflow, errors) = DefinitionParser.Parse(json, Registry, DefinitionUse.Run, x => Find(documents, x));

            if (workflow is null)
                throw new InvalidOperationException(string.Join("; ", errors));

            if (_definitions.Count == 0)
                PublishErrors = DefinitionParser.Parse(json, Registry, DefinitionUse.Publish, x => Find(documents, x)).Errors;

            // The first version of an id is the one under test; older ones only serve as activities.
            _definitions.TryAdd(workflow.DefinitionId, workflow);
        }
    }

    public string MainId { get; }

    /// <summary>What we reported where Elsa is silent.</summary>
    public SortedSet<string> Reports { get; } = [];
    public IReadOnlyList<DefinitionError> PublishErrors { get; } = [];
    private Running Main => _instances[0];

    private static WorkflowSource? Find(List<JsonElement> documents, WorkflowReference reference)
    {
        var match = documents.Find(x => reference.VersionId is not null && Text(x, "id") == reference.VersionId);

        if (match.ValueKind == JsonValueKind.Undefined)
            match = documents.Find(x =>
                reference.DefinitionId is not null
                && Text(x, "definitionId") == reference.DefinitionId
                && x.GetProperty("version").GetInt32() == reference.Version
            );

        if (match.ValueKind == JsonValueKind.Undefined)
            match = documents.Find(x =>
                reference.DefinitionId is not null
                && Text(x, "definitionId") == reference.DefinitionId
                && x.TryGetProperty("isPublished", out var published)
                && published.ValueKind == JsonValueKind.True
            );

        if (match.ValueKind == JsonValueKind.Undefined)
            match = documents.Find(x => Pascal(Text(x, "name") ?? "") == reference.TypeName);

        return match.ValueKind == JsonValueKind.Undefined ? null : new WorkflowSource(Encoding.UTF8.GetBytes(match.GetRawText()));
    }

    private static string Pascal(string name) =>
        string.Concat(name.Split([' ', '-', '_', '.'], StringSplitOptions.RemoveEmptyEntries).Select(x => char.ToUpperInvariant(x[0]) + x[1..]));

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Performs one step and returns its result, in the shape of the golden files.</summary>
    public JsonObject Do(JsonElement step)
    {
        foreach (var instance in _instances)
            instance.Journal.Clear();

        _lines.Clear();
        _now += Duration.FromMinutes(1);
        var answer = new JsonObject();

        if (step.TryGetProperty("start", out var start))
            Start(MainId, NewId(), Data(start, "input"), Text(start, "correlationId"));
        else if (step.TryGetProperty("resume", out var resume))
            Resume(resume, answer);
        else if (step.TryGetProperty("event", out var published))
            Publish(
                new OutgoingStimulus.PublishEvent(
                    Text(published, "eventName")!,
                    Text(published, "correlationId"),
                    null,
                    published.TryGetProperty("payload", out var payload) ? GoldenData.FromJson(payload) : null,
                    false
                )
            );
        else if (step.TryGetProperty("cancel", out _))
            Advance(Main, new Stimulus.Cancel("test"));
        else
            throw new NotSupportedException(step.GetRawText());

        while (_outgoing.TryDequeue(out var next))
            Deliver(next);

        Describe(Main, answer);
        var others = new JsonArray();

        foreach (var other in _instances.Skip(1))
        {
            if (!other.WasTouched)
                continue;

            var description = new JsonObject { ["definitionId"] = other.Workflow.DefinitionId };
            Describe(other, description);
            others.Add(description);
        }

        if (others.Count > 0)
            answer["otherInstances"] = others;

        answer["writeLines"] = new JsonArray([.. _lines.Select(x => JsonValue.Create(x))]);

        foreach (var instance in _instances)
            instance.WasTouched = false;

        return answer;
    }

    /// <summary>Ids of instances in the order in which they were created.</summary>
    public IEnumerable<string> InstanceIds => _instances.Select(x => x.Id);

    private static OrderedDictionary<string, object?> Data(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && GoldenData.FromJson(value) is OrderedDictionary<string, object?> data ? data : [];

    private void Resume(JsonElement resume, JsonObject answer)
    {
        var instance = Text(resume, "instanceOf") is { } definitionId ? _instances.Find(x => x.Workflow.DefinitionId == definitionId)! : Main;
        var activityId = Text(resume, "activityId");
        var bookmarkName = Text(resume, "bookmarkName");

        if (resume.TryGetProperty("stale", out _))
        {
            var gone = instance.SeenBookmarks.FindLast(x => x.ActivityId == activityId)!;
            Advance(instance, new Stimulus.Resume(gone.Id, Data(resume, "input")));

            if (Text(resume, "via") == "resumer")
                answer["resumeResult"] = "not matched";

            return;
        }

        var index = resume.TryGetProperty("index", out var given) ? given.GetInt32() : 0;
        var candidates = instance.State().Bookmarks.Where(x => x.ActivityId == activityId && (bookmarkName is null || x.Name == bookmarkName)).ToList();

        if (candidates.Count <= index)
        {
            answer["error"] = "no such bookmark";
            return;
        }

        if (Text(resume, "via") == "resumer")
            answer["resumeResult"] = "matched";

        Advance(instance, new Stimulus.Resume(candidates[index].Id, Data(resume, "input")));
    }

    private string NewId() => (++_seed).ToString("x32", CultureInfo.InvariantCulture);

    private BurstContext Context() => new(_now, ++_seed) { FindPublished = id => _definitions.GetValueOrDefault(id), FlowchartMode = _mode };

    private Running Start(
        string definitionId,
        string id,
        OrderedDictionary<string, object?> input,
        string? correlationId,
        string? triggerId = null,
        object? payload = null,
        string? parentId = null,
        string? parentBookmark = null
    )
    {
        var workflow = _definitions[definitionId];
        var state = Burst.NewInstance(workflow, id, Context());
        state.ParentInstanceId = parentId;
        state.ParentBookmarkId = parentBookmark;
        var instance = new Running(workflow, state);
        _instances.Add(instance);
        Advance(instance, new Stimulus.Start(input, correlationId, triggerId, payload));
        return instance;
    }

    private void Advance(Running instance, Stimulus stimulus)
    {
        var result = Burst.Advance(instance.Workflow, instance.State(), stimulus, Context());
        _lines.AddRange(result.Lines);
        Store(instance, result);
    }

    private void Store(Running instance, BurstResult result)
    {
        foreach (var child in result.Children)
        {
            var running = new Running(_definitions[child.State.DefinitionId], child.State);
            _instances.Add(running);
            Store(running, child);
        }

        instance.Store(result);

        foreach (var outgoing in result.Outgoing)
            _outgoing.Enqueue(outgoing);
    }

    private void Deliver(OutgoingStimulus stimulus)
    {
        switch (stimulus)
        {
            case OutgoingStimulus.PublishEvent published:
                Publish(published);
                break;

            case OutgoingStimulus.StartInstance start:
                Start(
                    start.DefinitionId,
                    start.InstanceId,
                    start.Input,
                    start.CorrelationId,
                    parentBookmark: start.ParentBookmarkId,
                    parentId: start.Input["ParentInstanceId"] as string
                );
                break;

            case OutgoingStimulus.ChildEnded ended:
                Advance(_instances.Find(x => x.Id == ended.ParentInstanceId)!, ended.ToResume());
                break;

            case OutgoingStimulus.CancelInstance cancel:
                Advance(_instances.Find(x => x.Id == cancel.InstanceId)!, new Stimulus.Cancel(cancel.Reason));
                break;
        }
    }

    private void Publish(OutgoingStimulus.PublishEvent published)
    {
        var hash = StimulusHash.Event(published.EventName);
        var waiting = _instances.Where(x => published.InstanceId is null || x.Id == published.InstanceId).ToList();

        foreach (var instance in waiting)
        {
            if (published.CorrelationId is not null && instance.State().CorrelationId != published.CorrelationId)
                continue;

            foreach (var bookmark in instance.State().Bookmarks.Where(x => x.Hash == hash).ToList())
                Advance(instance, new Stimulus.Resume(bookmark.Id, new() { [StimulusInput.EventPayload] = published.Payload }));
        }

        if (published.InstanceId is not null)
            return;

        foreach (var workflow in _definitions.Values)
        {
            foreach (var trigger in workflow.Triggers.Where(x => x.Hash == hash))
                Start(workflow.DefinitionId, NewId(), new() { [StimulusInput.EventPayload] = published.Payload }, published.CorrelationId, trigger.ActivityId);
        }
    }

    private void Describe(Running instance, JsonObject description)
    {
        var state = instance.State();
        description["status"] = state.Status.ToString();
        description["subStatus"] = state.SubStatus.ToString();

        if (state.Name is not null)
            description["name"] = state.Name;

        if (state.CorrelationId is not null)
            description["correlationId"] = state.CorrelationId;

        description["bookmarks"] = new JsonArray([
            .. state
                .Bookmarks.Select(x => (x.ActivityId, x.Name))
                .OrderBy(x => x.ActivityId, StringComparer.Ordinal)
                .ThenBy(x => x.Name, StringComparer.Ordinal)
                .Select(x => new JsonObject { ["activityId"] = x.ActivityId, ["name"] = x.Name }),
        ]);
        description["journal"] = new JsonArray([
            .. instance.Journal.Select(x => new JsonObject
            {
                ["activityId"] = x.ActivityId,
                ["activityType"] = x.ActivityType,
                ["event"] = x.EventName,
            }),
        ]);
        description["activities"] = new JsonArray([.. instance.Activities.Select(x => x.Describe())]);
        description["output"] = GoldenData.ToJson(state.Output);
        description["variables"] = new JsonObject(state.Variables(instance.Workflow).Select(x => KeyValuePair.Create(x.Key.Name, GoldenData.ToJson(x.Value))));
        // Only we report work that can never be done; what Elsa records must be the same.
        Reports.UnionWith(state.Incidents.Where(x => x.Exception is null).Select(x => x.Message));
        description["incidents"] = new JsonArray([
            .. state
                .Incidents.Where(x => x.Exception is not null)
                .Select(x => new JsonObject
                {
                    ["activityId"] = x.ActivityId,
                    ["message"] = x.Message,
                    ["exceptionType"] = x.Exception?.Type,
                    ["innerMessage"] = x.Exception?.Inner?.Message,
                }),
        ]);
    }

    /// <summary>What is remembered of an execution after it left the state.</summary>
    private sealed record Seen(string Id, string ActivityId, ActivityStatus Status, IReadOnlyList<string>? Outcomes, int Faults)
    {
        public JsonObject Describe()
        {
            var json = new JsonObject { ["activityId"] = ActivityId, ["status"] = Status.ToString() };

            if (Outcomes is not null && !(Outcomes is ["Done"]))
                json["outcomes"] = new JsonArray([.. Outcomes.Select(x => JsonValue.Create(x))]);

            if (Faults > 0)
                json["faults"] = Faults;

            return json;
        }
    }

    private sealed class Running(CompiledWorkflow workflow, InstanceState state)
    {
        private byte[] _json = state.ToJson();

        public string Id { get; } = state.Id;
        public CompiledWorkflow Workflow { get; } = workflow;
        public List<JournalEntry> Journal { get; } = [];
        public List<Seen> Activities { get; } = [];
        public List<Bookmark> SeenBookmarks { get; } = [];
        public bool WasTouched { get; set; } = true;

        public InstanceState State() => InstanceState.FromJson(_json);

        public void Store(BurstResult result)
        {
            _json = result.State.ToJson();
            Encoding.UTF8.GetString(InstanceState.FromJson(_json).ToJson()).ShouldBe(Encoding.UTF8.GetString(_json));
            Journal.AddRange(result.Journal);
            SeenBookmarks.AddRange(result.Opened);
            WasTouched |= result.Refused is null;

            foreach (var execution in result.Executions)
            {
                var seen = new Seen(execution.Id, execution.Node.Id, execution.Status, execution.Outcomes, execution.FaultCount);
                var index = Activities.FindIndex(x => x.Id == execution.Id);

                if (index < 0)
                    Activities.Add(seen);
                else
                    Activities[index] = seen;
            }
        }
    }
}
