using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NodaTime;
using Orchestration.Host.Tests.Acceptance;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Elsa;

/// <summary>
/// Sends a stock server's recorded requests to our host, in an order in which they make sense, and compares status and shape of the answers.
/// The result is the table of endpoints in docs/elsa-compatibility.md; a change of it is seen in review. To write it anew:
/// <c>ORCHESTRATION_WRITE_DOCS=1</c>.
/// </summary>
public sealed class ContractTests
{
    private const string Document = "docs/elsa-compatibility.md";
    private const string Begin = "<!-- endpoints: written by ContractTests -->";
    private const string End = "<!-- end of endpoints -->";

    /// <summary>Where we answer otherwise than the stock server, and why.</summary>
    private static readonly Dictionary<string, string> OtherwiseOnPurpose = new()
    {
        ["instances-list-post"] = "the newest instances of the replay have no name, and a member without a value is left out",
        ["instances-list-timestamp"] = "as instances-list-post",
        ["definitions-execute-faulted"] = "the state: a run that faults is an answer, not an error of the server",
        ["definitions-execute-js-error"] = "the state, as above",
        ["definitions-post-nomodel"] = "the reason",
        ["definitions-post-activation-strategy"] = "accepted: it is what the stock server's own descriptor offers",
        ["definitions-post-unknown-activity"] = "kept as a draft and refused at publish, naming the activity",
        ["tasks-complete-missing"] = "nobody waits for it",
        ["runtime-admin-resume"] = "goes on; the stock server failed",
        ["instances-bulk-import"] = "not offered: it would forge history",
        ["bookmarks-resume-bad-token"] = "not offered: no signed resume links are given out",
    };

    /// <summary>Members that are left out or differ everywhere, and why. Regular expressions over the paths of <see cref="Shape"/>.</summary>
    private static readonly (string Path, string Reason)[] LeftOut =
    [
        (
            @"activityExecutionContexts\[\]\.(activityState|properties)\.",
            "the workflow state shows which executions are alive, not what they remember: that is the engine's own"
        ),
        (@"\.properties\.", "as above"),
        ("completionCallbacks", "as above"),
        (@"\.outputs\.", "outputs of activities go into variables; history keeps what a step was given and how it ended"),
        (@"activityState\.", "history keeps the inputs that are expressions"),
        (
            @"payload\.(data|exception|innerException|message|source|stackTrace)",
            "the exception is in the run's incidents and in the activity execution, with its stack"
        ),
        (@"customProperties\.Resilien", "there are no resilience strategies to choose"),
        (@"uiSpecifications\.(Refresh|singleline)", "belongs to inputs that the stock server has and we do not"),
        (@"inputs\[\]\.defaultValue", "a default has the type of its input; which input comes first differs"),
    ];

    [Fact]
    public async Task Answers_have_the_status_and_the_shape_of_a_stock_server()
    {
        await using var database = await StartedDatabase.CreateAsync();
        await using var app = new HostApp(database.ConnectionString);
        var replay = new Replay(await app.ApiAsync("admin"), app.Api(), app.Clock);
        await replay.RunAsync();

        var unexpected = replay.Rows.Where(r => !r.IsEqual && !OtherwiseOnPurpose.ContainsKey(r.Recording.Name)).Select(r => r.ToString()).ToList();
        WriteOrCheck(Table(replay));
        unexpected.ShouldBeEmpty();
        replay.Unsent.Except(OtherwiseOnPurpose.Keys).ShouldBeEmpty("recordings that were not replayed");
    }

    private static string Table(Replay replay)
    {
        var text = new StringBuilder().AppendLine("| Endpoint | Recording | Answer |").AppendLine("|---|---|---|");
        foreach (var row in replay.Rows.OrderBy(r => Template(r.Recording), StringComparer.Ordinal).ThenBy(r => r.Recording.Name, StringComparer.Ordinal))
        {
            var answer =
                row.IsEqual ? "equal"
                : OtherwiseOnPurpose.TryGetValue(row.Recording.Name, out var reason) ? $"{row.Status}: {reason}"
                : row.Difference;
            text.AppendLine($"| `{Template(row.Recording)}` | {row.Recording.Name} | {answer} |");
        }

        foreach (var name in replay.Unsent)
            text.AppendLine($"| | {name} | {OtherwiseOnPurpose.GetValueOrDefault(name, "not replayed")} |");
        text.AppendLine().AppendLine("Left out of every answer:").AppendLine();
        foreach (var (path, reason) in LeftOut.Where(l => l.Reason != "as above"))
            text.AppendLine($"- `{path.Replace("\\", "", StringComparison.Ordinal)}`: {reason}");
        return text.ToString();
    }

