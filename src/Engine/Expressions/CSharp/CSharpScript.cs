using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.CSharp;

/// <summary>
/// A C# script, compiled to an assembly that is unloaded when it is no longer used. Thread safe. <b>Not a sandbox</b>: it can do whatever the host
/// can.
/// It is two submissions, as in Elsa: one that declares <c>Variable</c> and <c>Input</c> with an accessor for each name, and the script itself.
/// </summary>
internal sealed class CSharpScript
{
    private const int CacheSize = 256;

    // Small, so that endless recursion is detected and unwound quickly.
    private const int StackSize = 1 << 20;

    private static readonly string[] Namespaces =
    [
        typeof(CSharpGlobals).Namespace!,
        "System",
        "System.Linq",
        "System.Text.Json",
        "System.Text.Json.Serialization",
        "System.Text.Json.Nodes",
        "System.Collections.Generic",
        "System.Dynamic",
    ];

    private static readonly CSharpParseOptions Syntax = CSharpParseOptions.Default.WithKind(SourceCodeKind.Script);

    // The runtime's own assemblies and the globals. A script can reach the rest of the host through reflection; this list doesn't prevent it.
    private static readonly Lazy<MetadataReference[]> References = new(static () =>
        [
            .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
                .Split(Path.PathSeparator)
                .Where(static path =>
                    Path.GetFileName(path) is "System.dll" or "netstandard.dll" or "Microsoft.CSharp.dll"
                    || Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal)
                )
                .Append(typeof(CSharpGlobals).Assembly.Location)
                .Select(static path => MetadataReference.CreateFromFile(path)),
        ]
    );

    // Two halves: when the newer one is full, the older one is dropped, so entries in use stay.
    private static readonly Lock CacheLock = new();
    private static Dictionary<(string, string), CSharpScript> s_newer = [],
        s_older = [];

    private readonly Func<object?[], Task<object?>> _accessors,
        _script;

    private CSharpScript(Func<object?[], Task<object?>> accessors, Func<object?[], Task<object?>> script) => (_accessors, _script) = (accessors, script);

    /// <summary>Compiles a script, or finds it compiled.</summary>
    /// <exception cref="ExpressionException">It does not compile (kind <c>CompilationError</c>, with position).</exception>
    public static CSharpScript Compile(string text, Declarations declarations)
    {
        var accessors = Accessors(declarations);

        lock (CacheLock)
        {
            if (s_newer.TryGetValue((accessors, text), out var known) || s_older.Remove((accessors, text), out known))
                return s_newer[(accessors, text)] = known;
        }

        var script = Compile(accessors, text);

        lock (CacheLock)
        {
            if (s_newer.Count >= CacheSize / 2)
                (s_newer, s_older) = ([], s_newer);

            return s_newer[(accessors, text)] = script;
        }
    }

    /// <summary>Runs the script on its own thread, so that one that never returns doesn't block the burst's.</summary>
    /// <returns>Its value as workflow data.</returns>
    /// <exception cref="ExpressionException">It reached a limit (kind <c>TimeoutError</c>) or its value is not data. What the script itself throws comes
    /// through.</exception>
    public object? Run(ExpressionScope scope, ScriptLimits limits)
    {
        scope.Budget?.Check();
        var run = new CSharpRun(scope, limits);
        var work = new Task<object?>(() => run.Execute(_accessors, _script));
        new Thread(work.RunSynchronously, StackSize) { IsBackground = true, Name = "C# expression" }.Start();

        if (Task.WaitAny([work], limits.MaxTime) < 0)
            throw run.Expire();

        scope.Budget?.Spend(run.Steps, run.Memory);
        return work.GetAwaiter().GetResult();
    }

    private static CSharpScript Compile(string accessorText, string text)
    {
        var context = new AssemblyLoadContext("C# expression", isCollectible: true);
        var accessors = Submission(accessorText, "accessors", null);
        var script = Submission(text, "expression", accessors);
        var tree = script.SyntaxTrees[0];

        if (script.GetDiagnostics().FirstOrDefault(static x => x.Severity == DiagnosticSeverity.Error) is { } error)
        {
            var at = error.Location.GetLineSpan().StartLinePosition;
            throw new ExpressionException(
                $"({at.Line + 1},{at.Character + 1}): error {error.Id}: {error.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}"
            )
            {
                Kind = "CompilationError",
                Line = at.Line + 1,
                Column = at.Character + 1,
            };
        }

        var metered = new Metering(script.GetSemanticModel(tree)).Visit(tree.GetRoot());
        return new(Load(context, accessors), Load(context, script.ReplaceSyntaxTree(tree, CSharpSyntaxTree.Create((CSharpSyntaxNode)metered, Syntax))));
    }

    private static CSharpCompilation Submission(string text, string name, CSharpCompilation? previous) =>
        CSharpCompilation.CreateScriptCompilation(
            "Orchestration." + name,
            CSharpSyntaxTree.ParseText(text, Syntax),
            References.Value,
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                scriptClassName: "Submission_" + name,
                usings: Namespaces,
                optimizationLevel: OptimizationLevel.Release
            ),
            previous,
            typeof(object),
            typeof(CSharpGlobals)
        );

    private static Func<object?[], Task<object?>> Load(AssemblyLoadContext context, CSharpCompilation compilation)
    {
        using var image = new MemoryStream();

        if (compilation.Emit(image) is { Success: false } result)
            throw new InvalidOperationException(
                "A checked script cannot be emitted: " + string.Join("; ", result.Diagnostics.Where(static x => x.Severity == DiagnosticSeverity.Error))
            );

        image.Position = 0;
        var entry = compilation.GetEntryPoint(CancellationToken.None)!;
        return context
            .LoadFromStream(image)
            .GetType(entry.ContainingType.MetadataName, throwOnError: true)!
            .GetMethod(entry.MetadataName, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!
            .CreateDelegate<Func<object?[], Task<object?>>>();
    }

    private static string Accessors(Declarations declarations)
    {
        var text = new StringBuilder();
        text.AppendLine("public sealed class WorkflowVariablesProxy(ExecutionContextProxy executionContext) {")
            .AppendLine("public ExecutionContextProxy ExecutionContext { get; } = executionContext;")
            .AppendLine("public T Get<T>(string name) => ExecutionContext.GetVariable<T>(name);")
            .AppendLine("public object Get(string name) => ExecutionContext.GetVariable(name);")
            .AppendLine("public void Set(string name, object value) => ExecutionContext.SetVariable(name, value);");

        // As in Elsa: an accessor starts with a capital, whatever the variable's name.
        foreach (var (name, type) in declarations.Variables.DistinctBy(static x => Pascal(x.Name)).Where(static x => IsName(x.Name)))
        {
            var (shown, stored) = CSharpData.TypeName(type);
            text.AppendLine($"public {shown} @{Pascal(name)} {{ get => Get<{stored}>(\"{name}\"); set => Set(\"{name}\", value); }}");
        }

        text.AppendLine("}")
            .AppendLine("public sealed class WorkflowInputsProxy(ExecutionContextProxy executionContext) {")
            .AppendLine("public ExecutionContextProxy ExecutionContext { get; } = executionContext;")
            .AppendLine("public T Get<T>(string name) => ExecutionContext.GetInput<T>(name);");

        foreach (var (name, type) in declarations.Inputs.DistinctBy(static x => x.Name).Where(static x => IsName(x.Name)))
            text.AppendLine($"public {CSharpData.TypeName(type).Shown} @{name} => Get<{CSharpData.TypeName(type).Stored}>(\"{name}\");");

        return text.AppendLine("}")
            .AppendLine("var Variables = new WorkflowVariablesProxy(ExecutionContext);")
            .AppendLine("var Variable = Variables;")
            .AppendLine("var Inputs = new WorkflowInputsProxy(ExecutionContext);")
            .AppendLine("var Input = Inputs;")
            .ToString();
    }

    private static string Pascal(string name) => name.Length == 0 ? name : char.ToUpperInvariant(name[0]) + name[1..];

    private static bool IsName(string name) =>
        SyntaxFacts.IsValidIdentifier(name)
        && name.All(char.IsLetterOrDigit)
        && Pascal(name) is not ("Get" or "Set" or "ExecutionContext" or "WorkflowVariablesProxy" or "WorkflowInputsProxy");
}
