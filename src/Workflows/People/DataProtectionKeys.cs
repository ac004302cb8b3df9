using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.People;

/// <summary>
/// Keeps the keys of cookies and tokens in the database. Anyone who can read the table can sign in as anyone, as with everything else in the database.
/// </summary>
public sealed class DataProtectionKeys(NpgsqlDataSource database) : IXmlRepository
{
    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var query = database.Query("select xml from data_protection_key order by name");
        using var reader = query.ExecuteReader();
        var keys = new List<XElement>();
        while (reader.Read())
            keys.Add(XElement.Parse(reader.GetString(0)));
        return keys;
    }

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName)
    {
        using var insert = database.Query(
            "insert into data_protection_key (name, xml) values ($1, $2)",
            friendlyName,
            element.ToString(SaveOptions.DisableFormatting)
        );
        insert.ExecuteNonQuery();
    }
}