    /// <summary>The path without the ids of the recording.</summary>
    private static string Template(Recording recording) =>
        recording.Method
        + " "
        + string.Join(
            '/',
            recording
                .Path.Replace("/elsa/api", "", StringComparison.Ordinal)
                .Split('/')
                .Select(part =>
                    part.Length is 15 or 16 && part.All(char.IsAsciiHexDigitLower)
                    || part.Length == 16 && part.All(char.IsAsciiHexDigit)
                    || part.StartsWith("rec-", StringComparison.Ordinal)
                    || part is "bench-human" or "nope"
                        ? "{id}"
                        : part
                )
        );

    private static void WriteOrCheck(string table)
    {
        var path = Repository.Path(Document);
        var text = File.ReadAllText(path);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        var written = $"{text[..begin]}\n{table}{text[end..]}";
        if (Environment.GetEnvironmentVariable("ORCHESTRATION_WRITE_DOCS") == "1")
            File.WriteAllText(path, written);
        else
        {
            // Only what differs, both ways: the whole page would hide it.
            var (documented, real) = (text.ReplaceLineEndings("\n").Split('\n'), written.ReplaceLineEndings("\n").Split('\n'));
            real.Except(documented).Concat(documented.Except(real).Select(line => "gone: " + line)).ShouldBeEmpty($"{Document} is out of date");
            real.Length.ShouldBe(documented.Length);
        }
    }

    private sealed record Row(Recording Recording, int Status, List<string> Differences)
    {
        public bool IsEqual => Status == Recording.Status && Differences.Count == 0;

        public string Difference => $"{(Status == Recording.Status ? "" : $"{Status} instead of {Recording.Status}; ")}{string.Join(", ", Differences)}";

        public override string ToString() => $"{Recording.Name}: {Difference}";
    }

    /// <summary>The recorded ids are replaced by ours as they become known.</summary>
    private sealed class Replay(HttpClient client, HttpClient nobody, FakeClock clock)
    {
        private readonly Dictionary<string, Recording> _all = Recording.ReadAll();
        private readonly Dictionary<string, string> _ids = [];

        public List<Row> Rows { get; } = [];

        public IEnumerable<string> Unsent => _all.Keys.Except(Rows.Select(r => r.Recording.Name)).Order(StringComparer.Ordinal);

        public async Task RunAsync()
        {
            await Describe();
            await Edit();
            await Run();
            await Transfer();
            await Call();
            await Pause();
            await Manage();
        }

        private async Task Describe()
        {
            await SendAll([
                .. _all.Keys.Where(n =>
                    (n.StartsWith("descriptors-", StringComparison.Ordinal) || n.StartsWith("features-", StringComparison.Ordinal))
                    && !n.Contains("with-workflow", StringComparison.Ordinal)
                ),
            ]);
            await SendAll(
                "package-version",
                "labels",
                "workflow-contexts-provider-descriptors",
                "resilience-strategies",
                "runtime-admin-status",
                "dead-letters"
            );
            await SendAll("identity-login-bad", "identity-login-empty", "unauthorized", "definitions-by-id-missing", "instances-by-id-missing");
            var login = await Send("identity-login", body: new JsonObject { ["username"] = "admin", ["password"] = "demo" });
            var refresh = new HttpRequestMessage(HttpMethod.Post, "/elsa/api/identity/refresh-token")
            {
                Headers = { Authorization = new AuthenticationHeaderValue("Bearer", (string)login!["refreshToken"]!) },
            };
            await Compare("identity-refresh-token", nobody, refresh);
        }

