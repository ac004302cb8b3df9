using Orchestration.Workflows.Access;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tests.Staff;

namespace Orchestration.Workflows.Tests.Access;

/// <summary>Accounts of an identity provider as people.</summary>
public sealed class SignOnTests : IAsyncLifetime
{
    private static readonly SignOnRules Rules = new(
        "Contoso",
        [
            new("adjusters", [Roles.Employee], ["claims-adjusting"]),
            new("leads", [Roles.Supervisor], []),
            new("admins", [Roles.Administrator], []),
            new("everyone", [], ["no-such-team"]),
        ]
    );

    private World _world = null!;

    public async ValueTask InitializeAsync() => _world = await World.CreateAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Someone_new_becomes_a_person_with_the_roles_and_teams_of_their_groups()
    {
        await ProvidedAsync(Rules, Ines with { Groups = ["adjusters", "everyone", "unknown"] });

        var person = await _world.DetailsAsync("ines");
        person.DisplayName.ShouldBe("Ines Duarte");
        person.Roles.ShouldBe([Roles.Employee]);
        person.Teams.ShouldBe(["claims-adjusting"]);
        (person.HasPassword, person.HasSingleSignOn).ShouldBe((false, true));
        (await _world.PersonActionsAsync("ines")).ShouldBe(["person.added", "person.sign-on-linked"]);
        (
            await _world.ScalarAsync<string>("select string_agg(distinct actor, ' ') from event where entity_id = @id", new { id = person.Id.ToString("N") })
        ).ShouldBe("oidc:Contoso");
    }

    [Fact]
    public async Task What_the_mapping_names_follows_the_groups_and_all_else_stays()
    {
        await ProvidedAsync(Rules, Ines with { Groups = ["adjusters", "leads"] });
        var person = await _world.DetailsAsync("ines");
        (
            await SavePerson.ChangeAsync(
                _world.Runtime,
                person.Id,
                person.Revision,
                new("", "Ines Duarte", person.Email, [.. person.Roles, Roles.Analyst]) { Teams = ["claims-adjusting", "claims-payments"] },
                "admin"
            )
        ).ShouldBeOfType<StaffResult.Done>();

        await ProvidedAsync(Rules, Ines with { Groups = ["leads"], DisplayName = "Ines Duarte-Kent" });
        await ProvidedAsync(Rules, Ines with { Groups = ["leads"], DisplayName = "Ines Duarte-Kent" });

        var after = await _world.DetailsAsync("ines");
        after.Roles.ShouldBe([Roles.Analyst, Roles.Supervisor]);
        after.Teams.ShouldBe(["claims-payments"]);
        after.DisplayName.ShouldBe("Ines Duarte-Kent");
        (await _world.PersonActionsAsync("ines")).ShouldBe(["person.added", "person.sign-on-linked", "person.changed", "person.changed"]);
    }

    [Fact]
    public async Task Without_a_role_there_is_the_default_role_or_a_refusal()
    {
        await RefusedAsync(SignOnRefusal.NoRole, Rules, Ines);

        var rules = Rules with { DefaultRole = Roles.FrontOffice };
        await ProvidedAsync(rules, Ines);
        (await _world.DetailsAsync("ines")).Roles.ShouldBe([Roles.FrontOffice]);
        await ProvidedAsync(rules, Ines with { Groups = ["adjusters"] });
        (await _world.DetailsAsync("ines")).Roles.ShouldBe([Roles.Employee]);
    }

    [Fact]
    public async Task Someone_who_lost_every_role_is_refused_and_keeps_what_they_had()
    {
        await ProvidedAsync(Rules, Ines with { Groups = ["adjusters"] });

        await RefusedAsync(SignOnRefusal.NoRole, Rules, Ines with { Groups = [] });

        (await _world.DetailsAsync("ines")).Roles.ShouldBe([Roles.Employee]);
    }

