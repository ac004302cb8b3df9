using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Pages;

/// <summary>The host with a small journey: a check with a form, then a signature by someone else.</summary>
public sealed class PageWorld : IAsyncDisposable
{
    public const string Markup = "<b class=\"injected\">x</b><script>injected()</script>";

    private const string Usual = """
        { "type": "object", "title": "The check",
          "properties": {
            "amount": { "type": "number", "title": "Amount", "format": "currency", "minimum": 0, "x-order": 1, "x-width": 6 },
            "cause": { "type": "string", "title": "Cause", "enum": ["Water", "Fire"], "x-order": 2, "x-width": 6 },
            "urgent": { "type": "boolean", "title": "Urgent", "x-order": 3 },
            "items": { "type": "array", "title": "Items", "x-order": 4, "items": { "type": "object", "required": ["name"],
              "properties": { "name": { "type": "string", "title": "Item" }, "price": { "type": "number", "title": "Price" } } } },
            "note": { "type": "string", "title": "Note", "x-order": 5 } },
          "required": ["amount"], "x-outcomes": { "NeedInfo": ["note"] } }
        """;

    private readonly TestDatabase _database;
    private readonly HttpClient _supervisor;
    private readonly HttpClient _frontOffice;
    private int _references;

    /// <summary>As the host connects.</summary>
    public string ConnectionString => _database.ApplicationConnectionString;

    private PageWorld(TestDatabase database, HostApp app, HttpClient supervisor, HttpClient frontOffice) =>
        (_database, App, _supervisor, _frontOffice) = (database, app, supervisor, frontOffice);

    public HostApp App { get; }

    /// <summary>Publishes the journey.</summary>
    /// <param name="title">Title of the check.</param>
    /// <param name="form">Its form; a small one when left out.</param>
    public static async Task<PageWorld> CreateAsync(string title = "Check the loss", string form = Usual)
    {
        var database = await StartedDatabase.CreateAsync();
        var app = new HostApp(database.ConnectionString);
        var world = new PageWorld(database, app, await app.ApiAsync("supervisor"), await app.ApiAsync("frontoffice"));
        await world.PublishAsync(title, form);
        return world;
    }

    /// <summary>A reference that no other case of this world has: REF-1, REF-2 …</summary>
    public string NewReference() => $"REF-{Interlocked.Increment(ref _references)}";

    /// <param name="reference">A reference of the case's own when left out.</param>
    public async Task<Guid> StartAsync(string? reference = null, string customer = "Marta Novak")
    {
        reference ??= NewReference();
        var answer = await _frontOffice.PostAsJsonAsync(
            "/api/cases",
            new
            {
                journey = "walk",
                reference,
                customer = new { id = "C-1", name = customer },
                input = new { },
            }
        );
        answer.EnsureSuccessStatusCode();
        return Guid.Parse((await answer.Content.ReadFromJsonAsync<JsonObject>())!["case"]!["id"]!.GetValue<string>());
    }

    /// <summary>Address of the open task of a case.</summary>
    public async Task<string> OpenTaskAsync(Guid instance)
    {
        var tasks = await _supervisor.GetFromJsonAsync<JsonObject>($"/api/tasks?view=all&case={instance}");
        var open = tasks!["items"]!.AsArray().Single(t => t!["endedAt"] is null)!;
        return $"/tasks/{Guid.Parse(open["id"]!.GetValue<string>()):N}";
    }

    /// <summary>Fills in and sends the form with this action, as the page offers it.</summary>
    public static async Task<HttpResponseMessage> PressAsync(HttpClient browser, string page, string action, params (string Name, string Value)[] typed)
    {
        var form = (IHtmlFormElement)(await DocumentAsync(await browser.GetAsync(page))).QuerySelector($"form[action='{action}']")!;
        var fields = form.QuerySelectorAll("input[type=hidden]")
            .OfType<IHtmlInputElement>()
            .Select(i => KeyValuePair.Create(i.Name!, i.Value))
            .Concat(typed.Select(t => KeyValuePair.Create(t.Name, t.Value)));
        return await browser.PostAsync(action, new FormUrlEncodedContent(fields));
    }

