using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Tests.Tasks;

namespace Orchestration.Workflows.Tests.Staff;

public sealed class PeopleChangeTests
{
    private static readonly NewPerson Vera = new(" vera.lang ", "Vera Lang", "vera@example.com", [Roles.Employee])
    {
        Teams = ["claims-intake"],
        Leads = ["claims-adjusting"],
        Skills = [new("fraud", 3, new(2028, 1, 31), "FR-1042", "Chartered Institute")],
    };

    [Fact]
    public async Task An_added_person_has_what_was_entered_and_no_password()
    {
        await using var world = await World.CreateAsync();

        var id = (await SavePerson.AddAsync(world.Runtime, Vera, "admin")).ShouldBeOfType<StaffResult.Added>().Person;

        var vera = (await PersonDetails.FindAsync(world.Database, id, world.Clock.Now()))!;
        (vera.UserName, vera.DisplayName, vera.Email, vera.Active, vera.HasPassword, vera.Revision).ShouldBe(
            ("vera.lang", "Vera Lang", "vera@example.com", true, false, 1)
        );
        vera.Teams.ShouldBe(["claims-intake"]);
        vera.Leads.ShouldBe(["claims-adjusting"]);
        vera.Skills.ShouldBe([new("fraud", 3, new DateOnly(2028, 1, 31), "FR-1042", "Chartered Institute")]);
        (await world.PersonActionsAsync("vera.lang")).ShouldBe(["person.added"]);

        // She took the lead of the team from the one who had it, who is told.
        (await world.DetailsAsync("senior1")).Leads.ShouldBe(["claims-seniors"]);
        (await world.PersonActionsAsync("senior1")).ShouldBe(["person.added", "person.changed"]);
        (await world.ToldAsync("senior1")).ShouldBe(["person.changed: Your profile was changed: Teams you lead: claims-seniors."]);
        (await world.TeamActionsAsync("claims-adjusting")).ShouldBe(["team.people-changed"]);
    }

    [Fact]
    public async Task Everything_wrong_is_said_at_once_by_field()
    {
        await using var world = await World.CreateAsync();
        var wrong = new NewPerson("-vera", " ", "vera at example", ["boss"])
        {
            Teams = ["claims", "claims-intake"],
            Leads = ["nowhere"],
            Skills = [new("Fraud", 3), new("motor", 6), new("motor", 1)],
        };

        var errors = (await SavePerson.AddAsync(world.Runtime, wrong, "admin")).ShouldBeOfType<StaffResult.Invalid>().Errors;

        errors.Keys.Order().ShouldBe(["displayName", "email", "leads", "roles", "skills", "teams", "userName"]);
        errors["teams"].ShouldBe(["“claims” is not the key of a team"]);
        errors["skills"]
            .ShouldBe([
                "“Fraud” is not a skill: use lower-case letters, digits and dashes, as in fha-underwriting",
                "“motor” is not in the catalogue of skills",
                "“motor” has level 6; levels go from 1 to 5",
                "“motor” is there more than once",
            ]);
        (await SavePerson.AddAsync(world.Runtime, Vera with { UserName = "ADJUSTER1" }, "admin"))
            .ShouldBeOfType<StaffResult.Invalid>()
            .Errors["userName"]
            .ShouldBe(["is taken"]);
        (await world.ScalarAsync<int>("select count(*) from event where actor = 'admin'")).ShouldBe(0);
    }

    [Fact]
    public async Task A_change_is_history_with_what_was_before_and_a_second_one_of_the_same_revision_is_stale()
    {
        await using var world = await World.CreateAsync();
        var daniel = await world.DetailsAsync("adjuster1");
        var data = daniel.Data with { DisplayName = "Daniel Brand", Teams = ["claims-adjusting", "customer-service"], Roles = [Roles.Employee, Roles.Analyst] };

        (await SavePerson.ChangeAsync(world.Runtime, daniel.Id, daniel.Revision, data, "admin")).ShouldBeOfType<StaffResult.Done>();
        (await SavePerson.ChangeAsync(world.Runtime, daniel.Id, daniel.Revision, data, "admin")).ShouldBeOfType<StaffResult.Stale>().Revision.ShouldBe(2);

        var e = (await StaffHistory.OfPersonAsync(world.Database, daniel.Id))[0];
        (e.Actor, e.Action).ShouldBe(("Ada Marlowe", "person.changed"));
        e.Changes.ShouldBe([
            new("displayName", "Daniel Brandt", "Daniel Brand"),
            new("roles", "employee", "analyst, employee"),
            new("teams", "claims-adjusting, claims-intake, claims-payments", "claims-adjusting, customer-service"),
        ]);
        (await world.TeamActionsAsync("customer-service")).ShouldBe(["team.people-changed"]);
        (await world.TeamActionsAsync("claims-adjusting")).ShouldBeEmpty();
        (await TeamDetails.FindAsync(world.Database, "claims-intake"))!.Members.ShouldNotContain(m => m.UserName == "adjuster1");
        (await world.ToldAsync("adjuster1")).ShouldBe([
            "person.changed: Your profile was changed: Name: Daniel Brand. Roles: analyst, employee. Teams: claims-adjusting, customer-service.",
        ]);
    }

