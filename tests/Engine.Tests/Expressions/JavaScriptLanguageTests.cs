using Orchestration.Engine.Expressions.JavaScript;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Tests.Expressions;

/// <summary>The language as the engine gives it to expressions; whether the engine is right is for its own tests.</summary>
public sealed class JavaScriptLanguageTests
{
    private static object? Evaluate(string source) => JavaScriptProgram.Parse(source).Evaluate(new TestScope());

    [Theory]
    [InlineData("class A { constructor(x) { this.x = x } double() { return this.x * 2 } } new A(4).double()", 8.0)]
    [InlineData("class A { a() { return 'a' } } class B extends A { a() { return super.a() + 'b' } } new B().a()", "ab")]
    [InlineData("class A { constructor(x) { this.x = x } } class B extends A { constructor() { super(3); this.y = this.x + 1 } } new B().y", 4.0)]
    [InlineData("class A { constructor(...all) { this.n = all.length } } class B extends A {} new B(1, 2, 3).n", 3.0)]
    [InlineData("class A { n = 1; m = this.n + 1; static s = 5; static t = A.s + 1 } new A().m + A.t", 8.0)]
    [InlineData("class A { #v = 1; get v() { return this.#v } set v(x) { this.#v = x } } const a = new A(); a.v += 4; a.v", 5.0)]
    [InlineData(
        "class A { #secret() { return 7 } get open() { return this.#secret() } static has(o) { return #secret in o } } new A().open + ',' + "
            + "A.has(new A()) + A.has({})",
        "7,truefalse"
    )]
    [InlineData("class A { static #n = 0; static next() { return ++A.#n } } A.next(); A.next()", 2.0)]
    [InlineData("class A { static { this.ready = 'yes' } } A.ready", "yes")]
    [InlineData(
        "class E extends Error { constructor(m) { super(m); this.name = 'E' } } try { throw new E('bad') } catch (e) "
            + "{ `${e instanceof E}${e instanceof Error}${e}` }",
        "truetrueE: bad"
    )]
    [InlineData("const key = 'k'; class A { [key + 1]() { return 1 } get [key]() { return 2 } } new A().k1() + new A().k", 3.0)]
    [InlineData("const A = class { static who = this.name }; A.who", "A")]
    [InlineData("class A { m() {} } typeof A + Object.keys(A.prototype).length + ('m' in A.prototype)", "function0true")]
    [InlineData("Object.getOwnPropertyNames(new (class { #a = 1; b = 2 })()).join()", "b")]
    [InlineData("class A { constructor() { return { other: 1 } } } new A().other", 1.0)]
    [InlineData("class A { f = () => this.v; v = 3 } const { f } = new A(); f()", 3.0)]
    [InlineData("class A {} class B extends A { static create() { return new this() } } B.create() instanceof A", true)]
    public void Classes(string source, object expected) => Evaluate(source).ShouldBe(expected);

    [Theory]
    [InlineData("(async () => { const x = await Promise.resolve(2); return x + 1 })()", 3.0)]
    [InlineData("Promise.all([1, Promise.resolve(2)]).then(x => x.join())", "1,2")]
    [InlineData("Promise.reject(new Error('no')).catch(e => e.message)", "no")]
    [InlineData("function* g() { yield 1; yield 2 } [...g()].join()", "1,2")]
    [InlineData("new Proxy({}, { get: (t, k) => k + '!' }).x", "x!")]
    [InlineData("with ({ a: 1 }) { a + 1 }", 2.0)]
    [InlineData("new Function('a', 'b', 'return a * b')(6, 7)", 42.0)]
    [InlineData("new RegExp('a(b)').exec('xab')[1] + ('/a/' instanceof RegExp) + (/a/ instanceof RegExp) + /a/.constructor('b').source", "bfalsetrueb")]
    [InlineData("(25).toFixed(1) + (0.000001234).toFixed(8) + (1.005).toFixed(2)", "25.00.000001231.00")]
    public void What_the_old_interpreter_lacked(string source, object expected) => Evaluate(source).ShouldBe(expected);

