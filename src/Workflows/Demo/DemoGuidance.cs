using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Demo;

/// <summary>Publishes the shipped guidance: each file is an article that a member of its team writes and its lead approves, as people would.</summary>
public sealed class DemoGuidance(WorkflowRuntime runtime, FindPerson people)
{
    /// <summary>Publishes every <c>*.md</c> of a folder, unless there is guidance already. Returns how many were published.</summary>
    public async Task<int> RunAsync(string folder, CancellationToken cancel = default)
    {
        await using (var empty = runtime.Database.Query("select not exists (select from guidance_article)"))
        {
            if (await empty.ExecuteScalarAsync(cancel) is not true || !Directory.Exists(folder))
                return 0;
        }

        var published = 0;
        foreach (var file in Directory.EnumerateFiles(folder, "*.md").Order(StringComparer.Ordinal))
        {
            var (team, content) = Read(await File.ReadAllTextAsync(file, cancel));
            if (await PeopleOfAsync(team, cancel) is not ({ } writer, { } approver))
                continue;
            if (
                await SaveArticle.AddAsync(runtime, team, content, writer, cancel) is ArticleResult.Done added
                && await ReviewArticle.SubmitAsync(runtime, added.Id, added.Revision, writer, cancel) is ArticleResult.Done submitted
                && await ReviewArticle.ApproveAsync(runtime, added.Id, submitted.Revision, approver, cancel) is ArticleResult.Done
            )
                published++;
        }

        return published;
    }

    /// <summary>An article of a file: lines such as <c>title: …</c>, a line of three hyphens, and the text.</summary>
    public static (string Team, ArticleContent Content) Read(string text)
    {
        var parts = text.ReplaceLineEndings("\n").Split("\n---\n", 2);
        var head = parts[0]
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        return (
            head["team"],
            new(head["title"], parts[1])
            {
                Kind = Enum.Parse<ArticleKind>(head.GetValueOrDefault("kind", nameof(ArticleKind.Article))),
                Audience = Enum.Parse<ArticleAudience>(head.GetValueOrDefault("audience", nameof(ArticleAudience.Internal))),
                Pins = [.. List("pins").Select(pin => Pin.TryParse(pin, out var found) ? found : throw new InvalidDataException($"'{pin}' isn't a place."))],
                Rules = [.. List("rules")],
            }
        );

        string[] List(string name) => head.GetValueOrDefault(name, "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    private async Task<(Person? Writer, Person? Approver)> PeopleOfAsync(string team, CancellationToken cancel)
    {
        var (writer, lead) = await IdsOfAsync(team, cancel);
        if (writer is not { } one || lead is not { } other)
            return default;
        var now = runtime.Clock.Now();
        return (await people.OfIdAsync(one, now, cancel), await people.OfIdAsync(other, now, cancel));
    }

    private async Task<(Guid? Writer, Guid? Lead)> IdsOfAsync(string team, CancellationToken cancel)
    {
        await using var query = runtime.Database.Query(
            """
            select (select m.person_id from team_member m join person p on p.id = m.person_id and p.active
                where m.team_key = t.key and m.person_id <> t.lead_id order by p.user_name limit 1), t.lead_id from team t where t.key = $1
            """,
            team
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? (r.GuidOrNull(0), r.GuidOrNull(1)) : default;
    }
}
