using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using NodaTime;
using NodaTime.Serialization.SystemTextJson;
using Orchestration.Host.Shell.Parts;

namespace Orchestration.Host.Http;

internal static class OpenApi
{
    /// <summary>The document of the API; and times in it, which are RFC 3339 in UTC.</summary>
    public static void AddOpenApiDocument(this WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(o =>
        {
            o.SerializerOptions.AllowDuplicateProperties = false;
            o.SerializerOptions.ConfigureForNodaTime(DateTimeZoneProviders.Tzdb);
            o.SerializerOptions.Converters.Add(new StorableText());
            o.SerializerOptions.Converters.Add(new Readable<JsonObject>());
            o.SerializerOptions.Converters.Add(new Readable<JsonArray>());
            o.SerializerOptions.Converters.Add(new Readable<JsonNode>());
        });
        builder.Services.AddOpenApi("v1", Describe);
    }

    /// <summary>Refuses text that PostgreSQL can't store when it is read, so that the answer names the field.</summary>
    private sealed class StorableText : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            reader.TokenType != JsonTokenType.String ? throw new JsonException("the value has the wrong type.")
            : reader.GetString() is { } text && text.Contains('\0') ? throw new JsonException("the text can't contain the null character (U+0000).")
            : reader.GetString();

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }

    /// <summary>Refuses an object that could not be written again: a name twice, half of a surrogate pair.</summary>
    private sealed class Readable<T> : JsonConverter<T>
        where T : JsonNode
    {
        public override T Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            var read = JsonNode.Parse(ref reader) as T ?? throw new JsonException("the value has the wrong type.");
            try
            {
                Visit(read);
                read.ToJsonString();
                return read;
            }
            catch (ArgumentException)
            {
                throw new JsonException("an object contains the same name twice.");
            }
            catch (InvalidOperationException)
            {
                throw new JsonException("the text contains half of a surrogate pair.");
            }
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => value.WriteTo(writer, options);

        private static void Visit(JsonNode? node)
        {
            foreach (
                var member in node switch
                {
                    JsonObject members => members.Select(m => m.Value),
                    JsonArray items => items,
                    _ => [],
                }
            )
                Visit(member);
        }
    }

    private static void Describe(OpenApiOptions o)
    {
        o.ShouldInclude = endpoint => endpoint.RelativePath?.StartsWith("api/", StringComparison.Ordinal) == true;
        o.AddDocumentTransformer(
            (document, _, _) =>
            {
                document.Info = new()
                {
                    Title = "Orchestration",
                    Version = "v1",
                    Description = "Customer journeys, their cases and tasks. Errors are problem details (RFC 9457).",
                };
                document.Components ??= new();
                document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
                {
                    ["bearer"] = new OpenApiSecurityScheme
                    {
                        Type = SecuritySchemeType.Http,
                        Scheme = "bearer",
                        Description = "The access token returned by POST /api/session.",
                    },
                };
                return Task.CompletedTask;
            }
        );
        o.AddOperationTransformer(
            (operation, context, _) =>
            {
                if (!context.Description.ActionDescriptor.EndpointMetadata.OfType<IAllowAnonymous>().Any())
                    operation.Security = [new() { [new OpenApiSecuritySchemeReference("bearer", context.Document)] = [] }];
                return Task.CompletedTask;
            }
        );
        o.AddSchemaTransformer(
            (schema, context, _) =>
            {
                var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
                if (type == typeof(LocalDate))
                    (schema.Type, schema.Format, schema.Properties) = (JsonSchemaType.String, "date", null);
                if (type == typeof(Instant) || type == typeof(Duration))
                    (schema.Type, schema.Format, schema.Properties) = (JsonSchemaType.String, type == typeof(Instant) ? "date-time" : null, null);

                // StorableText hides from the generator that a text is a string.
                if (type == typeof(string))
                    schema.Type = context.JsonPropertyInfo is { IsGetNullable: true } ? JsonSchemaType.String | JsonSchemaType.Null : JsonSchemaType.String;
                return Task.CompletedTask;
            }
        );
    }

    /// <summary>The document at <c>/openapi/v1.json</c> and a browser for it at <c>/api/docs</c>.</summary>
    public static void MapOpenApiDocument(this WebApplication app)
    {
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        app.UseSwaggerUI(o =>
        {
            o.RoutePrefix = "api/docs";
            o.DocumentTitle = "Orchestration API";
            o.SwaggerEndpoint("/openapi/v1.json", "v1");
        });
    }
}
