using System.Globalization;
using System.Text;
using System.Text.Json;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Journeys;

/// <summary>A definition to publish or to keep as a draft.</summary>
/// <param name="DefinitionId">Its id; null: a new definition.</param>
/// <param name="Document">Elsa 3 JSON, UTF-8.</param>
/// <param name="Publish">False: keep it as a draft, valid or not.</param>
/// <param name="Revision">Revision the caller last saw (0: none); null: not checked.</param>
/// <param name="OperationId">Chosen by the caller; the same id with the same request gives the same answer again.</param>
public sealed record PublishRequest(string? DefinitionId, byte[] Document, bool Publish, int? Revision, string OperationId);

/// <summary>How publishing, or keeping a draft, went. Nothing was changed unless it is <see cref="Done"/>.</summary>
public abstract record PublishJourneyResult
{
    private PublishJourneyResult() { }

    /// <summary>It is stored (or was, by the same operation id).</summary>
    /// <param name="Definition">The stored version.</param>
    /// <param name="Errors">What keeps a draft from being published.</param>
    public sealed record Done(StoredDefinition Definition, IReadOnlyList<DefinitionError> Errors) : PublishJourneyResult;

    /// <summary>The person may edit journeys but not publish them.</summary>
    public sealed record MayNotPublish : PublishJourneyResult;

    /// <summary>The definition isn't valid.</summary>
    public sealed record Invalid(IReadOnlyList<DefinitionError> Errors) : PublishJourneyResult;

    /// <summary>Someone else changed the definition since the caller read it.</summary>
    public sealed record Stale(string By, Instant At) : PublishJourneyResult;

    /// <summary>The operation id was used for another request.</summary>
    public sealed record OperationReused(string OperationId) : PublishJourneyResult;

    /// <summary>The version that this request stored earlier was deleted.</summary>
    public sealed record Deleted(string VersionId) : PublishJourneyResult;
}

/// <summary>Publishes a journey, or keeps it as a draft.</summary>
public static class PublishJourney
{
    private const string Origin = "import";

    /// <summary>Publishes or stores. Safe to repeat with the same operation id, also at the same time.</summary>
    /// <param name="mayPublish">Whether the actor may publish.</param>
    /// <exception cref="InvalidOperationException">The store gave an answer that doesn't belong to this request.</exception>
    public static async Task<PublishJourneyResult> RunAsync(
        DefinitionStore store,
        NpgsqlDataSource database,
        PublishRequest request,
        Person actor,
        bool mayPublish,
        Instant now,
        CancellationToken cancel = default
    )
    {
        if (request.Publish && !mayPublish)
            return new PublishJourneyResult.MayNotPublish();
        var operation = Operation.Of(
            actor.UserName,
            request.OperationId,
            "definition",
            request.Publish ? "publish" : "draft",
            request.Revision?.ToString(CultureInfo.InvariantCulture),
            Encoding.UTF8.GetString(request.Document)
        );
        if (await EarlierAsync(store, database, operation, cancel) is { } earlier)
            return earlier;
        var id = request.DefinitionId ?? Ids.Text(Ids.New(now));
        var edit = new DefinitionEdit(actor.UserName, request.Revision) { Operation = operation };
        try
        {
            if (!request.Publish)
            {
                return await store.SaveDraftAsync(id, _ => request.Document, Origin, edit, now, cancel) switch
                {
                    EditResult.Saved saved => new PublishJourneyResult.Done(saved.Definition, saved.Errors),
                    EditResult.Conflict conflict => new PublishJourneyResult.Stale(conflict.By, conflict.At),
                    var other => throw new InvalidOperationException($"No answer for {other.GetType().Name}."),
                };
            }

            return await store.PublishAsync(new(id, request.Document, Origin) { Edit = edit }, actor.UserName, now, cancel) switch
            {
                PublishResult.Published published => new PublishJourneyResult.Done((await store.FindStoredAsync(published.Version.Id, cancel))!, []),
                PublishResult.Conflict conflict => new PublishJourneyResult.Stale(conflict.By, conflict.At),
                PublishResult.Invalid invalid => new PublishJourneyResult.Invalid(invalid.Errors),
                var other => throw new InvalidOperationException($"No answer for {other.GetType().Name}."),
            };
        }
        catch (PostgresException e) when (e.ConstraintName == Operation.Constraint)
        {
            // The same request ran twice concurrently, and the other one was first.
            return await EarlierAsync(store, database, operation, cancel)
                ?? throw new InvalidOperationException("The operation broke its constraint but isn't stored.", e);
        }
    }

    private static async Task<PublishJourneyResult?> EarlierAsync(
        DefinitionStore store,
        NpgsqlDataSource database,
        Operation operation,
        CancellationToken cancel
    )
    {
        if (await operation.FindAsync(database, cancel) is not { } remembered)
            return null;
        if (!operation.IsSame(remembered.RequestHash))
            return new PublishJourneyResult.OperationReused(operation.Id);
        var id = JsonSerializer.Deserialize<string>(remembered.Answer)!;
        return await store.FindStoredAsync(id, cancel) is { } stored
            ? new PublishJourneyResult.Done(stored, stored.Version.WasPublished ? [] : await store.CheckAsync(stored.Document, cancel))
            : new PublishJourneyResult.Deleted(id);
    }
}
