using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Access;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tests.Staff;

namespace Orchestration.Workflows.Tests.Access;

/// <summary>Roles that administrators compose, and duties that should be apart.</summary>
public sealed class CustomRoleTests : IAsyncLifetime
{
    private static readonly RoleData Helpdesk = new("helpdesk", "Help desk", "Resets access", [Permissions.ManagePeople, Permissions.StartCases]);
    private World _world = null!;

    public async ValueTask InitializeAsync() => _world = await World.CreateAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_role_gives_what_it_is_composed_of_and_a_change_takes_effect_in_open_sessions()
    {
        (await SaveAsync(Helpdesk)).ShouldBeOfType<StaffResult.Done>();
        await GiveAsync("adjuster1", "helpdesk");
        var session = (SignInAnswer.SignedIn)
            await _world.Get<SignIn>().BeginAsync((await _world.PersonAsync("adjuster1")).Id, null, "test", new("a"), _world.Clock.Now());
        var people = _world.Get<FindPerson>();
        _world.Runtime.Changes.Listen(change =>
        {
            if (change.Kind == ChangeKind.Access)
                people.Forget(change.Id);
        });
        (await MeAsync()).May(Permissions.ManagePeople).ShouldBeTrue();
        (await MeAsync()).May(Permissions.ManageSettings).ShouldBeFalse();

        (await SaveAsync(Helpdesk with { Permissions = [Permissions.ManageSettings] }, revision: 1)).ShouldBeOfType<StaffResult.Done>();

        (await MeAsync()).May(Permissions.ManagePeople).ShouldBeFalse();
        (await MeAsync()).May(Permissions.ManageSettings).ShouldBeTrue();
        (await StaffHistory.OfRoleAsync(_world.Database, "helpdesk")).Select(e => e.Action).ShouldBe(["role.changed", "role.added"]);

        async Task<Person> MeAsync() => (await people.OfSessionAsync(session.Person, session.Session, session.Stamp, _world.Clock.Now()))!;
    }

