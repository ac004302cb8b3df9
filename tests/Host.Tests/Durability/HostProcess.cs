using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Durability;

/// <summary>The host in its own process, so that it can be killed. Restarts on the same address.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private readonly Process _process;

    private readonly List<string> _said;

    private HostProcess(Process process, Uri address, List<string> said) => (_process, Address, _said) = (process, address, said);

    /// <summary>Its output so far.</summary>
    public string Said
    {
        get
        {
            lock (_said)
                return string.Join('\n', _said);
        }
    }

    public Uri Address { get; }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts a host and waits until it listens.</summary>
    /// <param name="connectionString">Its database.</param>
    /// <param name="address">Address to listen on; default a free port.</param>
    /// <param name="settings">Additional configuration.</param>
    public static async Task<HostProcess> StartAsync(string connectionString, Uri? address = null, params (string Name, string Value)[] settings)
    {
        address ??= new Uri($"http://127.0.0.1:{FreePort()}");
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var process = new Process
        {
            StartInfo = new("dotnet", [Repository.Path($"src/Host/bin/{configuration}/net10.0/Orchestration.Host.dll"), "--urls", address.ToString()])
            {
                WorkingDirectory = Repository.Path("src/Host"),
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["ASPNETCORE_ENVIRONMENT"] = "Development", ["ConnectionStrings__Orchestration"] = connectionString },
            },
            EnableRaisingEvents = true,
        };
        foreach (var (name, value) in settings)
            process.StartInfo.Environment[name] = value;
        var listens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var said = new List<string>();
        process.OutputDataReceived += (_, line) => Heard(line.Data);
        process.ErrorDataReceived += (_, line) => Heard(line.Data);
        process.Exited += (_, _) => listens.TrySetException(new InvalidOperationException($"The host ended before it listened:\n{Said()}"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await listens.Task.WaitAsync(TimeSpan.FromSeconds(90));
        }
        catch
        {
            process.Kill();
            throw;
        }

        return new(process, address, said);

        void Heard(string? line)
        {
            if (line is null)
                return;
            lock (said)
                said.Add(line);
            if (line.Contains("Now listening on", StringComparison.Ordinal))
                listens.TrySetResult();
        }

        string Said()
        {
            lock (said)
                return string.Join('\n', said);
        }
    }

    /// <summary>SIGTERM: stops the host gracefully. Returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return _process.ExitCode;
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    internal static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

/// <summary>A client of a service that can restart: repeats a request until it gets an answer.</summary>
internal sealed class Persistent() : DelegatingHandler(new SocketsHttpHandler())
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private int _repeated;

    /// <summary>Requests that had to be sent again.</summary>
    public int Repeated => _repeated;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            try
            {
                var answer = await base.SendAsync(request, deadline.Token);

                // An answer that is cut off in the middle is no answer.
                await answer.Content.LoadIntoBufferAsync(deadline.Token);
                return answer;
            }
            catch (HttpRequestException)
            {
                Interlocked.Increment(ref _repeated);
                await again.WaitForNextTickAsync(deadline.Token);
            }
        }
    }
}
