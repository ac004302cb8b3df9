using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.Tests.Calendars;

namespace Orchestration.Workflows.Tests.Forms;

public sealed class FormSchemaTests
{
    private static readonly FormSchema Claim = Schema(
        """
        { "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
          "properties": {
            "kind": { "type": "string", "enum": ["water", "fire"], "title": "Kind of loss", "x-order": 1 },
            "amount": { "type": "number", "format": "currency", "minimum": 0, "exclusiveMaximum": 1000000, "x-order": 2, "x-width": 6 },
            "occurred": { "type": "string", "format": "date", "x-from": "case.occurred" },
            "seenAt": { "type": "string", "format": "date-time" },
            "email": { "type": "string", "format": "email" },
            "policy": { "type": "string", "pattern": "^POL-[0-9]{6}$", "x-help": "POL- and six digits" },
            "id": { "type": "string", "format": "uuid", "x-readOnly": true },
            "note": { "type": ["string", "null"], "minLength": 2, "maxLength": 5 },
            "floors": { "type": "integer", "exclusiveMinimum": 0, "maximum": 99 },
            "injured": { "type": "boolean" },
            "reason": { "type": "string", "x-computed": "variables.reason" },
            "hoseLength": { "type": "integer" },
            "items": { "type": "array", "minItems": 1, "maxItems": 3, "items": { "type": "object", "required": ["sku"],
              "properties": { "sku": { "type": "string" }, "price": { "type": "number", "format": "currency" } } } },
            "tags": { "type": "array", "items": { "type": "string" } },
            "version": { "const": 1 } },
          "required": ["kind"],
          "if": { "properties": { "kind": { "const": "fire" } }, "required": ["kind"] },
          "then": { "required": ["hoseLength"] }, "else": { "properties": { "floors": { "minimum": 1 } }, "required": ["floors"] },
          "x-outcomes": { "Decline": ["reason"], "Approve": [] } }
        """
    );

    [Fact]
    public void Fields_come_in_their_order_with_their_hints()
    {
        Claim.Root.Properties.Select(field => field.Name).Take(3).ShouldBe(["kind", "amount", "occurred"]);
        Claim.Root.Find("kind")!.Title.ShouldBe("Kind of loss");
        Claim.Root.Find("amount")!.ShouldSatisfyAllConditions(amount => amount.Width.ShouldBe(6), amount => amount.Title.ShouldBe("amount"));
        Claim.Root.Find("occurred")!.From.ShouldBe("case.occurred");
        Claim.Root.Find("reason")!.Computed.ShouldBe("variables.reason");
        Claim.Root.Find("id")!.ReadOnly.ShouldBeTrue();
    }

    /// <summary>Parts of forms: some are fine, some aren't.</summary>
    private static readonly string[] Parts =
    [
        """ "type": "string" """,
        """ "type": "string", "enum": ["a", "ü „x“ \u2028", ""] """,
        """ "type": "string", "pattern": "^[A-Z]{2,}$", "maxLength": 5 """,
        """ "type": "string", "pattern": "(" """,
        """ "type": "string", "maxLength": 5.0 """,
        """ "type": "string", "minLength": 9007199254740993 """,
        """ "type": "string", "format": "date", "x-from": "case.occurred" """,
        """ "type": "string", "format": "no-such-format" """,
        """ "type": ["string", "null"], "x-order": 1e2 """,
        """ "type": "number", "minimum": 0.10, "maximum": 1E+2 """,
        """ "type": "number", "multipleOf": 1e-3 """,
        """ "type": "number", "exclusiveMaximum": 1e400 """,
        """ "type": "integer", "const": 1.0 """,
        """ "type": "integer", "enum": [1, 2.50, 12345678901234567890] """,
        """ "type": "boolean", "default": true, "title": "a\u0001b" """,
        """ "type": "array", "maxItems": 3, "items": { "type": "object", "properties": { "$": { "type": "string" }, "v": { "type": "number" } } } """,
        """ "type": "array", "items": 7 """,
        """ "const": null """,
        """ "type": "object", "properties": { "": { "type": "string" } } """,
        """ "title": "\ud83d\ude00", "x-width": 13 """,
        "",
    ];

