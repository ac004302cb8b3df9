using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;

namespace Orchestration.Host.Elsa.Instances;

/// <summary>Runs: list, detail, variables, journal, cancel.</summary>
internal static class InstanceEndpoints
{
    private const int MaxPage = 1000;

    public static void Map(RouteGroupBuilder api)
    {
        var instances = api.MapGroup("/workflow-instances");
        instances.MapPost(
            "/",
            (JsonBody body, RunAccess access, NpgsqlDataSource database, CancellationToken cancel) => List(Filter(body.Object), access, database, cancel)
        );
        instances.MapGet(
            "/",
            (HttpRequest request, RunAccess access, NpgsqlDataSource database, CancellationToken cancel) =>
                List(Filter(FromQuery(request.Query)), access, database, cancel)
        );
        instances.MapGet("/{id}", Get);
        instances.MapGet("/{id}/execution-state", ExecutionState);
        instances.MapGet("/{id}/variables", Variables);
        instances.MapPost("/{id}/variables", SetVariables).RequireAuthorization(JourneyAccess.Run);
        instances.MapGet(
            "/{id}/journal",
            (string id, HttpRequest request, RunAccess access, NpgsqlDataSource database, CancellationToken cancel) =>
                Journal(id, request.Query, [], access, database, cancel)
        );
        instances.MapPost(
            "/{id}/journal",
            (string id, HttpRequest request, JsonBody body, RunAccess access, NpgsqlDataSource database, CancellationToken cancel) =>
                Journal(id, request.Query, body.Object["filter"] as JsonObject ?? [], access, database, cancel)
        );
        instances.MapGet("/{id}/journal/{activityId}", LastEntry);
        instances.MapGet("/{id}/export", Export);
        api.MapPost("/cancel/workflow-instances/{id}", Cancel).RequireAuthorization(JourneyAccess.Run);
        api.MapPost("/bulk-actions/cancel/workflow-instances", CancelMany).RequireAuthorization(JourneyAccess.Run);
        api.MapPost("/bulk-actions/export/workflow-instances", ExportMany);
    }

    /// <summary>An ID of our rows. Elsa's clients send back what they received, so any other text is simply unknown.</summary>
    public static Guid? Id(string? text) => Guid.TryParseExact(text, "N", out var id) ? id : null;

    private static async Task<IResult> List(InstanceFilter filter, RunAccess access, NpgsqlDataSource database, CancellationToken cancel)
    {
        var (items, total) = await InstanceQueries.ListAsync(database, filter with { Only = await access.OnlyAsync(cancel) }, cancel);
        return ElsaJson.Json(new { items = items.Select(InstanceModel.Summary), totalCount = total });
    }

    /// <summary>The parameters of the GET form, as the POST form has them.</summary>
    private static JsonObject FromQuery(IQueryCollection query)
    {
        var body = new JsonObject();
        foreach (var (name, values) in query)
        {
            var key = char.ToLowerInvariant(name.Length > 0 ? name[0] : ' ') + name[Math.Min(1, name.Length)..];
            body[key] = key is "page" or "pageSize"
                ? int.TryParse(values[0], CultureInfo.InvariantCulture, out var number)
                    ? number
                    : null
                : key is "hasIncidents"
                    ? bool.TryParse(values[0], out var flag)
                        ? flag
                        : null
                    : key.EndsWith('s')
                        ? new JsonArray([.. values.Select(v => (JsonNode?)v)])
                        : (JsonNode?)values[0];
        }

        return body;
    }

    /// <summary>Elsa's filter of runs, a page of it.</summary>
    public static InstanceFilter Filter(JsonObject body)
    {
        var size = Math.Clamp(body.Number("pageSize") ?? 100, 1, MaxPage);
        return new()
        {
            Ids = [.. body.Texts("ids").Select(id => Id(id) ?? Guid.Empty)],
            DefinitionIds = Both("definitionId", "definitionIds"),
            DefinitionVersionIds = Both("definitionVersionId", "definitionVersionIds"),
            CorrelationIds = Both("correlationId", "correlationIds"),
            Names = body.Texts("names"),
            Statuses = Both("status", "statuses"),
            SubStatuses = Both("subStatus", "subStatuses"),
            HasIncidents = body.Flag("hasIncidents"),
            Search = body.Text("searchTerm"),
            Times = Times(body),
            OrderBy = body.Text("orderBy"),
            Descending = body.Text("orderDirection") != "Ascending",
            Skip = Math.Clamp(body.Number("page") ?? 0, 0, int.MaxValue / MaxPage - 1) * size,
            Take = size,
        };

        string[] Both(string one, string many) => body.Text(one) is { Length: > 0 } single ? [single] : body.Texts(many);
    }

