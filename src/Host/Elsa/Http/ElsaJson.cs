using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using NodaTime.Text;

namespace Orchestration.Host.Elsa.Http;

/// <summary>How the contract writes JSON: camel case, no nulls, enumerations as text. Deep enough for any definition the engine takes.</summary>
internal static class ElsaJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.Default,
        MaxDepth = 1000,
        Converters = { new JsonStringEnumConverter(), new InstantConverter() },
    };

    public static IResult Json(object? value, int status = StatusCodes.Status200OK) => Results.Json(value, Options, statusCode: status);

    /// <summary>A list as Elsa's clients read both of its list shapes.</summary>
    public static IResult List<T>(IReadOnlyCollection<T> items, long? total = null) =>
        total is { } all ? Json(new { items, totalCount = all }) : Json(new { items, count = items.Count });

    /// <summary>Errors as Elsa answers them; Studio shows every text.</summary>
    public static IResult Problem(int status, params ReadOnlySpan<(string Field, string Reason)> errors)
    {
        var byField = new Dictionary<string, List<string>>();
        foreach (var (field, reason) in errors)
        {
            if (!byField.TryGetValue(field, out var reasons))
                byField.Add(field, reasons = []);
            reasons.Add(reason);
        }

        return Results.Json(
            new
            {
                statusCode = status,
                message = "One or more errors occurred!",
                errors = byField,
            },
            Options,
            "application/problem+json",
            status
        );
    }

    public static IResult Problem(int status, string reason) => Problem(status, ("generalErrors", reason));

    private sealed class InstantConverter : JsonConverter<Instant>
    {
        private static readonly InstantPattern Pattern = InstantPattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm:ss.FFFFFFF'+00:00'");

        public override Instant Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            Instant.FromDateTimeOffset(reader.GetDateTimeOffset());

        public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) => writer.WriteStringValue(Pattern.Format(value));
    }
}
