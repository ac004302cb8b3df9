using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Guidance;

namespace Orchestration.Workflows.Tests.Customers;

/// <summary>How well the search finds what people mean: seventy-four queries over all kinds of results, most of them misspelt, in four languages.</summary>
public sealed class SearchQualityTests(ITestOutputHelper output)
{
    /// <summary>Journey, reference, customer, name of a file and a comment of each case.</summary>
    private static readonly (string Journey, string Reference, string Customer, string File, string Comment)[] Cases =
    [
        ("walk", "CLM-2026-0012", "Marta Novak", "Gutachten Dachschaden.txt", "The gutter hangs loose."),
        ("walk", "CLM-2026-0121", "Jürgen Weiß", "Rechnung Straßenreinigung.txt", "Der Schornstein ist gerissen."),
        ("ride", "MTG-2026-0044", "Özge Müller-Lüdenscheidt", "Kaufvertrag.txt", "Grundbuchauszug fehlt noch."),
        ("ride", "MTG-2026-0440", "İpek Işık", "Kira sözleşmesi.txt", "Müşteri şikayet etti."),
        ("walk", "CLM-2026-1200", "王小伟", "理赔申请书.txt", "客户要求加急处理"),
        ("check", "CMP-2026-0007", "Siobhán O’Brien", "complaint-letter.txt", "She wants an apology, not money."),
        ("study", "CMP-2026-0070", "Stephanie Schmidt", "bank-statement-march.txt", "Waiting for the valuation."),
        ("ride", "MTG-2026-0101", "François Lefèvre", "appraisal report.txt", "The appraiser cancelled twice."),
        ("verify", "CLM-2026-2000", "Chloé Marchand", "facture.txt", "L’attestation est manquante."),
    ];

    private static readonly (string Title, string Language)[] Articles =
    [
        ("Straßenschäden melden", "de"),
        ("Kündigungsfristen bei Hausratversicherung", "de"),
        ("İtiraz süreci", "tr"),
        ("理赔需要哪些文件", "zh"),
        ("Deadlines of the Ombudsman", "en"),
        ("Declining a claim", "en"),
        ("Fraud indicators", "en"),
        ("Rescission after closing", "en"),
    ];

    /// <summary>Kind, what is typed, what is meant.</summary>
    private static readonly (char Kind, string Typed, string Meant)[] Queries =
    [
        ('C', "nowack", "Marta Novak"),
        ('C', "juergen weiss", "Jürgen Weiß"),
        ('C', "jurgen weis", "Jürgen Weiß"),
        ('C', "muller ludenscheid", "Özge Müller-Lüdenscheidt"),
        ('C', "ozge", "Özge Müller-Lüdenscheidt"),
        ('C', "ipek isik", "İpek Işık"),
        ('C', "IŞIK", "İpek Işık"),
        ('C', "小伟", "王小伟"),
        ('C', "shiobhan", "Siobhán O’Brien"),
        ('C', "obrian", "Siobhán O’Brien"),
        ('C', "stefanie schmitt", "Stephanie Schmidt"),
        ('C', "fransois lefevre", "François Lefèvre"),
        ('R', "clm-2026-0012", "CLM-2026-0012"),
        ('R', "2026-0121", "CLM-2026-0121"),
        ('R', "0440", "MTG-2026-0440"),
        ('R', "mtg-2026-0044", "MTG-2026-0044"),
        ('R', "CMP-2026-0007", "CMP-2026-0007"),
        ('R', "1200", "CLM-2026-1200"),
        ('R', "novack", "CLM-2026-0012"),
        ('R', "weis", "CLM-2026-0121"),
        ('R', "王小", "CLM-2026-1200"),
        ('R', "obrian", "CMP-2026-0007"),
        ('R', "lefevr", "MTG-2026-0101"),
        ('R', "luedenscheidt", "MTG-2026-0044"),
        ('T', "asses", "CLM-2026-0012"),
        ('T', "roof", "CLM-2026-0121"),
        ('T', "nowak", "CLM-2026-0012"),
        ('T', "customer:schmitt", "CMP-2026-0070"),
        ('T', "value the", "MTG-2026-0044"),
        ('T', "customer:isik value", "MTG-2026-0440"),
        ('T', "journey:ride customer:lefevre", "MTG-2026-0101"),
        ('T', "asess the rof", "CLM-2026-0012"),
        ('T', "valeu the houze", "MTG-2026-0044"),
        ('T', "pruefng der unterlagn", "CMP-2026-0007"),
        ('T', "Prufung", "CMP-2026-0007"),
        ('T', "hasar inclemesi", "CMP-2026-0070"),
        ('T', "verifier les pieces jutificatives", "CLM-2026-2000"),
        ('F', "gutachten", "Gutachten Dachschaden.txt"),
        ('F', "gutachtn", "Gutachten Dachschaden.txt"),
        ('F', "dachshaden", "Gutachten Dachschaden.txt"),
        ('F', "strassenreinigung", "Rechnung Straßenreinigung.txt"),
        ('F', "kaufvertag", "Kaufvertrag.txt"),
        ('F', "sozlesmesi", "Kira sözleşmesi.txt"),
        ('F', "理赔申请", "理赔申请书.txt"),
        ('F', "complaint lettr", "complaint-letter.txt"),
        ('F', "bank statment", "bank-statement-march.txt"),
        ('F', "apraisal", "appraisal report.txt"),
        ('N', "gutter", "The gutter hangs loose."),
        ('N', "schornstein", "Der Schornstein ist gerissen."),
        ('N', "sikayet", "Müşteri şikayet etti."),
        ('N', "加急", "客户要求加急处理"),
        ('N', "apology", "She wants an apology, not money."),
        ('N', "valuat", "Waiting for the valuation."),
        ('N', "guter hangs lose", "The gutter hangs loose."),
        ('N', "schonstein gerisen", "Der Schornstein ist gerissen."),
        ('N', "grundbuchauszg", "Grundbuchauszug fehlt noch."),
        ('N', "musteri sikyet", "Müşteri şikayet etti."),
        ('N', "valuaton", "Waiting for the valuation."),
        ('N', "apoligy", "She wants an apology, not money."),
        ('N', "aprasier canceled", "The appraiser cancelled twice."),
        ('N', "attestatoin manquant", "L’attestation est manquante."),
        ('G', "strassenschaden", "Straßenschäden melden"),
        ('G', "strasenschaden melden", "Straßenschäden melden"),
        ('G', "kuendigungsfrist", "Kündigungsfristen bei Hausratversicherung"),
        ('G', "itiraz sureci", "İtiraz süreci"),
        ('G', "文件", "理赔需要哪些文件"),
        ('G', "ombusman", "Deadlines of the Ombudsman"),
        ('G', "declning claim", "Declining a claim"),
        ('G', "fraud indicater", "Fraud indicators"),
        ('G', "recission", "Rescission after closing"),
        ('P', "danil brant", "adjuster1"),
        ('P', "rosi", "adjuster2"),
        ('P', "kovalski", "senior1"),
        ('P', "adjuster1", "adjuster1"),
    ];