        private async Task Edit()
        {
            await SendAll(
                "definitions-post-malformed",
                "definitions-post-nomodel",
                "definitions-post-activation-strategy",
                "definitions-post-unknown-activity"
            );
            var created = await Send("definitions-post-new-draft");
            Learn(created!["workflowDefinition"], "2fc8c9d88e3a1ddc", "232017f9dcb7d595");
            await SendAll(
                "definitions-post-update-draft",
                "definitions-by-definition-id-latest",
                "definitions-by-definition-id-default",
                "definitions-by-id",
                "definitions-many-by-id",
                "definitions-by-definition-id-composite",
                "definitions-by-definition-id-version1",
                "definitions-subgraph-parent",
                "definitions-is-name-unique-false",
                "definitions-is-name-unique-self",
                "definitions-is-name-unique-true",
                "definitions-retract-again"
            );
            await Post("/elsa/api/workflow-definitions/2fc8c9d88e3a1ddc/publish", new JsonObject());
            await Send("definitions-by-definition-id-published");
            var second = await Send("definitions-post-draft-v2");
            Learn(second!["workflowDefinition"], "2fc8c9d88e3a1ddc", "fb3c656be06ee194");
            await SendAll("definitions-post-publish-v2", "definitions-versions", "definitions-consumers", "definitions-update-references");
            await Import("bench-human", _all["definitions-by-definition-id-flowchart"].Answer!);
            await Import(
                "rec-fault",
                Flowchart(
                    new JsonObject
                    {
                        ["id"] = "f",
                        ["name"] = "f",
                        ["type"] = "Elsa.Fault",
                        ["code"] = Literal("E1"),
                        ["category"] = Literal("Business"),
                        ["faultType"] = Literal("Custom"),
                        ["message"] = Literal("boom"),
                    }
                )
            );
            await Import(
                "rec-jsfault",
                Flowchart(
                    new JsonObject
                    {
                        ["id"] = "j",
                        ["name"] = "j",
                        ["type"] = "Elsa.WriteLine",
                        ["text"] = Expression("JavaScript", "nope()"),
                    }
                )
            );
            await Import(
                "rec-event",
                Flowchart(
                    new JsonObject
                    {
                        ["id"] = "e",
                        ["name"] = "e",
                        ["type"] = "Elsa.Event",
                        ["eventName"] = Literal("Go"),
                    }
                )
            );
            await SendAll("definitions-publish-missing", "definitions-retract-not-published");
            var published = await Send("definitions-publish");
            Learn(published!["workflowDefinition"], "bench-human", "e3061bfd4d6e661d");
            _ids["ad22d6050459d8aa"] = _ids["e3061bfd4d6e661d"];
            foreach (var id in new[] { "rec-fault", "rec-jsfault", "rec-event" })
                await Post($"/elsa/api/workflow-definitions/{id}/publish", new JsonObject());
            await SendAll(
                "definitions-publish-already",
                "definitions-by-definition-id-flowchart",
                "definitions-by-definition-id-missing",
                "definitions-subgraph",
                "definitions-subgraph-segments",
                "definitions-list",
                "definitions-list-all",
                "definitions-list-ids",
                "definitions-list-latest",
                "definitions-list-published",
                "definitions-list-search",
                "definitions-query-count",
                "javascript-type-definitions",
                "definitions-refresh",
                "definitions-reload",
                "tests-activities"
            );
        }

