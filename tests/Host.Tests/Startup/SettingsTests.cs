using Microsoft.Extensions.Configuration;
using Orchestration.Host.Startup;
using Orchestration.Workflows.Notifications;

namespace Orchestration.Host.Tests.Startup;

public sealed class SettingsTests
{
    [Fact]
    public async Task A_host_with_several_wrong_settings_names_all_of_them_at_once()
    {
        var wrong = new Dictionary<string, string>
        {
            ["SignIn:AttemptsPerMinute"] = "many",
            ["Roles:SeparationOfDuties"] = "Perhaps",
            ["SignIn:PasswordLength"] = "4",
            ["SignIn:SecondFactor:Required"] = "sometimes",
            ["SignIn:SecondFactor:Roles:0"] = "king",
            ["SignIn:OpenIdConnect:Authority"] = "http://login.example.com",
            ["SignIn:OpenIdConnect:ClockSkewSeconds"] = "3600",
            ["SignIn:OpenIdConnect:DefaultRole"] = "king",
            ["SignIn:OpenIdConnect:EmailDomains:0"] = "@example.com",
            ["SignIn:OpenIdConnect:Groups:0:Roles:0"] = "king",
            ["Proxies:0"] = "our-proxy",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "collector",
            ["ApiKeys:ci:Sha256"] = "secret",
            ["ApiKeys:ci:Rights:0"] = "journeys:own",
            ["Designer:PublishRoles:0"] = "king",
            ["Http:BasePath"] = "/{anything}",
            ["Http:ReplySeconds"] = "soon",
            ["Http:AnswerHeaders:0"] = "Set-Cookie",
            ["Hosts:0"] = "not a name",
            ["Http:AllowPrivateAddresses"] = "perhaps",
            ["Expressions:CSharp:Enabled"] = "yes",
            ["Mail:Port"] = "70000",
            ["Mail:Security"] = "Rot13",
            ["Mail:From"] = "nobody",
            ["Mail:PublicUrl"] = "work",
        };
        await using var app = new HostApp("Host=localhost;Port=1", settings: wrong);

        var message = Should.Throw<ConfigurationException>(() => app.Api()).Message;

        foreach (var key in wrong.Keys)
            message.ShouldContain($"- {key} ");
        foreach (var missing in new[] { "SignIn:OpenIdConnect:ClientId", "SignIn:OpenIdConnect:Groups:0:Group" })
            message.ShouldContain($"- {missing} is missing");
        message.Split('\n').Length.ShouldBe(wrong.Count + 3);
    }

    [Fact]
    public void Without_settings_a_host_has_its_defaults()
    {
        var settings = Read();

        settings.Addresses.SignInsPerMinute.ShouldBe(100);
        settings.Addresses.Proxies.ShouldBeEmpty();
        settings.Access.PublishRoles.ShouldBeNull();
        settings.SignOn.Provider.ShouldBeNull();
        settings.SignOn.AllowsPasswords.ShouldBeTrue();
        settings.SignOn.Passwords.Shortest.ShouldBe(12);
        settings.SignOn.SecondFactor.Roles.ShouldBe(["administrator", "supervisor", "compliance"]);
        settings.WorkflowRequests.BasePath.ShouldBe("/workflows");
        settings.Workflows.AllowPrivateAddresses.ShouldBeFalse();
        settings.Workflows.Mail.Port.ShouldBe(587);
        settings.Workflows.Mail.IsConfigured.ShouldBeFalse();
    }

    [Fact]
    public void A_setting_is_read_as_it_is_written()
    {
        var settings = Read(
            ("Proxies:0", "10.0.0.7"),
            ("Proxies:1", "10.1.0.0/16"),
            ("Http:BasePath", "hooks/in/"),
            ("Mail:Security", "tls"),
            ("Mail:PublicUrl", "https://work.example.com"),
            ("Expressions:CSharp:Enabled", "True")
        );

        settings.Addresses.Proxies.Single().ToString().ShouldBe("10.0.0.7");
        settings.Addresses.Networks.Single().ToString().ShouldBe("10.1.0.0/16");
        settings.WorkflowRequests.BasePath.ShouldBe("/hooks/in");
        settings.Workflows.Mail.Security.ShouldBe(MailSecurity.Tls);
        settings.Workflows.Mail.PublicUrl!.Host.ShouldBe("work.example.com");
        settings.Workflows.CSharp.ShouldBeTrue();
    }

    [Fact]
    public void No_one_is_locked_out_by_turning_passwords_off_without_a_provider() =>
        Should.Throw<ConfigurationException>(() => Read(("SignIn:Passwords", "false"))).Message.ShouldContain("SignIn:Passwords");

    [Fact]
    public void Places_that_hold_tree_heads_are_read_and_wrong_ones_named()
    {
        var history = Read(
            ("History:Folder", "/proofs"),
            ("History:Places:store:Kind", "s3"),
            ("History:Places:store:Url", "https://store.example.com:9000"),
            ("History:Places:store:Bucket", "proofs"),
            ("History:Places:store:AccessKey", "a"),
            ("History:Places:store:SecretKey", "b"),
            ("History:Places:time:Kind", "Timestamp"),
            ("History:Places:time:Url", "https://time.example.com/tsa")
        ).History;
        history
            .Places.Select(place => place.Name)
            .ShouldBe(["folder /proofs", "S3 bucket proofs at store.example.com:9000", "timestamp authority time.example.com"]);

        var message = Should
            .Throw<ConfigurationException>(() =>
                Read(
                    ("History:Places:a:Kind", "Pigeon"),
                    ("History:Places:b:Url", "https://example.com"),
                    ("History:Places:c:Kind", "Webhook"),
                    ("History:Places:c:Url", "https://example.com"),
                    ("History:Places:c:Secret", "secret"),
                    ("History:Places:d:Kind", "Mail"),
                    ("History:Places:d:To", "nobody"),
                    ("History:Places:e:Kind", "S3"),
                    ("History:Places:e:Url", "ftp://example.com"),
                    ("History:Places:f:Kind", "Timestamp"),
                    ("History:Places:f:Url", "https://example.com"),
                    ("History:Places:f:CertificateFile", "/no/such/file"),
                    ("History:Places:g:Kind", "Timestamp"),
                    ("History:Places:g:Url", "https://example.com")
                )
            )
            .Message;
        foreach (
            var wrong in new[]
            {
                "a:Kind is “Pigeon”",
                "b:Kind must be",
                "c:Secret must be whsec_",
                "d:Kind is Mail, which needs a mail server",
                "d:To is “nobody”",
                "e:Url is “ftp",
                "e:Bucket is required",
                "e:SecretKey is required",
                "f:CertificateFile names /no/such/file",
                "g is the timestamp authority example.com, like another place",
            }
        )
            message.ShouldContain($"History:Places:{wrong}");
    }

    private static HostSettings Read(params (string Key, string Value)[] settings) =>
        HostSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create<string, string?>(s.Key, s.Value))).Build());
}
