namespace Orchestration.Engine.Tests.Expressions;

/// <summary>Liquid that is meant to take a host down: each ends with a clear error, or a result, within the limits.</summary>
public sealed class LiquidAttackTests(ITestOutputHelper output)
{
    // A list of a hundred thousand numbers whose hash codes are the same in .NET.
    private static readonly object s_sameHash = new { List = Enumerable.Range(1, 100_000).Select(x => x * 4294967297L).ToArray() };

    private static readonly object s_large = new { Text = new string('\'', 4 << 20), List = Enumerable.Range(0, 300_000).ToArray() };

    private static readonly Attack[] s_attacks =
    [
        new("range of a billion", "{% for i in (1..1000000000) %}x{% endfor %}"),
        new("range of a billion, assigned", "{% assign r = (1..1000000000) %}{{ r | size }}"),
        new("ranges in a loop", "{% for i in (1..1000) %}{% assign r = (1..100000) %}{% endfor %}"),
        new("loops in loops", "{% for i in (1..9000) %}{% for j in (1..9000) %}{% endfor %}{% endfor %}"),
        new("a loop over a large list in a loop, no rounds", "{% for i in (1..1000000) %}{% for x in Variables.List limit: 0 %}{% endfor %}{% endfor %}")
        {
            Variables = s_large,
        },
        new("loop with much that does nothing", $"{{% for i in (1..1000000) %}}{Times(3000, "{% if false %}{% endif %}")}{{% endfor %}}"),
        new(
            "names are looked up through a hundred loops",
            Times(45, "{% for a in (1..1) %}")
                + "{% for i in (1..1000000) %}{% if b and c and d and e and f %}{% endif %}{% endfor %}"
                + Times(45, "{% endfor %}")
        ),
        new("append doubles", "{% assign s = 'x' %}{% for i in (1..60) %}{% assign s = s | append: s %}{% endfor %}"),
        new("prepend grows", "{% assign s = 'x' %}{% for i in (1..100000) %}{% assign s = s | prepend: '0123456789' %}{% endfor %}"),
        new("replace multiplies", "{% assign s = 'aaaaaaaaaa' %}{% for i in (1..9) %}{% assign s = s | replace: 'a', 'aaaaaaaaaa' %}{% endfor %}"),
        new("replace searches long", "{{ Variables.Text | replace: Variables.Part, 'x' | size }}")
        {
            Variables = new { Text = new string('a', 4 << 20), Part = new string('a', 1 << 19) + "b" + new string('a', 1 << 19) },
        },
        new("contains searches long", "{% if Variables.Text contains Variables.Part %}{% endif %}")
        {
            Variables = new { Text = new string('a', 4 << 20), Part = new string('a', 1 << 19) + "b" + new string('a', 1 << 19) },
        },
        new("large texts are compared", "{% for i in (1..1000000) %}{% if Variables.A == Variables.B %}{% endif %}{% endfor %}")
        {
            Variables = new { A = new string('a', 1 << 20), B = new string('a', 1 << 20) },
        },
        new("large texts are cases", "{% for i in (1..1000000) %}{% case Variables.A %}{% when Variables.B %}{% endcase %}{% endfor %}")
        {
            Variables = new { A = new string('a', 1 << 20), B = new string('a', 1 << 20) },
        },
        new("split into letters", "{% assign a = Variables.Text | split: '' %}{{ a | size }}") { Variables = s_large },
        new("reverse into letters", "{% assign a = Variables.Text | reverse %}{{ a | size }}") { Variables = s_large },
        new(
            "split and join",
            "{% assign a = 'x' | split: ',' %}{% for i in (1..9) %}{% assign a = a | join: ',' | append: Variables.Text | split: ',' %}{% endfor %}"
        )
        {
            Variables = s_large,
        },
        new("join with a large separator", "{{ (1..100000) | join: Variables.Text }}") { Variables = s_large },
        new("concat doubles", "{% assign a = 'x,y' | split: ',' %}{% for i in (1..60) %}{% assign a = a | concat: a %}{% endfor %}"),
        new(
            "concat of a large text, joined",
            "{% assign a = 'x' | split: ',' | map: 'x' %}{% for i in (1..1000) %}{% assign a = a | concat: Variables.Texts %}{% endfor %}{{ a | join: '' }}"
        )
        {
            Variables = new { Texts = new[] { new string('a', 1 << 20) } },
        },
        new("uniq of numbers with one hash code", "{{ Variables.List | uniq | size }}") { Variables = s_sameHash },
        new("sort of a large list in a loop", "{% for i in (1..1000) %}{% assign a = Variables.List | sort %}{% endfor %}") { Variables = s_large },
        new("capture grows", "{% assign s = 'x' %}{% for i in (1..60) %}{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}"),
        new("capture of long text", $"{{% capture s %}}{{% for i in (1..100000) %}}{new string('x', 10_000)}{{% endfor %}}{{% endcapture %}}"),
        new("many captures are kept", string.Concat(Enumerable.Range(0, 100).Select(i => $"{{% capture c{i} %}}{{{{ Variables.Text }}}}{{% endcapture %}}")))
        {
            Variables = s_large,
        },
        new("output of long text", $"{{% for i in (1..100000) %}}{new string('x', 10_000)}{{% endfor %}}"),
        new("output is encoded to eight times its length", "{{ Variables.Text }}") { Variables = s_large },
        new("cycle is encoded to eight times its length", "{% cycle Variables.Text %}") { Variables = s_large },
        new("escape grows", "{{ Variables.Text | escape | size }}") { Variables = s_large },
        new("url_encode grows", "{% assign s = Variables.Text %}{% for i in (1..9) %}{% assign s = s | url_encode %}{% endfor %}") { Variables = s_large },
        new("newline_to_br grows", "{{ Variables.Text | newline_to_br }}") { Variables = new { Text = new string('\n', 8 << 20) } },
        new("base64 grows", "{% assign s = 'x' %}{% for i in (1..99) %}{% assign s = s | base64_encode %}{% endfor %}"),
        new("json grows", "{% assign s = Variables.Text %}{% for i in (1..9) %}{% assign s = s | json %}{% endfor %}") { Variables = s_large },
        new("hash of a large text in a loop", "{% for i in (1..1000) %}{% assign h = Variables.Text | sha256 %}{% endfor %}") { Variables = s_large },
        new("truncatewords of many words", "{{ Variables.Text | truncatewords: 9999999 | size }}") { Variables = new { Text = Times(4 << 20, "a ") } },
        new("date of great width", "{{ 'now' | date: '%999999999Y' }}", "FormatError"),
        new("date of great width among flags", "{{ 'now' | date: '%9-9_9^9:9Y' }}", "FormatError"),
        new("date of many widths", $"{{{{ 'now' | date: '{Times(100_000, "%99Y")}' }}}}", "FormatError"),
        new("number of great precision", "{{ 1 | format_number: 'N999999999' }}", "FormatError"),
        new("format of great width", "{{ '{0,999999999}' | format_string: 1 }}", "FormatError"),
        new("format repeats", "{{ Variables.Format | format_string: Variables.Text }}")
        {
            Variables = new { Format = Times(1 << 20, "{0}"), Text = new string('x', 1000) },
        },
        new("numbers multiply", "{% assign n = 9 %}{% for i in (1..99) %}{% assign n = n | times: n %}{% endfor %}", "OverflowError"),
        new("division by zero", "{{ 1 | divided_by: 0 }}", "error"),
        new("slice out of range", "{{ 'abc' | slice: 99999999999, 99999999999 }}", "error"),
        new("round to many digits", "{{ 1 | round: 999999999 }}", "error"),
        new("include", "{% include 'a' %}", "SyntaxError"),
        new("render", "{% render 'a' %}", "SyntaxError"),
        new("unknown filter", "{% for i in (1..1000000000) %}{{ i | nosuch }}{% endfor %}"),
        new("ten megabytes of tags", Times(2_000_000, "{{a}}"), "SyntaxError"),
        new("ten megabytes of text", new string('x', 10 << 20)),
        new("deep blocks", Times(200_000, "{% if a %}"), "SyntaxError"),
        new("deep indexes", "{{ " + Times(1_000_000, "a["), "SyntaxError"),
        new("deep brackets", "{% if " + Times(1_000_000, "("), "SyntaxError"),
        new("a long chain of conditions", "{% if a" + Times(200_000, " and a") + " %}{% endif %}", "SyntaxError"),
        new("a long chain of filters", "{{ a" + Times(200_000, " | upcase") + " }}", "SyntaxError"),
        new("a long path", "{{ a" + Times(1_000_000, ".a") + " }}", "value"),
        new("raw that does not end", Times(100_000, "{% raw %}{% comment %}"), "SyntaxError"),
    ];

    [Fact]
    public async Task Every_attack_is_stopped() => (await AttackProcess.RunAllAsync("Liquid", s_attacks, output)).ShouldBeEmpty();

    private static string Times(int count, string text) => string.Concat(Enumerable.Repeat(text, count));
}
