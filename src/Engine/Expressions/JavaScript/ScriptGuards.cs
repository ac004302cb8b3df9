using Jint;
using Jint.Native;
using Jint.Native.Object;
using Jint.Native.Symbol;
using Jint.Runtime;
using Jint.Runtime.Descriptors;
using Jint.Runtime.Interop;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>
/// Closes the gaps of the engine: built-in functions that run long or allocate much without asking <see cref="ScriptMeter"/>, and globals without a
/// use here.
/// A guard is put in place when a script mentions its name, or computes names.
/// </summary>
internal sealed partial class ScriptGuards(ScriptEngine script)
{
    /// <summary>Longest text that can be escaped or searched for all matches: the result can be nine times as long, or a million objects.</summary>
    private const int MaxText = 1_000_000;

    private const int MaxPattern = 10_000;

    private static readonly Prepared<Acornima.Ast.Script> s_functionPrototypes = Jint.Engine.PrepareScript(
        "[async function () {}, function* () {}, async function* () {}].map(Object.getPrototypeOf)"
    );

    private delegate JsValue Guard(ScriptGuards guards, JsValue self, JsValue[] arguments, Func<JsValue, JsValue[], JsValue> original);

    private static readonly string[] s_removed =
    [
        "ArrayBuffer",
        "Atomics",
        "BigInt",
        "BigInt64Array",
        "BigUint64Array",
        "DataView",
        "eval",
        "FinalizationRegistry",
        "Float16Array",
        "Float32Array",
        "Float64Array",
        "Int16Array",
        "Int32Array",
        "Int8Array",
        "ShadowRealm",
        "SharedArrayBuffer",
        "Temporal",
        "Uint16Array",
        "Uint32Array",
        "Uint8Array",
        "Uint8ClampedArray",
        "WeakRef",
    ];

    private static readonly Dictionary<string, Action<ScriptGuards>> s_guards = new(StringComparer.Ordinal)
    {
        ["random"] = static g => g.Wrap("Math", "random", static (g, _, _, _) => JsNumber.Create(g.Script.Scope.NextRandom())),
        ["RegExp"] = static g => g.GuardPatterns(),
        ["Function"] = static g => g.GuardCompilation(),
        ["localeCompare"] = static g =>
            g.Wrap("String.prototype", "localeCompare", static (_, self, a, _) => JsNumber.Create(Collate(TextOf(self), TypeConverter.ToString(At(a, 0))))),
        ["repeat"] = static g => g.Wrap("String.prototype", "repeat", Repeat),
        ["padStart"] = static g => g.Wrap("String.prototype", "padStart", Pad),
        ["padEnd"] = static g => g.Wrap("String.prototype", "padEnd", Pad),
        ["concat"] = static g => g.Wrap("String.prototype", "concat", Concat),
        ["replace"] = static g => g.Wrap("String.prototype", "replace", (g, self, a, original) => g.Replace(self, a, original, isAll: false)),
        ["replaceAll"] = static g => g.Wrap("String.prototype", "replaceAll", (g, self, a, original) => g.Replace(self, a, original, isAll: true)),
        ["match"] = static g => g.Wrap("String.prototype", "match", Search),
        ["matchAll"] = static g => g.Wrap("String.prototype", "matchAll", Search),
        ["search"] = static g => g.Wrap("String.prototype", "search", Search),
        ["normalize"] = static g => g.Wrap("String.prototype", "normalize", Normalize),
        ["compile"] = static g =>
            g.Wrap("RegExp.prototype", "compile", static (g, _, _, _) => throw g.Script.TypeError("compile is not supported in expressions")),
        ["flat"] = static g =>
            g.Wrap("Array.prototype", "flat", static (g, self, a, original) => self is ObjectInstance array ? g.Flat(array, a) : original(self, a)),
        ["toLocaleString"] = static g => g.Wrap("Array.prototype", "toLocaleString", Counted),
        ["encodeURI"] = static g => g.Wrap("", "encodeURI", Escape),
        ["encodeURIComponent"] = static g => g.Wrap("", "encodeURIComponent", Escape),
        ["escape"] = static g => g.Wrap("", "escape", Escape),
        ["stringify"] = static g => g.Wrap("JSON", "stringify", static (g, self, a, original) => g.Stringify(self, a, original)),
        ["raw"] = static g =>
            g.Wrap(
                "String",
                "raw",
                static (g, self, a, original) => At(a, 0) is ObjectInstance o && o.Get("raw") is ObjectInstance raw ? g.Raw(raw, a) : original(self, a)
            ),
    };

    private readonly HashSet<string> _added = new(StringComparer.Ordinal);

    private ScriptEngine Script => script;

    /// <summary>The names, of those a script mentions, that have a guard.</summary>
    /// <param name="names">Null for all.</param>
    public static string[] Of(IReadOnlySet<string>? names) =>
        [
            .. s_guards.Keys.Concat(s_removed).Where(name => names?.Contains(name) != false),
            .. names?.Contains("constructor") == true ? ["RegExp", "Function"] : Array.Empty<string>(),
        ];