        private async Task Run()
        {
            var started = await Send("definitions-execute");
            var state = started!["workflowState"]!;
            _ids["833fa7b87dd334bc"] = (string)state["id"]!;
            _ids["6847e2cfbbcca6d4"] = Task(state);
            await SendAll(
                "definitions-execute-get",
                "definitions-execute-nobody",
                "definitions-execute-missing",
                "definitions-dispatch",
                "definitions-dispatch-missing",
                "definitions-bulk-dispatch"
            );
            await SendAll(
                "instances-by-id-suspended",
                "instances-execution-state-suspended",
                "instances-journal-suspended",
                "instances-variables",
                "instances-variables-post",
                "instances-variables-after-post",
                "instances-list-post",
                "instances-list-filtered",
                "instances-list-timestamp",
                "instances-list-get"
            );
            await SendAll("tasks-complete-missing", "tasks-complete", "tasks-complete-again-same");
            var second = await Send("instances-by-id-second-task");
            _ids["d86757304054f050"] = Task(second!["workflowState"]!);
            var runs = await Get($"/elsa/api/activity-executions/list?workflowInstanceId={_ids["833fa7b87dd334bc"]}");
            _ids["301d4882c2e2deb8"] = (string)runs!["items"]!.AsArray().First(r => (string)r!["activityId"]! == "set1")!["id"]!;
            await SendAll([
                .. _all.Keys.Where(n =>
                    n.StartsWith("activity-execution", StringComparison.Ordinal)
                    && !n.EndsWith("-faulted", StringComparison.Ordinal)
                    && !n.EndsWith("-cancelled", StringComparison.Ordinal)
                ),
            ]);
            await SendAll(
                "resilience-retries",
                "instances-journal-last",
                "instances-journal-filtered",
                "instances-journal-finished",
                "instances-journal-skip-take",
                "instances-by-id-finished",
                "instances-execution-state-finished",
                "instances-variables-finished",
                "tasks-complete-second"
            );

            var faulted = await Send("definitions-execute-faulted");
            _ids["df1b20036b11f252"] = (string)faulted!["workflowState"]!["id"]!;
            await SendAll(
                "instances-by-id-faulted",
                "instances-journal-faulted",
                "activity-executions-list-faulted",
                "activity-executions-report-faulted",
                "instances-list-has-incidents"
            );
            var script = await Send("definitions-execute-js-error");
            _ids["32d1b41f88ecabad"] = (string)script!["workflowState"]!["id"]!;
            await Send("instances-journal-js-error");
            var waiting = await Send("definitions-execute-event-suspended");
            _ids["f7f3929e23c3108a"] = (string)waiting!["workflowState"]!["id"]!;
            await SendAll("events-trigger-authenticated", "instances-event-after");
            var cancelled = await Post("/elsa/api/workflow-definitions/bench-human/execute", new JsonObject());
            _ids["fa0162f8e2b6d5f0"] = (string)cancelled!["workflowState"]!["id"]!;
            await SendAll(
                "instances-cancel",
                "instances-cancel-missing",
                "instances-cancel-finished",
                "instances-by-id-cancelled",
                "instances-execution-state-cancelled",
                "instances-journal-cancelled",
                "activity-executions-list-cancelled"
            );
            var exported = await Post("/elsa/api/workflow-definitions/bench-human/execute", new JsonObject());
            _ids["3128feaddd93f775"] = (string)exported!["workflowState"]!["id"]!;
        }

        private async Task Transfer()
        {
            await Import("rec-exp", _all["definitions-export"].Answer!);
            var exported = await Post("/elsa/api/workflow-definitions/rec-exp/publish", new JsonObject());
            Learn(exported!["workflowDefinition"], "rec-exp", "30c598ee68905312");
            _ids["7301954dbf657a6d"] = _ids["833fa7b87dd334bc"];
            await SendAll("definitions-bulk-export", "definitions-bulk-export-single", "instances-export", "instances-bulk-export");
            await SendAll("definitions-export", "definitions-import", "definitions-import-existing", "definitions-import-result-versions");
            using var form = new MultipartFormDataContent { { new StringContent(_all["definitions-export"].Answer!.ToJsonString()), "files", "a.json" } };
            await Compare("definitions-import-files", client, new(HttpMethod.Post, "/elsa/api/workflow-definitions/import-files") { Content = form });
        }