    [Fact]
    public async Task A_role_that_someone_has_or_that_has_authority_limits_is_not_removed()
    {
        await SaveAsync(Helpdesk);
        await GiveAsync("adjuster1", "helpdesk");

        (await CustomRoles.RemoveAsync(_world.Runtime, "helpdesk", 1, "admin")).ShouldBeOfType<StaffResult.Refused>().Reason.ShouldStartWith("1 person has");
        await GiveAsync("adjuster1");
        await ExecuteAsync("insert into authority_limit (role, journey, field, amount, created_at, updated_at) values ('helpdesk', 'j', 'f', 1, now(), now())");
        (await CustomRoles.RemoveAsync(_world.Runtime, "helpdesk", 1, "admin")).ShouldBeOfType<StaffResult.Refused>().Reason.ShouldContain("authority limits");
        await ExecuteAsync("delete from authority_limit where role = 'helpdesk'");
        (await CustomRoles.RemoveAsync(_world.Runtime, "helpdesk", 1, "admin")).ShouldBeOfType<StaffResult.Done>();
        (await CustomRoles.RemoveAsync(_world.Runtime, "helpdesk", 1, "admin")).ShouldBeOfType<StaffResult.NotFound>();

        async Task ExecuteAsync(string sql)
        {
            await using var command = _world.Database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task A_role_is_refused_with_every_reason_by_field()
    {
        (await SaveAsync(Helpdesk)).ShouldBeOfType<StaffResult.Done>();

        var wrong = (await SaveAsync(new("Desk!", "", "", ["people:own"]))).ShouldBeOfType<StaffResult.Invalid>();
        wrong.Errors.Keys.ShouldBe(["key", "title", "permissions"]);
        (await SaveAsync(Helpdesk)).ShouldBeOfType<StaffResult.Invalid>().Errors["key"].ShouldBe(["is taken"]);
        (await SaveAsync(Helpdesk with { Key = "supervisor" })).ShouldBeOfType<StaffResult.Invalid>().Errors["key"].ShouldBe(["is taken"]);
        (await SaveAsync(Helpdesk, revision: 7)).ShouldBeOfType<StaffResult.Stale>();
        (await SaveAsync(Helpdesk with { Key = "administrator" }, revision: 1)).ShouldBeOfType<StaffResult.NotFound>("shipped roles don't change");
    }

    [Fact]
    public async Task Duties_are_kept_apart_with_a_report_or_by_refusal()
    {
        await SaveAsync(Helpdesk);
        var supervisor = await _world.DetailsAsync("supervisor");
        var both = supervisor.Data with { Roles = [Roles.Supervisor, "helpdesk"] };

        var refused = await SavePerson.ChangeAsync(_world.Runtime, supervisor.Id, supervisor.Revision, both, "admin", duties: new(DutyMode.Refuse));
        refused.ShouldBeOfType<StaffResult.Invalid>().Errors["roles"].ShouldHaveSingleItem().ShouldContain("“Manage people” and “See all work”");
        (await SaveAsync(Helpdesk with { Permissions = [Permissions.ManagePeople, Permissions.ManageRoles] }, 1, DutyMode.Refuse))
            .ShouldBeOfType<StaffResult.Invalid>()
            .Errors.Keys.ShouldBe(["permissions"]);

        (await SavePerson.ChangeAsync(_world.Runtime, supervisor.Id, supervisor.Revision, both, "admin")).ShouldBeOfType<StaffResult.Done>();
        var row = (await AccessReport.ReadAsync(_world.Database, new("supervisor"))).Single(person => person.UserName == "supervisor");
        row.Conflicts.ShouldHaveSingleItem().First.ShouldBe(Permissions.ManagePeople);
        row.Of(Permissions.ManagePeople)!.By.ShouldBe(["Help desk"]);
        row.Of(Permissions.StartCases)!.By.ShouldBe(["Supervisor", "Help desk"]);

        // What is there already doesn't keep anyone from changing something else.
        (
            await SavePerson.ChangeAsync(
                _world.Runtime,
                supervisor.Id,
                supervisor.Revision + 1,
                both with
                {
                    DisplayName = "New Name",
                },
                "admin",
                duties: new(DutyMode.Refuse)
            )
        ).ShouldBeOfType<StaffResult.Done>();
    }

    [Fact]
    public async Task No_one_but_an_administrator_gives_themself_a_role()
    {
        await SaveAsync(Helpdesk);
        await GiveAsync("adjuster1", "helpdesk");
        var me = await _world.DetailsAsync("adjuster1");

        var result = await SavePerson.ChangeAsync(_world.Runtime, me.Id, me.Revision, me.Data with { Roles = [.. me.Roles, Roles.Administrator] }, "adjuster1");

        result.ShouldBeOfType<StaffResult.Invalid>().Errors["roles"].ShouldBe(["you can't give yourself a role; ask an administrator"]);
    }

    [Fact]
    public async Task The_report_says_who_may_do_something_and_who_breaks_a_rule()
    {
        (await AccessReport.ReadAsync(_world.Database, new(Permission: Permissions.ReviewHistory))).Select(p => p.UserName).ShouldBe(["compliance"]);
        (await AccessReport.ReadAsync(_world.Database, new(Role: Roles.Administrator))).ShouldAllBe(p => p.Conflicts.Count > 0);
        (await AccessReport.ReadAsync(_world.Database, new(OnlyConflicts: true))).ShouldNotContain(p => p.UserName == "adjuster1");
    }

    [Fact]
    public void Every_permission_is_in_a_shipped_role_and_every_rule_names_two_of_them()
    {
        Permissions.All.Where(p => !Roles.All.Any(role => Permissions.Of(role).Contains(p.Key))).ShouldBeEmpty();
        Permissions.All.Select(p => p.Key).Distinct().Count().ShouldBe(Permissions.All.Count);
        DutyRule.All.ShouldAllBe(rule => Permissions.Exists(rule.First) && Permissions.Exists(rule.Second) && rule.First != rule.Second);
    }

    private Task<StaffResult> SaveAsync(RoleData role, int revision = 0, DutyMode mode = DutyMode.Warn) =>
        CustomRoles.SaveAsync(_world.Runtime, new(mode), role, revision, "admin");

    private async Task GiveAsync(string userName, params string[] roles)
    {
        var person = await _world.DetailsAsync(userName);
        (
            await SavePerson.ChangeAsync(_world.Runtime, person.Id, person.Revision, person.Data with { Roles = [Roles.Employee, .. roles] }, "admin")
        ).ShouldBeOfType<StaffResult.Done>();
    }
}