    [Fact]
    public async Task Saving_what_is_there_already_changes_nothing()
    {
        await using var world = await World.CreateAsync();
        var daniel = await world.DetailsAsync("adjuster1");

        (await SavePerson.ChangeAsync(world.Runtime, daniel.Id, 1, daniel.Data, "admin")).ShouldBeOfType<StaffResult.Done>();

        (await world.DetailsAsync("adjuster1")).Revision.ShouldBe(1);
        (await world.PersonActionsAsync("adjuster1")).ShouldBe(["person.added"]);
        (await world.ToldAsync("adjuster1")).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_administrator_keeps_the_role_and_there_is_always_one()
    {
        await using var world = await World.CreateAsync();
        var admin = await world.DetailsAsync("admin");
        var without = admin.Data with { Roles = [Roles.Employee] };

        (await SavePerson.ChangeAsync(world.Runtime, admin.Id, 1, without, "admin"))
            .ShouldBeOfType<StaffResult.Invalid>()
            .Errors["roles"]
            .ShouldBe(["you can't take the administrator role from yourself"]);
        (await SavePerson.ChangeAsync(world.Runtime, admin.Id, 1, without, "script"))
            .ShouldBeOfType<StaffResult.Invalid>()
            .Errors["roles"]
            .ShouldBe(["this is the last active administrator"]);
    }

    [Fact]
    public async Task An_expired_certificate_no_longer_lets_a_person_claim()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Check", Step.Outcomes("Done"), ("requiredSkills", "List<String>", new[] { "fraud" }))));
        var desk = await Desk.AtAsync(world, await world.StartAsync("one"));
        var daniel = await world.DetailsAsync("adjuster1");
        var today = DateOnly.FromDateTime(world.Clock.Now().ToDateTimeUtc());
        await SavePerson.ChangeAsync(world.Runtime, daniel.Id, 1, daniel.Data with { Skills = [new("fraud", 2, today)] }, "admin");

        (await ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster1")))
            .ShouldBeOfType<TaskResult.Forbidden>()
            .Reason.ShouldContain("lacks the skill 'fraud'");
        await SavePerson.ChangeAsync(world.Runtime, daniel.Id, 2, daniel.Data with { Skills = [new("fraud", 2, today.AddDays(1))] }, "admin");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, await world.PersonAsync("adjuster1")));
    }

    [Fact]
    public async Task A_team_is_added_changed_retired_and_restored_with_history()
    {
        await using var world = await World.CreateAsync();
        var data = new TeamData("recoveries", "Recoveries", "", "senior1", ["adjuster1", "ADJUSTER2"]);

        (await SaveTeam.AddAsync(world.Runtime, data, "admin")).ShouldBeOfType<StaffResult.Done>();
        var team = (await TeamDetails.FindAsync(world.Database, "recoveries"))!;
        (team.Lead!.UserName, team.Revision).ShouldBe(("senior1", 2));
        team.Members.Select(m => m.UserName).ShouldBe(["adjuster1", "adjuster2"]);
        (await world.DetailsAsync("adjuster2")).Teams.ShouldContain("recoveries");
        (await world.ToldAsync("adjuster1")).Single().ShouldEndWith("Teams: claims-adjusting, claims-intake, claims-payments, recoveries.");

        var renamed = data with { Title = "Claims recovery", Lead = null, Members = ["adjuster2"] };
        (await SaveTeam.ChangeAsync(world.Runtime, 1, renamed, "admin")).ShouldBeOfType<StaffResult.Stale>();
        (await SaveTeam.ChangeAsync(world.Runtime, 2, renamed, "admin")).ShouldBeOfType<StaffResult.Done>();
        team = (await TeamDetails.FindAsync(world.Database, "recoveries"))!;
        (team.Title, team.Lead).ShouldBe(("Claims recovery", null));
        team.Members.Select(m => m.UserName).ShouldBe(["adjuster2"]);
        (await world.DetailsAsync("senior1")).Leads.ShouldBe(["claims-adjusting", "claims-seniors"]);

        (await SaveTeam.RetireAsync(world.Runtime, "recoveries", team.Revision, true, "admin")).ShouldBeOfType<StaffResult.Done>();
        (await Orchestration.Workflows.Settings.Choices.ReadAsync(world.Database))["team"].ShouldNotContain(c => c.Key == "recoveries");
        (await SavePerson.AddAsync(world.Runtime, Vera with { Teams = ["recoveries"] }, "admin"))
            .ShouldBeOfType<StaffResult.Invalid>()
            .Errors["teams"]
            .ShouldBe(["the team “recoveries” is retired"]);
        (await SaveTeam.RetireAsync(world.Runtime, "recoveries", team.Revision + 1, true, "admin")).ShouldBeOfType<StaffResult.Refused>();
        (await SaveTeam.RetireAsync(world.Runtime, "recoveries", team.Revision + 1, false, "admin")).ShouldBeOfType<StaffResult.Done>();

        (await world.TeamActionsAsync("recoveries")).ShouldBe([
            "team.added",
            "team.people-changed",
            "team.changed",
            "team.people-changed",
            "team.retired",
            "team.restored",
        ]);
    }

    [Fact]
    public async Task A_retired_team_finishes_its_work_and_is_forwarded_none()
    {
        await using var world = await World.CreateAsync();
        await world.PublishAsync("one", ("a", Step.Of("Check", Step.Outcomes("Done"))));
        var desk = await Desk.AtAsync(world, await world.StartAsync("one"));
        await SaveTeam.RetireAsync(world.Runtime, "claims-adjusting", 1, true, "admin");
        await SaveTeam.RetireAsync(world.Runtime, "claims-payments", 1, true, "admin");
        var daniel = await world.PersonAsync("adjuster1");

        (await ForwardTask.RunAsync(world.Tasks, desk.Next, "claims-payments", null, null, daniel))
            .ShouldBeOfType<TaskResult.InvalidRequest>()
            .Reason.ShouldContain("retired");
        await desk.DoneAsync(ClaimTask.RunAsync(world.Tasks, desk.Next, daniel));
        (await desk.DoneAsync(CompleteTask.RunAsync(world.Tasks, desk.Next, "Done", [], daniel))).State.ShouldBe(TaskState.Completed);
    }

    [Fact]
    public async Task People_are_found_by_any_part_of_their_names_and_by_role_team_and_state()
    {
        await using var world = await World.CreateAsync();
        await SavePerson.AddAsync(world.Runtime, Vera, "admin");
        await world.DeactivateAsync("closer1");

        (await NamesAsync(new("LANG"))).ShouldBe(["Vera Lang"]);
        (await NamesAsync(new("vera@exa"))).ShouldBe(["Vera Lang"]);
        (await NamesAsync(new("%"))).ShouldBeEmpty();
        (await NamesAsync(new(Role: Roles.Compliance))).ShouldBe(["Grace Okafor"]);
        (await NamesAsync(new(Team: "claims-adjusting"))).ShouldBe(["Daniel Brandt", "Helen Kowalski", "Sofia Rossi", "Vera Lang"]);
        (await NamesAsync(new(State: "no-password"))).ShouldBe(["Vera Lang"]);
        (await NamesAsync(new(State: "deactivated"))).Count.ShouldBe(1);
        (await NamesAsync(new(State: "locked"))).ShouldBeEmpty();

        async Task<IReadOnlyList<string>> NamesAsync(PeopleFilter filter) =>
            [.. (await ListPeople.ReadAsync(world.Database, filter, world.Clock.Now())).Items.Select(p => p.DisplayName)];
    }

    [Fact]
    public async Task A_thousand_people_come_in_pages()
    {
        await using var world = await World.CreateAsync();
        var file = "user_name,display_name,roles\n" + string.Concat(Enumerable.Range(1, 1000).Select(i => $"p{i:0000},Person {i:0000},employee\n"));
        (await ImportPeople.RunAsync(world.Runtime, file, true, null, null, "admin")).ShouldBeOfType<ImportResult.Applied>().Rows.Count.ShouldBe(1000);

        var page = await ListPeople.ReadAsync(world.Database, new("person 0", Page: 3, Size: 50), world.Clock.Now());
        (page.Total, page.Page, page.Pages, page.Items.Count).ShouldBe((999, 3, 20, 50));
        page.Items[0].DisplayName.ShouldBe("Person 0101");
        (await ListPeople.ReadAsync(world.Database, new("person 0", Page: 21), world.Clock.Now())).Page.ShouldBe(1);
        (await world.PersonActionsAsync("p0777")).ShouldBe(["person.added"]);
    }
}