    /// <summary>Lets someone lead a team, who steers nothing else.</summary>
    public async Task MakeLeadAsync(string team, string userName)
    {
        var admin = await App.ApiAsync("admin");
        var now = (await admin.GetFromJsonAsync<JsonObject>($"/api/teams/{team}"))!;
        var members = now["members"]!.AsArray().Select(member => (string)member!["userName"]!);
        var change = new
        {
            revision = (int)now["revision"]!,
            title = (string)now["title"]!,
            lead = userName,
            members,
        };
        (await admin.PutAsJsonAsync($"/api/teams/{team}", change)).EnsureSuccessStatusCode();
    }

    /// <summary>Claims the task as this person.</summary>
    public async Task<HttpClient> ClaimedByAsync(string userName, string task)
    {
        var browser = await App.BrowserAsync(userName);
        (await PressAsync(browser, task, $"{task}/claim")).StatusCode.ShouldBe(System.Net.HttpStatusCode.Found);
        return browser;
    }

    public static async Task<IHtmlDocument> DocumentAsync(HttpResponseMessage answer) =>
        new HtmlParser().ParseDocument(await answer.Content.ReadAsStringAsync());

    public static async Task<IHtmlDocument> PageAsync(HttpClient browser, string page)
    {
        var answer = await browser.GetAsync(page);
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK, page);
        return await DocumentAsync(answer);
    }

    /// <summary>Publishes the journey with another form: cases that start later have it.</summary>
    public async Task PublishAsync(string title, string form)
    {
        var document = new JsonObject
        {
            ["definitionId"] = "walk",
            ["name"] = "Walk",
            ["root"] = new JsonObject
            {
                ["id"] = "root",
                ["type"] = "Elsa.Sequence",
                ["version"] = 1,
                ["activities"] = new JsonArray(
                    Step("check", title, ["Approve", "NeedInfo"], JsonNode.Parse(form)),
                    Step("sign", "Sign it", ["Signed"], null, "check")
                ),
            },
        };
        var published = await App
            .Services.GetRequiredService<DefinitionStore>()
            .PublishAsync(new("walk", Encoding.UTF8.GetBytes(document.ToJsonString()), "designer"), "test", App.Clock.GetCurrentInstant());
        published.ShouldBeOfType<PublishResult.Published>();
    }

    private static JsonObject Step(string id, string title, string[] outcomes, JsonNode? form, string? excluded = null)
    {
        var step = new JsonObject
        {
            ["id"] = id,
            ["type"] = "Orchestration.HumanTask",
            ["version"] = 1,
            ["title"] = Input("String", "Literal", title),
            ["description"] = Input("String", "Literal", $"Look closely. {Markup}"),
            ["team"] = Input("String", "Literal", "claims-adjusting"),
            ["outcomes"] = Input("List<String>", "Object", new JsonArray([.. outcomes.Select(o => JsonValue.Create(o))]).ToJsonString()),
            ["slaDuration"] = Input("String", "Literal", "PT8H"),
            ["slaUnit"] = Input("String", "Literal", "elapsed"),
        };
        if (form is not null)
            step["form"] = Input("Object", "Object", form.ToJsonString());
        if (excluded is not null)
            step["excludedSteps"] = Input("List<String>", "Object", $"[\"{excluded}\"]");
        return step;
    }

    private static JsonObject Input(string type, string syntax, string value) =>
        new()
        {
            ["typeName"] = type,
            ["expression"] = new JsonObject { ["type"] = syntax, ["value"] = value },
        };

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await _database.DisposeAsync();
    }
}

/// <summary>One world for the tests of a class, which leave alone what is not theirs.</summary>
public sealed class SharedWorld : IAsyncLifetime
{
    public PageWorld World { get; private set; } = null!;

    public async ValueTask InitializeAsync() => World = await PageWorld.CreateAsync();

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
