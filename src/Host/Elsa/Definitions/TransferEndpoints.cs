using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Features;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Storage;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Journeys;

namespace Orchestration.Host.Elsa.Definitions;

/// <summary>Definitions as files, compatible with stock Elsa in both directions.</summary>
internal static class TransferEndpoints
{
    /// <summary>Most definitions in one upload.</summary>
    private const int MaxFiles = 500;

    /// <summary>Most bytes of one upload, unpacked: a small zip must not fill the memory.</summary>
    private const long MaxUnpacked = 4L * JsonBody.MaxBytes;

    public static void Map(RouteGroupBuilder api)
    {
        var definitions = api.MapGroup("/workflow-definitions");
        definitions.MapMethods("/{definitionId}/export", ["GET", "POST"], Export);
        definitions
            .MapMethods(
                "/import",
                ["POST", "PUT"],
                (JsonBody body, HttpContext context, JourneyAccess access, DefinitionStore store, IClock clock, CancellationToken cancel) =>
                    Import(null, body, context, access, store, clock, cancel)
            )
            .RequireAuthorization(JourneyAccess.Edit);
        definitions.MapMethods("/{definitionId}/import", ["POST", "PUT"], Import).RequireAuthorization(JourneyAccess.Edit);
        definitions.MapPost("/import-files", ImportFiles).RequireAuthorization(JourneyAccess.Edit).DisableAntiforgery();
        api.MapPost("/bulk-actions/export/workflow-definitions", ExportMany);
    }

    private static async Task<IResult> Export(
        string definitionId,
        string? versionOptions,
        bool? includeConsumingWorkflows,
        DefinitionStore store,
        CancellationToken cancel
    )
    {
        if (await store.FindStoredAsync(definitionId, versionOptions ?? "Latest", cancel) is not { } stored)
            return Results.NotFound();
        if (includeConsumingWorkflows != true || await WorkflowDefinitionEndpoints.ConsumersOf(definitionId, store, cancel) is not { Length: > 0 } consumers)
            return Results.File(Content(stored), "application/octet-stream", FileName(stored));
        var (others, _) = await store.ListAsync(new("Latest") { DefinitionIds = consumers }, cancel);
        return await ZipAsync([stored, .. others], cancel);
    }

    private static async Task<IResult> ExportMany(JsonBody body, DefinitionStore store, CancellationToken cancel)
    {
        var ids = body.Object.Texts("ids");
        var (items, _) = ids.Length == 0 ? ([], 0) : await store.ListAsync(new() { Ids = ids }, cancel);
        return items.Count == 0 ? Results.NotFound() : await ZipAsync(items, cancel);
    }

    private static async Task<IResult> ZipAsync(IReadOnlyList<StoredDefinition> definitions, CancellationToken cancel)
    {
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var stored in definitions)
            {
                await using var entry = zip.CreateEntry(FileName(stored)).Open();
                await entry.WriteAsync(Content(stored), cancel);
            }
        }

        return Results.File(buffer.ToArray(), "application/octet-stream", "workflow-definitions.zip");
    }

    private static byte[] Content(StoredDefinition stored) => JsonSerializer.SerializeToUtf8Bytes(DefinitionDocument.ToExport(stored), ElsaJson.Options);

    private static string FileName(StoredDefinition stored)
    {
        var name = new StringBuilder();
        foreach (var c in (stored.Version.Name ?? "").ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c))
                name.Append(c);
            else if (name.Length > 0 && name[^1] != '-')
                name.Append('-');
        }

        return $"workflow-definition-{name.ToString().Trim('-')}-{stored.Version.DefinitionId}-{stored.Version.Id}.json";
    }

    private static async Task<IResult> Import(
        string? definitionId,
        JsonBody body,
        HttpContext context,
        JourneyAccess access,
        DefinitionStore store,
        IClock clock,
        CancellationToken cancel
    )
    {
        var model = body.Object;
        if (definitionId is not null)
            model["definitionId"] = definitionId;
        if (DefinitionRules.Wrong(model) is { } wrong)
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, wrong);
        var result = await ImportAsync(model, context, store, clock, cancel);
        return result is EditResult.Saved saved
            ? ElsaJson.Json(DefinitionDocument.ToModel(saved.Definition, store.Registry, access.May(context.User, JourneyAccess.Edit)))
            : WorkflowDefinitionEndpoints.Refused(result);
    }

    private static Task<EditResult> ImportAsync(JsonObject model, HttpContext context, DefinitionStore store, IClock clock, CancellationToken cancel) =>
        store.SaveDraftAsync(
            DefinitionRules.Id(model, clock),
            _ => DefinitionDocument.ToStored(model),
            "import",
            DesignerRequests.Editing(context, DefinitionDocument.Revision(model)),
            clock.Now(),
            cancel
        );

    /// <summary>JSON files and zips of them. All are read before the first is stored, so that a bad one leaves nothing half done.</summary>
    private static async Task<IResult> ImportFiles(HttpContext context, DefinitionStore store, IClock clock, CancellationToken cancel)
    {
        if (!context.Request.HasFormContentType)
            return Results.StatusCode(StatusCodes.Status415UnsupportedMediaType);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = JsonBody.MaxBytes;
        var form = await context.Request.ReadFormAsync(cancel);
        var models = new Unpacked();
        foreach (var file in form.Files)
        {
            await using var stream = file.OpenReadStream();
            if (await ReadAsync(file.FileName, stream, models, cancel) is { } error)
                return ElsaJson.Problem(StatusCodes.Status400BadRequest, (file.FileName, $"{file.FileName}: {error}"));
        }

        foreach (var model in models.Read)
        {
            if (await ImportAsync(model, context, store, clock, cancel) is not EditResult.Saved and var refused)
                return WorkflowDefinitionEndpoints.Refused(refused);
        }

        return ElsaJson.Json(new { count = models.Read.Count });
    }

    private static async Task<string?> ReadAsync(string name, Stream stream, Unpacked models, CancellationToken cancel)
    {
        if (!name.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
            return await ReadOneAsync(name, stream, models, cancel);
        try
        {
            using var zip = new ZipArchive(stream);
            foreach (var entry in zip.Entries.Where(e => e.Name.Length > 0))
            {
                await using var content = entry.Open();
                if (await ReadOneAsync(entry.FullName, content, models, cancel) is { } error)
                    return error;
            }

            return null;
        }
        catch (InvalidDataException e)
        {
            return e.Message;
        }
    }

    private static async Task<string?> ReadOneAsync(string name, Stream stream, Unpacked models, CancellationToken cancel)
    {
        if (models.Read.Count == MaxFiles)
            return $"At most {MaxFiles} journeys can be imported at once.";
        if (await JsonBody.ReadAsync(stream, cancel) is not { } bytes)
            return $"{name} has more than {JsonBody.MaxBytes:N0} bytes.";
        if ((models.Bytes += bytes.Length) > MaxUnpacked)
            return $"All journeys together have more than {MaxUnpacked:N0} bytes.";
        var (model, error) = JsonObjects.Parse(bytes.Span);
        if (model is null)
            return $"{name}: {error}";
        if (DefinitionRules.Wrong(model) is var (_, reason))
            return $"{name}: {reason}";
        models.Read.Add(model);
        return null;
    }

    /// <summary>The size of an upload so far.</summary>
    private sealed class Unpacked
    {
        public List<JsonObject> Read { get; } = [];
        public long Bytes { get; set; }
    }
}
