using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using NodaTime.Text;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>A clock as one JSON document and back, without loss: nanoseconds, policy and all.</summary>
public static class ClockJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        RespectRequiredConstructorParameters = true,
        IgnoreReadOnlyProperties = true,
        Converters = { new InstantConverter(), new DurationConverter(), new PolicyConverter(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static string Write(ClockState state) => JsonSerializer.Serialize(state, Options);

    /// <summary>Throws <see cref="JsonException"/> when the text was not written by <see cref="Write"/>: a corrupted row.</summary>
    public static ClockState Read(string json) => JsonSerializer.Deserialize<ClockState>(json, Options) ?? throw new JsonException("a clock is missing");

    private sealed class InstantConverter : JsonConverter<Instant>
    {
        public override Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            InstantPattern.ExtendedIso.Parse(reader.GetString() ?? "") is { Success: true } parsed ? parsed.Value : throw new JsonException("not an instant");

        public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) => writer.WriteStringValue(InstantPattern.ExtendedIso.Format(value));
    }

    private sealed class DurationConverter : JsonConverter<Duration>
    {
        public override Duration Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            DurationPattern.Roundtrip.Parse(reader.GetString() ?? "") is { Success: true } parsed ? parsed.Value : throw new JsonException("not a duration");

        public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) => writer.WriteStringValue(DurationPattern.Roundtrip.Format(value));
    }

    private sealed class PolicyConverter : JsonConverter<SlaPolicy>
    {
        public override SlaPolicy Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);

            // The calendar of a running clock may be gone; its copy of the policy still reads.
            return SlaPolicy.TryParse(document.RootElement.GetRawText(), _ => true, out var policy, out var errors)
                ? policy
                : throw new JsonException($"not a policy: {errors[0].Path} {errors[0].Reason}");
        }

        public override void Write(Utf8JsonWriter writer, SlaPolicy value, JsonSerializerOptions options) => writer.WriteRawValue(value.ToJson());
    }
}
