using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using NodaTime.Text;

namespace Orchestration.Workflows.ServiceLevels;

/// <summary>
/// A clock as one JSON document and back, without loss: nanoseconds, policy and all. Writing checks by the rules of reading: what could not be read back is
/// never written.
/// </summary>
public static class ClockJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        IgnoreReadOnlyProperties = true,
        Converters = { new InstantConverter(), new DurationConverter(), new PolicyConverter(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The clock as JSON. Throws <see cref="JsonException"/> when <see cref="Read(string)"/> would not read it back.</summary>
    public static string Write(ClockState state) => JsonSerializer.Serialize(Checked(state), Options);

    /// <summary>The same as UTF-8.</summary>
    public static byte[] WriteUtf8(ClockState state) => JsonSerializer.SerializeToUtf8Bytes(Checked(state), Options);

    /// <summary>Throws <see cref="JsonException"/> when the text was not written by <see cref="Write"/>: a corrupted row.</summary>
    public static ClockState Read(string json) => Checked(JsonSerializer.Deserialize<ClockState>(json, Options));

    /// <summary>The same from UTF-8.</summary>
    public static ClockState Read(ReadOnlySpan<byte> utf8) => Checked(JsonSerializer.Deserialize<ClockState>(utf8, Options));

    /// <summary>False if the clock can't be read: a corrupted row, or one written by rules that no longer hold. It must not block other rows.</summary>
    public static bool TryRead(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out ClockState? state)
    {
        try
        {
            state = Read(utf8);
            return true;
        }
        catch (JsonException)
        {
            state = null;
            return false;
        }
    }

    private static ClockState Checked(ClockState? state)
    {
        if (state is null)
            throw new JsonException("a clock is missing");
        var problem =
            state.Generation < 1 ? "generation is below 1"
            : state.Segments.Count == 0 || state.Segments.SkipLast(1).Any(segment => segment.To is null) ? "segments are not stretches in order"
            : state.Ended != state.Status is ClockStatus.Completed or ClockStatus.Cancelled ? "status and end contradict each other"
            : state is { Status: ClockStatus.Running, DueAt: null } ? "a running clock has no due time"
            : state is { AnchorAt: null, Policy.Direction: ClockDirection.Backward } ? "a backward clock has no date to count back from"
            : null;
        return problem is null ? state : throw new JsonException($"not a clock: {problem}");
    }

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
            return Read(document.RootElement.GetRawText());
        }

        public override void Write(Utf8JsonWriter writer, SlaPolicy value, JsonSerializerOptions options) =>
            writer.WriteRawValue(_written.GetValue(value, Readable), skipInputValidation: true);

        private string Readable(SlaPolicy policy)
        {
            // Half of a surrogate pair, for example, is replaced without an error when it is written.
            var text = policy.ToJson();
            return Read(text).ToJson() == text ? text : throw new JsonException("not a policy: a text in it can't be stored");
        }

        private SlaPolicy Read(string text)
        {
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
    }
}