    [Fact]
    public async Task Accounts_are_told_apart_by_issuer_and_subject_and_not_by_name()
    {
        await ProvidedAsync(Rules, Ines with { Groups = ["adjusters"] });

        await RefusedAsync(SignOnRefusal.UserNameTaken, Rules, Ines with { Subject = "other", Groups = ["adjusters"] });
        await RefusedAsync(SignOnRefusal.UserNameTaken, Rules, Ines with { Issuer = "https://other.example", Groups = ["adjusters"] });
        await RefusedAsync(SignOnRefusal.UserNameTaken, Rules, Ines with { Subject = "s-9", UserName = "ADMIN", Groups = ["admins"] });
        await ProvidedAsync(Rules, Ines with { UserName = "renamed", Groups = ["adjusters"] });
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, false, false)]
    [InlineData(true, null, false)]
    [InlineData(false, true, false)]
    public async Task An_account_is_linked_by_email_only_if_the_provider_verified_it_and_a_setting_says_so(bool setting, bool? verified, bool linked)
    {
        var admin = await _world.DetailsAsync("adjuster1");
        (
            await SavePerson.ChangeAsync(_world.Runtime, admin.Id, admin.Revision, admin.Data with { Email = "Tom@Example.com" }, "admin")
        ).ShouldBeOfType<StaffResult.Done>();

        var account = Ines with { UserName = "tom", Email = "tom@example.com", EmailVerified = verified, Groups = ["adjusters"] };
        var result = await ProvidePerson.RunAsync(_world.Runtime, Rules with { LinksByEmail = setting }, account);

        (result.ShouldBeOfType<ProvideResult.Provided>().Person == admin.Id).ShouldBe(linked);
    }

    [Theory]
    [InlineData("ines@example.com", true, true)]
    [InlineData("ines@EXAMPLE.com", null, true)]
    [InlineData("ines@example.com", false, false)]
    [InlineData("ines@example.com.evil.net", true, false)]
    [InlineData("ines@evil.net@example.com", true, false)]
    [InlineData(null, null, false)]
    public void Only_addresses_of_allowed_domains_sign_in(string? email, bool? verified, bool allowed) =>
        (Rules with { EmailDomains = ["example.com"] }).Allows(email, verified).ShouldBe(allowed);

    [Fact]
    public async Task A_deactivated_person_and_someone_unknown_where_none_are_added_are_refused()
    {
        await RefusedAsync(SignOnRefusal.NotAdded, Rules with { AddsPeople = false }, Ines with { Groups = ["adjusters"] });
        await ProvidedAsync(Rules, Ines with { Groups = ["adjusters"] });
        await _world.DeactivateAsync("ines");

        await RefusedAsync(SignOnRefusal.Deactivated, Rules, Ines with { Groups = ["adjusters"] });
        await RefusedAsync(SignOnRefusal.EmailDomain, Rules with { EmailDomains = ["contoso.com"] }, Ines);
        await RefusedAsync(SignOnRefusal.Profile, Rules, Ines with { Subject = "s-2", UserName = "no name", Email = null, Groups = ["adjusters"] });
    }

    [Fact]
    public async Task The_last_administrator_stays_one_whatever_the_groups_say()
    {
        await ProvidedAsync(Rules, Ines with { Groups = ["admins"] });
        (await _world.DeactivateAsync("admin", actor: "ines")).ShouldBeOfType<StaffResult.Done>();

        await ProvidedAsync(Rules, Ines with { Groups = ["adjusters"] });

        (await _world.DetailsAsync("ines")).Roles.ShouldBe([Roles.Employee, Roles.Administrator]);
    }

    [Fact]
    public async Task A_name_that_is_no_user_name_gives_way_to_the_address()
    {
        await ProvidedAsync(Rules, Ines with { UserName = "Duarte, Ines", Groups = ["adjusters"] });

        (await _world.DetailsAsync("ines@example.com")).DisplayName.ShouldBe("Ines Duarte");
    }

    private static readonly ExternalPerson Ines = new("https://login.example", "s-1", "ines", "Ines Duarte", "ines@example.com", true, []);

    private async Task ProvidedAsync(SignOnRules rules, ExternalPerson account) =>
        (await ProvidePerson.RunAsync(_world.Runtime, rules, account)).ShouldBeOfType<ProvideResult.Provided>();

    private async Task RefusedAsync(SignOnRefusal reason, SignOnRules rules, ExternalPerson account) =>
        (await ProvidePerson.RunAsync(_world.Runtime, rules, account)).ShouldBeOfType<ProvideResult.Refused>().Reason.ShouldBe(reason);
}
