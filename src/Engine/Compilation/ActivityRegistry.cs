using System.Text.Json;
using Orchestration.Engine.Activities.Catalog;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions;

namespace Orchestration.Engine.Compilation;

/// <summary>Reads a member of a definition's <c>customProperties</c> that another module understands; once per version.</summary>
/// <param name="workflow">The version, compiled except for such members.</param>
/// <param name="value">The member; undefined if the document has none. Valid during the call only.</param>
/// <param name="error">Reports an error: its path within the member (<c>[2].format</c>) and the reason. Only publishing refuses it.</param>
/// <returns>What <see cref="CompiledWorkflow.Property{T}"/> returns.</returns>
public delegate object? ReadProperty(CompiledWorkflow workflow, JsonElement value, Action<string, string> error);

/// <summary>The activity types and expression languages a host knows. Fill it at start, then only read it: reading is thread safe.</summary>
public sealed class ActivityRegistry
{
    private readonly Dictionary<string, ActivityType> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ExpressionLanguage> _languages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ReadProperty> _properties = new(StringComparer.Ordinal);

    /// <summary>A registry with Elsa's built-in activities and the sandboxed expression languages.</summary>
    public static ActivityRegistry WithBuiltIns()
    {
        var registry = new ActivityRegistry();

        foreach (var type in BuiltInActivities.All)
            registry.Add(type);

        return registry.Add(ExpressionLanguages.JavaScript).Add(ExpressionLanguages.Liquid);
    }

    /// <summary>All types, in the order in which they were added.</summary>
    public IReadOnlyCollection<ActivityType> Types => _types.Values;

    public IReadOnlyCollection<ExpressionLanguage> Languages => _languages.Values;

    /// <summary>Adds a type. Throws <see cref="ArgumentException"/> if its name is taken.</summary>
    public ActivityRegistry Add(ActivityType type)
    {
        _types.Add(type.TypeName, type);
        return this;
    }

    /// <summary>Adds or replaces an expression language.</summary>
    public ActivityRegistry Add(ExpressionLanguage language)
    {
        _languages[language.Type] = language;
        return this;
    }

    /// <summary>Adds the reader of a custom property. Throws <see cref="ArgumentException"/> if its name is taken.</summary>
    public ActivityRegistry Add(string property, ReadProperty read)
    {
        _properties.Add(property, read);
        return this;
    }

    /// <summary>
    /// Enables C#: expressions, and the activity that runs a script. See <see cref="ExpressionLanguages.CSharp"/> for the consequences.
    /// </summary>
    public ActivityRegistry AddCSharp()
    {
        _types[BuiltInActivities.RunCSharp.TypeName] = BuiltInActivities.RunCSharp;
        return Add(ExpressionLanguages.CSharp);
    }

    /// <summary>The type of this name, or null.</summary>
    public ActivityType? Find(string typeName) => _types.GetValueOrDefault(typeName);

    internal IReadOnlyDictionary<string, ReadProperty> Properties => _properties;

    internal ExpressionLanguage? FindLanguage(string type) => _languages.GetValueOrDefault(type);
}