    [Theory]
    [InlineData("new Function('return 2n')()", "SyntaxError")]
    [InlineData("new Function('return import(1)')()", "SyntaxError")]
    [InlineData("(async () => {}).constructor('return 1')()", "TypeError")]
    [InlineData("Object.getPrototypeOf(function* () {}).constructor('yield 1')()", "TypeError")]
    [InlineData("eval('1')", "TypeError")]
    [InlineData("BigInt(1)", "TypeError")]
    [InlineData("new Uint8Array(5)", "TypeError")]
    [InlineData("new Promise(() => {})", "Error")]
    [InlineData("(async () => { throw new TypeError('bad') })()", "Error")]
    [InlineData("importNamespace('System')", "ReferenceError")]
    [InlineData("System.Environment", "ReferenceError")]
    [InlineData("getVariable.constructor('return this')().process.exit()", "TypeError")]
    public void What_is_refused(string source, string kind) => Should.Throw<ExpressionException>(() => Evaluate(source)).Kind.ShouldBe(kind);

    [Theory]
    [InlineData(
        "JSON.stringify({ a: [1, 'x', null], b: { c: true }, d: undefined, e: () => 1, f: new Date(0) })",
        "{\"a\":[1,\"x\",null],\"b\":{\"c\":true},\"f\":\"1970-01-01T00:00:00.000Z\"}"
    )]
    [InlineData("JSON.stringify({ a: 1, b: { b: 2, a: 3 }, c: 4 }, ['b', 'a'])", "{\"b\":{\"b\":2,\"a\":3},\"a\":1}")]
    [InlineData("JSON.stringify({ a: 1, b: 'x' }, (k, v) => typeof v === 'number' ? v + 1 : v)", "{\"a\":2,\"b\":\"x\"}")]
    [InlineData("JSON.stringify([1, [2]], null, 1)", "[\n 1,\n [\n  2\n ]\n]")]
    [InlineData("String(JSON.stringify(undefined)) + JSON.stringify('a')", "undefined\"a\"")]
    [InlineData("[1, [2, [3, [4]]]].flat().length + ',' + [1, [2, [3, [4]]]].flat(Infinity).join('') + [, 1].flat().length", "3,12341")]
    [InlineData("'aXbX'.replace('X', '-') + 'aXbX'.replaceAll('X', '[$&$`]') + 'ab'.replace(/(a)(?<n>b)/, '$2$1$<n>$$')", "a-bXa[Xa]b[XaXb]bab$")]
    [InlineData("'abab'.replace(/b/g, (m, at) => m + at) + 'x'.repeat(3) + 'a'.padStart(3, 'xy') + 'a'.concat(1, null)", "ab1ab3xxxxyaa1null")]
    [InlineData("'a-b'.split('-').join() + [1, [2, null]].toString() + String.raw`a\\n${1}b`", "a,b1,2,a\\n1b")]
    [InlineData("'a1b2'.match(/\\d/g).join() + 'abc'.search('c') + [...'a1b2'.matchAll(/\\d/g)].length + 'ab'.match('b').index", "1,2221")]
    [InlineData("encodeURIComponent('a b€') + encodeURI('a b/') + escape('ä')", "a%20b%E2%82%ACa%20b/%E4")]
    [InlineData("typeof Math.random() + (Math.random() < 1)", "numbertrue")]
    [InlineData("['b', 'a', 'C'].sort((x, y) => x.localeCompare(y)).join('') + 'a'.localeCompare('a')", "abC0")]
    [InlineData("'x'['rep' + 'eat'](2) + [[1]]['fl' + 'at']().length", "xx1")]
    public void Guarded_functions_do_what_they_always_do(string source, object expected) => Evaluate(source).ShouldBe(expected);

