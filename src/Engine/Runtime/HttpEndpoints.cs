using System.Text.Json;
using Npgsql;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Runtime;

/// <summary>Who answers a request: a definition that an HttpEndpoint starts, or an instance that waits at one.</summary>
/// <param name="Rules">What the endpoint asks of a request: <c>Authorize</c>, <c>Policy</c>, <c>RequestTimeout</c>, <c>RequestSizeLimit</c>,
/// <c>FileSizeLimit</c>, <c>AllowedFileExtensions</c>,
/// <c>BlockedFileExtensions</c>, <c>AllowedMimeTypes</c>, <c>Outcomes</c>; only what it sets.</param>
/// <param name="RouteData">Values of the path's parameters.</param>
public abstract record HttpTarget(OrderedDictionary<string, object?> Rules, OrderedDictionary<string, object?> RouteData)
{
    /// <summary>A definition is started.</summary>
    public sealed record Start(
        string DefinitionId,
        string ActivityId,
        string Hash,
        OrderedDictionary<string, object?> Rules,
        OrderedDictionary<string, object?> RouteData
    ) : HttpTarget(Rules, RouteData);

    /// <summary>An instance continues.</summary>
    public sealed record Resume(Guid InstanceId, string BookmarkId, OrderedDictionary<string, object?> Rules, OrderedDictionary<string, object?> RouteData)
        : HttpTarget(Rules, RouteData);

    /// <summary>Several instances wait for the same; the request must say which by correlation id or instance id.</summary>
    public sealed record Ambiguous() : HttpTarget([], []);
}

/// <summary>How a request went.</summary>
/// <param name="Burst">The burst's result, or null if nothing waits any more.</param>
/// <param name="Refused">Why it can't start now (the activation strategy), or null.</param>
public sealed record HttpDelivery(BurstResult? Burst, string? Refused = null);

/// <summary>Finds who answers an HTTP request, as Elsa does: definitions first, then waiting instances; and starts or resumes them.</summary>
public static class HttpEndpoints
{
    /// <summary>Type name of the activity, kind of its triggers and name of its bookmarks.</summary>
    public const string Kind = HttpEndpoint.TypeName;

    /// <summary>Name of the run input that carries the request.</summary>
    public const string RequestInput = StimulusInput.HttpRequest;

    /// <summary>Who answers, or null.</summary>
    /// <param name="path">Path below the base path.</param>
    /// <param name="method">HTTP method.</param>
    /// <param name="correlationId">Only instances with this reference, or null.</param>
    /// <param name="instance">Only this instance, or null.</param>
    public static async Task<HttpTarget?> FindAsync(
        NpgsqlDataSource database,
        string path,
        string method,
        string? correlationId,
        Guid? instance,
        CancellationToken cancel = default
    )
    {
        var hashes = HttpRoute.Keys(path).Select(key => StimulusHash.Http(key, method)).ToArray();
        var starts = new List<(HttpRoute Route, HttpTarget Target)>();
        var routes = new List<(HttpRoute Route, string Text, OrderedDictionary<string, object?> Values)>();
        await using (var batch = database.CreateBatch())
        {
            batch.Add("select definition_id, activity_id, hash, payload from workflow_trigger where hash = any($1)", (object)hashes);
            batch.Add("select distinct route from bookmark where hash = any($1)", (object)hashes);
            await using var reader = await batch.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
            {
                var rules = (OrderedDictionary<string, object?>)WorkflowData.FromUtf8(reader.Utf8(3))!;
                var route = HttpRoute.Parse((string)rules["Path"]!);
                if (route.TryMatch(path, out var values))
                    starts.Add((route, new HttpTarget.Start(reader.GetString(0), reader.GetString(1), reader.GetString(2), rules, values)));
            }

            await reader.NextResultAsync(cancel);
            while (await reader.ReadAsync(cancel))
            {
                var route = HttpRoute.Parse(reader.GetString(0));
                if (route.TryMatch(path, out var values))
                    routes.Add((route, reader.GetString(0), values));
            }
        }

        if (starts.Count > 0)
            return starts.MinBy(s => s.Route.Rank, StringComparer.Ordinal).Target;

        foreach (var (_, route, values) in routes.OrderBy(r => r.Route.Rank, StringComparer.Ordinal))
        {
            if (await FindWaitingAsync(database, hashes, route, correlationId, instance, values, cancel) is { } waiting)
                return waiting;
        }

        return null;
    }

    /// <summary>
    /// Starts or resumes in one transaction. If the definition was published again in between, it starts only if it still has the endpoint.
    /// </summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="target">Who answers.</param>
    /// <param name="request">The request, as the activity gets it.</param>
    /// <param name="correlationId">Business reference of an instance that is started, or null.</param>
    /// <param name="instance">Id of an instance that is started, or null for a new one.</param>
    /// <param name="actor">Who sends it, for history.</param>
    /// <param name="caller">Id under which <see cref="HttpReplies"/> keeps an answer that comes later.</param>
    public static async Task<HttpDelivery> DeliverAsync(
        WorkflowRuntime runtime,
        HttpTarget target,
        OrderedDictionary<string, object?> request,
        string? correlationId,
        Guid? instance,
        string actor,
        Guid caller,
        CancellationToken cancel = default
    )
    {
        var input = new OrderedDictionary<string, object?> { [RequestInput] = request };
        if (target is HttpTarget.Resume resume)
            return new(await runtime.ResumeAsync(resume.InstanceId, resume.BookmarkId, input, actor, Ids.Text(caller), cancel));
        if (target is not HttpTarget.Start start)
            throw new ArgumentException("Nobody to deliver to.", nameof(target));
        try
        {
            return await runtime.StartAsync(
                new(start.DefinitionId, input)
                {
                    InstanceId = instance,
                    CorrelationId = correlationId,
                    TriggerActivityId = start.ActivityId,
                    TriggerHash = start.Hash,
                    Caller = Ids.Text(caller),
                },
                actor,
                cancel
            ) switch
            {
                StartResult.Started started => new(started.Burst),
                StartResult.AlreadyRunning => new(null, "The workflow's activation strategy allows no further instance now."),
                _ => new(null),
            };
        }
        catch (PostgresException e) when (e.ConstraintName == "workflow_instance_pkey")
        {
            return new(null, "There is an instance with that id already.");
        }
    }

    /// <summary>The path in a trigger's payload.</summary>
    private static async Task<HttpTarget?> FindWaitingAsync(
        NpgsqlDataSource database,
        string[] hashes,
        string route,
        string? correlationId,
        Guid? instance,
        OrderedDictionary<string, object?> values,
        CancellationToken cancel
    )
    {
        await using var query = database.Query(
            """
            select b.id, b.instance_id, i.state from bookmark b join workflow_instance i on i.id = b.instance_id
            where b.hash = any($1) and b.route = $2 and ($3::text is null or i.correlation_id = $3) and ($4::uuid is null or i.id = $4) and i.status = 'Running'
            limit 2
            """,
            hashes,
            route,
            correlationId,
            instance
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        if (!await reader.ReadAsync(cancel))
            return null;
        var (bookmark, owner) = (Ids.Text(reader.GetGuid(0)), reader.GetGuid(1));
        var rules = InstanceState.FromJson(reader.Utf8(2)).Bookmarks.Find(b => b.Id == bookmark)?.Payload as OrderedDictionary<string, object?> ?? [];
        return await reader.ReadAsync(cancel) ? new HttpTarget.Ambiguous() : new HttpTarget.Resume(owner, bookmark, rules, values);
    }
}
