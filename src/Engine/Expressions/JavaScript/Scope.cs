namespace Orchestration.Engine.Expressions.JavaScript;

internal enum VariableKind { Var, Let, Const, Function, Parameter, Catch, FunctionName }

/// <summary>A declared name and, after <see cref="Scope.Resolve"/>, the slot it lives in.</summary>
internal sealed class Variable(string name, VariableKind kind)
{
    public string Name { get; } = name;
    public VariableKind Kind { get; set; } = kind;
    public bool IsLexical => Kind is VariableKind.Let or VariableKind.Const;
    public bool Captured { get; set; }

    /// <summary>The scope whose environment holds the slot.</summary>
    public Scope Home { get; set; } = null!;
    public int Slot { get; set; }
}

/// <summary>
/// Static scope: a function or a block. Names are resolved once, at parse time, to (hops, slot). A block gets an environment of its own only if a closure
/// captures one of its variables; otherwise its variables live in the function's.
/// </summary>
internal sealed class Scope(Scope? parent, bool isFunction)
{
    private Dictionary<string, Variable>? _variables;

    public Scope? Parent { get; set; } = parent;
    public bool IsFunction { get; } = isFunction;

    /// <summary>An arrow takes <c>this</c>, <c>arguments</c> and <c>new.target</c> from around it.</summary>
    public bool IsArrow { get; init; }

    public bool IsProgram => Parent is null;
    public List<Identifier> References { get; } = [];
    public List<Scope> Children { get; } = [];
    public bool UsesArguments { get; set; }

    /// <summary>The value of a class field or a static block: no <c>arguments</c> there.</summary>
    public bool HasNoArguments { get; init; }

    /// <summary>Names of vars declared inside this block that belong to the function.</summary>
    public HashSet<string> PassedVars { get; } = [];

    /// <summary>Whether entering this scope makes a new environment at run time.</summary>
    public bool HasEnvironment { get; private set; }

    /// <summary>Number of slots of the environment.</summary>
    public int SlotCount { get; private set; }

    /// <summary>Slots to be marked as not yet declared when the block is entered.</summary>
    public int[] LexicalSlots { get; private set; } = [];

    public IEnumerable<Variable> Variables => _variables?.Values ?? Enumerable.Empty<Variable>();

    public Scope Function => IsFunction ? this : Parent!.Function;

    public Variable? Find(string name) => _variables?.GetValueOrDefault(name);

    public Variable Declare(string name, VariableKind kind)
    {
        var variable = new Variable(name, kind);
        (_variables ??= [])[name] = variable;
        return variable;
    }

    public void Resolve()
    {
        Bind();
        Layout();
        Address();
    }

    private void Bind()
    {
        foreach (var reference in References)
        {
            var crossed = false;
            for (var scope = reference.LookFrom ?? this; scope is not null; scope = scope.Parent)
            {
                if (scope._variables is not null && scope._variables.TryGetValue(reference.Name, out var variable))
                {
                    variable.Captured |= crossed;
                    reference.Variable = variable;
                    break;
                }

                crossed |= scope.IsFunction;
            }

            if (reference.Variable is null && reference.Name[0] == '#')
                throw new SyntaxException($"Private field '{reference.Name}' must be declared in an enclosing class", reference.Start);
        }

        foreach (var child in Children)
            child.Bind();
    }

    private void Layout()
    {
        HasEnvironment = IsFunction || Variables.Any(v => v.Captured);
        var home = this;
        while (!home.HasEnvironment)
            home = home.Parent!;
        List<int>? lexical = null;
        foreach (var variable in Variables)
        {
            variable.Home = home;
            variable.Slot = home.SlotCount++;
            if (variable.IsLexical)
                (lexical ??= []).Add(variable.Slot);
        }

        LexicalSlots = lexical?.ToArray() ?? [];
        foreach (var child in Children)
            child.Layout();
    }

    private void Address()
    {
        foreach (var reference in References)
        {
            if (reference.Variable is not { } variable)
                continue;
            var hops = 0;
            var scope = this;
            while (!scope.HasEnvironment)
                scope = scope.Parent!;
            while (scope != variable.Home)
            {
                scope = scope.Parent!;
                while (!scope.HasEnvironment)
                    scope = scope.Parent!;
                hops++;
            }

            reference.Hops = hops;
            reference.Slot = variable.Slot;
        }

        foreach (var child in Children)
            child.Address();
    }
}
