namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>Which names a program declares and refers to: what ECMA-262 calls declaration instantiation, found while the statements are read.</summary>
internal sealed partial class Parser
{
    /// <summary>What surrounds the statements being read.</summary>
    private sealed class Context(FunctionCode code)
    {
        public FunctionCode Code { get; } = code;

        /// <summary>Whether <c>super.name</c> and <c>super()</c> mean something here.</summary>
        public bool InMethod { get; init; } = code.IsMethod;
        public bool InDerivedConstructor { get; init; } = code.IsDerived;
        public List<(string Label, bool IsLoop)> Labels { get; } = [];
        public int Loops { get; set; }
        public int Switches { get; set; }

        /// <summary>Whether the body begins with <c>"use strict"</c>.</summary>
        public bool SaysStrict { get; set; }
        public bool IsStaticBlock { get; init; }
    }

    private (Scope Outer, List<FunctionDeclaration> Functions) OpenBlock()
    {
        var saved = (_scope, _functions);
        var block = new Scope(_scope, false);
        _scope.Children.Add(block);
        _scope = block;
        _functions = [];
        return saved;
    }

    private FunctionDeclaration[] CloseBlock((Scope Outer, List<FunctionDeclaration> Functions) saved)
    {
        var functions = _functions.ToArray();
        (_scope, _functions) = saved;
        return functions;
    }

    private Variable Declare(string name, VariableKind kind, int position)
    {
        if (kind == VariableKind.Var)
        {
            // A var belongs to the function, and may not pass a lexical declaration of its name on the way.
            for (var scope = _scope; ; scope = scope.Parent!)
            {
                var found = scope.Find(name);
                if (found is { IsLexical: true } || found is { Kind: VariableKind.Function } && !scope.IsFunction)
                    throw Error($"Identifier '{name}' has already been declared", position);
                if (scope.IsFunction)
                    return found is null or { Kind: VariableKind.FunctionName } ? scope.Declare(name, kind) : found;
                scope.PassedVars.Add(name);
            }
        }

        var existing = _scope.Find(name);
        if (kind is VariableKind.Let or VariableKind.Const && name == "let")
            throw Error("let is disallowed as a lexically bound name", position);
        if (existing is not null and not { Kind: VariableKind.FunctionName })
        {
            var both = kind == VariableKind.Function && existing.Kind is VariableKind.Function or VariableKind.Var or VariableKind.Parameter && (_scope.IsFunction || !Strict && existing.Kind == VariableKind.Function);
            if (!(kind == VariableKind.Function && both) && kind != VariableKind.Parameter)
                throw Error($"Identifier '{name}' has already been declared", position);
            return existing;
        }

        if (!_scope.IsFunction && kind != VariableKind.Catch && _scope.PassedVars.Contains(name))
            throw Error($"Identifier '{name}' has already been declared", position);
        return _scope.Declare(name, kind);
    }

    private Identifier Refer(string name, int start)
    {
        var identifier = new Identifier(name, Strict) { Start = start };
        _scope.References.Add(identifier);
        return identifier;
    }

    private void MarkThis() => _context.Code.UsesThis = true;

    private void UseArguments(int start)
    {
        var function = _scope.Function;
        while (function.IsArrow)
            function = function.Parent!.Function;
        if (function.HasNoArguments)
            throw Error("'arguments' is not allowed in class field initializer or static initialization block", start);
        function.UsesArguments = !function.IsProgram;
    }

    /// <summary>Whether a function in a block may also become a variable of the function around it (Annex B.3.3).</summary>
    private bool CanHoistOut(string name)
    {
        for (var scope = _scope.Parent!; ; scope = scope.Parent!)
        {
            if (scope.Find(name) is { } found && (found.IsLexical || !scope.IsFunction || found.Kind == VariableKind.Parameter))
                return false;
            if (scope.IsFunction)
                return true;
        }
    }
}
