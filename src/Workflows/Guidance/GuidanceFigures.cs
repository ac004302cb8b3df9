using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Guidance;

/// <summary>A question that was searched for in guidance and not found.</summary>
public sealed record GuidanceMiss(string Question, int Times, DateOnly LastOn);

/// <summary>Someone whose proposals were accepted.</summary>
public sealed record GuidanceCredit(string UserName, string Name, int Accepted);

/// <summary>How many clicks it takes to open articles.</summary>
/// <param name="Place">Where.</param>
/// <param name="Opened">How many were opened there.</param>
/// <param name="Mean">Clicks, on average.</param>
/// <param name="Goal">Most clicks that we want it to take.</param>
/// <param name="WithinGoal">Share that took no more, from 0 to 1.</param>
public sealed record GuidanceClicks(GuidancePlace Place, int Opened, double Mean, int Goal, double WithinGoal);

/// <summary>Figures of guidance for those who own it: of the last <see cref="Days"/> days, where they are about a time.</summary>
public sealed record GuidanceFigures
{
    /// <summary>Days that the figures are about.</summary>
    public const int Days = 90;

    public int Published { get; init; }
    public int InReview { get; init; }
    public int Overdue { get; init; }
    public int NeverRead { get; init; }
    public int Useless { get; init; }

    /// <summary>Uses by kind.</summary>
    public IReadOnlyDictionary<GuidanceUse, int> Uses { get; init; } = new Dictionary<GuidanceUse, int>();

    /// <summary>Clicks to open articles, by where they were opened; places where none was are left out.</summary>
    public IReadOnlyList<GuidanceClicks> Clicks { get; init; } = [];

    public int OutOfDate { get; init; }
    public int NoAnswer { get; init; }
    public int Proposals { get; init; }

    /// <summary>What was searched and not found, the most frequent first; of all teams, because no team owns what there isn't.</summary>
    public IReadOnlyList<GuidanceMiss> Misses { get; init; } = [];

    /// <summary>Who had proposals accepted, ever.</summary>
    public IReadOnlyList<GuidanceCredit> Credits { get; init; } = [];

    /// <summary>SQL that is true for a published article <c>a</c> that was opened often and helped hardly anyone. <c>$5</c> is today.</summary>
    internal const string IsUseless = """
        (select coalesce(sum(u.uses) filter (where u.kind = 'Opened'), 0) >= 5
            and coalesce(sum(u.uses) filter (where u.kind in ('Helped', 'Copied', 'Sent')), 0)
            * 20 < coalesce(sum(u.uses) filter (where u.kind = 'Opened'), 0) from guidance_use u where u.article_id = a.id and u.day > $5 - 90)
        """;