    [Fact]
    public void Every_form_that_is_accepted_as_text_is_accepted_as_the_object_that_a_journey_keeps()
    {
        var (accepted, refused) = (0, 0);
        Laws.Hold(
            from parts in Gen.Elements(Parts).ArrayOf(3)
            from required in Gen.Elements("", """, "required": ["f0"] """, """, "x-outcomes": { "Done": ["f1"] } """)
            select $"{{ \"type\": \"object\", \"properties\": {{ {string.Join(", ", parts.Select((part, i) => $"\"f{i}\": {{{part}}}"))} }}{required} }}",
            form =>
            {
                if (!FormSchema.TryParse(form, out var schema, out _))
                {
                    refused++;
                    return;
                }

                accepted++;
                var kept = System.Text.Encoding.UTF8.GetString(WorkflowData.ToUtf8(WorkflowData.FromOutside(System.Text.Encoding.UTF8.GetBytes(form))));
                FormSchema.TryParse(kept, out var again, out var errors).ShouldBeTrue($"{form}: {string.Join("; ", errors)}");
                again!.Root.Properties.Select(field => field.Name).ShouldBe(schema.Root.Properties.Select(field => field.Name));
            }
        );
        accepted.ShouldBeGreaterThan(50);
        refused.ShouldBeGreaterThan(50);
    }

    [Theory]
    [InlineData("""{ "kind": "fire", "hoseLength": 3 }""")]
    [InlineData(
        """{ "kind": "water", "floors": 2, "amount": 12.50, "occurred": "2024-02-29", "email": "a@b.example", "policy": "POL-123456", "note": null }"""
    )]
    [InlineData("""{ "kind": "water", "floors": 2.0, "note": "ab", "items": [ { "sku": "x", "price": 1 } ], "tags": [], "version": 1.0 }""")]
    [InlineData(
        """{ "kind": "water", "floors": 2, "note": "🎈🎈🎈🎈🎈", "seenAt": "2026-01-31T09:30:00+01:00", "id": "0198a1b2-0000-7000-8000-000000000000" }"""
    )]
    public void Data_that_fits_has_no_errors(string data) => Errors(data).ShouldBeEmpty();

    [Theory]
    [InlineData("""{ }""", "/kind is required", "/floors is required")]
    [InlineData("""[]""", " must be a group of fields")]
    [InlineData("""{ "kind": "hail", "floors": 1 }""", "/kind must be one of water, fire")]
    [InlineData("""{ "kind": "fire" }""", "/hoseLength is required")]
    [InlineData("""{ "kind": "water", "floors": 1.5 }""", "/floors must be a whole number")]
    [InlineData("""{ "kind": "water", "floors": 0 }""", "/floors must be more than 0", "/floors must be at least 1")]
    [InlineData("""{ "kind": "water", "floors": 100 }""", "/floors must be at most 99")]
    [InlineData("""{ "kind": "water", "floors": 1, "amount": 1.234 }""", "/amount must be an amount with at most two decimals")]
    [InlineData("""{ "kind": "water", "floors": 1, "amount": 1000000 }""", "/amount must be less than 1000000")]
    [InlineData("""{ "kind": "water", "floors": 1, "amount": 1e400 }""", "/amount is too large a number")]
    [InlineData("""{ "kind": "water", "floors": 1, "amount": "12,x" }""", "/amount must be a number")]
    [InlineData("""{ "kind": "water", "floors": 1, "occurred": "2026-02-29" }""", "/occurred must be a date like 2026-01-31")]
    [InlineData(
        """{ "kind": "water", "floors": 1, "seenAt": "2026-02-28T10:00" }""",
        "/seenAt must be a date and time with an offset, like 2026-01-31T09:30:00Z"
    )]
    [InlineData("""{ "kind": "water", "floors": 1, "email": "a@b" }""", "/email must be an email address")]
    [InlineData("""{ "kind": "water", "floors": 1, "id": "x" }""", "/id must be a UUID")]
    [InlineData("""{ "kind": "water", "floors": 1, "policy": "POL-12345x" }""", "/policy has the wrong format: POL- and six digits")]
    [InlineData("""{ "kind": "water", "floors": 1, "note": "a" }""", "/note must be at least 2 characters long")]
    [InlineData("""{ "kind": "water", "floors": 1, "note": "abcdef" }""", "/note must be at most 5 characters long")]
    [InlineData("""{ "kind": "water", "floors": 1, "injured": "yes" }""", "/injured must be yes or no")]
    [InlineData("""{ "kind": "water", "floors": 1, "version": 2 }""", "/version must be 1")]
    [InlineData("""{ "kind": "water", "floors": 1, "items": [] }""", "/items must have at least 1 item")]
    [InlineData(
        """{ "kind": "water", "floors": 1, "items": [ { "sku": "a" }, { "price": "x" }, 5 ] }""",
        "/items/1/sku is required",
        "/items/1/price must be a number",
        "/items/2 must be a group of fields"
    )]
    [InlineData("""{ "kind": "water", "floors": 1, "items": [ {}, {}, {}, {} ] }""", "/items must have at most 3 items")]
    [InlineData("""{ "kind": "water", "floors": 1, "a/b~c": 1 }""", "/a~1b~0c is not a field of this form")]
    public void Data_that_does_not_fit_is_refused_with_field_and_reason(string data, params string[] expected) => Errors(data).ShouldBe(expected);

    [Fact]
    public void An_outcome_has_its_own_required_fields()
    {
        var data = Json("""{ "kind": "fire", "hoseLength": 3, "reason": "" }""");
        Claim.Validate(data, "Approve").ShouldBeEmpty();
        Claim.Validate(data, "Decline").ShouldBe([new FormError("/reason", "is required for “Decline”")]);
        Claim.Validate(Json("""{ "kind": "fire", "hoseLength": 3, "reason": "fraud" }"""), "Decline").ShouldBeEmpty();
    }

    [Fact]
    public void Everything_that_is_wrong_with_a_schema_is_said_at_once()
    {
        FormSchema
            .TryParse(
                """
                { "type": "object", "required": ["missing"], "x-outcomes": { "Decline": ["reason"] }, "then": {},
                  "properties": {
                    "a": { "type": "text" }, "b": { "format": "phone" }, "c": { "minimum": "1" }, "d": { "pattern": "(a" }, "e": { "pattern": "(?=a)b" },
                      "f": { "$ref": "#/x" },
                    "g": { "minLength": 5, "maxLength": 2 }, "h": { "enum": [] }, "i": 7, "j k": {}, "l": { "x-width": 13 }, "m": { "required": "n" },
                      "n": { "type": ["string", "texts"] },
                    "o": { "type": "array", "items": { "tpye": "string" } } } }
                """,
                out var schema,
                out var errors
            )
            .ShouldBeFalse();
        schema.ShouldBeNull();
        errors
            .Select(error => error.Path)
            .ShouldBe(
                [
                    "$.required",
                    "$.x-outcomes.Decline",
                    "$",
                    "$.properties.a.type",
                    "$.properties.b.format",
                    "$.properties.c.minimum",
                    "$.properties.d.pattern",
                    "$.properties.e.pattern",
                    "$.properties.f.$ref",
                    "$.properties.g.maxLength",
                    "$.properties.h.enum",
                    "$.properties.i",
                    "$.properties.j k",
                    "$.properties.l.x-width",
                    "$.properties.m.required",
                    "$.properties.n.type",
                    "$.properties.o.items.tpye",
                ],
                ignoreOrder: true
            );
    }

    [Theory]
    [InlineData("")]
    [InlineData("true")]
    [InlineData("[]")]
    [InlineData("""{ "type": "string" }""")]
    [InlineData("""{ "type": "object", "type": "object" }""")]
    public void A_schema_that_is_not_a_schema_is_an_error_and_not_an_exception(string json)
    {
        FormSchema.TryParse(json, out _, out var errors).ShouldBeFalse();
        errors.Count.ShouldBe(1);
    }

    [Fact]
    public void A_form_bomb_is_refused()
    {
        var wide = string.Join(", ", Enumerable.Range(0, 10_000).Select(number => $"\"f{number}\": {{}}"));
        FormSchema.TryParse($$"""{ "type": "object", "properties": { {{wide}} } }""", out _, out var errors).ShouldBeFalse();
        errors.ShouldHaveSingleItem().Reason.ShouldContain("at most 500");

        var deep = string.Concat(Enumerable.Repeat("""{ "type": "object", "properties": { "a": """, 20)) + "{}" + string.Concat(Enumerable.Repeat("} }", 20));
        FormSchema.TryParse(deep, out _, out errors).ShouldBeFalse();
        errors.ShouldHaveSingleItem().Reason.ShouldContain("levels deep");

        var abyss = string.Concat(Enumerable.Repeat("""{ "if": """, 5_000)) + "{}" + new string('}', 5_000);
        FormSchema.TryParse(abyss, out _, out errors).ShouldBeFalse();
        FormSchema.TryParse(new string(' ', 300_000), out _, out errors).ShouldBeFalse();
        errors.ShouldHaveSingleItem().Reason.ShouldContain("longer than");
    }

    [Fact]
    public void No_more_errors_are_collected_than_a_person_can_read()
    {
        var schema = Schema("""{ "type": "object", "properties": { "list": { "type": "array", "items": { "type": "integer" } } } }""");
        schema.Validate(Json($$"""{ "list": [ {{string.Join(", ", Enumerable.Repeat("\"x\"", 5_000))}} ] }""")).Count.ShouldBe(100);
    }

    [Fact]
    public void Posted_fields_become_typed_data()
    {
        var data = Claim.ReadPost(
            Post(
                ("kind", "water"),
                ("amount", "1,234.50"),
                ("floors", "2"),
                ("injured", "on"),
                ("note", ""),
                ("email", ""),
                ("id", "forged"),
                ("__RequestVerificationToken", "x"),
                ("items[0].sku", "hose"),
                ("items[0].price", "9.99"),
                ("items[3].sku", "tap"),
                ("items[2].sku", ""),
                ("items[2].price", ""),
                ("tags", "a"),
                ("tags", ""),
                ("tags", "b")
            )
        );
        JsonElement
            .DeepEquals(
                data,
                Json(
                    """
                    { "kind": "water", "amount": 1234.50, "floors": 2, "injured": true, "note": null, "tags": ["a", "b"],
                      "items": [ { "sku": "hose", "price": 9.99 }, { "sku": "tap" } ] }
                    """
                )
            )
            .ShouldBeTrue(data.GetRawText());
        Claim.Validate(data).ShouldBeEmpty();
    }

    [Fact]
    public void What_was_typed_stays_when_it_is_wrong()
    {
        var data = Claim.ReadPost(Post(("kind", "water"), ("floors", "two"), ("amount", "a lot"), ("items[0].price", "1e")));
        Claim
            .Validate(data)
            .Select(error => $"{error.Field} {error.Reason}")
            .ShouldBe(
                ["/amount must be a number", "/floors must be a whole number", "/items/0/sku is required", "/items/0/price must be a number"],
                ignoreOrder: true
            );
        data.GetProperty("floors").GetString().ShouldBe("two");
        data.GetProperty("amount").GetString().ShouldBe("a lot");
        data.GetProperty("items")[0].GetProperty("price").GetString().ShouldBe("1e");
    }

    [Fact]
    public void A_box_that_is_not_ticked_is_false() => Claim.ReadPost(Post(("kind", "fire"))).GetProperty("injured").GetBoolean().ShouldBeFalse();

    [Theory]
    [InlineData("items[-1].sku")]
    [InlineData("items[99999].sku")]
    [InlineData("items[0.sku")]
    [InlineData("items[a].sku")]
    [InlineData("a.b.c.d.e.f.g.h.i.j")]
    [InlineData("..")]
    [InlineData("[0]")]
    [InlineData("")]
    public void Posted_names_that_make_no_sense_are_ignored(string name) =>
        JsonElement.DeepEquals(Claim.ReadPost(Post((name, "x"), ("kind", "fire"))), Json("""{ "kind": "fire", "injured": false }""")).ShouldBeTrue();

    /// <summary>The same name in both branches: a number of nights here, a choice there, and in one of them what the case knows.</summary>
    private static readonly FormSchema Ways = Schema(
        """
        { "type": "object",
          "properties": { "hotel": { "type": "boolean" } },
          "if": { "properties": { "hotel": { "const": true } }, "required": ["hotel"] },
          "then": { "properties": { "stay": { "type": "integer", "title": "Nights" }, "limit": { "type": "number", "x-readOnly": true } },
            "required": ["stay"] },
          "else": { "properties": { "stay": { "type": "string", "title": "Where", "enum": ["Family", "2"] }, "limit": { "type": "number" } } } }
        """
    );

    [Fact]
    public void A_field_of_both_branches_is_that_of_the_branch_that_holds()
    {
        Ways.Root.FieldsFor(Json("""{ "hotel": true }""")).Select(field => field.Title).ShouldBe(["hotel", "Nights", "limit"]);
        Ways.LayoutFor(Json("""{ "hotel": true }""")).Shown.ShouldBe(["/stay", "/limit"]);
        Ways.LayoutFor(Json("""{ "hotel": false }""")).Shown.ShouldBe(["/stay#2", "/limit#2"]);

        Ways.ReadPost(Post(("hotel", "true"), ("stay", "2"))).GetProperty("stay").GetInt32().ShouldBe(2);
        var family = Ways.ReadPost(Post(("stay", "2")));
        family.GetProperty("stay").GetString().ShouldBe("2", "a choice is text, whatever it looks like");
        Ways.Validate(family).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true, null, "only shown in this branch: nobody can send it")]
    [InlineData(false, 900, "asked in this branch: what was typed")]
    public void What_a_branch_only_shows_is_kept_there_and_nowhere_else(bool hotel, int? limit, string why) =>
        ((int?)Ways.WithReadOnly(new() { ["hotel"] = hotel, ["limit"] = 900 }, [])["limit"]).ShouldBe(limit, why);

    private static FormSchema Schema(string json)
    {
        FormSchema.TryParse(json, out var schema, out var errors).ShouldBeTrue(string.Join("; ", errors));
        return schema!;
    }

    private static List<string> Errors(string data) => [.. Claim.Validate(Json(data)).Select(error => $"{error.Field} {error.Reason}")];

    private static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement.Clone();

    private static IEnumerable<KeyValuePair<string, string>> Post(params (string Name, string Value)[] fields) =>
        fields.Select(field => KeyValuePair.Create(field.Name, field.Value));
}
