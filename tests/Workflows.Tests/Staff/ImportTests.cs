using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Workflows.Tests.Staff;

public sealed class ImportTests
{
    [Fact]
    public async Task Every_error_of_a_file_is_told_at_once_with_line_column_and_reason_and_nothing_is_imported()
    {
        await using var world = await World.CreateAsync();
        var file = """
            user_name,Display name,email,roles,teams,leads,skills
            vera,Vera Lang,vera@example.com,employee,claims-intake,,fraud:3
            ,Nobody,,employee,,,
            vera,Vera Again,not an address,boss;employee,claims,claims-intake,fraud:high
            "adjuster1","Daniel, called
            Dan",,employee,,claims-intake,fraud:3:31.12.2028
            omar,,,,,,"motor"x
            zoe,Zoe
            lea,Lea,,employee,,,Fraud
            """;

        var errors = (await PeopleAsync(world, file, apply: true)).ShouldBeOfType<ImportResult.Wrong>().Errors;

        errors
            .Select(e => $"{e.Line} {e.Column}: {e.Reason}")
            .ShouldBe([
                "3 user_name: Must have 1 to 64 letters, digits, dots, dashes, underscores or @, and begin with a letter or digit.",
                "4 user_name: “vera” is in line 2 already.",
                "4 email: Must be an address like vera@example.com.",
                "4 roles: “boss” is not a role; the roles are analyst, employee, supervisor, frontoffice, compliance, administrator.",
                "4 teams: “claims” is not the key of a team.",
                "4 skills: “high” is not a level from 1 to 5 (fraud).",
                "5 display_name: Must not contain line breaks or other control characters.",
                "5 leads: Line 4 names a lead of “claims-intake” too. A team has one lead.",
                "5 skills: “31.12.2028” is not a date like 2028-01-31 (fraud).",
                "7 : Cell 7 goes on after its closing quotation mark.",
                "8 : The line has 2 cells, but the first line names 7 columns.",
                "9 skills: “Fraud” is not a skill: use lower-case letters, digits and dashes, as in fha-underwriting.",
            ]);
        (await world.ScalarAsync<int>("select count(*) from person where user_name in ('vera', 'omar', 'zoe', 'lea')")).ShouldBe(0);
        (await world.DetailsAsync("adjuster1")).DisplayName.ShouldBe("Daniel Brandt");
    }

    [Theory]
    [InlineData("", "1 : The file is empty. Its first line names the columns: user_name, display_name, email, roles, teams, leads, skills.")]
    [InlineData("name,roles\nvera,employee", "1 user_name: The column user_name is missing.")]
    [InlineData(
        "user_name,wage,user name\nvera,1,2",
        "1 user_name: The column user_name is there twice.",
        "1 wage: “wage” is not a column. The columns are user_name, display_name, email, roles, teams, leads, skills."
    )]
    [InlineData("user_name\n\"vera", "2 : A quotation mark is never closed.")]
    [InlineData("user_name,display_name\nve\0ra,x", "2 user_name: The cell contains a control character.")]
    public async Task A_file_that_is_no_table_of_people_is_refused(string file, params string[] expected)
    {
        await using var world = await World.CreateAsync();

        var errors = (await PeopleAsync(world, file)).ShouldBeOfType<ImportResult.Wrong>().Errors.Select(e => $"{e.Line} {e.Column}: {e.Reason}");

        expected.ShouldBeSubsetOf(errors);
    }

    [Fact]
    public async Task A_preview_changes_nothing_and_its_fingerprint_applies_exactly_it()
    {
        await using var world = await World.CreateAsync();
        const string File = """
            User name;Email;Teams;Skills
            vera;vera@example.com;claims-intake;fraud:3:2028-01-31:FR-1:CII
            ADJUSTER1;;"claims-intake; claims-adjusting";motor-claims:2
            adjuster2;sofia.rossi@example.com;claims-adjusting;property-claims:3
            """;
        (await PeopleAsync(world, File)).ShouldBeOfType<ImportResult.Wrong>().Errors.Select(e => e.Column).ShouldBe(["display_name", "roles"]);
        var file = File.Replace("\nvera;", "\nprocessor1;", StringComparison.Ordinal);

        var preview = (await PeopleAsync(world, file)).ShouldBeOfType<ImportResult.Preview>();
        preview.Rows.Select(r => $"{r.Line} {r.Key} {r.Effect}").ShouldBe(["2 processor1 Changes", "3 adjuster1 Changes", "4 adjuster2 Changes"]);
        preview
            .Rows[1]
            .Changes.ShouldBe([
                new("email", "daniel.brandt@example.com", ""),
                new("teams", "claims-adjusting, claims-intake, claims-payments", "claims-adjusting, claims-intake"),
                new("skills", "fraud:2, property-claims:3", "motor-claims:2"),
            ]);
        (await world.DetailsAsync("adjuster1")).Email.ShouldBe("daniel.brandt@example.com");

        var daniel = await world.DetailsAsync("adjuster1");
        await SavePerson.ChangeAsync(world.Runtime, daniel.Id, 1, daniel.Data with { Email = "dan@example.com" }, "admin");
        var outdated = (await PeopleAsync(world, file, true, preview.Fingerprint)).ShouldBeOfType<ImportResult.Outdated>();
        (await world.DetailsAsync("adjuster1")).Email.ShouldBe("dan@example.com");
        (await PeopleAsync(world, file, true, outdated.Fingerprint)).ShouldBeOfType<ImportResult.Applied>();

        daniel = await world.DetailsAsync("adjuster1");
        (daniel.Email, daniel.DisplayName).ShouldBe((null, "Daniel Brandt"));
        daniel.Teams.ShouldBe(["claims-adjusting", "claims-intake"]);
        daniel.Roles.ShouldBe([Roles.Employee], "the file has no column of roles");
        (await PeopleAsync(world, file)).ShouldBeOfType<ImportResult.Preview>().Rows.ShouldAllBe(r => r.Effect == ImportEffect.Nothing);
    }

