using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
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

    /// <summary>The clock as JSON.</summary>
    public static string Write(ClockState state) => JsonSerializer.Serialize(state, Options);

    /// <summary>The same as UTF-8.</summary>
    public static byte[] WriteUtf8(ClockState state) => JsonSerializer.SerializeToUtf8Bytes(state, Options);

    /// <summary>Throws <see cref="JsonException"/> when the text was not written by <see cref="Write"/>: a corrupted row.</summary>
    public static ClockState Read(string json) => JsonSerializer.Deserialize<ClockState>(json, Options) ?? throw new JsonException("a clock is missing");

    /// <summary>The same from UTF-8.</summary>
    public static ClockState Read(ReadOnlySpan<byte> utf8) =>
        JsonSerializer.Deserialize<ClockState>(utf8, Options) ?? throw new JsonException("a clock is missing");

    private sealed class InstantConverter : JsonConverter<Instant>
    {
        public override Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            InstantPattern.ExtendedIso.Parse(reader.GetString() ?? "") is { Success: true } parsed ? parsed.Value : throw new JsonException("not an instant");

        public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) =>
            writer.WriteStringValue(InstantPattern.ExtendedIso.Format(value));
    }

    private sealed class DurationConverter : JsonConverter<Duration>
    {
        public override Duration Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            DurationPattern.Roundtrip.Parse(reader.GetString() ?? "") is { Success: true } parsed ? parsed.Value : throw new JsonException("not a duration");

        public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) =>
            writer.WriteStringValue(DurationPattern.Roundtrip.Format(value));
    }

    /// <summary>Thousands of clocks have the same policy, each with a copy of its text: it is parsed, and written, once.</summary>
    private sealed class PolicyConverter : JsonConverter<SlaPolicy>
    {
        private const int MostKept = 1000;

        private readonly ConcurrentDictionary<string, SlaPolicy> _read = new(StringComparer.Ordinal);
        private readonly ConditionalWeakTable<SlaPolicy, string> _written = [];

        public override SlaPolicy Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            var text = document.RootElement.GetRawText();
            if (_read.TryGetValue(text, out var known))
                return known;

            // The calendar of a running clock may no longer exist; its copy of the policy must still be readable.
            if (!SlaPolicy.TryParse(text, _ => true, out var policy, out var errors))
                throw new JsonException($"not a policy: {errors[0].Path} {errors[0].Reason}");

            // Each promise has its own policy, so the cache must not grow with them.
            if (_read.Count >= MostKept)
                _read.Clear();
            return _read.GetOrAdd(text, policy);
        }

        public override void Write(Utf8JsonWriter writer, SlaPolicy value, JsonSerializerOptions options) =>
            writer.WriteRawValue(_written.GetValue(value, policy => policy.ToJson()), skipInputValidation: true);
    }
}
