using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.ServiceLevels;

namespace Orchestration.Workflows.Tests.PromiseLedger;

/// <summary>Whether a date can be promised, and what happens when the customer agrees to a later one.</summary>
public sealed class PromiseDateTests : IAsyncLifetime
{
    private World _world = null!;
    private MakePromise _make = null!;
    private Person _front = null!;
    private Guid _case;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await _world.LoadShippedAsync();
        await _world.PublishAsync("walk", ("assess", """ "title": "Assess", "team": "claims-adjusting", "outcomes": ["Done"] """));
        (_make, _front, _case) = (_world.Get<MakePromise>(), await _world.PersonAsync("frontoffice"), await _world.StartAsync("walk"));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_promise_to_call_is_judged_by_the_time_there_is()
    {
        await KeepTwelveAsync();

        var minute = await OddsAsync(Duration.FromMinutes(1));
        minute.Chance.ShouldBe(0.5 / 13, 1e-9, "nobody was called in a minute");
        (await OddsAsync(Duration.FromDays(2))).Chance.ShouldBe(12.5 / 13, 1e-9);
        (await OddsAsync(Duration.FromDays(30))).Chance.ShouldBe(12.5 / 13, 1e-9);
        (await _make.RunAsync(_case, new("Call back", In(Duration.FromMinutes(1))), _front)).ShouldBeOfType<PromiseResult.Unlikely>();

        // Twelve more with as much time, and most of them not kept.
        for (var i = 0; i < 12; i++)
        {
            var made = await MadeAsync(In(Duration.FromDays(2)));
            if (i < 4)
                await SettleAsync(made);
        }

        _world.Clock.Advance(Duration.FromDays(3));
        (await OddsAsync(Duration.FromDays(2))).Chance.ShouldBe(16.5 / 25, 1e-9, "those past their time weren't kept");
    }

    [Fact]
    public async Task A_date_that_the_customer_agreed_to_is_checked_and_counts_as_moved()
    {
        await KeepTwelveAsync();
        var (soon, later) = (In(Duration.FromDays(2)), In(Duration.FromDays(4)));
        var id = await MadeAsync(soon);

        (await _make.MoveAsync(_case, id, soon - Duration.FromDays(1), "No", _front)).ShouldBeOfType<PromiseResult.NotLater>();
        (await _make.MoveAsync(_case, Ids.New(_world.Clock.Now()), later, null, _front)).ShouldBeOfType<PromiseResult.NotFound>();
        (await _make.MoveAsync(_case, id, later, null, _front)).ShouldBeOfType<PromiseResult.Done>();

        _world.Clock.Advance(Duration.FromDays(3));
        var ledger = await LedgerAsync();
        (ledger.Counts.Moved, ledger.Counts.Overdue, ledger.Counts.Open).ShouldBe((1, 0, 1));
        (await LedgerAsync(moved: true)).Promises.ShouldHaveSingleItem().ShouldSatisfyAllConditions(p => p.DueAt.ShouldBe(later), p => p.Moves.ShouldBe(1));
        (await _world.ScalarAsync<string>("select payload ->> 'chance' from event where action = 'promise.moved'")).ShouldNotBeNull();

        // A little later than now: nobody is ever called so soon.
        var hardly = later + Duration.FromMinutes(1);
        _world.Clock.Advance(later - Duration.FromMinutes(1) - _world.Clock.Now());
        (await _make.MoveAsync(_case, id, hardly, null, _front)).ShouldBeOfType<PromiseResult.Unlikely>();
        (await _make.MoveAsync(_case, id, hardly, "They are at home", _front)).ShouldBeOfType<PromiseResult.Done>();
        _world.Clock.Advance(Duration.FromHours(1));
        (await _make.MoveAsync(_case, id, In(Duration.FromDays(2)), null, _front)).ShouldBeOfType<PromiseResult.Ended>("it is broken");
    }

    [Fact]
    public async Task The_step_that_a_case_is_at_is_the_one_that_a_promise_binds()
    {
        (await MakePromise.OpenStepAsync(_world.Database, _case)).ShouldBe("assess");
        (await MakePromise.OpenStepAsync(_world.Database, Ids.New(_world.Clock.Now()))).ShouldBeNull();
    }

    /// <summary>Promises for two days that were kept after one.</summary>
    private async Task KeepTwelveAsync()
    {
        var made = new List<Guid>();
        for (var i = 0; i < 12; i++)
            made.Add(await MadeAsync(In(Duration.FromDays(2))));
        _world.Clock.Advance(Duration.FromDays(1));
        foreach (var promise in made)
            await SettleAsync(promise);
    }

    private Instant In(Duration time) => _world.Clock.Now() + time;

    private async Task<Guid> MadeAsync(Instant due) =>
        (await _make.RunAsync(_case, new("Call back", due), _front)).ShouldBeOfType<PromiseResult.Done>().ClockId;

    private Task<PromiseResult> SettleAsync(Guid promise) => Promises.SettleAsync(_make.Clocks, _case, promise, PromiseOutcome.Kept, null, _front);

    private async Task<PromiseOdds> OddsAsync(Duration time) => (await _make.OddsAsync(_case, null, In(time))).ShouldNotBeNull();

    private Task<Ledger> LedgerAsync(bool moved = false) =>
        ReadLedger.RunAsync(_world.Database, new() { Since = NodaConstants.UnixEpoch, Moved = moved }, _front, _world.Clock.Now());
}
