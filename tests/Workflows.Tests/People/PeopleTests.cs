using NodaTime;
using Orchestration.Testing;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tests.People;

public sealed class PeopleTests : IAsyncLifetime
{
    private static readonly Instant Now = Instant.FromUtc(2026, 6, 1, 9, 0);
    private static readonly NewPerson Vera = new("vera", "Vera Lang", "vera@example.com", [Roles.Employee]) { Teams = ["claims"], Skills = [new("fraud", 3)] };
    private static readonly string Hash = Passwords.Hash("a quiet evening");

    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        await new SeedPeople(_database.DataSource, new(_database.DataSource), new()).TeamsAsync(
            """[{ "key": "claims", "title": "Claims", "description": "" }]"""u8.ToArray(),
            Now
        );
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Every_change_of_a_person_and_every_sign_in_is_in_their_history()
    {
        var vera = (await AddAsync())!.Value;
        var people = new FindPerson(_database.DataSource);
        var signIn = Signing.On(_database.DataSource);
        for (var i = 0; i < SignIn.FailuresAllowed; i++)
            await signIn.TryAsync("vera", "wrong", Now);
        var later = Now + SignIn.Lockout;
        var (_, stamp) = (await signIn.TryAsync("VERA", "a quiet evening", later))!.Value;
        var session = Guid.Parse("01970000-0000-7000-8000-000000000001");
        var person = (await people.OfSessionAsync(vera, session, stamp, later))!;
        await new SignOut(_database.DataSource, people).EndAsync(person, session, later + Duration.FromDays(1), later);
        (await HistoryAsync(vera)).ShouldBe([
            "1 admin person.added",
            "2 vera person.sign-in-failed",
            "3 vera person.sign-in-failed",
            "4 vera person.sign-in-failed",
            "5 vera person.sign-in-failed",
            "6 vera person.locked-out",
            "7 vera person.signed-in",
            "8 vera person.signed-out",
        ]);
    }

    [Fact]
    public async Task Of_many_guesses_at_once_only_as_many_count_as_the_lockout_allows()
    {
        var vera = (await AddAsync())!.Value;
        var signIn = Signing.On(_database.DataSource);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => signIn.TryAsync("vera", $"guess {i}", Now)));

        answers.Count(answer => answer is not null).ShouldBe(0);
        (await HistoryAsync(vera))
            .Count(line => line.Contains("sign-in-failed", StringComparison.Ordinal) || line.Contains("locked-out", StringComparison.Ordinal))
            .ShouldBe(SignIn.FailuresAllowed);
        (await signIn.TryAsync("vera", "a quiet evening", Now)).ShouldBeNull();
    }

    [Fact]
    public async Task A_success_forgets_the_failures_before_it()
    {
        await AddAsync();
        var signIn = Signing.On(_database.DataSource);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < SignIn.FailuresAllowed - 1; i++)
                (await signIn.TryAsync("vera", "wrong", Now)).ShouldBeNull();
            (await signIn.TryAsync("vera", "a quiet evening", Now)).ShouldNotBeNull();
        }
    }

    [Fact]
    public async Task A_stranger_slows_down_their_own_address_and_not_the_person()
    {
        await AddAsync();
        var signIn = Signing.On(_database.DataSource);
        (await signIn.TryAsync("vera", "a quiet evening", Now, "office")).ShouldNotBeNull();

        for (var i = 0; i < 20; i++)
            (await signIn.TryAsync("vera", $"guess {i}", Now, "stranger")).ShouldBeNull();

        (await signIn.TryAsync("vera", "a quiet evening", Now, "stranger")).ShouldBeNull("their address waits");
        (await signIn.TryAsync("vera", "a quiet evening", Now, "office")).ShouldNotBeNull();
        (await signIn.TryAsync("vera", "a quiet evening", Now, "home")).ShouldNotBeNull("a new address of hers");
        (await signIn.TryAsync("vera", "a quiet evening", Now + SignIn.Lockout, "stranger")).ShouldNotBeNull();
    }

    [Fact]
    public async Task An_address_that_goes_on_guessing_waits_longer_every_time()
    {
        await AddAsync();
        var signIn = Signing.On(_database.DataSource);
        for (var i = 0; i < SignIn.FailuresAllowed; i++)
            await signIn.TryAsync("vera", "wrong", Now, "stranger");

        var later = Now + SignIn.Lockout;
        await signIn.TryAsync("vera", "wrong", later, "stranger");

        (await signIn.TryAsync("vera", "a quiet evening", later + SignIn.Lockout, "stranger")).ShouldBeNull();
        (await signIn.TryAsync("vera", "a quiet evening", later + 2 * SignIn.Lockout, "stranger")).ShouldNotBeNull();
    }

    [Fact]
    public async Task Many_strangers_get_no_further_than_one_and_a_known_address_still_signs_in()
    {
        var vera = (await AddAsync())!.Value;
        var signIn = Signing.On(_database.DataSource);
        (await signIn.TryAsync("vera", "a quiet evening", Now, "office")).ShouldNotBeNull();
        for (var i = 0; i < SignIn.StrangersFailuresAllowed; i++)
            await signIn.TryAsync("vera", "wrong", Now, $"stranger {i}");

        (await signIn.TryAsync("vera", "a quiet evening", Now, "another stranger")).ShouldBeNull();
        (await signIn.TryAsync("vera", "a quiet evening", Now, "office")).ShouldNotBeNull();

        await using var unlock = _database.DataSource.CreateCommand($"update person set locked_until = null where id = '{vera}'");
        await unlock.ExecuteNonQueryAsync();
        (await signIn.TryAsync("vera", "a quiet evening", Now, "another stranger")).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_user_name_is_taken_without_regard_to_case()
    {
        await AddAsync();

        (await new AddPerson(_database.DataSource).TryAsync(Vera with { UserName = "VERA" }, Hash, "admin", Now)).ShouldBeNull();
    }

    [Fact]
    public async Task A_person_without_a_password_cannot_sign_in()
    {
        var vera = await new AddPerson(_database.DataSource).TryAsync(Vera, null, "admin", Now);

        (await Signing.On(_database.DataSource).TryAsync("vera", "", Now)).ShouldBeNull();
        (await HistoryAsync(vera!.Value)).ShouldBe(["1 admin person.added"]);
    }

    private Task<Guid?> AddAsync() => new AddPerson(_database.DataSource).TryAsync(Vera, Hash, "admin", Now);

    private async Task<List<string>> HistoryAsync(Guid person)
    {
        await using var query = _database.DataSource.CreateCommand(
            $"select sequence || ' ' || actor || ' ' || action from event where entity = 'person' and entity_id = '{person:N}' order by sequence"
        );
        await using var reader = await query.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
            lines.Add(reader.GetString(0));
        return lines;
    }
}
