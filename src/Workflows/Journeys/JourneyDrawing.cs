using System.Text.Json;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Journeys;

/// <summary>A step on the canvas.</summary>
/// <param name="Id">Its id in the journey.</param>
/// <param name="Title">What the canvas says.</param>
/// <param name="IsForPeople">Whether a person does it.</param>
/// <param name="X">Left edge, in pixels of the canvas.</param>
/// <param name="Y">Upper edge.</param>
/// <param name="Width">Width.</param>
/// <param name="Height">Height.</param>
public sealed record DrawnStep(string Id, string Title, bool IsForPeople, double X, double Y, double Width, double Height);

/// <summary>A connection between two steps.</summary>
/// <param name="From">Id of the step it leaves.</param>
/// <param name="Port">The outcome by which it leaves.</param>
/// <param name="To">Id of the step it leads to.</param>
public sealed record DrawnLine(string From, string Port, string To);

/// <summary>A version of a journey as the analyst drew it: the flowchart at its root.</summary>
public sealed record JourneyDrawing(IReadOnlyList<DrawnStep> Steps, IReadOnlyList<DrawnLine> Lines)
{
    private const double UsualWidth = 206;
    private const double UsualHeight = 56;

    /// <summary>Reads it. Null if the version isn't a flowchart that was drawn.</summary>
    /// <param name="versionId">Id of the version.</param>
    public static async Task<JourneyDrawing?> ReadAsync(NpgsqlDataSource database, string versionId, CancellationToken cancel = default)
    {
        await using var query = database.Query("select document from workflow_definition where id = $1", versionId);
        await using var r = await query.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        using var document = JsonDocument.Parse(r.Utf8(0), new() { MaxDepth = 512 });
        return Of(document.RootElement);
    }

    private static JourneyDrawing? Of(JsonElement document)
    {
        if (!TryGet(document, "root", out var root) || !TryGet(root, "activities", out var activities) || activities.ValueKind != JsonValueKind.Array)
            return null;
        var steps = activities.EnumerateArray().Select(Step).OfType<DrawnStep>().ToList();
        var known = steps.Select(s => s.Id).ToHashSet();
        var lines =
            TryGet(root, "connections", out var connections) && connections.ValueKind == JsonValueKind.Array
                ? connections.EnumerateArray().Select(Line).OfType<DrawnLine>().Where(l => known.Contains(l.From) && known.Contains(l.To)).ToList()
                : [];
        return steps.Count == 0 ? null : new(steps, lines);
    }

    private static DrawnStep? Step(JsonElement activity)
    {
        if (
            Text(activity, "id") is not { } id
            || !TryGet(activity, "metadata", out var metadata)
            || !TryGet(metadata, "designer", out var designer)
            || !TryGet(designer, "position", out var position)
        )
            return null;
        var size = TryGet(designer, "size", out var given) ? given : default;
        var type = Text(activity, "type") ?? "";
        var title = Text(metadata, "displayText") ?? Text(activity, "name") ?? id;
        return new(
            id,
            title,
            type == HumanStep.HumanTask.TypeName,
            Number(position, "x") ?? 0,
            Number(position, "y") ?? 0,
            Number(size, "width") ?? UsualWidth,
            Number(size, "height") ?? UsualHeight
        );
    }

    private static DrawnLine? Line(JsonElement connection) =>
        TryGet(connection, "source", out var source)
        && TryGet(connection, "target", out var target)
        && Text(source, "activity") is { } from
        && Text(target, "activity") is { } to
            ? new(from, Text(source, "port") ?? "Done", to)
            : null;

    private static bool TryGet(JsonElement element, string member, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(member, out value) && value.ValueKind != JsonValueKind.Null;
    }

    private static string? Text(JsonElement element, string member) =>
        TryGet(element, member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static double? Number(JsonElement element, string member) =>
        TryGet(element, member, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