        /// <summary>A parent that waits for its child, the child as an activity, and a workflow that answers requests.</summary>
        private async Task Call()
        {
            var child = Flowchart(
                new JsonObject
                {
                    ["id"] = "so",
                    ["name"] = "so",
                    ["type"] = "Elsa.SetOutput",
                    ["outputName"] = Literal("Res"),
                    ["outputValue"] = Expression("JavaScript", "getN() * 2"),
                }
            );
            child["name"] = "Rec child";
            child["options"] = new JsonObject { ["usableAsActivity"] = true };
            child["inputs"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = "N",
                    ["type"] = "Int32",
                    ["displayName"] = "N",
                    ["description"] = "",
                    ["category"] = "",
                }
            );
            child["outputs"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = "Res",
                    ["type"] = "Object",
                    ["displayName"] = "Res",
                    ["description"] = "",
                }
            );
            await Import("rec-child", child);
            var parent = Flowchart(
                new JsonObject
                {
                    ["id"] = "dw",
                    ["name"] = "dw",
                    ["type"] = "Elsa.DispatchWorkflow",
                    ["workflowDefinitionId"] = Literal("rec-child"),
                    ["waitForCompletion"] = Expression("Literal", "true"),
                    ["input"] = Expression("JavaScript", "({ N: 21 })"),
                    ["result"] = new JsonObject
                    {
                        ["typeName"] = "Object",
                        ["memoryReference"] = new JsonObject { ["id"] = "vr" },
                    },
                }
            );
            parent["variables"] = new JsonArray(
                new JsonObject
                {
                    ["id"] = "vr",
                    ["name"] = "R",
                    ["typeName"] = "Object",
                    ["storageDriverTypeName"] = "Elsa.Workflows.WorkflowInstanceStorageDriver, Elsa.Workflows.Core",
                }
            );
            await Import("rec-parent", parent);
            var hello = Flowchart(
                new JsonObject
                {
                    ["id"] = "in",
                    ["name"] = "in",
                    ["type"] = "Elsa.HttpEndpoint",
                    ["customProperties"] = new JsonObject { ["canStartWorkflow"] = true },
                    ["path"] = Literal("rec/hello"),
                    ["supportedMethods"] = Expression("Object", "[\"GET\"]"),
                }
            );
            hello["root"]!["activities"]!
                .AsArray()
                .Add(
                    new JsonObject
                    {
                        ["id"] = "out",
                        ["name"] = "out",
                        ["type"] = "Elsa.WriteHttpResponse",
                        ["content"] = Literal("{\"ok\":true}"),
                        ["contentType"] = Literal("application/json"),
                    }
                );
            hello["root"]!["connections"]!
                .AsArray()
                .Add(
                    new JsonObject
                    {
                        ["source"] = new JsonObject { ["activity"] = "in", ["port"] = "Done" },
                        ["target"] = new JsonObject { ["activity"] = "out", ["port"] = "In" },
                    }
                );
            await Import("rec-hello", hello);
            foreach (var id in new[] { "rec-child", "rec-parent", "rec-hello" })
                await Post($"/elsa/api/workflow-definitions/{id}/publish", new JsonObject());

