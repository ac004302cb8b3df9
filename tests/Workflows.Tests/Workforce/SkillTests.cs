using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tests.Staff;
using Orchestration.Workflows.Tests.Tasks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Tests.Workforce;

/// <summary>The catalogue, certificates and their reminders. The clock stands at Monday 2026-06-01, 09:00 UTC.</summary>
public sealed class SkillTests
{
    [Fact]
    public async Task The_catalogue_is_changed_with_history_and_refuses_what_is_wrong()
    {
        await using var world = await World.CreateAsync();
        (await SaveAsync(world, "glass", "Glass", 0)).ShouldBeOfType<SkillResult.Done>();
        (await SaveAsync(world, "glass", "Glass", 0)).ShouldBeOfType<SkillResult.Invalid>().Errors["key"].ShouldBe(["is taken"]);
        (await SaveAsync(world, "Glass!", " ", 0)).ShouldBeOfType<SkillResult.Invalid>().Errors.Keys.ShouldBe(["key", "title"]);
        (await SaveAsync(world, "glass", "Glass claims", 1)).ShouldBeOfType<SkillResult.Done>();
        (await SaveAsync(world, "glass", "Glas", 1)).ShouldBeOfType<SkillResult.Stale>().Revision.ShouldBe(2);
        (await SaveAsync(world, "wood", "Wood", 3)).ShouldBeOfType<SkillResult.NotFound>();
        (await SkillCatalog.RetireAsync(world.Runtime, "glass", 2, true, "admin")).ShouldBeOfType<SkillResult.Done>();

        var glass = (await SkillCatalog.ListAsync(world.Database, world.Clock.Now())).Single(s => s.Key == "glass");
        (glass.Title, glass.RetiredAt, glass.Revision).ShouldBe(("Glass claims", world.Clock.Now(), 3));
        (await world.ScalarAsync<string>("select string_agg(action, ' ' order by sequence) from event where entity = 'skill'")).ShouldBe(
            "skill.added skill.changed skill.retired"
        );
        var catalog = world.Get<PeopleCatalog>();
        await catalog.LoadAsync();
        (catalog.HasSkill("glass"), catalog.IsRetiredSkill("glass"), catalog.HasSkill("wood")).ShouldBe((true, true, false));
    }

    [Fact]
    public async Task A_new_version_requires_only_what_active_people_with_a_valid_certificate_have_up_to_their_level_but_prefers_anything()
    {
        await using var world = await World.CreateAsync();
        (await HeldAsync("fraud", "fraud:4", "fraud:5")).ShouldBe([true, true, false]);
        await world.PublishAsync("one", ("a", Step.Of("Look", ("preferredSkills", "List<String>", new[] { "fraud:5" }))));
        const string End = "with s as (update person_skill set certified_until = @day::date where level = 4 returning 1) select count(*) from s";
        await world.ScalarAsync<int>(End, new { day = "2026-06-02" });
        (await HeldAsync("fraud:4")).ShouldBe([true]);
        await world.ScalarAsync<int>(End, new { day = "2026-06-01" });
        (await HeldAsync("fraud", "fraud:4")).ShouldBe([true, false]);
        await world.ScalarAsync<int>(End, new { day = (string?)null });
        await world.ScalarAsync<int>("with p as (update person set active = false where user_name = 'senior1' returning 1) select count(*) from p");
        (await HeldAsync("fraud", "fraud:4")).ShouldBe([true, false]);

        async Task<IEnumerable<bool>> HeldAsync(params string[] skills)
        {
            var catalog = world.Get<PeopleCatalog>();
            await catalog.LoadAsync();
            return skills.Select(catalog.IsHeld);
        }
    }

