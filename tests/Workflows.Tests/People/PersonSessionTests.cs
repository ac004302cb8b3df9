using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tests.Staff;

namespace Orchestration.Workflows.Tests.People;

public sealed class PersonSessionTests : IAsyncLifetime
{
    private World _world = null!;

    private Instant Now => _world.Clock.Now();

    public async ValueTask InitializeAsync() => _world = await World.CreateAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_person_sees_where_they_are_signed_in_and_when_they_were_last_seen()
    {
        var laptop = await BeginAsync(new("10.0.0.7", "Firefox on Linux", IsBrowser: true));
        _world.Clock.Advance(Duration.FromHours(1));
        await BeginAsync(new("10.0.0.8", "curl"));
        _world.Clock.Advance(Duration.FromMinutes(10));
        var people = new FindPerson(_world.Database);
        (await people.OfSessionAsync(laptop.Person, laptop.Session, laptop.Stamp, Now)).ShouldNotBeNull();

        (await ListAsync(laptop.Person))
            .Select(s => $"{s.Kind} {s.Method} {s.Origin} {s.Device}")
            .ShouldBe(["browser password 10.0.0.7 Firefox on Linux", "api password 10.0.0.8 curl"]);
        (await ListAsync(laptop.Person))[0].SeenAt.ShouldBe(Now);
        (await ListAsync(laptop.Person))[0].StartedAt.ShouldBe(Now - Duration.FromMinutes(70));
    }

    [Fact]
    public async Task A_session_that_is_ended_is_refused_and_the_others_go_on()
    {
        var (first, second) = (await BeginAsync(new("a")), await BeginAsync(new("b")));

        (await PersonSessions.EndAsync(_world.Runtime, first.Person, first.Session, "admin")).ShouldBeTrue();

        var people = new FindPerson(_world.Database);
        (await people.OfSessionAsync(first.Person, first.Session, first.Stamp, Now)).ShouldBeNull();
        (await people.OfSessionAsync(second.Person, second.Session, second.Stamp, Now)).ShouldNotBeNull();
        (await ListAsync(first.Person)).ShouldHaveSingleItem().Id.ShouldBe(second.Session);
        (await PersonSessions.EndAsync(_world.Runtime, first.Person, first.Session, "admin")).ShouldBeFalse("it has ended");
        var stranger = await _world.PersonAsync("adjuster2");
        (await PersonSessions.EndAsync(_world.Runtime, stranger.Id, second.Session, "adjuster2")).ShouldBeFalse("it is someone else's");
        (await _world.PersonActionsAsync("adjuster1")).Count(action => action == "person.session-ended").ShouldBe(1);
    }

    [Fact]
    public async Task All_sessions_end_together_and_old_ones_are_forgotten()
    {
        var first = await BeginAsync(new("a", IsBrowser: true));
        (await PersonSessions.EndAllAsync(_world.Runtime, first.Person, "admin")).ShouldBeTrue();
        (await ListAsync(first.Person)).ShouldBeEmpty();

        await BeginAsync(new("b", IsBrowser: true));
        _world.Clock.Advance(PersonSessions.BrowserLife + PersonSessions.SeenWithin);
        (await ListAsync(first.Person)).ShouldBeEmpty();
        _world.Clock.Advance(PersonSessions.ApiLife + Duration.FromDays(2));
        (await PersonSessions.PurgeAsync(_world.Database, Now, default)).ShouldBe(2);
        (await PersonSessions.EndAllAsync(_world.Runtime, Guid.Empty, "admin")).ShouldBeFalse();
    }

    private Task<IReadOnlyList<PersonSession>> ListAsync(Guid person) => PersonSessions.ListAsync(_world.Database, person, Now);

    private async Task<SignInAnswer.SignedIn> BeginAsync(SignInFrom from) =>
        (await _world.Get<SignIn>().TryAsync("adjuster1", "demo", null, from, Now)).ShouldBeOfType<SignInAnswer.SignedIn>();
}