    [Fact]
    public async Task An_import_takes_the_administrator_role_from_no_last_one()
    {
        await using var world = await World.CreateAsync();

        (await PeopleAsync(world, "user_name,roles\nadjuster1,employee\nadmin,employee", true))
            .ShouldBeOfType<ImportResult.Wrong>()
            .Errors.ShouldBe([new(3, "roles", "You can't take the administrator role from yourself.")]);
        (await ImportPeople.RunAsync(world.Runtime, "user_name,roles\nadmin,employee", true, null, null, "script"))
            .ShouldBeOfType<ImportResult.Wrong>()
            .Errors.ShouldBe([new(2, "roles", "This is the last active administrator.")]);
        (await PeopleAsync(world, "user_name,roles\nadjuster1,administrator", true)).ShouldBeOfType<ImportResult.Applied>();
    }

    [Fact]
    public async Task Leads_can_swap_in_one_file()
    {
        await using var world = await World.CreateAsync();

        (
            await PeopleAsync(world, "user_name,leads\nsupervisor,claims-adjusting\nsenior1,claims-intake;claims-seniors", true)
        ).ShouldBeOfType<ImportResult.Applied>();

        (await world.DetailsAsync("supervisor")).Leads.ShouldBe(["claims-adjusting"]);
        (await world.DetailsAsync("senior1")).Leads.ShouldBe(["claims-intake", "claims-seniors"]);
        (await TeamDetails.FindAsync(world.Database, "claims-payments"))!.Lead.ShouldBeNull();
    }

    [Fact]
    public async Task The_sample_files_can_be_imported()
    {
        await using var world = await World.CreateAsync();

        (await PeopleAsync(world, ImportPeople.Sample, true)).ShouldBeOfType<ImportResult.Applied>().Rows.Count.ShouldBe(2);
        (await ImportTeams.RunAsync(world.Runtime, ImportTeams.Sample, true, null, "admin")).ShouldBeOfType<ImportResult.Applied>().Rows.Count.ShouldBe(2);

        (await world.DetailsAsync("vera.lang")).Skills.ShouldBe([
            new("fraud", 3),
            new("property-claims", 2, new DateOnly(2028, 1, 31), "PC-1042", "Chartered Institute"),
        ]);
        (await TeamDetails.FindAsync(world.Database, "recoveries"))!.Members.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Teams_are_imported_with_all_errors_at_once_too()
    {
        await using var world = await World.CreateAsync();

        (await ImportTeams.RunAsync(world.Runtime, "key,title,lead,members\nA Team,,nobody,adjuster1;ghost\nclaims-intake,,,", true, null, "admin"))
            .ShouldBeOfType<ImportResult.Wrong>()
            .Errors.Select(e => $"{e.Line} {e.Column}: {e.Reason}")
            .ShouldBe([
                "2 key: Must have 1 to 64 lower-case letters, digits and dashes, and begin with a letter.",
                "2 title: Is required.",
                "2 lead: “nobody” is not the user name of an active person.",
                "2 members: “ghost” is not the user name of a person.",
                "3 title: Is required.",
            ]);

        (
            await ImportTeams.RunAsync(world.Runtime, "key,lead,members\nclaims-intake,adjuster1,adjuster1;adjuster2", true, null, "admin")
        ).ShouldBeOfType<ImportResult.Applied>();
        var team = (await TeamDetails.FindAsync(world.Database, "claims-intake"))!;
        (team.Title, team.Lead!.UserName).ShouldBe(("Claims intake", "adjuster1"));
        team.Members.Select(m => m.UserName).ShouldBe(["adjuster1", "adjuster2"]);
        (await world.DetailsAsync("supervisor")).Leads.ShouldNotContain("claims-intake");
    }

    private static Task<ImportResult> PeopleAsync(World world, string file, bool apply = false, string? fingerprint = null) =>
        ImportPeople.RunAsync(world.Runtime, file, apply, fingerprint, null, "admin");
}
