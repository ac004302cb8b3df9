namespace Orchestration.Host.Forms;

/// <summary>Links to what helps with fields of a form, shown below them.</summary>
/// <param name="OfField">Address and title by name of the field.</param>
public sealed record FieldHints(IReadOnlyDictionary<string, IReadOnlyList<(string Href, string Title)>> OfField);
