using Orchestration.Engine.Expressions;
using Orchestration.Engine.Expressions.JavaScript;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Tests.Expressions;

public sealed class JavaScriptLimitsTests
{
    private static readonly ScriptLimits s_limits = new() { MaxSteps = 300_000 };

    private static object? Evaluate(string source, ScriptLimits? limits = null) =>
        JavaScriptProgram.Parse(source).Evaluate(new TestScope(), limits ?? s_limits);

    [Theory]
    [InlineData("while (true) {}")]
    [InlineData("for (;;) {}")]
    [InlineData("do { } while (1)")]
    [InlineData("let i = 0; while (true) { try { throw i++ } catch (e) { } }")]
    [InlineData("while (true) { try { while (true) {} } finally { continue } }")]
    [InlineData("[].concat(Array(4e9)).length")]
    [InlineData("Array(4e9).fill(0)")]
    [InlineData("new Array(1e9).join('x')")]
    [InlineData("[...{ [Symbol.iterator]() { return { next: () => ({ done: false }) } } }]")]
    [InlineData("const a = []; for (;;) a.push(a.length)")]
    [InlineData("const o = {}; for (let i = 0;; i++) o['k' + i] = i")]
    [InlineData("'x'.repeat(5e6).split('')")]
    [InlineData("let s = 'x'; for (;;) s += s")]
    [InlineData("'x'.repeat(1e8)")]
    [InlineData("'x'.padEnd(1e8)")]
    [InlineData("let s = ''; while (s.length < 1e8) s += 'abcdefghij'.repeat(100); s")]
    [InlineData("Array(1e5).fill('x'.repeat(1000)).join('')")]
    [InlineData("'a'.repeat(1e6).replaceAll('a', 'b'.repeat(1000))")]
    [InlineData("JSON.stringify(Array(1e4).fill('x'.repeat(1e4)))")]
    [InlineData("const f = () => f(); f()")]
    [InlineData("function f(n) { return n === 0 ? 0 : 1 + f(n - 1) } f(1e6)")]
    [InlineData("const o = { get x() { return this.x } }; o.x")]
    [InlineData("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity)")]
    [InlineData("[3, 1, 2].sort(() => { for (;;) ; })")]
    [InlineData("'aaaa'.replace(/a/g, () => { for (;;) ; })")]
    public void What_would_not_end_is_stopped(string source) => Should.Throw<ExpressionException>(() => Evaluate(source)).Kind.ShouldBe("LimitError");

    [Fact]
    public void A_limit_cannot_be_caught() =>
        Should.Throw<ExpressionException>(() => Evaluate("try { while (true) {} } catch { 'caught' }")).Kind.ShouldBe("LimitError");

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("{", "}")]
    [InlineData("-", "")]
    [InlineData("!", "")]
    [InlineData("x => ", "")]
    [InlineData("a = ", "")]
    [InlineData("new ", "")]
    [InlineData("f(", ")")]
    [InlineData("a ? b : ", "")]
    [InlineData("if (x) ", ";")]
    [InlineData("a: ", "")]
    [InlineData("`${", "}`")]
    [InlineData("({a:", "})")]
    [InlineData("2 ** ", "")]
    [InlineData("function f() { ", "}")]
    [InlineData("typeof ", "")]
    [InlineData("a.b(", ")")]
    public void Deep_nesting_is_a_syntax_error_and_no_crash(string open, string close)
    {
        var source = string.Concat(Enumerable.Repeat(open, 50_000)) + "1" + string.Concat(Enumerable.Repeat(close, 50_000));
        JavaScriptProgram.TryParse(source, out _, out var error).ShouldBeFalse();
        error!.Kind.ShouldBe("SyntaxError");
    }

    [Fact]
    public void A_sum_may_have_two_hundred_terms() => Evaluate(string.Join(" + ", Enumerable.Repeat("1", 200))).ShouldBe(200.0);

    [Fact]
    public void Deep_but_allowed_nesting_runs_on_a_small_stack()
    {
        var source = string.Concat(Enumerable.Repeat("1 + (2 * [", 60)) + "1" + string.Concat(Enumerable.Repeat("][0])", 60));
        var recursive = $"function f(n) {{ return n === 0 ? 0 : f(n - 1) + ({source}) }} f(400)";
        object? outcome = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    outcome = Evaluate(recursive);
                }
                catch (ExpressionException error)
                {
                    outcome = error.Kind;
                }
            },
            256 * 1024
        );
        thread.Start();
        thread.Join();
        outcome.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("/(a+)+$/.test('a'.repeat(5000) + 'b')")]
    [InlineData("/^(([a-z])+.)+[A-Z]([a-z])+$/.test('a'.repeat(5000))")]
    [InlineData("/(x+x+)+y/.test('x'.repeat(5000))")]
    [InlineData(@"/^(a+)+\1$/.test('a'.repeat(40) + 'b')")]
    [InlineData("/^(?=(a+)+$)/.test('a'.repeat(40) + 'b')")]
    [InlineData("new RegExp('(a+)+$').test('a'.repeat(5000) + 'b')")]
    public void A_pattern_may_not_hang(string source) =>
        Should.Throw<ExpressionException>(() => Evaluate(source, ScriptLimits.JavaScript)).Message.ShouldContain("regular expression");

    [Fact]
    public void Time_can_be_a_limit()
    {
        var clock = new SteppingClock();
        var error = Should.Throw<ExpressionException>(() => Evaluate("for (;;) ;", new ScriptLimits { MaxTime = TimeSpan.FromSeconds(3), Clock = clock }));
        error.Kind.ShouldBe("LimitError");
        error.Message.ShouldContain("3,000 ms");
    }

    /// <summary>Every look at the clock takes a second.</summary>
    private sealed class SteppingClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _now++;
    }

    [Theory]
    [InlineData("throw new Error('x')", 1, 7)]
    [InlineData("1;\n  nosuch", 2, 3)]
    [InlineData("const a = 1;\na = 2", 2, 1)]
    public void An_error_says_where(string source, int line, int column)
    {
        var error = Should.Throw<ExpressionException>(() => Evaluate(source));
        (error.Line, error.Column).ShouldBe((line, column));
    }

    [Fact]
    public void A_failed_script_leaves_nothing_behind_for_the_next()
    {
        Should.Throw<ExpressionException>(() => Evaluate("leak = 1; Array.prototype.map = 5; null.x"));
        Evaluate("typeof leak + typeof [].map").ShouldBe("undefinedfunction");
    }

    [Fact]
    public void One_program_runs_on_many_threads()
    {
        var program = JavaScriptProgram.Parse("let s = 0; for (const x of variables.List) s += x; variables.N + s");
        Parallel.For(
            0,
            200,
            i =>
            {
                var scope = new TestScope();
                scope.Variables["N"] = i;
                scope.Variables["List"] = new List<object?> { 1, 2, 3 };
                program.Evaluate(scope).ShouldBe(i + 6.0);
            }
        );
    }

    [Fact]
    public void A_comparison_of_a_variable_allocates_nothing()
    {
        var scope = new TestScope();
        scope.Variables["x"] = 7;
        var program = JavaScriptProgram.Parse("variables.x > 5");
        program.EvaluateBoolean(scope).ShouldBeTrue();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            program.EvaluateBoolean(scope);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }
}