    [Fact]
    public async Task People_get_skills_of_the_catalogue_with_evidence_and_keep_retired_ones()
    {
        await using var world = await World.CreateAsync();
        var sofia = await world.DetailsAsync("adjuster2");
        (await SavePerson.ChangeAsync(world.Runtime, sofia.Id, sofia.Revision, sofia.Data with { Skills = [new("knitting", 2)] }, "admin"))
            .ShouldBeOfType<StaffResult.Invalid>()
            .Errors["skills"]
            .ShouldBe(["“knitting” is not in the catalogue of skills"]);
        var certified = new Skill("fraud", 2, new(2027, 1, 1), "FR-1", "CII", "senior1", new(2026, 1, 1), "Exam: 92%");
        await SavePerson.ChangeAsync(world.Runtime, sofia.Id, sofia.Revision, sofia.Data with { Skills = [certified] }, "admin");
        (await world.DetailsAsync("adjuster2")).Skills.ShouldBe([certified]);
        SkillText.Read(SkillText.Write(certified), out var read).ShouldBeNull();
        read.ShouldBe(certified);

        await SkillCatalog.RetireAsync(world.Runtime, "fraud", 1, true, "admin");
        (
            await SavePerson.ChangeAsync(world.Runtime, sofia.Id, 2, sofia.Data with { Skills = [certified with { Level = 3 }] }, "admin")
        ).ShouldBeOfType<StaffResult.Done>();
        var jonas = await world.DetailsAsync("processor1");
        (await SavePerson.ChangeAsync(world.Runtime, jonas.Id, jonas.Revision, jonas.Data with { Skills = [new("fraud", 1)] }, "admin"))
            .ShouldBeOfType<StaffResult.Invalid>()
            .Errors["skills"]
            .ShouldBe(["the skill “fraud” is retired"]);
    }

    [Fact]
    public async Task A_certificate_is_announced_30_7_and_1_days_before_once_each_to_the_person_and_their_leads()
    {
        await using var world = await World.CreateAsync();
        await world.ScalarAsync<int>(
            """
            with s as (update person_skill set certified_until = '2026-07-10' where skill = 'motor-claims' and person_id = (select id from person
                where user_name = 'adjuster2') returning 1) select 1 from s
            """
        );
        var told = new List<string>();
        for (var day = 0; day < 45; day++)
        {
            foreach (var _ in new[] { 1, 2 })
            {
                if (await SkillReminders.RunAsync(world.Runtime) is > 0 and var count)
                    told.Add($"{world.Clock.Now().InUtc().Date:uuuu-MM-dd} {count}");
            }

            world.Clock.Advance(Duration.FromDays(1));
        }

        told.ShouldBe(["2026-06-10 1", "2026-07-03 1", "2026-07-09 1"]);
        (await world.ToldAsync("adjuster2")).ShouldBe([
            "person.skill-expires: Your certificate for Motor claims expires in 30 days: From 10 Jul 2026 on, you can't take steps that require it.",
            "person.skill-expires: Your certificate for Motor claims expires in 7 days: From 10 Jul 2026 on, you can't take steps that require it.",
            "person.skill-expires: Your certificate for Motor claims expires tomorrow: From 10 Jul 2026 on, you can't take steps that require it.",
        ]);
        (await world.ToldAsync("senior1")).Count.ShouldBe(3);
        (await world.ToldAsync("supervisor")).Count.ShouldBe(3, "leads the payments team");
        (await world.ToldAsync("adjuster1")).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_matrix_says_what_counts_today_and_what_expires_soon()
    {
        await using var world = await World.CreateAsync();
        await world.ScalarAsync<int>(
            """
            with s as (update person_skill set certified_until = case skill when 'fraud' then date '2026-06-01' when 'property-claims' then '2026-07-01'
                else '2026-07-02' end where person_id = (select id from person where user_name = 'senior1') returning 1) select count(*)::int from s
            """
        );
        var helen = (await SkillMatrix.ReadAsync(world.Database, ["claims-seniors"], world.Clock.Now())).Single();
        helen
            .Skills.Select(s => $"{s.Skill} {s.Level} {s.DaysLeft} {s.Counts} {s.ExpiresSoon}")
            .ShouldBe(["fraud 4 0 False False", "motor-claims 5 31 True False", "property-claims 5 30 True True"]);
    }

    private static Task<SkillResult> SaveAsync(World world, string key, string title, int revision) =>
        SkillCatalog.SaveAsync(world.Runtime, key, title, "", revision, "admin");
}