    [Theory]
    [InlineData("class A {} A()", "TypeError")]
    [InlineData("class A extends Object { constructor() {} } new A()", "ReferenceError")]
    [InlineData("class A extends 5 {}", "TypeError")]
    [InlineData("class A { #x; static read(o) { return o.#x } } A.read({})", "TypeError")]
    [InlineData("class A { #m() {} write() { this.#m = 1 } } new A().write()", "TypeError")]
    [InlineData("new A(); class A {}", "ReferenceError")]
    public void What_classes_refuse(string source, string kind) => Should.Throw<ExpressionException>(() => Evaluate(source)).Kind.ShouldBe(kind);

    [Theory]
    [InlineData("this.#x")]
    [InlineData("class A { constructor() {} constructor() {} }")]
    [InlineData("class A { #a; #a }")]
    [InlineData("class A { x = arguments }")]
    [InlineData("class A { constructor() { super() } }")]
    [InlineData("-2 ** 2")]
    [InlineData("try {} catch (x) { let x }")]
    [InlineData("10n")]
    [InlineData("const f = () => 2n ** 3n")]
    [InlineData("import('fs')")]
    [InlineData("await 1")]
    public void What_does_not_parse(string source) => JavaScriptProgram.TryParse(source, out _, out _).ShouldBeFalse();

    [Theory]
    [InlineData(@"'1234567.89'.replace(/\B(?=(\d{3})+(?!\d))/g, ',')", "1,234,567.89")]
    [InlineData(@"/(?<=\$)\d+/.exec('cost $42')[0]", "42")]
    [InlineData(@"'a1b22'.match(/(?<![0-9])[0-9](?![0-9])/)[0]", "1")]
    [InlineData(@"/\b(\w+) \1\b/.exec('it is is so')[1]", "is")]
    [InlineData(@"/(?<quote>['""]).*?\k<quote>/.exec('say ""it\'s"" now')[0]", "\"it's\"")]
    [InlineData(@"/(z)?\1x/.test('x')", true)]
    [InlineData(@"'a😀b'.replace(/[\u{1F600}-\u{1F64F}]/gu, '')", "ab")]
    [InlineData(@"'😀😀'.match(/./gu).length", 2.0)]
    [InlineData(@"'a😀'.replace(/[^a]/u, '-')", "a-")]
    [InlineData(@"/a(?<n>b)/d.exec('cab').indices.groups.n.join()", "2,3")]
    [InlineData(@"[...'a1b2'.matchAll(/([a-z])(\d)/g)].map(m => m[2] + m[1]).join()", "1a,2b")]
    public void Regular_expressions(string source, object expected) => Evaluate(source).ShouldBe(expected);

    [Theory]
    [InlineData("{ function f() { return x } try { f() } catch (e) { e.name } const x = 1 }", "ReferenceError")]
    [InlineData("function out() { let a = 1; { const b = 2; function f() { return a + b } f() } return f() } out()", 3.0)]
    [InlineData("try { ((a = b, b) => a)() } catch (e) { e.name }", "ReferenceError")]
    [InlineData("const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i); fs.map(f => f()).join()", "0,1,2")]
    [InlineData("outer: for (const a of [1, 2]) { for (const b of [1, 2]) { if (b === 2) continue outer; if (a === 2) break outer } } 'done'", "done")]
    [InlineData("(() => { try { return 'a' } finally { 'b' } })()", "a")]
    [InlineData("(() => { for (const x of [1]) { try { continue } finally { return 'f' } } })()", "f")]
    [InlineData("const { a = 1, b: [, c = 2] = [], ...rest } = { b: [0], d: 3 }; a + c + rest.d", 6.0)]
    [InlineData("'abc'.codePointAt(9) === undefined", true)]
    [InlineData("const f = (function () {}); f.name", "f")]
    [InlineData("({ __proto__: { v: 1 }, get w() { return super.v + 1 } }).w", 2.0)]
    [InlineData("Math.round(2.5) + Math.round(-2.5) + (0.1 + 0.2).toFixed(2)", "10.30")]
    public void Scopes_and_control_flow(string source, object expected) => Evaluate(source).ShouldBe(expected);
}
