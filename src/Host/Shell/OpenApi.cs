using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;

namespace Orchestration.Host.Shell;

internal static class OpenApi
{
    public static void AddOpenApiDocument(this WebApplicationBuilder builder) => builder.Services.AddOpenApi("v1", o =>
    {
        o.ShouldInclude = endpoint => endpoint.RelativePath?.StartsWith("api/", StringComparison.Ordinal) == true;
        o.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new() { Title = "Orchestration", Version = "v1", Description = "Customer journeys, their cases and the work of people in them. Errors are problem details (RFC 9457)." };
            document.Components ??= new();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "The access token of POST /api/session." },
            };
            return Task.CompletedTask;
        });
        o.AddOperationTransformer((operation, context, _) =>
        {
            if (!context.Description.ActionDescriptor.EndpointMetadata.OfType<IAllowAnonymous>().Any())
                operation.Security = [new() { [new OpenApiSecuritySchemeReference("bearer", context.Document)] = [] }];
            return Task.CompletedTask;
        });
    });

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
