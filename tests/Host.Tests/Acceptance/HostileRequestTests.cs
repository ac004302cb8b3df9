using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Tests.Elsa;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>
/// Every endpoint with addresses, parameters, forms and bodies that are meant to hurt. It may do what it is asked, or say why not; it never
/// fails, and the host goes on. Requests begin as good ones, so that they get as far as they can, and are spoilt in one place each. Of all that
/// can be spoilt HOSTILE_CASES are tried per endpoint, chosen by HOSTILE_SEED; both are fixed, so that a build is repeatable.
/// </summary>
public sealed partial class HostileRequestTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Nobody = "01970000-0000-7000-8000-000000000000";
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("HOSTILE_SEED") ?? "20261125", CultureInfo.InvariantCulture);
    private static readonly int Cases = int.Parse(Environment.GetEnvironmentVariable("HOSTILE_CASES") ?? "6", CultureInfo.InvariantCulture);
    private static readonly string Deep = new string('[', 2_000) + new string(']', 2_000);
    private static readonly string Long = new('x', 100_000);

    /// <summary>Replacements for values of a body, inserted unchanged.</summary>
    private static readonly string[] Values =
    [
        "null",
        "\"\"",
        "0",
        "-1",
        "1.5",
        "1e999",
        "99999999999999999999",
        "2147483648",
        "true",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\uffff\\u202e\"",
        "\"<script>alert(1)</script>\"",
        "\"'; drop table person;--\"",
        "{}",
        "[]",
        "[null]",
        "[{}]",
        "{\"a\":1,\"a\":2}",
        "{\"\":null}",
        Deep,
        $"\"{Long}\"",
        "\"no such member\"",
        $"\"{Nobody}\"",
        "\"2026-02-30\"",
        "\"9999-12-31T23:59:59Z\"",
        "\"0001-01-01T00:00:00+14:00\"",
        "\"-P1Y\"",
        "NaN",
        "'",
    ];

    /// <summary>Put in the place of a parameter of the address or a field of a form, in percent-encoding.</summary>
    private static readonly string[] Parameters =
    [
        "",
        "%00",
        "-1",
        "0",
        "1.5",
        "2147483647",
        "2147483648",
        "-9223372036854775808",
        "99999999999999999999",
        "1e9",
        "true",
        "null",
        "%ff",
        "%ED%A0%80",
        "%F0%9F%98%80",
        "%0a",
        "%3Cscript%3E",
        "'%3B--",
        "..%2f..",
        Nobody,
        "2026-02-30",
        "9999-12-31T23:59:59Z",
        new('x', 3_000),
    ];

    private static readonly (byte[] Body, string Type)[] Bodies =
    [
        .. new[] { "", "{", "null", "[]", "\"x\"", "5", "{\"a\":1}", "{\"a\":1,\"a\":2}", Deep, "\uFEFF{}", "{}{}" }.Select(text =>
            (Encoding.UTF8.GetBytes(text), "application/json")
        ),
        ([0xff, 0xfe], "application/json"),
        ([(byte)'"', 0xff, (byte)'"'], "application/json"),
        ("{}"u8.ToArray(), "application/json; charset=utf-7"),
        ("{}"u8.ToArray(), "text/plain"),
        ("{}"u8.ToArray(), "?;;"),
        ("a=%ff&a=%00&=&&%"u8.ToArray(), "application/x-www-form-urlencoded"),
        (Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 3_000).Select(i => $"a{i}=&"))), "application/x-www-form-urlencoded"),
        ("--x"u8.ToArray(), "multipart/form-data; boundary=x"),
        ("{}"u8.ToArray(), "multipart/form-data"),
        ("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\0/../\"\r\n\r\n\xff\r\n--x--"u8.ToArray(), "multipart/form-data; boundary=x"),
    ];

    private readonly Random _random = new(Seed);
    private readonly Office _office = new();
    private readonly Dictionary<string, HttpClient> _clients = [];
    private readonly Dictionary<string, Good> _good = [];
    private readonly List<string> _wrong = [];
    private readonly SortedSet<int> _answered = [];
    private int _asked;

    public ValueTask InitializeAsync() => _office.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
        await _office.DisposeAsync();
    }

    [Fact]
    public async Task The_API_answers_whatever_it_is_asked()
    {
        var document = (await (await _office.Person("admin").SendAsync(HttpMethod.Get, "/openapi/v1.json")).Content.ReadFromJsonAsync<JsonNode>())!;
        foreach (var endpoint in Endpoints("/api/"))
        {
            var operation = document["paths"]![Constraint().Replace(endpoint.Route.TrimEnd('/'), "}")]![endpoint.Method.ToLowerInvariant()]!;
            var query = (operation["parameters"] as JsonArray ?? []).Where(p => (string)p!["in"]! == "query").Select(p => (string)p!["name"]!).ToArray();
            var schema = operation["requestBody"]?["content"]?["application/json"]?["schema"];
            await AttackAsync(
                await ClientAsync(endpoint),
                endpoint,
                query,
                async () =>
                {
                    var good = await GoodAsync(endpoint.Route);
                    return good with { Body = schema is null ? null : Sample(schema, document, null, good) };
                }
            );
        }

        Judge();
    }

    [Fact]
    public async Task The_API_of_the_designer_answers_whatever_it_is_asked()
    {
        var recordings = Recording.ReadAll().Values.OrderByDescending(r => r.Body?.ToJsonString().Length ?? 0).ToList();
        var query = recordings
            .Where(r => r.Path.StartsWith("/elsa/api/", StringComparison.Ordinal))
            .SelectMany(r => (r.Query ?? []).Select(p => p.Key))
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToArray();
        foreach (var endpoint in Endpoints("/elsa/api/"))
        {
            var route = new Regex($"^{Parameter().Replace(endpoint.Route.TrimEnd('/'), "[^/]+")}$");
            var body = recordings.Find(r => r.Method == endpoint.Method && route.IsMatch(r.Path))?.Body;
            await AttackAsync(
                await ClientAsync(endpoint),
                endpoint,
                query,
                async () =>
                {
                    var good = await GoodAsync(endpoint.Route);
                    return good with { Body = body is null ? null : Replaced(body, null, good) };
                }
            );
        }

        Judge();
    }

    [Fact]
    public async Task Pages_and_forms_answer_whatever_they_are_sent()
    {
        var endpoints = Endpoints("/")
            .Where(e =>
                !e.Route.StartsWith("/api/", StringComparison.Ordinal)
                && !e.Route.StartsWith("/elsa/", StringComparison.Ordinal)
                && e.Route is not ("/live" or "/openapi/{documentName}.json")
            )
            .ToList();
        var fields = await FieldsAsync(endpoints.Where(e => e.Method == "GET"));
        fields.Count.ShouldBeGreaterThan(40);
        foreach (var endpoint in endpoints)
        {
            await AttackAsync(
                await ClientAsync(endpoint),
                endpoint,
                ["q", "cursor", "view", "show", "done", "journey", "status", "page", "to", "revision"],
                async () =>
                {
                    var good = await GoodAsync(endpoint.Route);
                    return good with
                    {
                        Form = endpoint.Method is "GET"
                            ? null
                            : fields.ToDictionary(
                                f => f.Key,
                                f =>
                                    f.Key switch
                                    {
                                        ":revision" => $"{good.Revision}",
                                        ":operation" => Worker.NewOperation(),
                                        ":outcome" => "Acknowledged",
                                        ":reference" => _office.NewReference("HST"),
                                        ":to" => "/",
                                        ":task" => $"{good.Ids["id"]}:{good.Revision}",
                                        _ => f.Value,
                                    }
                            ),
                    };
                }
            );
        }

        Judge();
    }

    private List<(string Method, string Route)> Endpoints(string prefix)
    {
        _office.Host.StartServer();
        return
        [
            .. _office
                .Host.Services.GetServices<EndpointDataSource>()
                .SelectMany(s => s.Endpoints)
                .OfType<RouteEndpoint>()
                .Where(e => e.RoutePattern.RawText!.StartsWith(prefix, StringComparison.Ordinal))
                .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Select(method => (method, e.RoutePattern.RawText!)))
                .Where(e => e.method != "HEAD")
                .OrderBy(e => e.Item2, StringComparer.Ordinal)
                .ThenBy(e => e.method, StringComparer.Ordinal),
        ];
    }

    /// <summary>Who asks an endpoint: the owner of a task, else one who may do most. What ends a session gets one of its own.</summary>
    private async Task<HttpClient> ClientAsync((string Method, string Route) endpoint)
    {
        var isApi = endpoint.Route.StartsWith("/api/", StringComparison.Ordinal) || endpoint.Route.StartsWith("/elsa/", StringComparison.Ordinal);
        var who = endpoint.Route.Contains("/tasks/{", StringComparison.Ordinal) ? "adjuster1" : "admin";
        var key = endpoint is ("DELETE", "/api/session") or (_, "/sign-out") ? endpoint.Route : $"{who} {isApi}";
        if (!_clients.TryGetValue(key, out var client))
            _clients.Add(key, client = isApi ? await _office.Host.ApiAsync(who) : await ProvenAsync(await _office.Host.BrowserAsync(who)));
        return client;
    }

    /// <summary>
    /// Sends requests of one endpoint, each spoilt in another place. One that was obeyed all the same may have used up what it was about, so
    /// the next is about something new.
    /// </summary>
    private async Task AttackAsync(HttpClient client, (string Method, string Route) endpoint, string[] query, Func<Task<Good>> prepare)
    {
        var good = await prepare();
        var ways = Ways(endpoint, query, good).ToArray();
        _random.Shuffle(ways);
        foreach (var way in ways.Take(Cases))
        {
            var (address, body, type) = way(good);
            using var request = new HttpRequestMessage(new(endpoint.Method), address);
            if (body is not null)
            {
                request.Content = new ByteArrayContent(body);
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            }

            using var answer = await client.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            _asked++;
            _answered.Add((int)answer.StatusCode);
            if (Fault(endpoint.Route, answer, text) is { } fault)
                _wrong.Add(
                    $"{fault}: {endpoint.Method} {Cut(address)} {type} "
                        + $"{Cut(body is null ? "" : Encoding.UTF8.GetString(body))}: {(int)answer.StatusCode} {Cut(text)}"
                );
            if ((int)answer.StatusCode < 400 && endpoint.Method != "GET")
            {
                _good.Clear();
                good = await prepare();
            }
        }

        static string Cut(string text) => text.Length > 600 ? text[..600] + "…" : text;
    }

    private static string? Fault(string route, HttpResponseMessage answer, string text)
    {
        var status = (int)answer.StatusCode;
        if (status >= 500)
            return "failed";
        if (status < 400)
            return null;
        var isProblem = answer.Content.Headers.ContentType?.MediaType == "application/problem+json";
        if (!route.StartsWith("/api/", StringComparison.Ordinal) && !route.StartsWith("/elsa/api/", StringComparison.Ordinal))
            return isProblem || (text.Length > 0 && answer.Content.Headers.ContentType?.MediaType == "text/html") ? null : "no page";
        if (!isProblem)
            return status is not (400 or 422) && text.Length == 0 && route.StartsWith("/elsa/", StringComparison.Ordinal) ? null : "no problem details";
        var problem = JsonNode.Parse(text)!;
        return status is not (400 or 422) || (string?)problem["detail"] is { Length: > 0 } || problem["errors"] is JsonObject { Count: > 0 }
            ? null
            : "no reason";
    }

    private void Judge()
    {
        output.WriteLine($"{_asked} requests with seed {Seed}, answers: {string.Join(", ", _answered)}");
        _wrong.ShouldBeEmpty($"HOSTILE_SEED={Seed} HOSTILE_CASES={Cases}");

        // Else the requests would not get to where they could hurt.
        new[] { 200, 400, 404 }.ShouldBeSubsetOf(_answered);
    }

    /// <summary>All ways to spoil a request.</summary>
    private static IEnumerable<Func<Good, (string Address, byte[]? Body, string Type)>> Ways(
        (string Method, string Route) endpoint,
        string[] query,
        Good sample
    )
    {
        // The server itself refuses a path with %00, and an empty part leads elsewhere.
        foreach (Match parameter in Parameter().Matches(endpoint.Route))
        {
            foreach (var value in Parameters.Where(p => p is not ("" or "%00")))
                yield return good => Ask(good, good.Address(endpoint.Route, parameter.Groups["name"].Value, value));
        }

        foreach (var name in query)
        {
            foreach (var value in Parameters)
                yield return good => Ask(good, $"{good.Address(endpoint.Route)}?{name}={value}");
        }

        if (endpoint.Method is "POST" or "PUT")
        {
            foreach (var (body, type) in Bodies)
                yield return good => (good.Address(endpoint.Route), body, type);
        }

        foreach (var place in Places(sample.Body, []))
        {
            foreach (var value in Values)
                yield return good => Ask(good with { Spoilt = Spoil(good.Body!, place, value) }, good.Address(endpoint.Route));
        }

        foreach (var field in sample.Form?.Keys ?? Enumerable.Empty<string>())
        {
            foreach (var value in Parameters.Append(Long))
                yield return good =>
                    Ask(
                        good with
                        {
                            Form = good.Form!.ToDictionary(f => f.Key, f => f.Key == field ? Uri.UnescapeDataString(value) : f.Value),
                        },
                        good.Address(endpoint.Route)
                    );
            yield return good => Ask(good with { Form = good.Form!.Where(f => f.Key != field).ToDictionary() }, good.Address(endpoint.Route));
        }

        static (string, byte[]?, string) Ask(Good good, string address) =>
            good.Form is { } form
                ? (
                    address,
                    Encoding.UTF8.GetBytes(string.Join('&', form.Select(f => $"{WebUtility.UrlEncode(f.Key)}={WebUtility.UrlEncode(f.Value)}"))),
                    "application/x-www-form-urlencoded"
                )
                : (address, (good.Spoilt ?? good.Body?.ToJsonString()) is { } text ? Encoding.UTF8.GetBytes(text) : null, "application/json");
    }

    private static string Spoil(JsonNode body, object[] place, string value)
    {
        const string mark = "@@here@@";
        var copy = body.DeepClone();
        var parent = place[..^1].Aggregate(copy, (node, key) => key is int i ? node[i]! : node[(string)key]!);
        if (place[^1] is int index)
            parent[index] = mark;
        else
            parent[(string)place[^1]] = mark;
        return copy.ToJsonString().Replace($"\"{mark}\"", value, StringComparison.Ordinal);
    }

    private static IEnumerable<object[]> Places(JsonNode? node, object[] at) =>
        node switch
        {
            JsonObject json => json.SelectMany(p => Places(p.Value, [.. at, p.Key]).Prepend([.. at, p.Key])),
            JsonArray { Count: > 0 } array => Places(array[0], [.. at, 0]).Prepend([.. at, 0]),
            _ => [],
        };

    /// <summary>Something that is there for a request to be about: a task that who asks has claimed, a case, a definition with a run.</summary>
    private async Task<Good> GoodAsync(string route)
    {
        var kind =
            new[] { "/tasks/", "/cases/{", "calendars/{", "policies/{", "/elsa/api/workflow-definition", "/elsa/" }.FirstOrDefault(part =>
                route.Contains(part, StringComparison.Ordinal)
            ) ?? "";
        if (_good.TryGetValue(kind, out var known))
            return known;
        var ids = new Dictionary<string, string>
        {
            ["id"] = Nobody,
            ["name"] = "timers",
            ["verb"] = "run",
            ["journey"] = "claims",
            ["definitionId"] = "claims",
            ["of"] = "workflows",
            ["version"] = "1",
            ["typeName"] = "Elsa.HttpEndpoint",
            ["property"] = "SupportedMethods",
            ["activityId"] = "root",
            ["eventName"] = "Go",
            ["fullName"] = "Elsa.Workflows",
            ["documentName"] = "v1",
        };
        var admin = _office.Person("admin");
        var revision = 1;
        JsonNode? document = null;
        switch (kind)
        {
            case "/tasks/" or "/cases/{":
                var id = await _office.FrontOffice.OpenAsync(
                    "claims",
                    _office.NewReference("HST"),
                    new
                    {
                        jurisdiction = "GB",
                        claimedAmount = 900,
                        lossDescription = "x",
                    }
                );
                var task = await _office.Person("adjuster1").ClaimAsync(id, "acknowledge");
                (ids["id"], revision) = kind == "/tasks/" ? ((string)task["id"]!, (int)task["revision"]!) : (id.ToString(), 1);
                break;
            case "calendars/{" or "policies/{":
                ids["id"] = kind == "calendars/{" ? "claims-office" : "claims-acknowledge-internal";
                var saved = await admin.GetAsync($"/api/{(kind == "calendars/{" ? "calendars" : "sla-policies")}/{ids["id"]}");
                revision = (int)saved["revision"]!;

                // As shipped, also when a request has saved another: what is spoilt has to be there.
                document = JsonNode.Parse(
                    await File.ReadAllBytesAsync(Repository.Path($"definitions/{(kind == "calendars/{" ? "calendars" : "sla")}/{ids["id"]}.json"))
                );
                break;
            case "/elsa/api/workflow-definition" or "/elsa/":
                ids["definitionId"] = _office.NewReference("hostile");
                var definition = new JsonObject
                {
                    ["definitionId"] = ids["definitionId"],
                    ["name"] = ids["definitionId"],
                    ["root"] = new JsonObject
                    {
                        ["id"] = "root",
                        ["type"] = "Elsa.Event",
                        ["version"] = 1,
                        ["eventName"] = new JsonObject
                        {
                            ["typeName"] = "String",
                            ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = "Go" },
                        },
                    },
                };
                var published = await (
                    await admin.SendAsync(HttpMethod.Post, "/elsa/api/workflow-definitions", new { model = definition, publish = true })
                ).JsonAsync();
                ids["id"] = ids["versionId"] = (string)published["workflowDefinition"]!["id"]!;
                if (kind == "/elsa/")
                {
                    (
                        await admin.SendAsync(HttpMethod.Post, $"/elsa/api/workflow-definitions/{ids["definitionId"]}/execute", new { })
                    ).EnsureSuccessStatusCode();
                    ids["id"] = (string)(await admin.GetAsync($"/elsa/api/workflow-instances?definitionId={ids["definitionId"]}"))["items"]![0]!["id"]!;
                }

                break;
            default:
                break;
        }

        return _good[kind] = new(ids, revision) { Document = document };
    }

    /// <summary>A body that the schema allows and, if possible, makes sense.</summary>
    private JsonNode? Sample(JsonNode schema, JsonNode document, string? name, Good good)
    {
        if ((string?)schema["$ref"] is { } reference)
            return Sample(document["components"]!["schemas"]![reference.Split('/')[^1]]!, document, name, good);
        if (schema["oneOf"] is JsonArray choices)
            return Sample(choices.First(c => (string?)c!["type"] != "null")!, document, name, good);
        switch (name)
        {
            case "operationId":
                return Worker.NewOperation();
            case "revision":
                return good.Revision;
            case "reference":
                return _office.NewReference("HST");
            case "journey":
                return "claims";
            case "outcome":
                return "Acknowledged";
            case "person" or "substitute" or "reviewer":
                return "adjuster2";
            case "team":
                return "claims-seniors";
            case "verb":
                return "release";
            case "priority":
                return 10;
            case "id":
                return good.Ids["id"];
            case "document" when good.Document is not null:
                return good.Document.DeepClone();
            case "definition":
                return JsonNode.Parse(File.ReadAllBytes(Repository.Path("definitions/complaint.json")));
            case "data":
                return new JsonObject { ["channel"] = "E-mail", ["acknowledgedOn"] = "2026-06-01" };
            case "input":
                return new JsonObject
                {
                    ["jurisdiction"] = "GB",
                    ["claimedAmount"] = 900,
                    ["lossDescription"] = "x",
                };
            default:
                break;
        }

        var type = schema["type"] is JsonArray types ? (string)types.First(t => (string)t! != "null")! : (string?)schema["type"];
        return type switch
        {
            "integer" or "number" => 1,
            "boolean" => true,
            "array" => new JsonArray(schema["items"] is { } items ? Sample(items, document, null, good) : null),
            "string" => (string?)schema["format"] switch
            {
                "uuid" => Nobody,
                "date-time" => "2027-01-01T00:00:00Z",
                _ => "x",
            },
            _ => new JsonObject((schema["properties"] as JsonObject ?? []).Select(p => KeyValuePair.Create(p.Key, Sample(p.Value!, document, p.Key, good)))),
        };
    }

    /// <summary>A recorded body that refers to existing objects.</summary>
    private static JsonNode? Replaced(JsonNode? body, string? name, Good good) =>
        body switch
        {
            JsonObject json => new JsonObject(json.Select(p => KeyValuePair.Create(p.Key, Replaced(p.Value, p.Key, good)))),
            JsonArray array => new JsonArray([.. array.Select(item => Replaced(item, name, good))]),
            _ => name switch
            {
                "definitionId" or "definitionIds" => good.Ids["definitionId"],
                "id" or "ids" or "workflowInstanceId" or "definitionVersionId" => good.Ids["id"],
                _ => body?.DeepClone(),
            },
        };

    /// <summary>The fields of all forms with their values.</summary>
    private async Task<Dictionary<string, string>> FieldsAsync(IEnumerable<(string Method, string Route)> pages)
    {
        var fields = new Dictionary<string, string>();
        using var visitor = _office.Host.Browser();
        foreach (var endpoint in pages.Where(p => !p.Route.StartsWith("/studio", StringComparison.Ordinal)))
        {
            var browser = endpoint.Route == "/sign-in" ? visitor : await ClientAsync(endpoint);
            var answer = await browser.GetAsync((await GoodAsync(endpoint.Route)).Address(endpoint.Route));
            var page = new HtmlParser().ParseDocument(await answer.Content.ReadAsStringAsync());
            foreach (var field in page.QuerySelectorAll("form [name]").Where(f => f.GetAttribute("name") != "__RequestVerificationToken"))
                fields.TryAdd(
                    field.GetAttribute("name")!,
                    field switch
                    {
                        IHtmlInputElement input => input.Value,
                        IHtmlSelectElement select => select.Value ?? "",
                        IHtmlButtonElement button => button.Value,
                        _ => field.TextContent,
                    }
                );
        }

        return fields;
    }

    /// <summary>Sends the antiforgery token of our pages with every request from now on.</summary>
    private static async Task<HttpClient> ProvenAsync(HttpClient browser)
    {
        var page = new HtmlParser().ParseDocument(await browser.GetStringAsync("/away"));
        browser.DefaultRequestHeaders.Add(Forgery.Header, page.QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value"));
        return browser;
    }

    private sealed record Good(Dictionary<string, string> Ids, int Revision)
    {
        public JsonNode? Document { get; init; }
        public JsonNode? Body { get; init; }
        public string? Spoilt { get; init; }
        public Dictionary<string, string>? Form { get; init; }

        public string Address(string route, string? spoilt = null, string? value = null) =>
            Parameter().Replace(route, p => p.Groups["name"].Value == spoilt ? value! : Ids.GetValueOrDefault(p.Groups["name"].Value, Nobody));
    }

    [GeneratedRegex(@"\{\*{0,2}(?<name>\w+)(:regex\([^)]*\)\$?\))?[^}]*\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@":\w+\}")]
    private static partial Regex Constraint();
}