    [Fact]
    public async Task Queries_with_typos_find_what_was_meant_among_the_first_five_of_its_kind()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("walk", ("assess", """ "title": "Assess the roof", "team": "claims-adjusting", "outcomes": ["Done"] """));
        await world.PublishAsync("ride", ("value", """ "title": "Value the house", "team": "claims-adjusting", "outcomes": ["Done"] """));
        await world.PublishAsync("check", ("check", """ "title": "Prüfung der Unterlagen", "team": "claims-adjusting", "outcomes": ["Done"] """));
        await world.PublishAsync("study", ("study", """ "title": "Hasar incelemesi", "team": "claims-adjusting", "outcomes": ["Done"] """));
        await world.PublishAsync("verify", ("verify", """ "title": "Vérifier les pièces justificatives", "team": "claims-adjusting", "outcomes": ["Done"] """));
        var adjuster = await world.PersonAsync("adjuster1");
        foreach (var ((journey, reference, customer, file, comment), place) in Cases.Select((one, place) => (one, place)))
        {
            var started = await StartCase.RunAsync(
                world.Runtime,
                new(journey, reference, $"K-{place}", customer, [], $"key-{reference}"),
                await world.PersonAsync("frontoffice")
            );
            var task = await world.OpenTaskAsync(started.ShouldBeOfType<StartCaseResult.Started>().CaseId);
            var revision = (await world.DoneAsync(ClaimTask.RunAsync(world.Tasks, new(task.Id, task.Revision, $"k{place}"), adjuster))).Revision;
            revision = (await world.DoneAsync(CommentOnTask.RunAsync(world.Tasks, new(task.Id, revision, $"c{place}"), comment, adjuster))).Revision;
            await world.DoneAsync(AttachToTask.RunAsync(world.Tasks, new(task.Id, revision, $"f{place}"), file, "text/plain", "text"u8.ToArray(), adjuster));
        }

        foreach (var (title, language) in Articles)
            await world.PublishedAsync(new(title, "…") { Language = language });

        var (missed, kinds) = (new List<string>(), new Dictionary<char, (int Asked, int Found)>());
        foreach (var (kind, typed, meant) in Queries)
        {
            var results = await SearchAll.RunAsync(world.Runtime, SearchQuery.Parse(typed), 5, adjuster, world.Clock.Now());
            IEnumerable<string?> found = kind switch
            {
                'C' => results.Customers.Select(c => c.Name),
                'R' => results.Cases.Select(c => c.Reference),
                'T' => results.Tasks.Select(t => t.Reference),
                'F' => results.Files.Select(f => f.Name),
                'N' => results.Comments.Select(c => c.Body),
                'G' => results.Guidance.Select(a => a.Title),
                _ => results.People.Select(p => p.UserName),
            };
            var isFound = found.Contains(meant);
            var (asked, hits) = kinds.GetValueOrDefault(kind);
            kinds[kind] = (asked + 1, hits + (isFound ? 1 : 0));
            if (!isFound)
                missed.Add($"{kind} {typed} → {meant} (found {string.Join(", ", found)})");
        }

        Queries.Length.ShouldBe(74);
        var recall = 1 - (double)missed.Count / Queries.Length;
        output.WriteLine($"{Queries.Length} queries, recall@5 {recall:P1}: {string.Join(", ", kinds.Select(k => $"{k.Key} {k.Value.Found}/{k.Value.Asked}"))}");
        missed.ForEach(output.WriteLine);
        recall.ShouldBeGreaterThanOrEqualTo(0.95, string.Join('\n', missed));
    }
}