    /// <summary>Puts guards in place; true when there are new ones.</summary>
    public bool Add(string[] names)
    {
        var isNew = _added.Count == 0;

        if (isNew)
        {
            // An array becomes text without its function being named.
            _added.Add("join");
            Wrap("Array.prototype", "join", Counted);
        }

        foreach (var name in names)
        {
            if (!_added.Add(name))
                continue;

            isNew = true;

            if (s_guards.TryGetValue(name, out var add))
                add(this);
            else
                script.Engine.Global.Set(name, JsValue.Undefined);
        }

        if (_added.Count > s_guards.Count + s_removed.Length && _added.Add("*"))
            GuardSymbols();

        return isNew;
    }

    private ObjectInstance Find(string path) =>
        path.Split('.', StringSplitOptions.RemoveEmptyEntries).Aggregate(script.Engine.Global, static (holder, name) => (ObjectInstance)holder.Get(name));

    private void Wrap(string owner, JsValue key, Guard guard)
    {
        var holder = Find(owner);

        if (holder.Get(key) is not Jint.Native.Function.Function original)
            return;

        var name = original.Get("name").ToString();
        var length = (int)TypeConverter.ToNumber(original.Get("length"));
        var guarded = new ClrFunction(
            script.Engine,
            name,
            (self, arguments) =>
            {
                script.Meter.CheckNow();
                return guard(this, self, arguments, (s, a) => script.Engine.Call(original, s, a));
            },
            length
        );
        holder.FastSetProperty(key, new PropertyDescriptor(guarded, writable: true, enumerable: false, configurable: true));
    }

    /// <summary>The members through which computed names reach the functions of regular expressions.</summary>
    private void GuardSymbols()
    {
        Wrap("RegExp.prototype", GlobalSymbolRegistry.Match, (g, self, a, original) => g.Checked(self, a, original, MaxText));
        Wrap("RegExp.prototype", GlobalSymbolRegistry.MatchAll, (g, self, a, original) => g.Checked(self, a, original, MaxText));
        Wrap(
            "RegExp.prototype",
            GlobalSymbolRegistry.Replace,
            (g, self, a, original) => g.Replace(At(a, 0), [self, At(a, 1)], (text, swapped) => original(self, [text, At(swapped, 1)]), isAll: false)
        );
    }

    private static JsValue At(JsValue[] arguments, int index) => index < arguments.Length ? arguments[index] : JsValue.Undefined;

    private static bool IsNullish(JsValue value) => value.IsNull() || value.IsUndefined();

    /// <summary>The text of a receiver; the original function reports null and undefined.</summary>
    private static string TextOf(JsValue value) => IsNullish(value) ? "" : TypeConverter.ToString(value);

    private static JsValue Given(JsValue self, string text) => IsNullish(self) ? self : JsString.Create(text);

    private static JsValue Counted(ScriptGuards g, JsValue self, JsValue[] a, Func<JsValue, JsValue[], JsValue> original) => original(self, a);

    private static JsValue Repeat(ScriptGuards g, JsValue self, JsValue[] a, Func<JsValue, JsValue[], JsValue> original)
    {
        var (text, count) = (TextOf(self), TypeConverter.ToNumber(At(a, 0)));
        g.Script.Meter.CheckLength(double.IsInfinity(count) ? 0 : text.Length * count, int.MaxValue);
        return original(Given(self, text), [JsNumber.Create(count)]);
    }

    private static JsValue Pad(ScriptGuards g, JsValue self, JsValue[] a, Func<JsValue, JsValue[], JsValue> original)
    {
        var (text, length) = (TextOf(self), TypeConverter.ToNumber(At(a, 0)));
        g.Script.Meter.CheckLength(length, int.MaxValue);
        return original(Given(self, text), [JsNumber.Create(length), At(a, 1)]);
    }

    private static JsValue Concat(ScriptGuards g, JsValue self, JsValue[] a, Func<JsValue, JsValue[], JsValue> original)
    {
        var text = TextOf(self);
        var parts = Array.ConvertAll(a, TypeConverter.ToString);
        g.Script.Meter.CheckLength(text.Length + parts.Sum(static x => (long)x.Length), int.MaxValue);
        return original(Given(self, text), Array.ConvertAll<string, JsValue>(parts, JsString.Create));
    }

    private static JsValue Search(ScriptGuards g, JsValue self, JsValue[] a, Func<JsValue, JsValue[], JsValue> original)
    {
        var text = TextOf(self);
        g.Script.Meter.CheckLength(text.Length, MaxText);
        return original(Given(self, text), At(a, 0) is ObjectInstance or JsUndefined ? a : [g.Pattern(At(a, 0))]);
    }

    private static JsValue Normalize(ScriptGuards g, JsValue self, JsValue[] a, Func<JsValue, JsValue[], JsValue> original)
    {
        var text = TextOf(self);
        g.Script.Meter.CheckLength(text.Length, MaxText);
        return original(Given(self, text), a);
    }

