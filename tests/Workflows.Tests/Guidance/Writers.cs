using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tests.Guidance;

/// <summary>People with their teams, and articles that they write.</summary>
internal static class Writers
{
    public static readonly ArticleContent Usual = new("Assess a roof", "Look at the **gutter** first.") { Pins = [new("walk", "assess")] };

    /// <summary>A person with the teams the database knows.</summary>
    public static async Task<Person> ColleagueAsync(this World world, string userName) =>
        (await new FindPerson(world.Database).OfIdAsync((await world.PersonAsync(userName)).Id, world.Clock.GetCurrentInstant()))!;

    /// <summary>An article of claims adjusting that adjuster1 wrote and senior1 approved.</summary>
    public static async Task<Guid> PublishedAsync(this World world, ArticleContent content)
    {
        var (writer, lead) = (await world.ColleagueAsync("adjuster1"), await world.ColleagueAsync("senior1"));
        var added = (await SaveArticle.AddAsync(world.Runtime, "claims-adjusting", content, writer)).ShouldBeOfType<ArticleResult.Done>();
        await ReviewArticle.SubmitAsync(world.Runtime, added.Id, 1, writer);
        (await ReviewArticle.ApproveAsync(world.Runtime, added.Id, 2, lead)).ShouldBeOfType<ArticleResult.Done>();
        return added.Id;
    }
}
