using System.Text;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Model;
using Orchestration.Workflows.Facts;

namespace Orchestration.Workflows.Tests.Facts;

public sealed class FactSchemaTests
{
    [Fact]
    public async Task Every_error_of_the_facts_is_named_with_its_fact_at_publish()
    {
        await using var world = await World.CreateAsync();
        var facts = """
            [
              { "name": "amount", "label": "Amount", "format": "mony" },
              { "name": "amount2", "from": "amount", "format": "text", "currency": "GBP" },
              { "name": "note" },
              { "name": "lost" },
              { "name": "asked" },
              { "name": "price", "from": "steps.nowhere.price" },
              { "name": "path", "from": "a..b" },
              { "name": "who", "from": "amount", "roles": ["boss"], "teams": ["Claims Adjusting"] },
              { "name": "nobody", "from": "amount", "roles": [] },
              { "name": "verdict", "roles": ["supervisor"] },
              { "name": "extra", "from": "amount", "help": "?" },
              { "name": "good", "from": "amount", "format": "money", "currency": "unit" },
              { "name": "good", "from": "amount" },
              "text",
              { "from": "amount" }
            ]
            """;

        var (workflow, errors) = world.Get<DefinitionStore>().Compile(Document(facts), DefinitionUse.Publish);

        workflow.ShouldBeNull();
        errors
            .Select(e => $"{e.Path["$.customProperties.facts".Length..]} {e.Reason}")
            .ShouldBe([
                "[0].format Fact 'amount': format must be one of text, longText, money, number, date, dateTime, yesNo, link, document.",
                "[1].currency Fact 'amount2': currency is for facts with the format money.",
                "[2].from Fact 'note': from names 'note', which isn't a variable of the journey.",
                "[3].from Fact 'lost': from names the variable 'lost', which is lost between steps: give it the storage Workflow Instance.",
                "[4].from Fact 'asked': from names the input 'asked', which only the start of a case knows: keep it in a variable of the same name.",
                "[5].from Fact 'price': from names the step 'nowhere', which isn't a human step of the journey.",
                "[6].from Fact 'path': from 'a..b' isn't a path such as amount, assessment.amount or steps.assess.amount.",
                "[7].roles[0] Fact 'who': roles[0] must be one of analyst, employee, supervisor, frontoffice, compliance, administrator.",
                "[7].teams[0] Fact 'who': teams[0] must be the key of a team, such as claims-seniors.",
                "[8].roles Fact 'nobody': roles must name at least one, or be left out.",
                "[9] Fact 'verdict': can't be restricted: it holds the outcome of the step 'check', which everyone who can see the case sees.",
                "[10].help Fact 'extra': help is not a known property.",
                "[11].currency Fact 'good': currency names 'unit', which isn't a variable of the journey.",
                "[13] Fact '14': must be an object.",
                "[14].name Fact '15': name is required.",
            ]);
    }

    [Fact]
    public async Task A_draft_with_wrong_facts_can_be_kept_and_shows_none_of_them()
    {
        await using var world = await World.CreateAsync();
        var (workflow, errors) = world
            .Get<DefinitionStore>()
            .Compile(Document("""[{ "name": "amount" }, { "name": "verdict", "roles": ["supervisor"] }, { "name": "x" }]"""), DefinitionUse.Run);
        errors.ShouldBeEmpty();
        FactSchema.Of(workflow!).Fields.Select(f => f.Name).ShouldBe(["amount"]);
    }

    [Fact]
    public async Task Without_a_schema_the_facts_are_the_inputs_that_a_variable_keeps()
    {
        await using var world = await World.CreateAsync();
        var (workflow, _) = world.Get<DefinitionStore>().Compile(Document(null), DefinitionUse.Publish);
        FactSchema
            .Of(workflow!)
            .Fields.Select(f => (f.Name, f.Label, f.Format, f.IsRestricted))
            .ShouldBe([("amount", "Claimed amount", FactFormat.Number, false), ("lossDate", "Loss date", FactFormat.Date, false)]);
    }

    [Fact]
    public async Task A_fact_takes_label_and_format_from_its_input_and_its_currency_from_a_code_or_a_variable()
    {
        await using var world = await World.CreateAsync();
        var facts = """
            [{ "name": "amount", "currency": "lossDate" }, { "name": "lossDate" }, { "name": "paid", "from": "steps.check.paidAmount", "currency": "USD" }]
            """;
        var (workflow, errors) = world.Get<DefinitionStore>().Compile(Document(facts), DefinitionUse.Publish);
        errors.ShouldBeEmpty();
        FactSchema
            .Of(workflow!)
            .Fields.Select(f => (f.Label, f.Format, f.Currency, f.CurrencyFrom?.Text, f.IsInput))
            .ShouldBe([
                ("Claimed amount", FactFormat.Money, null, "lossDate", true),
                ("Loss date", FactFormat.Date, null, null, true),
                ("Paid amount", FactFormat.Money, "USD", null, false),
            ]);
    }

    private static byte[] Document(string? facts) =>
        Encoding.UTF8.GetBytes(
            $$"""
            { "definitionId": "facts", "name": "Facts",
              "inputs": [
                { "name": "amount", "type": "Double", "displayName": "Claimed amount" },
                { "name": "lossDate", "type": "String", "uiHint": "date-picker" },
                { "name": "asked", "type": "String", "displayName": "Asked" }],
              "variables": [
                { "id": "v1", "name": "amount", "typeName": "Double", "storageDriverTypeName": "Elsa.Workflows.WorkflowInstanceStorageDriver" },
                { "id": "v2", "name": "lossDate", "typeName": "String", "storageDriverTypeName": "Elsa.Workflows.WorkflowInstanceStorageDriver" },
                { "id": "v3", "name": "verdict", "typeName": "String", "storageDriverTypeName": "Elsa.Workflows.WorkflowInstanceStorageDriver" },
                { "id": "v4", "name": "lost", "typeName": "String" }],
              "customProperties": { {{(facts is null ? "" : $"\"facts\": {facts}")}} },
              "root": { "id": "root", "type": "Elsa.Sequence", "version": 1, "activities": [
                { "id": "check", "type": "Orchestration.HumanTask", "version": 1,
                  "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Check" } },
                  "outcome": { "typeName": "String", "memoryReference": { "id": "v3" } } }] } }
            """
        );
}
