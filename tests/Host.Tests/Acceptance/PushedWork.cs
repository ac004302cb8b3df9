using System.Net;
using System.Text.Json.Nodes;
using Orchestration.Host.Tests.Journeys;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>Work that is offered to someone of the adjusters.</summary>
internal static class PushedWork
{
    /// <summary>A journey whose only step the adjusters are offered, of whom one is there and has nothing else to do.</summary>
    public static async Task PushAsync(this Office office, string journey, string person = "adjuster2")
    {
        var answer = await office
            .Person("analyst")
            .SendAsync(
                HttpMethod.Post,
                "/api/definitions",
                new
                {
                    definition = Journey.Of(journey, Journey.Step("look")),
                    publish = true,
                    operationId = Worker.NewOperation(),
                }
            );
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        (await office.Person("senior1").SendAsync(HttpMethod.Put, "/api/teams/claims-adjusting/distribution/mode", new { mode = "offer" })).StatusCode.ShouldBe(
            HttpStatusCode.NoContent
        );
        var other = office.Person(person == "adjuster2" ? "adjuster1" : "adjuster2");
        (await other.SendAsync(HttpMethod.Put, "/api/me/presence", new { state = "Away", reason = "Break" })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await office.Person(person).SendAsync(HttpMethod.Put, "/api/me/presence", new { state = "Available" })).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>Opens a case and waits until its step is offered.</summary>
    public static async Task<Guid> OfferAsync(this Office office, string journey, int number, string person = "adjuster2")
    {
        await office.FrontOffice.OpenAsync(journey, office.NewReference($"OF{number}"), new { });
        var offers = await Eventually.AsksAsync(
            async () => (await office.Person(person).GetAsync("/api/offers")).AsArray(),
            offers => offers.Count == 1,
            "the step is offered"
        );
        return Guid.Parse((string)offers[0]!["id"]!);
    }
}