    private static JsValue Escape(ScriptGuards g, JsValue self, JsValue[] a, Func<JsValue, JsValue[], JsValue> original) =>
        g.Checked(self, a, original, MaxText);

    private JsValue Checked(JsValue self, JsValue[] a, Func<JsValue, JsValue[], JsValue> original, int most)
    {
        var text = TypeConverter.ToString(At(a, 0));
        script.Meter.CheckLength(text.Length, most);
        return original(self, [JsString.Create(text)]);
    }

    private JsString Pattern(JsValue value)
    {
        var pattern = TypeConverter.ToString(value);
        script.Meter.CheckLength(pattern.Length, MaxPattern);
        return JsString.Create(pattern);
    }

    /// <summary>The longest the result can become is known before it is built: for a regular expression by counting its matches where that is needed.</summary>
    private JsValue Replace(JsValue self, JsValue[] a, Func<JsValue, JsValue[], JsValue> original, bool isAll)
    {
        var (search, replacement) = (At(a, 0), At(a, 1));

        if (IsNullish(self) || replacement is Jint.Native.Function.Function)
            return original(self, a);

        var (text, with) = (TextOf(self), TypeConverter.ToString(replacement));
        script.Meter.CheckLength(text.Length, int.MaxValue);
        double matches;

        if (search is ObjectInstance pattern && !IsNullish(pattern.Get(GlobalSymbolRegistry.Replace)))
        {
            if (Longest(text, with, text.Length + 1) <= MaxText)
                return original(JsString.Create(text), [search, JsString.Create(with)]);

            matches = 0;
            var at = pattern.Get("lastIndex");
            var count = new ClrFunction(
                script.Engine,
                "count",
                (_, _) =>
                {
                    script.Meter.Check();
                    matches++;
                    return JsString.Empty;
                }
            );
            original(JsString.Create(text), [search, count]);
            pattern.Set("lastIndex", at);
        }
        else
        {
            var what = TypeConverter.ToString(search);
            search = JsString.Create(what);
            matches =
                !isAll ? 1
                : what.Length == 0 ? text.Length + 1
                : text.AsSpan().Count(what);
        }

        script.Meter.CheckLength(Longest(text, with, matches), int.MaxValue);
        return original(JsString.Create(text), [search, JsString.Create(with)]);
    }

    private static double Longest(string text, string with, double matches)
    {
        var around = with.AsSpan().Count("$`") + with.AsSpan().Count("$'");
        return text.Length + matches * (with.Length + (double)around * text.Length) + (double)with.AsSpan().Count('$') * text.Length;
    }

    /// <summary>Patterns that are put together by a script are kept short: the engine does not look at the time while it reads one.</summary>
    private void GuardPatterns() =>
        Replace("RegExp", arguments => At(arguments, 0) is ObjectInstance or JsUndefined ? arguments : [Pattern(arguments[0]), .. arguments[1..]]);

    /// <summary>
    /// <c>new Function</c> compiles under the same rules as the script; the variants for async functions and generators are refused.
    /// </summary>
    private void GuardCompilation()
    {
        Replace("Function", Compiled);

        foreach (var prototype in (JsArray)script.Engine.Evaluate(s_functionPrototypes))
            ((ObjectInstance)prototype).FastSetProperty(
                "constructor",
                new PropertyDescriptor(JsValue.Undefined, writable: false, enumerable: false, configurable: false)
            );

        JsValue[] Compiled(JsValue[] arguments)
        {
            var parts = Array.ConvertAll(arguments, TypeConverter.ToString);
            script.Meter.CheckLength(parts.Sum(static x => (long)x.Length), MaxText / 10);

            try
            {
                Add(JavaScriptProgram.Parse($"(function ({string.Join(',', parts.SkipLast(1))}\n) {{{parts.LastOrDefault()}\n}})").Guards);
            }
            catch (ExpressionException error)
            {
                throw new JavaScriptException(script.Engine.Construct("SyntaxError", [JsString.Create(error.Message)]));
            }

            return Array.ConvertAll<string, JsValue>(parts, JsString.Create);
        }
    }

    /// <summary>Puts a constructor in the place of a global one; it changes the arguments first.</summary>
    private void Replace(string name, Func<JsValue[], JsValue[]> change)
    {
        var original = Find(name);
        var guarded = script.Engine.Advanced.CreateProxy(original, new Constructor(script, change));
        script.Engine.Global.Set(name, guarded);
        Find(name + ".prototype").FastSetProperty("constructor", new PropertyDescriptor(guarded, writable: true, enumerable: false, configurable: true));
    }

    private sealed class Constructor(ScriptEngine script, Func<JsValue[], JsValue[]> change) : ProxyHandler
    {
        public override JsValue? Apply(ObjectInstance target, JsValue thisObject, JsValue[] arguments) =>
            script.Engine.Call(target, thisObject, change(arguments));

        public override ObjectInstance? Construct(ObjectInstance target, JsValue[] arguments, JsValue newTarget) =>
            script.Engine.Construct(target, change(arguments));
    }
}