    /// <summary>Articles that were used like this in the time of the figures, the most used first.</summary>
    /// <param name="teams">Owning teams; null: all.</param>
    public static async Task<IReadOnlyList<(Guid Article, string Title, int Uses)>> OfUseAsync(
        NpgsqlDataSource database,
        GuidanceUse use,
        IReadOnlyList<string>? teams,
        Instant now,
        CancellationToken cancel = default
    )
    {
        await using var query = database.Query(
            """
            select a.id, a.title, sum(u.uses)::int from guidance_use u join guidance_article a on a.id = u.article_id
            where u.day > $1 and u.kind = $2 and ($3::text[] is null or a.team = any($3)) group by 1, 2 order by 3 desc, 2, 1 limit 200
            """,
            now.InUtc().Date.PlusDays(-Days).ToDateOnly(),
            use.ToString(),
            teams?.ToArray()
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var used = new List<(Guid, string, int)>();
        while (await r.ReadAsync(cancel))
            used.Add((r.GetGuid(0), r.GetString(1), r.GetInt32(2)));
        return used;
    }

    /// <summary>Reads the figures.</summary>
    /// <param name="teams">Owning teams; null: all.</param>
    public static async Task<GuidanceFigures> ReadAsync(
        NpgsqlDataSource database,
        IReadOnlyList<string>? teams,
        Instant now,
        CancellationToken cancel = default
    )
    {
        var today = now.InUtc().Date.ToDateOnly();
        await using var batch = database.CreateBatch();
        batch.Add(
            $"""
            select count(*) filter (where a.version is not null), count(*) filter (where a.draft_state = 'InReview'),
                count(*) filter (where a.version is not null and a.review_on < $5),
                count(*) filter (where a.version is not null and not exists (select from guidance_use u
                    where u.article_id = a.id and u.kind = 'Opened' and u.day > $5 - 90)),
                count(*) filter (where a.version is not null and {IsUseless})
            from guidance_article a where a.retired_at is null and ($1::text[] is null or a.team = any($1)) and $2 and $3 and $4
            """,
            teams?.ToArray(),
            true,
            true,
            true,
            today
        );
        batch.Add(
            """
            select u.kind, u.place, sum(u.uses)::int, sum(u.clicks)::int, sum(u.slow)::int from guidance_use u
            where u.day > $2 and ($1::text[] is null or exists (select from guidance_article a where a.id = u.article_id and a.team = any($1)))
            group by 1, 2 order by 1, 2
            """,
            teams?.ToArray(),
            today.AddDays(-Days)
        );
        batch.Add(
            """
            select n.kind, count(*)::int from guidance_note n where ($1::text[] is null or n.team = any($1))
                and exists (select from task t where t.instance_id = n.instance_id and t.ended_at is null) group by 1
            """,
            (object?)teams?.ToArray()
        );
        batch.Add(
            "select question, sum(times)::int, max(day) from guidance_miss where day > $1 group by 1 order by 2 desc, 3 desc, 1 limit 20",
            today.AddDays(-Days)
        );
        batch.Add(
            """
            select n.written_by, coalesce(max(p.display_name), n.written_by), count(*)::int
            from guidance_note n left join person p on p.user_name = n.written_by
            where n.kind = 'Proposal' and ($1::text[] is null or n.team = any($1))
                and exists (select from task t where t.instance_id = n.instance_id and t.outcome = 'Accept')
            group by 1 order by 3 desc, 2 limit 20
            """,
            (object?)teams?.ToArray()
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        var figures = new GuidanceFigures
        {
            Published = (int)r.GetInt64(0),
            InReview = (int)r.GetInt64(1),
            Overdue = (int)r.GetInt64(2),
            NeverRead = (int)r.GetInt64(3),
            Useless = (int)r.GetInt64(4),
        };
        await r.NextResultAsync(cancel);
        var uses = new Dictionary<GuidanceUse, int>();
        var clicks = new List<GuidanceClicks>();
        while (await r.ReadAsync(cancel))
        {
            var (use, place, count) = (Enum.Parse<GuidanceUse>(r.GetString(0)), Enum.Parse<GuidancePlace>(r.GetString(1)), r.GetInt32(2));
            uses[use] = uses.GetValueOrDefault(use) + count;
            if (use == GuidanceUse.Opened)
                clicks.Add(new(place, count, (double)r.GetInt32(3) / count, GuidanceUses.GoalOf(place), 1 - (double)r.GetInt32(4) / count));
        }

        await r.NextResultAsync(cancel);
        var notes = new Dictionary<NoteKind, int>();
        while (await r.ReadAsync(cancel))
            notes[Enum.Parse<NoteKind>(r.GetString(0))] = r.GetInt32(1);
        await r.NextResultAsync(cancel);
        var misses = new List<GuidanceMiss>();
        while (await r.ReadAsync(cancel))
            misses.Add(new(r.GetString(0), r.GetInt32(1), r.GetFieldValue<DateOnly>(2)));
        await r.NextResultAsync(cancel);
        var credits = new List<GuidanceCredit>();
        while (await r.ReadAsync(cancel))
            credits.Add(new(r.GetString(0), r.GetString(1), r.GetInt32(2)));
        return figures with
        {
            Uses = uses,
            Clicks = clicks,
            OutOfDate = notes.GetValueOrDefault(NoteKind.OutOfDate),
            NoAnswer = notes.GetValueOrDefault(NoteKind.NoAnswer),
            Proposals = notes.GetValueOrDefault(NoteKind.Proposal),
            Misses = misses,
            Credits = credits,
        };
    }
}