            var started = await Send("definitions-execute-dispatchworkflow");
            _ids["f705837cf0433a8d"] = (string)started!["workflowState"]!["id"]!;
            var ended = await Eventually.AsksAsync(
                () => Get("/elsa/api/workflow-instances/f705837cf0433a8d"),
                run => (string)run!["status"]! == "Finished",
                "the child has ended and the parent went on"
            );
            ended!["workflowState"]!["incidents"]!.AsArray().Select(i => i!.ToJsonString()).ShouldBeEmpty();
            await SendAll(
                "instances-by-id-parent-finished",
                "instances-variables-parent",
                "descriptors-activities-with-workflow-as-activity",
                "http-endpoint-trigger"
            );
        }

        private async Task Pause() =>
            await SendAll("runtime-admin-pause", "runtime-admin-status-paused", "definitions-execute-while-paused", "runtime-admin-resume");

        private async Task Manage()
        {
            await SendAll("definitions-revert", "definitions-versions-after-revert", "definitions-delete-missing", "instances-delete-missing");
            await Import("imported-1", _all["definitions-export"].Answer!);
            await SendAll(
                "definitions-bulk-publish",
                "definitions-bulk-retract",
                "definitions-bulk-delete",
                "definitions-bulk-delete-versions",
                "definitions-delete-version-by-number",
                "definitions-delete-version-by-id",
                "definitions-delete"
            );
            await SendAll("instances-bulk-cancel", "instances-bulk-cancel-definition", "instances-bulk-delete", "definitions-retract");
            _ids["2d45b99422cab761"] = _ids["df1b20036b11f252"];
            await Send("instances-delete");
        }

        private static JsonObject Literal(string text) => Expression("Literal", text);

        private static JsonObject Expression(string type, string text) =>
            new()
            {
                ["typeName"] = "String",
                ["expression"] = new JsonObject { ["type"] = type, ["value"] = text },
            };

        private static JsonObject Flowchart(JsonObject activity)
        {
            var start = (string)activity["id"]!;
            return new()
            {
                ["name"] = "Rec " + start,
                ["root"] = new JsonObject
                {
                    ["id"] = "root",
                    ["type"] = "Elsa.Flowchart",
                    ["version"] = 1,
                    ["activities"] = new JsonArray(activity),
                    ["connections"] = new JsonArray(),
                    ["start"] = start,
                },
            };
        }

        private static string Task(JsonNode state) =>
            (string)state["bookmarks"]![0]!["payload"]!.AsObject().First(p => p.Key.Equals("taskId", StringComparison.OrdinalIgnoreCase)).Value!;

        private void Learn(JsonNode? definition, string definitionId, string versionId) =>
            (_ids[definitionId], _ids[versionId]) = ((string)definition!["definitionId"]!, (string)definition["id"]!);

        private async Task Import(string definitionId, JsonNode model)
        {
            var document = model.DeepClone();
            document["definitionId"] = definitionId;
            (await Post("/elsa/api/workflow-definitions/import", document)).ShouldNotBeNull();
        }

        private async Task SendAll(params string[] names)
        {
            foreach (var name in names)
                await Send(name);
        }

        private async Task<JsonNode?> Send(string name, JsonNode? body = null)
        {
            var recording = _all[name];
            var query = recording.Query is null
                ? ""
                : "?"
                    + string.Join(
                        '&',
                        recording
                            .Query.SelectMany(p =>
                                p.Value is JsonArray many ? many.Select(v => (p.Key, Value: v!.ToString())) : [(p.Key, Value: p.Value?.ToString() ?? "")]
                            )
                            .Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}")
                    );
            var request = new HttpRequestMessage(new(recording.Method), Ours(recording.Path + query));
            if ((body ?? recording.Body) is { } content)
                request.Content = Json(Ours(content.ToJsonString()));
            if (name == "definitions-post-malformed")
                request.Content = Json("{\"model\": {");
            return await Compare(name, name is "unauthorized" || recording.Path.Contains("/identity/", StringComparison.Ordinal) ? nobody : client, request);
        }

        private async Task<JsonNode?> Compare(string name, HttpClient sender, HttpRequestMessage request)
        {
            var recording = _all[name];

            // So that lists by time have one order.
            clock.Advance(Duration.FromMilliseconds(1));
            using var response = await sender.SendAsync(request);
            var answer =
                recording.Answer is JsonValue text && text.TryGetValue<string>(out _) ? JsonValue.Create(await response.Content.ReadAsStringAsync())
                : response.Content.Headers.ContentDisposition?.FileName is { } file && file.Trim('"').EndsWith(".zip", StringComparison.Ordinal)
                    ? Unzip(await response.Content.ReadAsByteArrayAsync())
                : Parse(await response.Content.ReadAsStringAsync());
            var recorded = recording.Answer;
            Rows.Add(
                new(
                    recording,
                    (int)response.StatusCode,
                    (int)response.StatusCode >= 400 && recording.Status >= 400 && recorded is null
                        ? []
                        : [.. Shape.Differences(recorded, answer).Where(d => !LeftOut.Any(l => Regex.IsMatch(d, l.Path)))]
                )
            );
            return answer;
        }

        private async Task<JsonNode?> Get(string path) => Parse(await client.GetStringAsync(Ours(path)));

        private async Task<JsonNode?> Post(string path, JsonNode body)
        {
            clock.Advance(Duration.FromMilliseconds(1));
            using var response = await client.PostAsync(Ours(path), Json(body.ToJsonString()));
            var text = await response.Content.ReadAsStringAsync();
            response.IsSuccessStatusCode.ShouldBeTrue($"{path}: {(int)response.StatusCode} {text}");
            return Parse(text);
        }

        /// <summary>As the recordings have it; the ids in the names of the files are not compared.</summary>
        private static JsonObject Unzip(byte[] bytes)
        {
            using var zip = new ZipArchive(new MemoryStream(bytes));
            return new() { ["_zip_entries"] = new JsonArray([.. zip.Entries.Select(entry => JsonNode.Parse(entry.Open()))]) };
        }

        private string Ours(string text) => _ids.Aggregate(text, (t, id) => t.Replace(id.Key, id.Value, StringComparison.Ordinal));

        private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

        private static JsonNode? Parse(string text)
        {
            try
            {
                return text.Length == 0 ? null : JsonNode.Parse(text);
            }
            catch (System.Text.Json.JsonException)
            {
                return JsonValue.Create(text);
            }
        }
    }
}
