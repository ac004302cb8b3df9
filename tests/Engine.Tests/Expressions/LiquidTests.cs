using Orchestration.Engine.Expressions;
using Orchestration.Engine.Expressions.JavaScript;
using Orchestration.Engine.Expressions.Liquid;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Tests.Expressions;

public sealed class LiquidTests(ITestOutputHelper output)
{
    private const string InputMembers = "Elsa writes nothing for members of an input that is an object";

    private const string SyntaxError = "a template that does not parse is an error here; Elsa writes the parser's message as if it were the text";

    private static readonly Dictionary<string, string> s_reasoned = new()
    {
        ["{{ Variables.X"] = SyntaxError,
        ["{% if %}"] = SyntaxError,
        ["{{ Input.Customer.name }}"] = InputMembers,
        ["{{ Input.Customer.tags | join: \"|\" }}"] = InputMembers,
    };

    private static string? Render(string source, TestScope? scope = null, ScriptLimits? limits = null) =>
        LiquidTemplate.TryParse(source, out var template, out var error) ? template.Render(scope ?? new TestScope(), limits) : throw error;

    [Fact]
    public void Templates_give_what_Elsa_gives()
    {
        var verdicts = GoldenExpressions.Run("liquid.json", (expression, scope) => Render(expression, scope));
        output.WriteLine(GoldenExpressions.Table(verdicts, s_reasoned));
        verdicts.Where(v => v.Difference is not null).Select(v => v.Expression).ShouldBe(s_reasoned.Keys, ignoreOrder: true);
    }

    [Theory]
    [InlineData("{% for i in (1..1000000000) %}x{% endfor %}")]
    [InlineData("{% for i in (1..9000) %}{% for j in (1..9000) %}{% endfor %}{% endfor %}")]
    [InlineData("{% assign s = 'x' %}{% for i in (1..60) %}{% assign s = s | append: s %}{% endfor %}")]
    public void What_would_not_end_is_stopped(string source) =>
        Should.Throw<ExpressionException>(() => Render(source, limits: new ScriptLimits { MaxSteps = 500_000 })).Kind.ShouldBe("LimitError");

    [Theory]
    [InlineData("{% if a %}")]
    [InlineData("{{ a[")]
    [InlineData("{{ a | upcase | ")]
    [InlineData("{% if (")]
    public void Deep_nesting_is_an_error_and_no_crash(string part) =>
        Should.Throw<ExpressionException>(() => Render(string.Concat(Enumerable.Repeat(part, 20_000)))).Kind.ShouldBe("SyntaxError");

    [Theory]
    [InlineData("{% assign a = 1 %}{% if a == 1 and a < 2 or false %}y{% endif %}", "y")]
    [InlineData("{% for i in (1..5) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}", "13")]
    [InlineData("{% for i in empty_list %}x{% else %}none{% endfor %}", "none")]
    [InlineData("{% case 2 %}{% when 1 or 2 %}a{% else %}b{% endcase %}", "a")]
    [InlineData("{% for i in (1..3) reversed %}{{ i }}{% endfor %}", "321")]
    [InlineData("{% cycle 'a', 'b' %}{% cycle 'a', 'b' %}{% cycle 'a', 'b' %}", "aba")]
    [InlineData("{% increment n %}{% increment n %}", "01")]
    [InlineData("{% unless false %}y{% else %}n{% endunless %}", "y")]
    [InlineData("{{ 7 | divided_by: 2.0 }}", "3.5")]
    [InlineData("{{ 'now' | date: '%Y-%m-%dT%H:%M:%S' }}", "2026-03-04T05:06:07")]
    [InlineData("{{ '2026-03-04T15:06:07.089' | date: '%-d. %B %y, %I:%M %p %:z %3N %^a %5Y' | raw }}", "4. March 26, 03:06 PM +00:00 890 WED 02026")]
    [InlineData("{{ 'no date' | date: '%Y' }}", "")]
    [InlineData("{{ 'Zoë + 1' }}", "Zo&#xEB; &#x2B; 1")]
    [InlineData("{{ false | default: 'd', allow_false: true }}", "false")]
    [InlineData("{% if false == blank or blank == false %}y{% else %}n{% endif %}", "n")]
    [InlineData("{% for i in (1..4) limit: 2 %}{{ i }}{% endfor %}{% for i in (1..4) reversed offset: 3 %}{{ i }}{% endfor %}", "124")]
    [InlineData(
        "{% assign l = 'a,b,c' | split: ',' %}{% for i in l limit: 2 %}{{ i }}{% endfor %}-{% for i in l offset: continue %}{{ i }}{% endfor %}",
        "ab-c"
    )]
    [InlineData("{{ 1 == 1 }} {{ 'ab' contains 'b' }}", "true true")]
    [InlineData("{{ '<' | raw | upcase }}", "&lt;")]
    [InlineData("{% # a remark %}x", "x")]
    [InlineData("{{ '{{a}} {0:N1} {1}' | format_string: 1, 'b' }}", "{a} 1.0 b")]
    public void Tags_and_filters_do_what_Liquid_says(string source, string expected) => Render(source).ShouldBe(expected);

    [Theory]
    [InlineData("{{ 1 | format_number: 'N999999999' }}")]
    [InlineData("{{ '{0' | format_string: 1 }}")]
    [InlineData("{{ '{2}' | format_string: 1 }}")]
    [InlineData("{{ '}' | format_string: 1 }}")]
    [InlineData("{{ '?' | base64_decode }}")]
    [InlineData("{{ 1 | divided_by: 0 }}")]
    [InlineData("{{ 1 | modulo: 0.2 }}")]
    [InlineData("{{ 99999999999 | modulo: 3 }}")]
    [InlineData("{{ 1 | keys }}")]
    public void What_a_filter_cannot_use_is_an_error(string source) => Should.Throw<ExpressionException>(() => Render(source));
}
