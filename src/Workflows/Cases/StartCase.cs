using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Cases;

/// <summary>The data that opens a case.</summary>
/// <param name="Journey">Definition id of the journey.</param>
/// <param name="Reference">Business reference, unique over all cases.</param>
/// <param name="CustomerId">The customer.</param>
/// <param name="CustomerName">Their name.</param>
/// <param name="Input">Workflow input.</param>
/// <param name="IdempotencyKey">Chosen by the caller.</param>
public sealed record CaseRequest(string Journey, string Reference, string CustomerId, string CustomerName, JsonObject Input, string IdempotencyKey);

/// <summary>How opening a case went.</summary>
public abstract record StartCaseResult
{
    private StartCaseResult() { }

    /// <summary>It runs (or did so before, by the same key).</summary>
    public sealed record Started(Guid CaseId) : StartCaseResult;

    public sealed record UnknownJourney(string Journey) : StartCaseResult;

    /// <summary>Inputs that are missing or of the wrong type: (name, reason).</summary>
    public sealed record InvalidInput(IReadOnlyList<(string Name, string Reason)> Errors) : StartCaseResult;

    /// <summary>Another case has the reference.</summary>
    public sealed record ReferenceTaken(string Reference) : StartCaseResult;

    /// <summary>The journey allows no further running case of this kind.</summary>
    public sealed record AlreadyRunning : StartCaseResult;

    /// <summary>The idempotency key was used for another request.</summary>
    public sealed record KeyReused(string Key) : StartCaseResult;
}

/// <summary>Opens a case: the instance, its first tasks, its history and the remembered answer, in one round trip and one commit.</summary>
public static class StartCase
{
    /// <summary>Opens the case.</summary>
    public static async Task<StartCaseResult> RunAsync(WorkflowRuntime runtime, CaseRequest request, Person actor, CancellationToken cancel = default)
    {
        if (await runtime.Definitions.FindPublishedAsync(request.Journey, cancel) is not { } workflow)
            return new StartCaseResult.UnknownJourney(request.Journey);
        var input = (OrderedDictionary<string, object?>)WorkflowData.FromOutside(request.Input, "input")!;
        if (InputCheck.Check(workflow.Inputs, input) is { Count: > 0 } errors)
            return new StartCaseResult.InvalidInput(errors);

        var operation = Operation.Of(
            actor.UserName,
            request.IdempotencyKey,
            "start",
            request.Journey,
            request.Reference,
            request.CustomerId,
            request.CustomerName,
            request.Input.ToJsonString()
        );
        var id = Ids.New(runtime.Clock.Now());
        try
        {
            var result = await runtime.StartAsync(
                new(request.Journey, input)
                {
                    InstanceId = id,
                    CorrelationId = request.Reference,
                    AlsoWrite = t =>
                    {
                        t.Write(
                            """
                            insert into journey_case (id, journey, reference, customer_id, customer_name, created_by, created_at)
                                values ($1, $2, $3, $4, $5, $6, $7)
                            """,
                            id,
                            request.Journey,
                            request.Reference,
                            request.CustomerId,
                            request.CustomerName,
                            actor.UserName,
                            t.Now
                        );
                        t.Write(operation.Remember(JsonSerializer.SerializeToUtf8Bytes(id), t.Now));
                        t.Record(
                            new(
                                "case.started",
                                "case",
                                Ids.Text(id),
                                1,
                                JsonSerializer.SerializeToUtf8Bytes(
                                    new
                                    {
                                        journey = request.Journey,
                                        reference = request.Reference,
                                        customerId = request.CustomerId,
                                        customerName = request.CustomerName,
                                    }
                                )
                            )
                        );
                    },
                },
                actor.UserName,
                cancel
            );
            return result switch
            {
                StartResult.Started => new StartCaseResult.Started(id),
                // The same request again finds the case it opened running.
                StartResult.AlreadyRunning => await AnswerAsync(runtime.Database, operation, cancel) ?? new StartCaseResult.AlreadyRunning(),
                _ => new StartCaseResult.UnknownJourney(request.Journey),
            };
        }
        catch (PostgresException e) when (e.ConstraintName is Operation.Constraint or "journey_case_reference_key")
        {
            // A repeated request violates either constraint, so look for its answer before reporting the reference as taken.
            return await AnswerAsync(runtime.Database, operation, cancel) ?? new StartCaseResult.ReferenceTaken(request.Reference);
        }
    }

    private static async Task<StartCaseResult?> AnswerAsync(NpgsqlDataSource database, Operation operation, CancellationToken cancel)
    {
        if (await operation.FindAsync(database, cancel) is not { } remembered)
            return null;
        return operation.IsSame(remembered.RequestHash)
            ? new StartCaseResult.Started(JsonSerializer.Deserialize<Guid>(remembered.Answer))
            : new StartCaseResult.KeyReused(operation.Id);
    }
}
