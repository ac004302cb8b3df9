using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Proof;
using Orchestration.Testing;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.Tests.Notifications;
using Orchestration.Workflows.Webhooks;

namespace Orchestration.Workflows.Tests.Audit;

/// <summary>Tree heads, held by real counterparts in this process.</summary>
public sealed class HoldHeadsTests : IAsyncLifetime
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private readonly string _folder = Directory.CreateTempSubdirectory("orchestration-heads-").FullName;
    private readonly MailServer _mail = new();
    private World _world = null!;
    private Outside _outside = null!;
    private HistoryKeeping _keeping = null!;
    private HoldHeads _heads = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync(
            new()
            {
                Host = "localhost",
                Port = _mail.Port,
                Security = MailSecurity.None,
            }
        );
        _outside = await Outside.StartAsync(_world.Clock);
        Keep(allowPrivate: true);
    }

    public async ValueTask DisposeAsync()
    {
        _heads.Dispose();
        await _outside.DisposeAsync();
        await _world.DisposeAsync();
        await _mail.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_head_is_held_in_every_place_once()
    {
        var head = await SignAsync();
        (await _heads.RunAsync()).ShouldBe(5);
        (await _heads.RunAsync()).ShouldBe(0);

        _outside.Objects[$"proofs/office/heads/{KeptLog.NameOf(head)}"].ShouldBe(head.ToString());
        var (headers, body) = _outside.Hooks.ShouldHaveSingleItem();
        body.ShouldContain("\"type\":\"history.head\"");
        var at = Instant.FromUnixTimeSeconds(long.Parse(headers["webhook-timestamp"]!, CultureInfo.InvariantCulture));
        headers["webhook-signature"].ToString().ShouldBe(WebhookSecrets.Sign(headers["webhook-id"]!, at, body, Secret));
        var mail = _mail.Messages.ShouldHaveSingleItem();
        mail.To.ToString().ShouldContain("archive@example.com");
        mail.TextBody.ShouldNotBeNull().ReplaceLineEndings("\n").ShouldContain(head.ToString());
        var kept = new KeptCheck(new(_folder), _keeping.Keys) { Authorities = new X509Certificate2Collection(_outside.Authority.Certificate) };
        kept.Run().ShouldBeEmpty();
        (kept.Heads, kept.Timestamps, kept.Entries).ShouldBe((1, 1, head.Head.Size));

        var status = await HistoryStatus.ReadAsync(_world.Database);
        status.Behind.ShouldBeEmpty();
        var shown = status.Heads[0];
        shown.Copies.Select(copy => copy.Place.Split(' ')[0]).ShouldBe(["email", "folder", "S3", "webhook"], ignoreOrder: true);
        var stamp = shown.Stamps.ShouldHaveSingleItem();
        (stamp.Place, stamp.HeldAt).ShouldBe(($"timestamp authority {_outside.Url.Authority}", _world.Clock.Now()));
    }

    [Fact]
    public async Task The_newest_of_heads_signed_at_the_same_moment_is_the_largest()
    {
        var first = await SignAsync();
        var second = await SignAsync();
        (first.Head.At, first.Head.Size < second.Head.Size).ShouldBe((second.Head.At, true));
        (await _heads.RunAsync()).ShouldBe(5);

        new KeptLog(_folder).ReadHeads().ShouldHaveSingleItem().Text.ShouldBe(second.ToString());
        var shown = (await HistoryStatus.ReadAsync(_world.Database)).Heads;
        shown.Select(head => (head.Size, head.Copies.Count)).Take(2).ShouldBe([(second.Head.Size, 4), (first.Head.Size, 0)]);
    }

    [Fact]
    public async Task A_place_that_is_down_keeps_no_other_waiting_and_is_tried_again_later_with_the_newest_head()
    {
        _outside.Down = "/proofs";
        await SignAsync();
        (await _heads.RunAsync()).ShouldBe(4);
        var behind = (await HistoryStatus.ReadAsync(_world.Database)).Behind.ShouldHaveSingleItem();
        (behind.Place, behind.LastHeld).ShouldBe(($"S3 bucket proofs at {_outside.Url.Authority}", null));
        behind.Error.ShouldNotBeNullOrEmpty();

        var tries = _outside.Requests;
        await _heads.RunAsync();
        _outside.Requests.ShouldBe(tries, "it isn't tried again at once");
        _world.Clock.Advance(Duration.FromMinutes(1));
        await _heads.RunAsync();
        _outside.Requests.ShouldBe(tries + 1);

        _outside.Down = null;
        _world.Clock.Advance(Duration.FromMinutes(2));
        var head = await SignAsync();
        (await _heads.RunAsync()).ShouldBe(5);
        _outside.Objects.ShouldHaveSingleItem().Value.ShouldBe(head.ToString());
        (await HistoryStatus.ReadAsync(_world.Database)).Behind.ShouldBeEmpty();
    }

    [Fact]
    public async Task Compliance_is_told_once_when_a_place_has_had_no_head_for_an_hour()
    {
        _outside.Down = "/stamp";
        await SignAsync();
        for (var minutes = 0; minutes < 59; minutes++)
        {
            await _heads.RunAsync();
            _world.Clock.Advance(Duration.FromMinutes(1));
        }

        (await NoticesAsync()).ShouldBe(0);
        _world.Clock.Advance(Duration.FromMinutes(1));
        await _heads.RunAsync();
        await _heads.RunAsync();
        (await NoticesAsync()).ShouldBe(1, "one person has the role");
        (await _world.ScalarAsync<string>("select body from notification where kind = 'history.head-not-held'")).ShouldBe(
            $"The timestamp authority {_outside.Url.Authority} has had no tree head for 60 minutes."
        );
    }

    [Fact]
    public async Task An_answer_that_proves_nothing_is_no_timestamp()
    {
        _outside.Authority = new("stranger");
        await SignAsync();
        (await _heads.RunAsync()).ShouldBe(4);
        (await HistoryStatus.ReadAsync(_world.Database))
            .Behind.ShouldHaveSingleItem()
            .Error.ShouldNotBeNull()
            .ShouldContain("was signed by an authority that isn't one of those given.");
    }

    [Fact]
    public async Task Places_inside_the_network_are_reached_only_when_the_configuration_says_so()
    {
        _heads.Dispose();
        Keep(allowPrivate: false);
        await SignAsync();
        (await _heads.RunAsync()).ShouldBe(2, "the folder and the mailbox");
        _outside.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task A_place_that_is_no_longer_configured_is_not_behind()
    {
        _outside.Down = "/hook";
        await SignAsync();
        await _heads.RunAsync();
        _heads.Dispose();
        _keeping = _keeping with { Outside = [] };
        _heads = new(_world.Runtime, _keeping, _world.Get<SendMail>(), NullLogger<HoldHeads>.Instance);
        await _heads.RunAsync();
        (await HistoryStatus.ReadAsync(_world.Database)).Behind.ShouldBeEmpty();
    }

    [Fact]
    public async Task Hosts_with_different_places_leave_each_other_s_alone()
    {
        var (hook, mail) = ($"webhook {new Uri(_outside.Url, "/hook")}", "email to archive@example.com");
        using var first = On("office-1", new HeadPlace.Webhook(new(_outside.Url, "/hook"), Secret));
        using var second = On("office-2", new HeadPlace.Mail("archive@example.com"));
        _outside.Down = "/hook";
        await SignAsync();

        // A minute apart in turns, as the job runs: office-1 backs off after 1, 2, 4 … minutes, whatever office-2 does in between.
        var began = _outside.Requests;
        for (var minute = 0; minute < 60; minute++)
        {
            await first.RunAsync();
            await second.RunAsync();
            _world.Clock.Advance(Duration.FromMinutes(1));
        }

        (_outside.Requests - began).ShouldBe(7, "at 0, 1, 3, 7, 15, 30 and 45 minutes");
        _mail.Messages.Count.ShouldBe(1);
        await second.RunAsync();
        (await NoticesAsync()).ShouldBe(0, "office-2 doesn't hold heads at the webhook");
        await first.RunAsync();
        await second.RunAsync();
        await first.RunAsync();
        (await NoticesAsync()).ShouldBe(1);
        var places = (await HistoryStatus.ReadAsync(_world.Database)).Places;
        places.Select(place => (place.Place, place.Hosts.Single().Name)).ShouldBe([(mail, "office-2"), (hook, "office-1")]);
        (places[0].Since, places[0].Error).ShouldBe((null, null));
        places[1].Error.ShouldNotBeNullOrEmpty();

        using var changed = On("office-1", new HeadPlace.Mail("archive@example.com"));
        await changed.RunAsync();
        await second.RunAsync();
        var shared = (await HistoryStatus.ReadAsync(_world.Database)).Places.ShouldHaveSingleItem();
        shared.Hosts.Select(host => (host.Name, host.SeenAt)).ShouldBe([("office-1", _world.Clock.Now()), ("office-2", _world.Clock.Now())]);
        _world.Clock.Advance(Duration.FromHours(25));
        await second.RunAsync();
        (await HistoryStatus.ReadAsync(_world.Database)).Places.Single().Hosts.Single().Name.ShouldBe("office-2", "the other wasn't seen for a day");

        HoldHeads On(string host, HeadPlace place) =>
            new(_world.Runtime, _keeping with { Host = host, Folder = null, Outside = [place] }, _world.Get<SendMail>(), NullLogger<HoldHeads>.Instance);
    }

    private void Keep(bool allowPrivate)
    {
        _keeping = new("office", SigningKey.Create("office"), null, [], _folder, Duration.FromMinutes(1))
        {
            AllowPrivateAddresses = allowPrivate,
            Outside =
            [
                new HeadPlace.Webhook(new(_outside.Url, "/hook"), Secret),
                new HeadPlace.Mail("archive@example.com"),
                new HeadPlace.ObjectStore(_outside.Url, "proofs", "office/", "eu-north-1", "AKID", "secret"),
                new HeadPlace.Authority(new(_outside.Url, "/stamp"), new(_outside.Authority.Certificate)),
            ],
        };
        _heads = new(_world.Runtime, _keeping, _world.Get<SendMail>(), NullLogger<HoldHeads>.Instance);
    }

    /// <summary>Something happens, and a head over it is signed.</summary>
    private async Task<SignedHead> SignAsync()
    {
        await using var connection = await _world.Database.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            var history = await NamedChain.LockAsync(connection, "walk", "alice", _world.Clock.Now());
            history.Add(new("walked", "walk", "1", 0, null));
            await using var batch = connection.CreateBatch();
            batch.WriteChain(history);
            await batch.ExecuteNonQueryAsync();
            await transaction.CommitAsync();
        }

        var keep = new KeepHistory(_world.Runtime, _keeping with { Every = Duration.Zero }, NullLogger<KeepHistory>.Instance);
        while (await _world.ScalarAsync<long>("select count(*) - coalesce((select max(size) from log_head), 0) from event") != 0)
            await keep.RunAsync();
        return SignedHead.Parse((await keep.LastHeadAsync())!.Note)!;
    }

    private Task<long> NoticesAsync() => _world.ScalarAsync<long>("select count(*) from notification where kind = 'history.head-not-held'");
}
