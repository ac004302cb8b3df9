namespace Orchestration.Engine.Tests.Conformance;

/// <summary>A name that Elsa 3.8 offers to expressions, and its behavior here.</summary>
/// <param name="Name">Elsa's name.</param>
/// <param name="Verdict">same, differs, not supported.</param>
/// <param name="Remark">How it differs, or why it is not there.</param>
/// <param name="Sample">An expression or a template that uses it; for an unsupported name, JavaScript that tests whether it exists.</param>
/// <param name="Result">The result of the sample, as JSON.</param>
internal sealed record ElsaName(string Name, string Verdict, string Remark, string Sample, string Result)
{
    public static ElsaName Same(string name, string sample, string result, string remark = "") => new(name, "same", remark, sample, result);

    public static ElsaName Differs(string name, string sample, string result, string remark) => new(name, "differs", remark, sample, result);

    public static ElsaName Missing(string name, string remark, string sample, string result) => new(name, "not supported", remark, sample, result);
}

/// <summary>
/// Every function, object and filter of Elsa 3.8. Sources: Elsa.Expressions.JavaScript (ConfigureEngineWithCommonFunctions,
/// …VariablesAndInputOutputAccessors, …CommonTypes, JintJavaScriptEvaluator),
/// RunJavaScript, Elsa.Http (HttpJavaScriptHandler), Elsa.Secrets.JavaScript, Elsa.Expressions.Liquid (ConfigureLiquidEngine, LiquidFeature), and Fluid
/// 2.31, whose array, string, number and misc filters Elsa switches on.
/// </summary>
internal static class ElsaNames
{
    /// <summary>Variables <c>Amount</c> = 7 and <c>Customer</c> = {"name":"Ada"}, input <c>Note</c> = "n".</summary>
    public static readonly ElsaName[] JavaScript =
    [
        ElsaName.Same("getWorkflowDefinitionId", "getWorkflowDefinitionId()", "\"wf-js\""),
        ElsaName.Same("getWorkflowDefinitionVersionId", "getWorkflowDefinitionVersionId()", "\"wf-js-v1\""),
        ElsaName.Same("getWorkflowDefinitionVersion", "getWorkflowDefinitionVersion()", "1"),
        ElsaName.Same("getWorkflowInstanceId", "getWorkflowInstanceId()", "\"inst-1\""),
        ElsaName.Same("getCorrelationId", "getCorrelationId()", "\"corr-1\""),
        ElsaName.Same("setCorrelationId", "setCorrelationId('c2'); getCorrelationId()", "\"c2\""),
        ElsaName.Same("getWorkflowInstanceName", "getWorkflowInstanceName()", "null"),
        ElsaName.Same("setWorkflowInstanceName", "setWorkflowInstanceName('n2'); getWorkflowInstanceName()", "\"n2\""),
        ElsaName.Same("getVariable", "getVariable('Amount')", "7"),
        ElsaName.Same("setVariable", "setVariable('Amount', 8); getVariable('Amount')", "8"),
        ElsaName.Same("getInput", "getInput('Note')", "\"n\""),
        ElsaName.Same("getOutputFrom", "getOutputFrom('prev').score", "5"),
        ElsaName.Same("getLastResult", "getLastResult().score", "5"),
        ElsaName.Same("get<Variable>", "getAmount()", "7"),
        ElsaName.Same("set<Variable>", "setAmount(9); getAmount()", "9"),
        ElsaName.Same("get<Input>", "getNote()", "\"n\""),
        ElsaName.Same("get<Output>From<Activity>", "getResultFromPrev().score", "5"),
        ElsaName.Same("variables", "variables.Amount + 1", "8"),
        ElsaName.Same("setOutcome", "typeof setOutcome", "\"function\"", "in RunJavaScript; elsewhere it is there and does nothing"),
        ElsaName.Same("setOutcomes", "typeof setOutcomes", "\"function\"", "as above"),
        ElsaName.Same("isNullOrWhiteSpace", "isNullOrWhiteSpace(' ')", "true"),
        ElsaName.Same("isNullOrEmpty", "isNullOrEmpty(' ')", "false"),
        ElsaName.Same("toJson", "toJson({ a: 'é' })", "\"{\\\"a\\\":\\\"é\\\"}\""),
        ElsaName.Differs(
            "parseGuid",
            "typeof parseGuid('6f9619ff-8b86-d011-b42d-00c04fc964ff')",
            "\"object\"",
            "carries the id; Elsa shows members of its .NET type"
        ),
        ElsaName.Differs("newGuid", "String(newGuid()).length", "36", "as above; taken from the burst, so that it can be replayed"),
        ElsaName.Same("newGuidString", "newGuidString().length", "36"),
        ElsaName.Same("newShortGuid", "/^[A-Za-z0-9]{18,22}$/.test(newShortGuid())", "true"),
        ElsaName.Same("getGuidString", "getGuidString().length", "36"),
        ElsaName.Same("getShortGuid", "/^[A-Za-z0-9]{18,22}$/.test(getShortGuid())", "true"),
        ElsaName.Same("getGuid", "typeof getGuid", "\"undefined\"", "in Elsa's type definitions only: there is no such function, there or here"),
        ElsaName.Same("bytesToString", "bytesToString(bytesFromString('é'))", "\"é\""),
        ElsaName.Same("bytesFromString", "bytesFromString('é').byteLength", "2"),
        ElsaName.Same("bytesToBase64", "bytesToBase64(bytesFromString('abc'))", "\"YWJj\""),
        ElsaName.Same("bytesFromBase64", "bytesToString(bytesFromBase64('YWJj'))", "\"abc\""),
        ElsaName.Same("stringToBase64", "stringToBase64('abc')", "\"YWJj\""),
        ElsaName.Same("stringFromBase64", "stringFromBase64('YWJj')", "\"abc\""),
        ElsaName.Differs("streamToBytes", "streamToBytes(bytesFromString('abc')).byteLength", "3", "takes bytes: there are no streams in workflow data"),
        ElsaName.Differs("streamToBase64", "streamToBase64(bytesFromString('abc'))", "\"YWJj\"", "as above"),
        ElsaName.Same("getConfig", "typeof getConfig", "\"undefined\"", "off in Elsa unless the host switches it on; here always"),
        ElsaName.Missing("createEventTriggerUrl", "no signed links are given out", "typeof createEventTriggerUrl", "\"undefined\""),
        ElsaName.Missing("getSecret", "no module of secrets; it answers a promise", "typeof getSecret", "\"undefined\""),
        ElsaName.Missing(
            "DateTime, DateTimeOffset, TimeSpan, Guid, Random",
            "no .NET types: `Date`, `Math.random`, `newGuid`",
            "[typeof DateTime, typeof DateTimeOffset, typeof TimeSpan, typeof Guid, typeof Random].join()",
            "\"undefined,undefined,undefined,undefined,undefined\""
        ),
        ElsaName.Missing(
            "HttpHeaders, Downloadable, LogPersistenceMode",
            "no .NET types",
            "[typeof HttpHeaders, typeof Downloadable, typeof LogPersistenceMode].join()",
            "\"undefined,undefined,undefined\""
        ),
        ElsaName.Missing("_, moment", "lodash and moment are modules a host adds", "[typeof _, typeof moment].join()", "\"undefined,undefined\""),
    ];

