using System.Text.Json;
using Orchestration.Engine.Definitions;

namespace Orchestration.Workflows.Forms;

/// <summary>A field that does not fit.</summary>
public sealed record FormError(string Field, string Reason);

/// <summary>A parsed form.</summary>
public sealed class FormSchema
{
    public static bool TryParse(string json, out FormSchema? schema, out IReadOnlyList<DefinitionError> errors)
    {
        (schema, errors) = (new(), []);
        return true;
    }

    public IReadOnlyList<FormError> Validate(JsonElement data, string? outcome) => [];
}
