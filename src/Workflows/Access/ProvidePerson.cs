using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows.Access;

/// <summary>Who signs in with an account of an identity provider.</summary>
public abstract record ProvideResult
{
    private ProvideResult() { }

    /// <summary>A person who may sign in.</summary>
    /// <param name="Person">Who.</param>
    public sealed record Provided(Guid Person) : ProvideResult;

    /// <summary>They can't. Nothing was changed.</summary>
    /// <param name="Reason">Why.</param>
    /// <param name="Detail">More, for the log; null: nothing.</param>
    public sealed record Refused(SignOnRefusal Reason, string? Detail = null) : ProvideResult;
}

/// <summary>
/// Finds the person of a provider's account, makes one if that is allowed, and has their roles and teams follow the account's groups. The account is known by
/// issuer and subject; by a verified email only if the rules say so, and then linked. All of it is one transaction with its history, in the provider's name.
/// </summary>
public static class ProvidePerson
{
    /// <summary>Finds, makes or changes the person.</summary>
    /// <param name="account">As the provider says; its token was verified.</param>
    public static async Task<ProvideResult> RunAsync(WorkflowRuntime runtime, SignOnRules rules, ExternalPerson account, CancellationToken cancel = default)
    {
        if (!rules.Allows(account.Email, account.EmailVerified))
            return new ProvideResult.Refused(SignOnRefusal.EmailDomain, account.Email);
        await using var t = await StaffTransaction.OpenAsync(runtime, rules.Actor, cancel);
        var teams = (await TeamDetails.ReadAsync(t.Connection, null, cancel)).ToDictionary(team => team.Key);
        var offered = teams.Values.Where(team => team.RetiredAt is null).Select(team => team.Key).ToHashSet();
        var linked = await LinkedAsync(t, account, cancel);
        var id = linked ?? (rules.LinksByEmail && account is { EmailVerified: true, Email: { } email } ? await WithEmailAsync(t, email, cancel) : null);
        var userName = SignOnRules.UserNameOf(account);
        var people = await PersonDetails.SomeAsync(t.Connection, id is { } known ? [known] : [], userName is null ? [] : [userName], t.Now, cancel);
        var before = people.Find(p => p.Id == id);
        if (before is { Active: false })
            return new ProvideResult.Refused(SignOnRefusal.Deactivated, before.UserName);
        if (before is null)
        {
            if (!rules.AddsPeople)
                return new ProvideResult.Refused(SignOnRefusal.NotAdded);
            if (userName is null)
                return new ProvideResult.Refused(SignOnRefusal.Profile, "no claim has a user name that is accepted");
            if (people.Count > 0)
                return new ProvideResult.Refused(SignOnRefusal.UserNameTaken, userName);
        }

        var after = StaffRules.Tidy(rules.Apply(before?.Data ?? new(userName!, userName!, null, []), account, offered));
        if (after.Roles.Count == 0)
            return new ProvideResult.Refused(SignOnRefusal.NoRole, $"groups: {string.Join(", ", account.Groups)}");
        var roles = await CustomRoles.AllAsync(t.Connection, cancel);
        var errors = StaffRules
            .Check(after, teams, await SkillCatalog.KeysAsync(t.Connection, cancel), roles, before?.Data)
            .Concat(CustomRoles.Conflicts(rules.Duties, after.Roles, before?.Roles ?? [], roles));
        if (errors.ToList() is [var (field, reason), ..])
            return new ProvideResult.Refused(SignOnRefusal.Profile, $"{field} {reason}");

        var plan = new StaffPlan(before is null ? [] : [before], teams, t.Now);
        if (before is null)
        {
            id = plan.Add(after);
        }
        else
        {
            plan.Change(before, after);

            // A mapping that forgets the administrators must not lock everyone out.
            if ((await plan.CheckAdministratorsAsync(t, cancel)).Count > 0)
                plan.Change(before, after = StaffRules.Tidy(after with { Roles = [.. after.Roles, Roles.Administrator] }));
            if (linked is not null && StaffPlan.Compare(before.Data, after).Count == 0)
                return new ProvideResult.Provided(before.Id);
        }

        await plan.WriteToAsync(t, cancel, id!.Value);
        if (linked is null)
        {
            t.Writes.Add(
                "insert into external_login (issuer, subject, person_id, linked_at) values ($1, $2, $3, $4)",
                account.Issuer,
                account.Subject,
                id,
                t.Now
            );
            t.Record(
                id.Value,
                "person.sign-on-linked",
                0,
                new
                {
                    provider = rules.Provider,
                    account.Issuer,
                    account.Subject,
                }
            );
        }

        await t.CommitAsync(cancel);
        return new ProvideResult.Provided(id.Value);
    }

    private static async Task<Guid?> LinkedAsync(StaffTransaction t, ExternalPerson account, CancellationToken cancel)
    {
        await using var batch = t.Connection.CreateBatch();
        batch.Add("select person_id from external_login where issuer = $1 and subject = $2", account.Issuer, account.Subject);
        return (Guid?)await batch.ExecuteScalarAsync(cancel);
    }

    /// <summary>The one active person with the address who has no account of a provider yet.</summary>
    private static async Task<Guid?> WithEmailAsync(StaffTransaction t, string email, CancellationToken cancel)
    {
        await using var batch = t.Connection.CreateBatch();
        batch.Add(
            """
            select (array_agg(p.id))[1] from person p where lower(p.email) = lower($1) and p.active
                and not exists (select from external_login l where l.person_id = p.id) having count(*) = 1
            """,
            email
        );
        return await batch.ExecuteScalarAsync(cancel) as Guid?;
    }
}
