using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tests.People;

namespace Orchestration.Workflows.Tests.Staff;

public sealed class PasswordLinkTests
{
    private const string Password = "four quiet evenings";

    [Fact]
    public async Task A_link_sets_a_password_once_and_ends_sessions_and_lock_outs()
    {
        await using var world = await World.CreateAsync();
        var (links, signIn, now) = (world.Get<PasswordLinks>(), Signing.On(world.Database), world.Clock.Now());
        var stamp = (await signIn.TryAsync("adjuster1", "demo", now))!.Value.Stamp;
        for (var i = 0; i < SignIn.FailuresAllowed; i++)
            await signIn.TryAsync("adjuster1", "wrong", now);
        var id = (await world.PersonAsync("adjuster1")).Id;

        var made = (await links.MakeAsync(id, "admin")).ShouldBeOfType<PasswordLinkResult.Made>();
        (made.ExpiresAt - now, made.MailedTo).ShouldBe((PasswordLinks.ResetLife, null));
        (await links.ChooseAsync(made.Token, "adjuster1 forever")).ShouldBeOfType<PasswordChoice.Weak>().Reason.ShouldContain("user name");
        (await links.ChooseAsync(made.Token, Password)).ShouldBe(new PasswordChoice.Chosen("adjuster1"));

        (await links.ChooseAsync(made.Token, "another quiet evening")).ShouldBeOfType<PasswordChoice.Expired>();
        (await links.FindAsync(made.Token)).ShouldBeNull();
        (await signIn.TryAsync("adjuster1", "demo", now)).ShouldBeNull();
        (await signIn.TryAsync("adjuster1", Password, now))!.Value.Stamp.ShouldNotBe(stamp);
        (await world.PersonActionsAsync("adjuster1")).ShouldBe([
            "person.added",
            "person.signed-in",
            .. Enumerable.Repeat("person.sign-in-failed", SignIn.FailuresAllowed - 1),
            "person.locked-out",
            "person.password-link-made",
            "person.password-chosen",
            "person.sign-in-failed",
            "person.signed-in",
        ]);
    }

    [Fact]
    public async Task A_link_expires_is_replaced_by_a_newer_one_and_ends_with_the_person()
    {
        await using var world = await World.CreateAsync();
        var links = world.Get<PasswordLinks>();
        var id = (await SavePerson.AddAsync(world.Runtime, new("vera", "Vera Lang", null, [Roles.Employee]), "admin"))
            .ShouldBeOfType<StaffResult.Added>()
            .Person;
        var first = await MakeAsync();
        (first.ExpiresAt - world.Clock.Now()).ShouldBe(PasswordLinks.FirstLife);
        var second = await MakeAsync();

        (await links.FindAsync(first.Token)).ShouldBeNull();
        (await links.FindAsync(second.Token)).ShouldBe(("vera", "Vera Lang"));
        world.Clock.Set(second.ExpiresAt);
        (await links.ChooseAsync(second.Token, Password)).ShouldBeOfType<PasswordChoice.Expired>();

        var third = await MakeAsync();
        await world.DeactivateAsync("vera");
        (await links.ChooseAsync(third.Token, Password)).ShouldBeOfType<PasswordChoice.Expired>();
        (await links.MakeAsync(id, "admin")).ShouldBeOfType<PasswordLinkResult.Refused>();

        async Task<PasswordLinkResult.Made> MakeAsync() => (await links.MakeAsync(id, "admin")).ShouldBeOfType<PasswordLinkResult.Made>();
    }

    [Fact]
    public async Task Of_two_who_use_a_link_at_once_one_does()
    {
        await using var world = await World.CreateAsync();
        var links = world.Get<PasswordLinks>();
        var made = (await links.MakeAsync((await world.PersonAsync("adjuster1")).Id, "admin")).ShouldBeOfType<PasswordLinkResult.Made>();

        var choices = await Task.WhenAll(links.ChooseAsync(made.Token, Password), links.ChooseAsync(made.Token, "another quiet evening"));

        choices.Count(c => c is PasswordChoice.Chosen).ShouldBe(1);
    }

    [Fact]
    public async Task The_database_has_no_token()
    {
        await using var world = await World.CreateAsync(new() { Host = "localhost", PublicUrl = new("https://work.example.com") });
        var made = (await world.Get<PasswordLinks>().MakeAsync((await world.PersonAsync("adjuster1")).Id, "admin")).ShouldBeOfType<PasswordLinkResult.Made>();

        made.MailedTo.ShouldBe("daniel.brandt@example.com");
        var everything = await world.ScalarAsync<string>(
            """
            select concat((select string_agg(l::text, '') from password_link l), (select string_agg(e::text, '') from effect e),
                (select string_agg(e.payload::text, '') from event e))
            """
        );
        everything.ShouldContain("daniel.brandt@example.com");
        everything.ShouldNotContain(made.Token);
    }
}
