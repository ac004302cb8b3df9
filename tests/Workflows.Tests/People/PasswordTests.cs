using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tests.People;

public sealed class PasswordTests
{
    [Theory]
    [InlineData("short", "at least 12 characters")]
    [InlineData("vera-and-a-lot-more", "must not contain the user name")]
    [InlineData("the Kowalski family", "must not contain your name")]
    [InlineData("aaaabbbbaaaabbbb", "repeats too few characters")]
    [InlineData("Password12345!", "first that attackers try")]
    [InlineData("passwordpassword", "first that attackers try")]
    [InlineData("Qwertyuiop123456", "first that attackers try")]
    [InlineData("Welcome-2026-Summer", "first that attackers try")]
    [InlineData("123456789012", "first that attackers try")]
    [InlineData("987654321098", "first that attackers try")]
    public void A_weak_password_is_refused_with_its_reason(string password, string reason) =>
        Passwords.Weakness(password, "vera", "Vera-Maria Kowalski", 12).ShouldNotBeNull().ShouldContain(reason);

    [Theory]
    [InlineData("four horses in a field")]
    [InlineData("correct horse battery staple")]
    [InlineData("no capitals, digits or signs needed")]
    [InlineData("a secret garden in Kent")]
    [InlineData("4917 0038 2251")]
    public void A_long_one_is_accepted_without_rules_of_composition(string password) =>
        Passwords.Weakness(password, "vera", "Vera-Maria Kowalski", 12).ShouldBeNull();

    [Fact]
    public void The_length_is_a_setting() => Passwords.Weakness("wet paint on", "vera", "Vera", 16).ShouldBe("it must have at least 16 characters");
}
