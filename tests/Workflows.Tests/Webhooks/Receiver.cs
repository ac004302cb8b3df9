using System.Net;

namespace Orchestration.Workflows.Tests.Webhooks;

/// <summary>An external receiver of webhooks.</summary>
internal sealed class Receiver : IDisposable
{
    private readonly HttpListener _listener = new();

    public Receiver()
    {
        var free = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        Url = $"http://127.0.0.1:{port}/hooks";
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
    }

    public string Url { get; }

    public async Task<(string Id, string Timestamp, string Signature, string Body)> AnswerAsync(HttpStatusCode status)
    {
        var context = await _listener.GetContextAsync();
        using var reader = new StreamReader(context.Request.InputStream);
        var got = (
            context.Request.Headers["webhook-id"]!,
            context.Request.Headers["webhook-timestamp"]!,
            context.Request.Headers["webhook-signature"]!,
            await reader.ReadToEndAsync()
        );
        context.Response.StatusCode = (int)status;
        context.Response.Close();
        return got;
    }

    public void Dispose() => _listener.Close();
}
