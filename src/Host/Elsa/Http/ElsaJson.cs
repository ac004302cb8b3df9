using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;
using NodaTime;
using NodaTime.Text;

namespace Orchestration.Host.Elsa.Http;

/// <summary>How the contract writes JSON: camel case, no nulls, enumerations as text. Deep enough for any definition the engine takes.</summary>
internal static class ElsaJson
{
    /// <summary>Deepest nesting of a document that is read. A flowchart in a flowchart costs two levels.</summary>
    private const int MaxDepth = 512;

    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.Default,
        MaxDepth = 1000,
        Converters = { new JsonStringEnumConverter(), new InstantConverter() },
    };

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

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

    /// <summary>Reads a JSON object. Null with the reason when it is none, or holds text that no database column can.</summary>
    public static (JsonObject? Object, string? Error) Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            if (!Utf8.IsValid(utf8))
                return (null, "The text is not UTF-8.");
            CheckTexts(utf8);
            return JsonNode.Parse(utf8, documentOptions: Reading) is JsonObject json ? (json, null) : (null, "A JSON object is expected.");
        }
        catch (JsonException e)
        {
            return (null, e.Message);
        }
    }

    /// <summary>Half a surrogate pair is found only when a text is read, and U+0000 only by PostgreSQL: both would break an endpoint later.</summary>
    private static void CheckTexts(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || !reader.ValueIsEscaped)
                continue;
            try
            {
                if (reader.GetString()!.Contains('\0'))
                    throw new JsonException("Text must not hold the character U+0000.");
            }
            catch (InvalidOperationException)
            {
                throw new JsonException("Text holds half of a surrogate pair.");
            }
        }
    }

    public static string? Text(this JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static int? Number(this JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<int>(out var number) ? number : null;

    public static bool? Flag(this JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    public static string[] Texts(this JsonObject json, string name) =>
        json[name] is JsonArray array ? [.. array.OfType<JsonValue>().Select(v => v.TryGetValue<string>(out var text) ? text : null).OfType<string>()] : [];

    private sealed class InstantConverter : JsonConverter<Instant>
    {
        private static readonly InstantPattern Pattern = InstantPattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm:ss.FFFFFFF'+00:00'");

        public override Instant Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            Instant.FromDateTimeOffset(reader.GetDateTimeOffset());

        public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) => writer.WriteStringValue(Pattern.Format(value));
    }
}

/// <summary>The JSON object of a request. A body that is missing is an empty object; one that is not JSON is answered by <see cref="RefuseBad"/>.</summary>
internal sealed record JsonBody(JsonObject Object, string? Error)
{
    /// <summary>Largest body. The engine takes definitions of up to 8 MB.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    public static async ValueTask<JsonBody?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MaxBytes;
        if (await ReadAsync(context.Request.Body, context.RequestAborted) is not { } bytes)
            return new([], $"The request has more than {MaxBytes:N0} bytes.");
        if (bytes.Length == 0)
            return new([], null);
        var (json, error) = ElsaJson.Parse(bytes.Span);
        return new(json ?? [], error);
    }

    /// <summary>Everything, or null when it is too much.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReadAsync(Stream stream, CancellationToken cancel)
    {
        using var buffer = new MemoryStream();
        var part = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(part, cancel)) > 0)
        {
            if (buffer.Length + read > MaxBytes)
                return null;
            buffer.Write(part, 0, read);
        }

        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    /// <summary>Answers 400 with the reason when the request could not be read, before the endpoint runs.</summary>
    public static async ValueTask<object?> RefuseBad(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        if (request.Path.Value!.Contains('\0') || request.Query.Any(q => q.Key.Contains('\0') || q.Value.Any(v => v!.Contains('\0'))))
            return ElsaJson.Problem(StatusCodes.Status400BadRequest, "The address must not hold the character U+0000.");
        return context.Arguments.OfType<JsonBody>().FirstOrDefault()?.Error is { } error
            ? ElsaJson.Problem(StatusCodes.Status400BadRequest, ("model", error))
            : await next(context);
    }
}
