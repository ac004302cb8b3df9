using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Features;

namespace Orchestration.Host.Http;

/// <summary>The JSON object of a request. A body that is missing is an empty object; one that is not JSON carries the error.</summary>
internal sealed record JsonBody(JsonObject Object, string? Error)
{
    /// <summary>Largest body. The engine takes definitions of up to 8 MB.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    public static async ValueTask<JsonBody?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MaxBytes;
        if (await ReadAsync(context.Request.Body, context.RequestAborted) is not { } bytes)
            return new([], $"The request is larger than {MaxBytes:N0} bytes.");
        if (bytes.Length == 0)
            return new([], null);
        var (json, error) = JsonObjects.Parse(bytes.Span);
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
}
