using System.Text;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tests.Staff;
using OtpNet;

namespace Orchestration.Workflows.Tests.People;

public sealed class SecondFactorTests : IAsyncLifetime
{
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("12345678901234567890");
    private static readonly SignInFrom Office = new("office", "Firefox on Linux", IsBrowser: true);
    private World _world = null!;

    private SignIn SignIn => _world.Get<SignIn>();

    private SecondFactors Factors => _world.Get<SecondFactors>();

    private Instant Now => _world.Clock.Now();

    private string Code => CodeAt(Now);

    public async ValueTask InitializeAsync() => _world = await World.CreateAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1234567890, "005924")]
    [InlineData(20000000000, "353130")]
    public void A_code_is_that_of_rfc_6238(long seconds, string code) =>
        SecondFactors.StepOf(Secret, code, 0, Instant.FromUnixTimeSeconds(seconds)).ShouldBe(seconds / 30);

    [Theory]
    [InlineData(-30, true)]
    [InlineData(59, true)]
    [InlineData(-31, false)]
    [InlineData(60, false)]
    public void A_phone_may_be_off_by_one_period(int seconds, bool accepted)
    {
        var now = Instant.FromUnixTimeSeconds(1234567890);

        (SecondFactors.StepOf(Secret, CodeAt(now + Duration.FromSeconds(seconds)), 0, now) is not null).ShouldBe(accepted);
    }

    [Fact]
    public async Task A_role_that_needs_it_sets_it_up_before_its_first_session_and_gives_a_code_from_then_on()
    {
        var needed = (await TryAsync("admin", null)).ShouldBeOfType<SignInAnswer.SetUpNeeded>();
        (await Factors.SetUpAsync(needed.Person, "admin", needed.Stamp, Secret, "000000", Now)).ShouldBeNull();
        var codes = (await Factors.SetUpAsync(needed.Person, "admin", needed.Stamp, Secret, Code, Now)).ShouldNotBeNull();
        codes.Distinct().Count().ShouldBe(SecondFactors.RecoveryCodes);
        (await Factors.SetUpAsync(needed.Person, "admin", needed.Stamp, SecondFactors.NewSecret(), Code, Now)).ShouldBeNull("there is one");

        (await TryAsync("admin", null)).ShouldBeOfType<SignInAnswer.CodeNeeded>();
        (await TryAsync("admin", Code)).ShouldBeOfType<SignInAnswer.Refused>("the code that set it up is used");
        _world.Clock.Advance(Duration.FromSeconds(30));
        (await TryAsync("admin", Code)).ShouldBeOfType<SignInAnswer.SignedIn>();
        (await TryAsync("adjuster1", null)).ShouldBeOfType<SignInAnswer.SignedIn>("other roles need none");
        (await _world.PersonActionsAsync("admin")).ShouldBe(["person.added", "person.second-factor-set-up", "person.sign-in-failed", "person.signed-in"]);
    }

    [Fact]
    public async Task Of_two_sign_ins_with_one_code_one_is_refused()
    {
        var admin = await SetUpAsync("admin");
        _world.Clock.Advance(Duration.FromSeconds(30));

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SignIn.FinishAsync(admin.Person, admin.Stamp, Code, Office, Now)));

        answers.Count(answer => answer is SignInAnswer.SignedIn).ShouldBe(1);
    }

    [Fact]
    public async Task Wrong_codes_slow_down_as_wrong_passwords_do_and_a_right_password_forgets_none()
    {
        var admin = await SetUpAsync("admin");
        _world.Clock.Advance(Duration.FromMinutes(1));
        for (var i = 0; i < SignIn.FailuresAllowed; i++)
        {
            (await TryAsync("admin", null)).ShouldBeOfType<SignInAnswer.CodeNeeded>();
            (await SignIn.FinishAsync(admin.Person, admin.Stamp, "123456", Office, Now)).ShouldBeOfType<SignInAnswer.Refused>();
        }

        (await SignIn.FinishAsync(admin.Person, admin.Stamp, Code, Office, Now)).ShouldBeOfType<SignInAnswer.Refused>();
        (await TryAsync("admin", Code)).ShouldBeOfType<SignInAnswer.Refused>();
        _world.Clock.Advance(SignIn.Lockout);
        (await TryAsync("admin", Code)).ShouldBeOfType<SignInAnswer.SignedIn>();
    }

    [Fact]
    public async Task A_recovery_code_signs_in_once_however_it_is_typed()
    {
        var (_, _, codes) = await SetUpAsync("admin");

        (await TryAsync("admin", codes[3].ToUpperInvariant().Replace("-", " "))).ShouldBeOfType<SignInAnswer.SignedIn>();
        (await TryAsync("admin", codes[3])).ShouldBeOfType<SignInAnswer.Refused>();
        (await TryAsync("admin", codes[4])).ShouldBeOfType<SignInAnswer.SignedIn>();
        (await Factors.FindAsync((await _world.PersonAsync("admin")).Id))!.RecoveryCodes.ShouldBe(SecondFactors.RecoveryCodes - 2);
    }

    [Fact]
    public async Task New_recovery_codes_replace_the_old_ones_and_need_a_code()
    {
        var (_, _, old) = await SetUpAsync("admin");
        var admin = await _world.PersonAsync("admin");
        (await Factors.RenewCodesAsync(admin, Code, Now)).ShouldBeNull("the code is used");
        _world.Clock.Advance(Duration.FromSeconds(30));

        var codes = (await Factors.RenewCodesAsync(admin, Code, Now)).ShouldNotBeNull();

        (await TryAsync("admin", old[0])).ShouldBeOfType<SignInAnswer.Refused>();
        (await TryAsync("admin", codes[0])).ShouldBeOfType<SignInAnswer.SignedIn>();
    }

    [Fact]
    public async Task An_administrator_resets_it_which_ends_the_sessions()
    {
        var admin = await SetUpAsync("admin");
        var session = (SignInAnswer.SignedIn)await SignIn.BeginAsync(admin.Person, admin.Stamp, "code", Office, Now);

        (await RestoreAccess.ResetSecondFactorAsync(_world.Runtime, admin.Person, "other")).ShouldBeOfType<StaffResult.Done>();

        (await new FindPerson(_world.Database).OfSessionAsync(admin.Person, session.Session, session.Stamp, Now)).ShouldBeNull();
        (await TryAsync("admin", null)).ShouldBeOfType<SignInAnswer.SetUpNeeded>();
        (await _world.PersonActionsAsync("admin")).ShouldContain("person.second-factor-reset");
        (await _world.ToldAsync("admin")).ShouldContain(line => line.StartsWith("person.second-factor-reset: Your second factor was reset"));
        (await RestoreAccess.ResetSecondFactorAsync(_world.Runtime, admin.Person, "other")).ShouldBeOfType<StaffResult.Refused>();
    }

    [Fact]
    public async Task The_database_has_neither_the_key_nor_the_recovery_codes()
    {
        var (_, _, codes) = await SetUpAsync("admin");

        var rows = await _world.ScalarAsync<string>(
            "select concat((select string_agg(f::text, '') from second_factor f), (select string_agg(r::text, '') from recovery_code r))"
        );

        rows.ShouldNotContain(SecondFactors.Key(Secret).Replace(" ", ""), Case.Insensitive);
        rows.ShouldNotContain(Convert.ToBase64String(Secret));
        rows.ShouldNotContain(Convert.ToHexString(Secret), Case.Insensitive);
        foreach (var code in codes)
            rows.ShouldNotContain(code);
    }

    private async Task<(Guid Person, Guid Stamp, IReadOnlyList<string> Codes)> SetUpAsync(string userName)
    {
        var needed = (SignInAnswer.SetUpNeeded)await TryAsync(userName, null);
        return (needed.Person, needed.Stamp, (await Factors.SetUpAsync(needed.Person, userName, needed.Stamp, Secret, Code, Now))!);
    }

    private Task<SignInAnswer> TryAsync(string userName, string? code) => SignIn.TryAsync(userName, "demo", code, Office, Now);

    private static string CodeAt(Instant at) => new Totp(Secret).ComputeTotp(at.ToDateTimeUtc());
}
