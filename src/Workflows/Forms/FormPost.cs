using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Orchestration.Workflows.Forms;

/// <summary>
/// Reads what a browser posts into the JSON a form describes. Names the form does not know and read-only fields are ignored. An empty box is a
/// missing field, as a browser cannot say the difference; an unticked box is false. Rows of a list that are wholly empty are dropped and gaps closed.
/// </summary>
internal static partial class FormPost
{
    /// <summary>Rows of a list that are read at most; a browser that posts more is not showing our page.</summary>
    private const int MaxRows = 1000;

    public static JsonElement Read(FormField root, IEnumerable<KeyValuePair<string, string>> fields, bool keepRows = false)
    {
        var tree = new Node();
        foreach (var (name, value) in fields)
        {
            tree.Put(name, value);
        }

        return JsonSerializer.SerializeToElement(ReadObject(root, tree, keepRows));
    }

    private static JsonObject ReadObject(FormField field, Node node, bool keepRows)
    {
        var result = new JsonObject();
        var names = new HashSet<string>();
        Read(field.Properties);

        // A field that a branch shows is read as that branch defines it; a hidden field is kept as any branch defines it.
        for (var before = -1; field.If is not null && before < names.Count; )
        {
            before = names.Count;
            Read(field.FieldsFor(JsonSerializer.SerializeToElement(result)).ToList());
        }

        Read(field.AllProperties);
        return result;

        void Read(IEnumerable<FormField> fields)
        {
            foreach (var property in fields.Where(property => !property.ReadOnly && names.Add(property.Name)))
            {
                // An unticked box is not posted; neither is one that only a condition would have shown.
                var posted = node.Members.GetValueOrDefault(property.Name);
                if ((posted is not null || field.Properties.Contains(property)) && TryRead(property, posted, keepRows, out var value))
                {
                    result[property.Name] = value;
                }
            }
        }
    }

    private static bool TryRead(FormField field, Node? posted, bool keepRows, out JsonNode? value)
    {
        value = null;
        if (field.Types == FormTypes.Boolean && (posted is null || posted.Values.Count == 0))
        {
            value = JsonValue.Create(false);
            return true;
        }

        if (posted is null)
        {
            return false;
        }

        if (field.Types.HasFlag(FormTypes.Array))
        {
            var items = ReadItems(field.Items, posted, keepRows);
            value = items;
            return items.Count > 0;
        }

        if (field.Types.HasFlag(FormTypes.Object))
        {
            var members = ReadObject(field, posted, keepRows);
            value = members;
            return members.Count > 0 && posted.HasText;
        }

        return posted.Values.Count > 0 && TryReadText(field, posted.Values[^1], out value);
    }

    private static JsonArray ReadItems(FormField? item, Node posted, bool keepRows)
    {
        var items = new JsonArray();
        foreach (var text in posted.Values.Where(text => text.Length > 0).Take(MaxRows))
        {
            items.Add(item is not null && TryReadText(item, text, out var value) ? value : JsonValue.Create(text));
        }

        foreach (var (index, row) in posted.Rows.Where(row => keepRows || row.Value.HasText))
        {
            while (keepRows && items.Count < index)
            {
                items.Add(new JsonObject());
            }

            if (item is null)
            {
                items.Add(JsonValue.Create(row.Values.LastOrDefault()));
            }
            else if (TryRead(item, row, keepRows, out var value) || keepRows)
            {
                items.Add(value);
            }
        }

        return items;
    }

    /// <summary>The first of the field's types that the text is of; else the text itself, for validation to complain about.</summary>
    public static bool TryReadText(FormField field, string text, out JsonNode? value)
    {
        value = null;
        if (text.Length == 0)
        {
            return field.Types != FormTypes.Any && field.Types.HasFlag(FormTypes.Null);
        }

        var trimmed = text.Trim();
        if (
            (field.Types & (FormTypes.Number | FormTypes.Integer)) != 0
            && decimal.TryParse(
                Grouped().IsMatch(trimmed) ? trimmed.Replace(",", "", StringComparison.Ordinal) : trimmed,
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var number
            )
        )
        {
            value = JsonValue.Create(number);
        }
        else if (field.Types.HasFlag(FormTypes.Boolean) && trimmed is "true" or "on" or "1")
        {
            value = JsonValue.Create(true);
        }
        else if (field.Types.HasFlag(FormTypes.Boolean) && trimmed is "false" or "off" or "0")
        {
            value = JsonValue.Create(false);
        }
        else
        {
            value = JsonValue.Create(text);
        }

        return true;
    }

    /// <summary>Commas between groups of three digits, and nowhere else: <c>1,5</c> is no number, least of all fifteen.</summary>
    [GeneratedRegex(@"^-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Grouped();

    /// <summary>Posted names as a tree: members by name, rows by index, and the values posted for the place itself.</summary>
    private sealed class Node
    {
        public Dictionary<string, Node> Members { get; } = [];

        public SortedDictionary<int, Node> Rows { get; } = [];

        public List<string> Values { get; } = [];

        public bool HasText => Values.Exists(value => value.Length > 0) || Members.Values.Any(member => member.HasText) || Rows.Values.Any(row => row.HasText);

        /// <summary>Files a value under a name such as <c>items[0].sku</c>; one that is no such name is ignored.</summary>
        public void Put(string name, string value)
        {
            var node = this;
            var depth = 0;
            foreach (var part in name.Split('.'))
            {
                var bracket = part.IndexOf('[', StringComparison.Ordinal);
                var member = bracket < 0 ? part : part[..bracket];
                if (member.Length == 0 || ++depth > FormSchema.MaxDepth)
                {
                    return;
                }

                node = Child(node.Members, member);
                if (bracket >= 0)
                {
                    if (
                        !part.EndsWith(']')
                        || !int.TryParse(part[(bracket + 1)..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var row)
                        || row >= MaxRows
                    )
                    {
                        return;
                    }

                    node = Child(node.Rows, row);
                }
            }

            node.Values.Add(value);
        }

        private static Node Child<TKey>(IDictionary<TKey, Node> children, TKey key)
        {
            if (!children.TryGetValue(key, out var child))
            {
                children[key] = child = new Node();
            }

            return child;
        }
    }
}
