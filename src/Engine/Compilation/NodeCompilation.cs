using System.Text.Json;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Compilation;

/// <summary>What an activity can ask of its compiler.</summary>
internal sealed class NodeCompilation(DefinitionCompiler compiler, ActivityNode node, JsonElement json, string path) : ActivityCompilation(node, json, path)
{
    public override bool IsPublishing => compiler.IsPublishing;

    internal override bool HasTokens => compiler.HasTokens;

    private protected override void Report(string path, string reason) => compiler.Error(path, reason);

    internal override ActivityNode? Child(JsonElement json, string relativePath) => compiler.CompileActivity(json, Node, At(relativePath));

    internal override ValueSource? Expression(JsonElement expression, DataType type, string relativePath) =>
        compiler.CompileExpression(expression, type, Node, At(relativePath));

    internal override ValueSource? WrappedInput(JsonElement input, DataType type, string relativePath) =>
        compiler.CompileInput(input, type, Node, At(relativePath));

    internal override ValueSource Script(string language, string script, string relativePath) =>
        compiler.CompileScript(language, script, Node, At(relativePath));

    internal override ExpressionLanguage? FindLanguage(string type) => compiler.FindLanguage(type);

    private string At(string relativePath) => Path + "." + relativePath;
}
