using System.Globalization;

namespace Orchestration.Engine.Tests.Expressions;

/// <summary>JavaScript that is meant to take a host down: each ends with a clear error, or a result, within the limits.</summary>
public sealed class JavaScriptAttackTests(ITestOutputHelper output)
{
    private static readonly Attack[] s_attacks =
    [
        new("endless while", "while (true) {}"),
        new("endless catch", "let i = 0; while (true) { try { throw i++ } catch (e) { } }"),
        new("endless finally", "while (true) { try { while (true) {} } finally { continue } }"),
        new("array fill 4e9", "Array(4e9).fill(0)"),
        new("array 3e7 fill", "const a = []; for (;;) a.push(Array(3e6).fill(1))"),
        new("array from 1e15", "Array.from({ length: 1e15 })", "error"),
        new("array join 5e7", "new Array(5e7).join('xxxxxxxxxx').length"),
        new("endless iterator spread", "[...{ [Symbol.iterator]() { return { next: () => ({ done: false }) } } }]"),
        new("endless push", "const a = []; for (;;) a.push(a.length)"),
        new("endless props", "const o = {}; for (let i = 0;; i++) o['k' + i] = i"),
        new("repeat split 2e8", "'x'.repeat(2e8).split('').length"),
        new("string doubling", "let s = 'x'; for (;;) s += s"),
        new("string doubling read", "let s = 'x'; for (;;) { s += s; s.charCodeAt(s.length >> 1) }"),
        new("string doubling keep", "const k = []; let s = 'x'; for (;;) { s = s + s; k.push(s.slice(1)) }"),
        new("template doubling", "let s = 'x'; for (;;) s = `${s}${s}`"),
        new("string concat method", "let s = 'x'; for (;;) s = s.concat(s, s, s)"),
        new("repeat 2e9", "'x'.repeat(2e9).length"),
        new("repeat loop", "const a = []; for (;;) a.push('x'.repeat(1e6))"),
        new("padEnd 1e9", "'x'.padEnd(1e9).length"),
        new("replaceAll multiply", "'a'.repeat(1e6).replaceAll('a', 'b'.repeat(1000)).length"),
        new("replaceAll $` more", """'a'.repeat(60000).replaceAll('a', "$`$'").length"""),
        new("replace regex $`", """'a'.repeat(60000).replace(/a/g, "$`$'").length"""),
        new("replace regex multiply", "'a'.repeat(1e6).replace(/a/g, 'b'.repeat(1000)).length"),
        new("replaceAll function", "'a'.repeat(1e6).replaceAll('a', () => 'b'.repeat(1000)).length"),
        new("replace chain doubling", "let s = 'aa'; for (;;) s = s.replace(/a/g, 'aa')"),
        new("split join doubling", "let s = 'aa'; for (;;) s = s.split('').join('aaa')"),
        new("array join strings", "Array(1e5).fill('x'.repeat(1000)).join('').length"),
        new("array toString nested", "let a = 'x'.repeat(100); for (let i = 0; i < 60; i++) a = [a, a]; String(a).length"),
        new("json stringify strings", "JSON.stringify(Array(1e4).fill('x'.repeat(1e4))).length"),
        new("json stringify shared", "let a = ['xxxxxxxx']; for (let i = 0; i < 60; i++) a = [a, a]; JSON.stringify(a).length"),
        new("json stringify control", "JSON.stringify('\\u0001'.repeat(2e7)).length"),
        new("json stringify toJSON", "JSON.stringify({ toJSON() { return { toJSON: this.toJSON, a: this.toJSON() } } })"),
        new("json stringify replacer", "JSON.stringify([1], () => [[1, 2], [3, 4]])"),
        new("json parse deeper", "JSON.parse('['.repeat(5e6))", "error"),
        new("json parse wide", "JSON.parse('[' + '1,'.repeat(8e6) + '1]').length"),
        new("recursion getter", "const o = { get x() { return this.x } }; o.x"),
        new("recursion toString", "const o = { toString() { return '' + this } }; '' + o", "error"),
        new("recursion proxy chain", "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x", "error"),
        new("recursion prototype chain", "let p = {}; for (let i = 0; i < 1e6; i++) p = Object.create(p); p.x"),
        new("recursion mutual closures", "let f = () => 0; for (let i = 0; i < 1e5; i++) { const g = f; f = () => g() + 1 } f()"),
        new("recursion generator", "function* g() { yield* g() } [...g()]", "error"),
        new("recursion flat shared", "let a = [1, 1]; for (let i = 0; i < 60; i++) a = [a, a]; a.flat(Infinity).length"),
        new("recursion stringify", "let a = []; for (let i = 0; i < 5e4; i++) a = [a]; JSON.stringify(a)"),
        new("result shared", "let a = [1]; for (let i = 0; i < 60; i++) a = [a, a]; a"),
        new("result cyclic", "const a = []; a.push(a); a", "error"),
        new("result getter endless", "({ get x() { for (;;) ; } })"),
        new("sort comparator endless", "[3, 1, 2].sort(() => { for (;;) ; })"),
        new("sort inconsistent", "Array.from({ length: 3e5 }, (_, i) => i).sort(() => 1).length"),
        new("splice shift loop", "const a = Array(1e6).fill(3); for (;;) { a.shift(); a.unshift(1) }"),
        new("concat doubling", "let a = [1, 2]; for (;;) a = a.concat(a)"),
        new("push spread doubling", "let a = [1, 2]; for (;;) a.push(...a)"),
        new("array length set", "const a = []; a.length = 4294967295; a.fill(1)"),
        new("array like forEach", "Array.prototype.forEach.call({ length: 9e15 }, x => x)"),
        new("array like includes", "Array.prototype.includes.call({ length: 9e15 }, 1)"),
        new("indexOf quadratic", "('a'.repeat(2e6) + 'c' + 'a'.repeat(2e6)).indexOf('a'.repeat(1e6) + 'b' + 'a'.repeat(1e6))", "value"),
        new("toUpperCase keep", "const s = 'ab'.repeat(4e6); const k = []; for (;;) k.push(s.toUpperCase())"),
        new("encodeURIComponent big", "encodeURIComponent('€'.repeat(2e7)).length"),
        new("String.raw big", "String.raw({ raw: Array(1e5).fill('x'.repeat(1e4)) }).length"),
        new("fn apply huge", "Math.max.apply(null, { length: 4e8 })"),
        new("match global", "'a'.repeat(3e7).match(/a/g).length"),
        new("regex catastrophic", "/(a+)+$/.test('a'.repeat(5000) + 'b')"),
        new("regex catastrophic loop", "for (;;) { try { /(a+)+$/.test('a'.repeat(50) + 'b') } catch (e) {} }"),
        new("regex nested new", "new RegExp('(a*)*'.repeat(50) + 'b').test('a'.repeat(3000))"),
        new("regex alternation", "new RegExp(Array.from({ length: 2e5 }, (_, i) => 'a' + i).join('|')).test('b')"),
        new("regex many", "for (let i = 0; ; i++) new RegExp('a' + i + '(b|c)*d')"),
        new("regex custom exec", "const r = /a/g; r.exec = () => ({ index: 0, 0: '', length: 1e9 }); 'a'.replace(r, 'b')"),
        new("map growth", "const m = new Map(); for (let i = 0; ; i++) m.set(i, [i])"),
        new("map forEach endless", "const s = new Map([[1, 1]]); s.forEach((v, k) => { s.delete(k); s.set(k + 1, v) })"),
        new("entries keep", "const o = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [i, i])); const k = []; for (;;) k.push(Object.entries(o))"),
        new("generator take", "function* g() { for (;;) yield 1 } g().drop(1e12).next()"),
        new("promise pending", "new Promise(() => {})", "error"),
        new("promise chain endless", "const f = () => Promise.resolve().then(f); f()"),
        new("promise await loop", "(async () => { for (;;) await 1 })()"),
        new("array buffer resizable", "new ArrayBuffer(1, { maxByteLength: 2e9 }).resize(2e9)", "error"),
        new("atomics wait", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", "error"),
        new("bigint square", "let b = 3n; for (let i = 0; i < 40; i++) b *= b; b", "error"),
        new("bigint parse", "BigInt('9'.repeat(5e6)).toString().length", "error"),
        new("eval", "eval('1')", "error"),
        new("function constructor", "(() => {}).constructor('return 1')()", "value"),
        new("getter throws message", "throw { get message() { for (;;) ; } }"),
        new("error cause chain", "let e = new Error('a'); for (let i = 0; i < 1e5; i++) e = new Error('b', { cause: e }); throw e", "error"),
        new("arguments growth", "function f() { return f.apply(null, [...arguments, ...arguments]) } f(1, 2)"),
        new("toJson shared", "let a = ['xxxxxxxx']; for (let i = 0; i < 50; i++) a = [a, a]; toJson(a).length"),
        new("setVariable shared", "let a = ['xxxxxxxx']; for (let i = 0; i < 50; i++) a = [a, a]; setVariable('a', a)"),
        new("setVariable loop", "const s = 'x'.repeat(4e6); for (let i = 0; ; i++) setVariable('v' + i, s + i)"),
        new("base64 loop", "let s = 'x'; for (;;) s = stringToBase64(s)"),
        new("bytes loop", "let s = 'x'.repeat(8e6); const k = []; for (;;) k.push(bytesFromString(s))"),
        new("parseJson wide", "parseJson('[' + '1,'.repeat(4e6) + '1]').length"),
        new("setOutcomes endless", "setOutcomes({ [Symbol.iterator]() { return { next: () => ({ done: false, value: 1 }) } } })"),
        new("a function that compiles a BigInt", "new Function('let b = 3n; for (;;) b *= b')()", "error"),
        new("a method by a computed name", "const n = ['replace', 'All'].join(''); 'a'.repeat(1e6)[n]('a', 'b'.repeat(1000))"),
        new("a method by its descriptor", "Object.getOwnPropertyDescriptor(String.prototype, 'replaceAll').value.call('a'.repeat(1e6), 'a', 'b'.repeat(1000))"),
        new("a method by destructuring", "const { replaceAll: f } = ''; f.call('a'.repeat(1e6), 'a', 'b'.repeat(1000))"),
        new("a method by a proxy", "new Proxy(Object('a'.repeat(1e6)), { get: (t, k) => t[k].bind(t) }).replaceAll('a', 'b'.repeat(1000))", "error"),
        new("a search that changes", "let n = 0; 'a'.repeat(1e6).replaceAll({ toString: () => n++ ? 'a' : 'zz' }, 'b'.repeat(1000)).length", "value"),
        new("a regular expression's own replace", "/a/g[Symbol.replace]('a'.repeat(60000), '$`')"),
        new("a text that changes when it is read again", "let n = 0; 'x'.repeat({ valueOf: () => n++ ? 1e9 : 1 }).length", "value"),
        new("a replacement that changes", "let n = 0; 'a'.repeat(1e6).replaceAll('a', { toString: () => 'b'.repeat(n++ ? 1e6 : 1) }).length", "value"),
        new("two thousand functions, a deep expression in the last", Functions("function f{0}() {{ return f{1}() }}", $"return {Deep(90)}"), "error"),
        new("two thousand arrows, a deep expression in the last", Functions("var f{0} = () => f{1}();", $"return {Deep(90)}"), "error"),
        new("two thousand default values", Functions("function f{0}(a = f{1}()) {{ return 1 }}", $"return {Deep(90)}"), "error"),
        new("two thousand getters", Functions("var o{0} = {{ get x() {{ return o{1}.x }} }};", $"return {Deep(90)}", "o0.x"), "error"),
        new("syntax nested deeply", $"x = {new string('(', 100_000)}1{new string(')', 100_000)}", "SyntaxError"),
        new("a sum of a hundred thousand", string.Join('+', Enumerable.Repeat("1", 100_000)), "SyntaxError"),
        new("a condition nested in a function", $"(() => {Deep(150)})()", "SyntaxError"),
    ];

    [Fact]
    public async Task Hostile_scripts_end_within_their_limits()
    {
        var failures = await AttackProcess.RunAllAsync("JavaScript", s_attacks, output);
        failures.ShouldBeEmpty();
    }

    private static string Deep(int levels) => string.Concat(Enumerable.Repeat("[", levels)) + "1" + string.Concat(Enumerable.Repeat("]", levels));

    /// <summary>Functions each of which calls the next.</summary>
    private static string Functions(string each, string last, string first = "f0()") =>
        string.Concat(Enumerable.Range(0, 2_000).Select(i => string.Format(CultureInfo.InvariantCulture, each, i, i + 1) + "\n"))
        + $"function f2000() {{ {last} }}\n"
        + first;
}
