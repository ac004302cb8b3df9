using System.Runtime.Versioning;
using Orchestration.Testing;

namespace Orchestration.Embedded.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class TestServerTests : IDisposable
{
    private static readonly TimeSpan Patient = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_container_is_used_when_a_Docker_engine_answers()
    {
        Docker("""[ "$*" = "info --format {{.ServerVersion}}" ] && echo 28.2.2""");
        (await ChooseAsync()).ShouldBe(new(TestServerKind.Container, "postgres:17 in a container (Docker 28.2.2)"));
    }

    [Theory]
    [InlineData("echo; echo 'Cannot connect to the Docker daemon' >&2; exit 1")]
    [InlineData("echo 28.2.2; exit 1")]
    [InlineData("echo")]
    public async Task The_embedded_server_is_used_when_the_command_finds_no_engine(string docker)
    {
        Docker(docker);
        (await ChooseAsync()).ShouldBe(new(TestServerKind.Embedded, "embedded PostgreSQL (no Docker engine answers)"));
    }

    [Fact]
    public async Task The_embedded_server_is_used_where_there_is_no_Docker() => (await ChooseAsync()).Kind.ShouldBe(TestServerKind.Embedded);

    [Fact]
    public async Task The_embedded_server_is_used_when_Docker_may_not_be_run()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "docker"), "no program");
        (await ChooseAsync()).Kind.ShouldBe(TestServerKind.Embedded);
    }

    [Fact]
    public async Task The_embedded_server_is_used_when_the_engine_never_answers()
    {
        Docker("exec tail -f /dev/null");
        (await TestServer.ChooseAsync(null, _folder.FullName, TimeSpan.FromMilliseconds(50))).Kind.ShouldBe(TestServerKind.Embedded);
    }

    [Theory]
    [InlineData("Host=db.example", TestServerKind.Given)]
    [InlineData("embedded", TestServerKind.Embedded)]
    [InlineData("", TestServerKind.Container)]
    public async Task A_setting_overrides_Docker(string setting, TestServerKind expected)
    {
        Docker("echo 28.2.2");
        (await ChooseAsync(setting)).Kind.ShouldBe(expected);
    }

    [Fact]
    public void The_container_is_of_the_version_that_runs_in_Production() =>
        File.ReadAllText(Repository.Path("docker-compose.yml")).ShouldContain($"image: {TestServer.Image}\n");

    private Task<TestServerChoice> ChooseAsync(string? setting = null) => TestServer.ChooseAsync(setting, _folder.FullName, Patient);

    private void Docker(string script)
    {
        var file = Path.Combine(_folder.FullName, "docker");
        File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
