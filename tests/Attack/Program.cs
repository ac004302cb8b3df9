using System.Diagnostics;
using System.Text.Json;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Expressions;
using Orchestration.Engine.Model;
using Orchestration.Engine.Tests.Expressions;

// Compiles and evaluates one hostile expression in its own process and prints the outcome, time and memory.
// Input: {"language":"Liquid","text":"…","variables":{…}}. Output: one line of JSON. A crash writes nothing.
using var request = JsonDocument.Parse(Console.In.ReadToEnd());
var root = request.RootElement;
var text = root.GetProperty("text").GetString()!;
var language = root.GetProperty("language").GetString() == "Liquid" ? ExpressionLanguages.Liquid : ExpressionLanguages.JavaScript;

// What any first expression of a host loads and compiles is not the attack's.
Evaluate(
    language == ExpressionLanguages.Liquid ? "{% for i in (1..3) %}{{ i | plus: 1 | append: 'x' }}{% endfor %}" : "[1, 2, 3].map(x => x + 1).join('x')",
    new TestScope()
);

var scope = new TestScope();

if (root.GetProperty("variables") is { ValueKind: JsonValueKind.Object } variables)
{
    foreach (var variable in variables.EnumerateObject())
        scope.Variables[variable.Name] = WorkflowData.FromJson(variable.Value);
}

GC.Collect();
using var process = Process.GetCurrentProcess();
var before = process.WorkingSet64;
var processorBefore = process.TotalProcessorTime;
var watch = Stopwatch.StartNew();
(string Outcome, string? Message) result = ("", null);

// A thread with the stack that the host's threads have.
var thread = new Thread(() => result = Evaluate(text, scope));
thread.Start();
thread.Join();
watch.Stop();
process.Refresh();
Console.WriteLine(
    JsonSerializer.Serialize(
        new
        {
            outcome = result.Outcome,
            message = result.Message is { Length: > 200 } long_ ? long_[..200] : result.Message,
            milliseconds = watch.ElapsedMilliseconds,
            processorMilliseconds = (long)(process.TotalProcessorTime - processorBefore).TotalMilliseconds,
            peakBytes = Math.Max(0, process.PeakWorkingSet64 - before),
        }
    )
);

// "value", or the kind of the error; any other exception ends the process.
(string, string?) Evaluate(string expression, TestScope at)
{
    try
    {
        var value = language.Compile(expression, Declarations.None).Evaluate(at);
        return ("value", value is string written ? written : value?.GetType().Name);
    }
    catch (ExpressionException error)
    {
        return (error.Kind, error.Message);
    }
}
