using System.Text;
using System.Text.Json;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;

namespace Orchestration.Engine.Tests.Execution;

public class StateJsonTests
{
    public static TheoryData<object?> Data =>
        [
            true,
            7,
            -7,
            0,
            7L,
            9007199254740993L,
            1.0,
            -0.0,
            1e300,
            0.1,
            double.NaN,
            double.PositiveInfinity,
            12.50m,
            "text",
            "",
            Guid.Parse("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
            new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)),
            TimeSpan.FromSeconds(1.5),
            new byte[] { 1, 2, 255 },
        ];

    [Theory]
    [MemberData(nameof(Data))]
    public void Workflow_data_keeps_its_type(object? value)
    {
        var back = RoundTrip(value);

        back.ShouldBe(value);
        back?.GetType().ShouldBe(value!.GetType());
    }

    [Fact]
    public void Objects_keep_the_order_of_their_keys_and_may_use_the_escape_key_themselves()
    {
        var value = new OrderedDictionary<string, object?>
        {
            ["z"] = 1,
            ["$"] = "l",
            ["v"] = "5",
            ["a"] = new List<object?> { 1L, new OrderedDictionary<string, object?>() },
        };

        var back = RoundTrip(value).ShouldBeOfType<OrderedDictionary<string, object?>>();

        back.Keys.ShouldBe(["z", "$", "v", "a"]);
        back["$"].ShouldBe("l");
        back["a"].ShouldBeOfType<List<object?>>()[0].ShouldBe(1L);
    }

    [Fact]
    public void An_object_that_looks_like_an_escape_is_not_taken_for_one()
    {
        var value = new OrderedDictionary<string, object?> { ["$"] = "l", ["v"] = "5" };

        RoundTrip(value).ShouldBeOfType<OrderedDictionary<string, object?>>()["v"].ShouldBe("5");
    }

    [Fact]
    public void The_members_of_a_record_are_found_in_either_spelling_after_a_wait_too()
    {
        var value = new OrderedDictionary<string, object?>(RecordNames.Instance) { ["Output"] = 1, ["$"] = 2 };

        var back = RoundTrip(value).ShouldBeOfType<OrderedDictionary<string, object?>>();

        back["output"].ShouldBe(1);
        back.ContainsKey("outPut").ShouldBeFalse();
        back.Keys.ShouldBe(["Output", "$"]);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"id\":")]
    [InlineData("{\"id\":1}")]
    public void What_is_no_state_is_refused(string json) => Should.Throw<InvalidDataException>(() => InstanceState.FromJson(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Whatever_is_accepted_from_outside_is_read_back_as_it_was_stored()
    {
        var random = new Random(20261122);
        var (accepted, refused) = (0, 0);

        for (var i = 0; i < 2_000; i++)
        {
            try
            {
                var value = WorkflowData.FromOutside(Encoding.UTF8.GetBytes(Json(random, 0)));
                Typed(RoundTrip(value)).ShouldBe(Typed(value));
                accepted++;
            }
            catch (UnfitDataException)
            {
                refused++;
            }
        }

        accepted.ShouldBeGreaterThan(500);
        refused.ShouldBeGreaterThan(50);
    }

    private static string Json(Random random, int depth) =>
        random.Next(depth < 4 ? 8 : 6) switch
        {
            0 => Pick(random, "null", "true", "false"),
            1 => Pick(random, "0", "-0", "7", "-2147483649", "9007199254740993", "18446744073709551616", "12.50", "0.1", "1e300", "-1.5E-7", "1e400"),
            2 => Pick(random, "\"\"", "\"text\"", "\"ü 😀 \\u2028\"", "\"2026-01-02T03:04:05+02:00\"", "\"01:30:00\"", "\"$\""),
            3 => Pick(random, "\"\\ud83d\\ude00\"", "\"a\\n\\t\\\"\"", "\"6f9619ff-8b86-d011-b42d-00c04fc964ff\"", "\"\\u0001\""),
            4 => random.Next(8) == 0 ? Pick(random, "\"a\\u0000\"", "\"\\ud83d\"", "\"\\ude00x\"") : "1",
            5 => "[]",
            6 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Json(random, depth + 1)))}]",
            _ =>
                $"{{{string.Join(',', new[] { "a", "$", "v", "B", "a b", "" }.Take(random.Next(7)).Select(name => $"\"{name}\":{Json(random, depth + 1)}"))}}}",
        };

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];

    private static object? RoundTrip(object? value)
    {
        using var document = JsonDocument.Parse(Typed(value));
        return WorkflowData.ReadTyped(document.RootElement);
    }

    private static string Typed(object? value)
    {
        using var stream = new MemoryStream();

        using (var writer = new Utf8JsonWriter(stream))
            WorkflowData.WriteTyped(writer, value);

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
