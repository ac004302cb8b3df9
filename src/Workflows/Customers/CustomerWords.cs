namespace Orchestration.Workflows.Customers;

/// <summary>What the search of customers looks in.</summary>
internal static class CustomerWords
{
    /// <summary>Writes the words of these customers again.</summary>
    public const string Keep = """
        insert into customer_search (customer_id, words)
        select k.id, customer_words(k.number, k.name, k.other_names, k.emails, k.phones,
            array(select i.value from customer_identifier i where i.customer_id = k.id)) from customer k where k.id = any($1)
        on conflict (customer_id) do update set words = excluded.words
        """;
}
