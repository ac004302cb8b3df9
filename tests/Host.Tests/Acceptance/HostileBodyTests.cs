using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>Requests that are malformed below their content: encoding, cursor, compression.</summary>
public sealed class HostileBodyTests(Office office) : IClassFixture<Office>
{
    [Theory]
    [InlineData("-1")]
    [InlineData("0")]
    [InlineData("%ff")]
    [InlineData("'%3B--")]
    [InlineData("%3Cscript%3E")]
    public async Task A_cursor_that_is_none_is_refused_by_name(string cursor)
    {
        foreach (var list in new[] { "tasks", "cases" })
            (
                (string)(await (await office.Supervisor.SendAsync(HttpMethod.Get, $"/api/{list}?cursor={cursor}")).ProblemAsync(400))["errors"]!["cursor"]![0]!
            ).ShouldContain("a cursor of this list");
    }

    [Theory]
    [InlineData("utf-7")]
    [InlineData("utf-16")]
    [InlineData("none")]
    public async Task JSON_in_another_encoding_is_not_accepted(string charset)
    {
        var body = new ByteArrayContent("{}"u8.ToArray()) { Headers = { ContentType = MediaTypeHeaderValue.Parse($"application/json; charset={charset}") } };

        ((string)(await (await office.FrontOffice.SendAsync(HttpMethod.Post, "/api/cases", body)).ProblemAsync(415))["detail"]!).ShouldContain("UTF-8");
    }

    [Theory]
    [InlineData("UTF-8")]
    [InlineData("\"utf-8\"")]
    public async Task JSON_that_says_it_is_UTF8_is_read(string charset)
    {
        var body = new ByteArrayContent("{}"u8.ToArray()) { Headers = { ContentType = MediaTypeHeaderValue.Parse($"application/json; charset={charset}") } };

        (await (await office.FrontOffice.SendAsync(HttpMethod.Post, "/api/cases", body)).ProblemAsync(422))["errors"]!["journey"].ShouldNotBeNull();
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_is_refused_by_the_designers_API()
    {
        using var client = await office.Host.ApiAsync("analyst");
        byte[] body = [.. "{\"model\":{\"definitionId\":\"latin\",\"name\":\""u8, 0xe9, .. "\"}}"u8];

        var refused = await client.PostAsync(
            "/elsa/api/workflow-definitions",
            new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } }
        );

        (await refused.ProblemAsync(400))["errors"]!.ToJsonString().ShouldContain("UTF-8");
        (await client.GetAsync("/elsa/api/workflow-definitions/by-definition-id/latin")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_small_zip_that_unpacks_to_a_lot_is_refused()
    {
        using var client = await office.Host.ApiAsync("analyst");
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (var i = 0; i < 6; i++)
            {
                await using var entry = zip.CreateEntry($"../../{i}.json").Open();
                await entry.WriteAsync(Encoding.UTF8.GetBytes($"{{\"definitionId\":\"bomb-{i}\",\"name\":\"x\"{new string(' ', 12_000_000)}}}"));
            }
        }

        buffer.Length.ShouldBeLessThan(200_000);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(buffer.ToArray()), "files", "journeys.zip" } };
        var refused = await client.PostAsync("/elsa/api/workflow-definitions/import-files", form);

        (await refused.ProblemAsync(400))["errors"]!.ToJsonString().ShouldContain("67,108,864 bytes");
        (await office.QueryAsync<string>("select definition_id from workflow_definition where definition_id like 'bomb%'")).ShouldBeEmpty();
    }
}
