using System.Text.Json.Nodes;

namespace Orchestration.Workflows.Tests.Tasks;

/// <summary>Inputs of a human step for tests.</summary>
internal static class Step
{
    /// <summary>For the adjusters unless the inputs say otherwise: (name, type, value).</summary>
    public static string Of(string title, params (string Name, string Type, object Value)[] inputs) =>
        string.Join(
            ",",
            inputs
                .Concat([("title", "String", title), ("team", "String", "claims-adjusting")])
                .DistinctBy(i => i.Item1)
                .Select(i => Input(i.Item1, i.Item2, i.Item3))
        );

    public static (string, string, object) Outcomes(params string[] names) => ("outcomes", "List<String>", names);

    public static (string, string, object) Excluding(params string[] steps) => ("excludedSteps", "List<String>", steps);

    public static (string, string, object) Form(string schema) => ("form", "Object", JsonNode.Parse(schema)!);

    private static string Input(string name, string type, object value) =>
        value switch
        {
            string[] list => Expression(name, type, "Object", new JsonArray([.. list.Select(text => JsonValue.Create(text))]).ToJsonString()),
            JsonNode node => Expression(name, type, "Object", node.ToJsonString()),
            _ => new JsonObject
            {
                ["typeName"] = type,
                ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = JsonValue.Create(value) },
            }
                is var input
                ? $"\"{name}\": {input.ToJsonString()}"
                : "",
        };

    private static string Expression(string name, string type, string syntax, string value) =>
        $"\"{name}\": {new JsonObject { ["typeName"] = type, ["expression"] = new JsonObject { ["type"] = syntax, ["value"] = value } }.ToJsonString()}";
}

/// <summary>A person at work on one task: keeps the revision and thinks up operation ids.</summary>
internal sealed class Desk(World world, Guid task, int revision)
{
    private int _operations;

    public Guid Task => task;

    public int Revision { get; set; } = revision;

    public Workflows.Tasks.TaskRequest Next => new(task, Revision, $"{task:N}-{++_operations}");

    public static async Task<Desk> AtAsync(World world, Guid instance, string? step = null)
    {
        var open = await world.OpenTaskAsync(instance, step);
        return new(world, open.Id, open.Revision);
    }

    public async Task<Workflows.Tasks.TaskAnswer> DoneAsync(Task<Workflows.Tasks.TaskResult> verb)
    {
        var answer = await world.DoneAsync(verb);
        Revision = answer.Revision;
        return answer;
    }
}