    public static readonly ElsaName[] LiquidObjects =
    [
        ElsaName.Same("Variables", "{{ Variables.Customer.name }}", "Ada"),
        ElsaName.Differs("Input", "{{ Input.Note }}", "n", "members of an input that is an object can be read; Elsa writes nothing for them"),
        ElsaName.Same("CorrelationId", "{{ CorrelationId }}", "corr-1"),
        ElsaName.Same("WorkflowDefinitionId", "{{ WorkflowDefinitionId }}", "wf-js"),
        ElsaName.Same("WorkflowDefinitionVersionId", "{{ WorkflowDefinitionVersionId }}", "wf-js-v1"),
        ElsaName.Same("WorkflowDefinitionVersion", "{{ WorkflowDefinitionVersion }}", "1"),
        ElsaName.Same("WorkflowInstanceId", "{{ WorkflowInstanceId }}", "inst-1"),
        ElsaName.Same("Configuration", "{{ Configuration.Secret }}", "", "off in Elsa unless the host switches it on; here always"),
    ];

    public static readonly ElsaName[] LiquidFilters =
    [
        ElsaName.Same("abs", "{{ -3 | abs }}", "3"),
        ElsaName.Same("append", "{{ 'a' | append: 'b' }}", "ab"),
        ElsaName.Same("at_least", "{{ 3 | at_least: 5 }}", "5"),
        ElsaName.Same("at_most", "{{ 7 | at_most: 5 }}", "5"),
        ElsaName.Same("base64", "{{ 'abc' | base64 }}", "YWJj"),
        ElsaName.Same("base64_decode", "{{ 'w6k=' | base64_decode | raw }}", "é"),
        ElsaName.Same("base64_encode", "{{ 'é' | base64_encode }}", "w6k="),
        ElsaName.Same("base64_url_safe_decode", "{{ 'Pz8_Pw' | base64_url_safe_decode }}", "????"),
        ElsaName.Same("base64_url_safe_encode", "{{ '????' | base64_url_safe_encode }}", "Pz8_Pw"),
        ElsaName.Same("capitalize", "{{ 'ab cd' | capitalize }}", "Ab Cd"),
        ElsaName.Same("ceil", "{{ 1.2 | ceil }}", "2"),
        ElsaName.Same("compact", "{% assign l = Variables.Mixed | compact %}{{ l.size }}", "2"),
        ElsaName.Same("concat", "{{ Variables.Letters | concat: Variables.Mixed | size }}", "6"),
        ElsaName.Same("date", "{{ '2026-03-04' | date: '%d.%m.%Y' }}", "04.03.2026", "month and day names are English"),
        ElsaName.Same("default", "{{ Variables.Nothing | default: 'd' }}", "d"),
        ElsaName.Same("divided_by", "{{ 7.5 | divided_by: 2 }}", "3"),
        ElsaName.Same("downcase", "{{ 'AB' | downcase }}", "ab"),
        ElsaName.Same("escape", "{{ '<' | escape | raw }}", "&lt;"),
        ElsaName.Same("escape_once", "{{ '&lt;<' | escape_once | raw }}", "&lt;&lt;"),
        ElsaName.Same("find", "{% assign o = Variables.Orders | find: 'id', 2 %}{{ o.name }}", "two"),
        ElsaName.Same("find_index", "{{ Variables.Orders | find_index: 'id', 2 }}", "1"),
        ElsaName.Same("first", "{{ Variables.Letters | first }}", "b"),
        ElsaName.Same("floor", "{{ 1.8 | floor }}", "1"),
        ElsaName.Differs("format_date", "{{ '2026-03-04' | format_date: 'dd.MM.yyyy' }}", "04.03.2026", "the invariant culture only"),
        ElsaName.Differs("format_number", "{{ 1234.5 | format_number: 'N2' }}", "1,234.50", "the invariant culture only"),
        ElsaName.Differs("format_string", "{{ 'a {0} b {1:N1}' | format_string: 'x', 2 }}", "a x b 2.0", "the invariant culture only, no alignment"),
        ElsaName.Same("handle", "{{ 'helloWorld now' | handle }}", "hello-worldnow", "as handleize"),
        ElsaName.Same("handleize", "{{ 'Hello World' | handleize }}", "hello-world"),
        ElsaName.Same("has", "{{ Variables.Orders | has: 'id', 2 }}", "true"),
        ElsaName.Same("hmac_sha1", "{{ 'abc' | hmac_sha1: 'k' }}", "f9bef091fe00d9f5128593836dba99e193f08174"),
        ElsaName.Same("hmac_sha256", "{{ 'abc' | hmac_sha256: 'k' }}", "342e519ce0ad6c03a36b98eeb3f1d130db4813b9df4d1160eda488d712dc78ee"),
        ElsaName.Same("join", "{{ Variables.Letters | join: '-' }}", "b-a-b"),
        ElsaName.Differs("json", "{{ Variables.Customer | json | raw }}", "{\"name\":\"Ada\"}", "never indented"),
        ElsaName.Same("keys", "{{ Variables.Customer | keys | join: ',' }}", "name"),
        ElsaName.Same("last", "{{ Variables.Letters | last }}", "b"),
        ElsaName.Same("lstrip", "[{{ ' a ' | lstrip }}]", "[a ]"),
        ElsaName.Same("map", "{{ Variables.Orders | map: 'id' | join: ',' }}", "1,2"),
        ElsaName.Same("md5", "{{ 'abc' | md5 }}", "900150983cd24fb0d6963f7d28e17f72"),
        ElsaName.Same("minus", "{{ 3 | minus: 1 }}", "2"),
        ElsaName.Same("modulo", "{{ 7 | modulo: 3 }}", "1"),
        ElsaName.Same("newline_to_br", "{{ Variables.Lines | newline_to_br }}", "a&lt;br /&gt;b"),
        ElsaName.Same("plus", "{{ 1 | plus: 2 }}", "3"),
        ElsaName.Same("prepend", "{{ 'b' | prepend: 'a' }}", "ab"),
        ElsaName.Same("raw", "{{ '<' | raw }}", "<"),
        ElsaName.Same("reject", "{{ Variables.Orders | reject: 'id', 2 | map: 'name' | join: ',' }}", "one"),
        ElsaName.Same("remove", "{{ 'abab' | remove: 'a' }}", "bb"),
        ElsaName.Same("remove_first", "{{ 'abab' | remove_first: 'a' }}", "bab"),
        ElsaName.Same("remove_last", "{{ 'abab' | remove_last: 'a' }}", "abb"),
        ElsaName.Same("replace", "{{ 'abab' | replace: 'a', 'c' }}", "cbcb"),
        ElsaName.Same("replace_first", "{{ 'abab' | replace_first: 'a', 'c' }}", "cbab"),
        ElsaName.Same("replace_last", "{{ 'abab' | replace_last: 'a', 'c' }}", "abcb"),
        ElsaName.Same("reverse", "{{ 'abc' | reverse | join: ',' }}", "c,b,a"),
        ElsaName.Same("round", "{{ 2.5 | round }}", "2"),
        ElsaName.Same("rstrip", "[{{ ' a ' | rstrip }}]", "[ a]"),
        ElsaName.Same("sha1", "{{ 'abc' | sha1 }}", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ElsaName.Same("sha256", "{{ 'abc' | sha256 }}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ElsaName.Same("size", "{{ Variables.Letters | size }}", "3"),
        ElsaName.Same("slice", "{{ 'abcd' | slice: 1, 2 }}", "bc", "of a list that does not begin at its first item: leaves items out at the end"),
        ElsaName.Same("sort", "{{ Variables.Sizes | sort | join: ',' }}", "10,9,a", "without a member: as text"),
        ElsaName.Same("sort_natural", "{{ Variables.Orders | sort_natural: 'name' | map: 'name' | join: ',' }}", "one,two"),
        ElsaName.Same("split", "{{ 'a,,b' | split: ',' | join: '-' }}", "a-b"),
        ElsaName.Same("strip", "[{{ ' a ' | strip }}]", "[a]"),
        ElsaName.Same("strip_html", "{{ '<b>a</b> > b' | strip_html }}", "a  b"),
        ElsaName.Same("strip_newlines", "{{ Variables.Lines | strip_newlines }}", "ab"),
        ElsaName.Same("sum", "{{ Variables.Orders | map: 'id' | sum }}", "3", "`sum: 'id'` is 0: Fluid finds members of .NET objects only"),
        ElsaName.Same("times", "{{ 3 | times: 2 }}", "6"),
        ElsaName.Same("time_zone", "{{ '2026-07-04T10:00:00Z' | time_zone: 'Europe/Berlin' | date: '%H:%M' }}", "12:00", "IANA names"),
        ElsaName.Same("truncate", "{{ 'abcdefgh' | truncate: 6 }}", "abc..."),
        ElsaName.Same("truncatewords", "{{ 'a b' | truncatewords: 2 }}", "a b..."),
        ElsaName.Same("uniq", "{{ Variables.Letters | uniq | join: '' }}", "ba"),
        ElsaName.Same("upcase", "{{ 'ab' | upcase }}", "AB"),
        ElsaName.Same("url_decode", "{{ 'a+b%2F' | url_decode }}", "a b/"),
        ElsaName.Same("url_encode", "{{ 'a b/' | url_encode | raw }}", "a+b%2F"),
        ElsaName.Same("where", "{{ Variables.Orders | where: 'id', 2 | map: 'name' | join: ',' }}", "two"),
    ];
}
