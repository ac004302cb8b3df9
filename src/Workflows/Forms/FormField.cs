using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestration.Engine.Expressions;

namespace Orchestration.Workflows.Forms;

/// <summary>JSON types, as a set.</summary>
[Flags]
public enum FormTypes
{
    /// <summary>No type was named: any value.</summary>
    Any = 0,
    String = 1,
    Number = 2,
    Integer = 4,
    Boolean = 8,
    Object = 16,
    Array = 32,
    Null = 64,
}

/// <summary>Formats that are checked.</summary>
public enum FormFormat
{
    None,
    Date,
    DateTime,
    Email,
    Currency,
    Uuid,
}

/// <summary>A field of a form: one (sub)schema with its hints. Immutable once parsed.</summary>
public sealed class FormField
{
    /// <summary>Name in its object; empty for the root and for items of a list.</summary>
    public string Name { get; internal init; } = "";
    public FormTypes Types { get; internal set; }
    public FormFormat Format { get; internal set; }

    /// <summary>What to call the field; its name when the schema has no title.</summary>
    public string Title { get; internal set; } = "";
    public string? Description { get; internal set; }

    /// <summary>Hint below the field (<c>x-help</c>).</summary>
    public string? Help { get; internal set; }

    /// <summary>Place among its siblings (<c>x-order</c>); those without one follow in the order of the schema.</summary>
    public int Order { get; internal set; } = int.MaxValue;

    /// <summary>Columns of twelve (<c>x-width</c>: a number, or full, half, third, quarter). Default 12.</summary>
    public int Width { get; internal set; } = 12;

    /// <summary>Text of several lines (<c>x-multiline</c>); null when the schema does not say.</summary>
    public bool? Multiline { get; internal set; }

    /// <summary>Displayed, but ignored in a post (<c>x-readOnly</c>).</summary>
    public bool ReadOnly { get; internal set; }

    /// <summary>Path of case data to fill the field with at first (<c>x-from</c>).</summary>
    public string? From { get; internal set; }

    /// <summary>Expression that computes the field's default (<c>x-computed</c>); evaluated once, when the task opens.</summary>
    public string? Computed { get; internal set; }

    /// <summary>That expression, compiled.</summary>
    public CompiledExpression? ComputedBy { get; internal set; }
    public JsonElement? Default { get; internal set; }
    public IReadOnlyList<JsonElement>? Enum { get; internal set; }
    public JsonElement? Const { get; internal set; }
    public decimal? Minimum { get; internal set; }
    public decimal? Maximum { get; internal set; }
    public decimal? ExclusiveMinimum { get; internal set; }
    public decimal? ExclusiveMaximum { get; internal set; }
    public int? MinLength { get; internal set; }
    public int? MaxLength { get; internal set; }

    /// <summary>Matches anywhere in the text, as in JSON Schema: anchor it to match the whole text. Never backtracks.</summary>
    public Regex? Pattern { get; internal set; }
    public FormField? Items { get; internal set; }
    public int? MinItems { get; internal set; }
    public int? MaxItems { get; internal set; }

    /// <summary>In the order in which they are shown.</summary>
    public IReadOnlyList<FormField> Properties { get; internal set; } = [];
    public IReadOnlyList<string> Required { get; internal set; } = [];
    public bool AdditionalProperties { get; internal set; } = true;
    public FormField? If { get; internal set; }
    public FormField? Then { get; internal set; }
    public FormField? Else { get; internal set; }

    /// <summary>The fields of an object, including conditional ones.</summary>
    public IEnumerable<FormField> AllProperties => Variants.DistinctBy(property => property.Name);

    /// <summary>
    /// The same, with a field repeated for each branch that defines it differently: a number in one branch may be a choice in another.
    /// </summary>
    public IEnumerable<FormField> Variants =>
        Properties.Concat((Then?.Variants ?? []).Concat(Else?.Variants ?? []).Where(branch => Properties.All(own => own.Name != branch.Name)));

    /// <summary>What names a field on a page: its JSON pointer, with its place among the variants of its name when it is not the first.</summary>
    /// <param name="pointer">Pointer of this object.</param>
    /// <param name="field">One of <see cref="Variants"/>.</param>
    public string KeyOf(string pointer, FormField field) =>
        Variants.Where(other => other.Name == field.Name).TakeWhile(other => other != field).Count() is > 0 and var before
            ? $"{pointer}/{field.Name}#{before + 1}"
            : $"{pointer}/{field.Name}";

    /// <summary>The fields of an object that its data calls for: its own, and those of the branch that its condition chooses.</summary>
    /// <param name="data">The object's data; null counts as an object without members.</param>
    public IEnumerable<FormField> FieldsFor(JsonElement? data) =>
        Properties.Concat(BranchFor(data)?.FieldsFor(data) ?? []).DistinctBy(property => property.Name);

    /// <summary>Names of the fields that its data makes required.</summary>
    /// <param name="data">The object's data; null counts as an object without members.</param>
    public IEnumerable<string> RequiredFor(JsonElement? data) => Required.Concat(BranchFor(data)?.RequiredFor(data) ?? []).Distinct();

    /// <summary>Names of all fields that some data would make required.</summary>
    public IEnumerable<string> AllRequired => Required.Concat(Then?.AllRequired ?? []).Concat(Else?.AllRequired ?? []).Distinct();

    /// <summary>Whether the fields shown depend on an answer, here or in a nested field.</summary>
    public bool HasConditions => If is not null || Items?.HasConditions == true || Properties.Any(property => property.HasConditions);

    private static readonly JsonElement Empty = JsonElement.Parse("{}");

    private FormField? BranchFor(JsonElement? data) =>
        If is null ? null
        : FormValidation.Fits(If, data is { ValueKind: JsonValueKind.Object } given ? given : Empty) ? Then
        : Else;

    public bool Allows(FormTypes type) => Types == FormTypes.Any || (Types & type) != 0;

    internal FormField? Find(string name) => AllProperties.FirstOrDefault(field => field.Name == name);
}