    private static List<(string, string, Instant)> Times(JsonObject body)
    {
        var times = new List<(string, string, Instant)>();
        foreach (var filter in (body["timestampFilters"] as JsonArray)?.OfType<JsonObject>() ?? [])
        {
            if (DateTimeOffset.TryParse(filter.Text("timestamp"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
                times.Add((filter.Text("column") ?? "", filter.Text("operator") ?? "", Instant.FromDateTimeOffset(at)));
        }

        return times;
    }

    private static async Task<IResult> Get(string id, RunAccess access, NpgsqlDataSource database, CancellationToken cancel) =>
        await access.FindAsync(id, cancel) is { } key && await InstanceQueries.FindAsync(database, key, cancel) is { } found
            ? ElsaJson.Json(await access.ShownAsync(key, InstanceModel.Whole(found.Summary, found.State), cancel))
            : Results.NotFound();

    private static async Task<IResult> ExecutionState(string id, RunAccess access, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (await access.FindAsync(id, cancel) is not { } key || await InstanceQueries.FindAsync(database, key, cancel) is not { Summary: var i })
            return Results.NotFound();

        // Elsa's server writes subStatus, Studio's client reads workflowSubStatus.
        return ElsaJson.Json(
            new
            {
                status = i.Status,
                subStatus = i.SubStatus,
                workflowSubStatus = i.SubStatus,
                updatedAt = i.UpdatedAt,
            }
        );
    }

    private static async Task<IResult> Variables(string id, RunAccess access, NpgsqlDataSource database, DefinitionStore store, CancellationToken cancel)
    {
        if (await access.FindAsync(id, cancel) is not { } key || await InstanceQueries.FindAsync(database, key, cancel) is not { State: var state })
            return Results.NotFound();
        var workflow = await store.GetVersionAsync(state.DefinitionVersionId, cancel);
        var items = state
            .Variables(workflow)
            .Select(v => new
            {
                id = v.Key.Id,
                name = v.Key.Name,
                value = InstanceModel.Data(v.Value),
            })
            .ToList();
        return ElsaJson.Json(await access.ShownAsync(key, new { items, count = items.Count }, cancel));
    }

    private static async Task<IResult> SetVariables(string id, JsonBody body, RunAccess access, WorkflowRuntime runtime, CancellationToken cancel)
    {
        if (await access.FindAsync(id, cancel) is not { } key)
            return Results.NotFound();
        var changes = (body.Object["variables"] as JsonArray)?.OfType<JsonObject>().Where(v => v.Text("id") is not null).ToList() ?? [];
        if (changes.Count > 0)
        {
            var reason = access.Reason(body.Object);
            if (await access.RefuseAsync([key], reason, cancel) is { } refused)
                return refused;
            var alterations = changes.Select(
                JsonNode (change) =>
                {
                    // Read here, so that a value that can't be stored is refused by the name of its variable.
                    _ = WorkflowData.FromOutside(change["value"], change.Text("id")!);
                    return new JsonObject
                    {
                        ["type"] = nameof(Alteration.ModifyVariable),
                        ["variableId"] = change.Text("id"),
                        ["value"] = change["value"]?.DeepClone(),
                    };
                }
            );
            var result = await access.AlterAsync(key, [.. alterations], reason, cancel);
            if (result.Refused is { } why)
                return result.IsPending
                    ? ElsaJson.Problem(StatusCodes.Status409Conflict, why)
                    : ElsaJson.Problem(StatusCodes.Status400BadRequest, (changes[Math.Min(result.Log.Count, changes.Count) - 1].Text("id")!, why));
        }

        return await Variables(id, access, runtime.Database, runtime.Definitions, cancel);
    }

    private static async Task<IResult> Journal(
        string id,
        IQueryCollection query,
        JsonObject filter,
        RunAccess access,
        NpgsqlDataSource database,
        CancellationToken cancel
    )
    {
        var take = Math.Clamp(Number("take") ?? Number("pageSize") ?? 100, 1, MaxPage);
        if (await access.FindAsync(id, cancel) is not { } key)
            return ElsaJson.List<object>([], 0);
        var (items, total) = await JournalQueries.ListAsync(
            database,
            key,
            new()
            {
                ActivityIds = filter.Texts("activityIds"),
                NodeIds = filter.Texts("activityNodeIds"),
                EventNames = filter.Texts("eventNames"),
                ExcludedActivityTypes = filter.Texts("excludedActivityTypes"),
                Skip = Math.Max(0, Number("skip") ?? Math.Clamp(Number("page") ?? 0, 0, int.MaxValue / MaxPage - 1) * take),
                Take = take,
            },
            cancel
        );
        return ElsaJson.Json(await access.ShownAsync(key, new { items = items.Select(InstanceModel.Journal), totalCount = total }, cancel));

        int? Number(string name) => int.TryParse(query[name], NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static async Task<IResult> LastEntry(string id, string activityId, RunAccess access, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (await access.FindAsync(id, cancel) is not { } key || await InstanceQueries.FindAsync(database, key, cancel) is not { Summary: var i })
            return Results.NotFound();
        var (rows, _) = await JournalQueries.ListAsync(database, key, new() { ActivityIds = [activityId], EventNames = ["Started"] }, cancel);
        return rows is not [.., var row] ? Results.NotFound() : ElsaJson.Json(await access.ShownAsync(key, InstanceModel.LogRecord(i, row), cancel));
    }

    /// <summary>Elsa answers 200 whether or not there is anything to cancel, and its clients retry on that.</summary>
    private static async Task<IResult> Cancel(string id, JsonBody body, RunAccess access, CancellationToken cancel)
    {
        if (await access.FindAsync(id, cancel) is not { } key)
            return Results.Ok();
        var reason = access.Reason(body.Object);
        if (await access.RefuseAsync([key], reason, cancel) is { } refused)
            return refused;
        await access.AlterAsync(key, Cancelling(reason), reason, cancel);
        return Results.Ok();
    }

    private static JsonArray Cancelling(string? reason) =>
        [new JsonObject { ["type"] = nameof(Alteration.Cancel), ["reason"] = reason ?? "Cancelled in the designer." }];

    private static async Task<IResult> CancelMany(JsonBody body, RunAccess access, WorkflowRuntime runtime, CancellationToken cancel)
    {
        var filter = new InstanceFilter
        {
            Ids = [.. body.Object.Texts("ids").Select(id => Id(id) ?? Guid.Empty)],
            DefinitionIds = body.Object.Text("definitionId") is { Length: > 0 } definition ? [definition] : body.Object.Texts("definitionIds"),
            DefinitionVersionIds = body.Object.Text("definitionVersionId") is { Length: > 0 } version ? [version] : [],
            Statuses = [nameof(WorkflowStatus.Running)],
            Only = await access.OnlyAsync(cancel),
            Take = MaxPage,
        };
        if (filter is { Ids: [], DefinitionIds: [], DefinitionVersionIds: [] })
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, "Specify the runs or the journey to cancel.");
        var (items, _) = await InstanceQueries.ListAsync(runtime.Database, filter, cancel);
        var reason = access.Reason(body.Object);
        if (await access.RefuseAsync(items.Select(item => item.Id), reason, cancel) is { } refused)
            return refused;
        var cancelled = 0;
        foreach (var item in items)
            cancelled += (await access.AlterAsync(item.Id, Cancelling(reason), reason, cancel)).Refused is null ? 1 : 0;
        return ElsaJson.Json(new { cancelled });
    }

    private static async Task<IResult> Export(
        string id,
        bool? includeBookmarks,
        bool? includeActivityExecutionLog,
        bool? includeWorkflowExecutionLog,
        RunAccess access,
        NpgsqlDataSource database,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    ) =>
        await access.FindAsync(id, cancel) is { } key
        && await ExportAsync(
            key,
            includeBookmarks == true,
            includeActivityExecutionLog == true,
            includeWorkflowExecutionLog == true,
            access,
            database,
            store,
            clock.Now(),
            cancel
        )
            is { } file
            ? Results.File(file, "application/octet-stream", $"workflow-instance-{id}.json")
            : Results.NotFound();

    private static async Task<IResult> ExportMany(
        JsonBody body,
        RunAccess access,
        NpgsqlDataSource database,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    )
    {
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var id in body.Object.Texts("ids"))
            {
                if (
                    await access.FindAsync(id, cancel) is not { } key
                    || await ExportAsync(
                        key,
                        body.Object.Flag("includeBookmarks") == true,
                        body.Object.Flag("includeActivityExecutionLog") == true,
                        body.Object.Flag("includeWorkflowExecutionLog") == true,
                        access,
                        database,
                        store,
                        clock.Now(),
                        cancel
                    )
                        is not { } file
                )
                    continue;
                await using var entry = zip.CreateEntry($"workflow-instance-{id}.json").Open();
                await entry.WriteAsync(file, cancel);
            }
        }

        return Results.File(buffer.ToArray(), "application/octet-stream", "workflow-instances.zip");
    }

    private static async Task<byte[]?> ExportAsync(
        Guid id,
        bool bookmarks,
        bool executions,
        bool journal,
        RunAccess access,
        NpgsqlDataSource database,
        DefinitionStore store,
        Instant now,
        CancellationToken cancel
    )
    {
        if (await InstanceQueries.FindAsync(database, id, cancel) is not var (summary, state))
            return null;
        var rows = journal ? (await JournalQueries.ListAsync(database, id, new(), cancel)).Items : [];
        var file = new Dictionary<string, object?>
        {
            ["WorkflowState"] = InstanceModel.State(state),
            ["Bookmarks"] = bookmarks
                ? state.Bookmarks.Select(b => new
                {
                    id = b.Id,
                    activityTypeName = b.Name,
                    workflowInstanceId = state.Id,
                    activityInstanceId = b.ActivityInstanceId,
                    hash = b.Hash,
                    correlationId = state.CorrelationId,
                    createdAt = b.CreatedAt,
                    payload = InstanceModel.Camel(InstanceModel.Data(b.Payload)),
                })
                : null,
            ["ActivityExecutionRecords"] = executions ? await ActivityExecutionEndpoints.RecordsOf(id, database, store, now, cancel) : null,
            ["WorkflowExecutionLogRecords"] = journal ? rows.Select(row => InstanceModel.LogRecord(summary, row)) : null,
        };
        return JsonSerializer.SerializeToUtf8Bytes(await access.ShownAsync(id, file, cancel), ElsaJson.Options);
    }
}
