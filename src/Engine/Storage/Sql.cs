using System.Data.Common;
using NodaTime;
using Npgsql;
using NpgsqlTypes;

namespace Orchestration.Engine.Storage;

/// <summary>UTF-8 JSON for a <c>json</c> parameter.</summary>
public readonly record struct Json(byte[] Utf8);

/// <summary>JSON texts for a <c>json[]</c> parameter.</summary>
public readonly record struct JsonTexts(string?[] Texts);

/// <summary>Small helpers to write SQL as SQL: positional parameters (<c>$1</c>) from plain values.</summary>
public static class Sql
{
    /// <summary>
    /// Data source with the settings the product relies on: UTC sessions, automatic preparation of repeated statements, and no just-in-time compilation
    /// unless the connection string has options of its own.
    /// </summary>
    public static NpgsqlDataSource CreateDataSource(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Timezone = "UTC",
            ApplicationName = "orchestration",

            // No session state is left behind, so nothing needs to be reset before each use: it would cost a transaction.
            NoResetOnClose = true,

            // A connection whose statement was cancelled is dropped: Npgsql 10 may treat statements of the same batch as prepared although the server
            // never
            // saw them, and the next user of the connection would fail.
            CancellationTimeout = -1,
        };

        // Every statement is short, but conditions of visibility look dear to the planner: compiling them took longer than the page they were for.
        builder.Options ??= "-c jit=off";
        if (builder.MaxAutoPrepare == 0)
        {
            builder.MaxAutoPrepare = 100;
            builder.AutoPrepareMinUsages = 2;
        }

        return new NpgsqlDataSourceBuilder(builder.ConnectionString).Build();
    }

    /// <summary>A command with positional parameters.</summary>
    public static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<object?> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(Parameter(value));
        return command;
    }

    /// <summary>Adds a command to a batch.</summary>
    public static void Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<object?> values) => batch.BatchCommands.Add(Command(sql, values));

    /// <summary>A stand-alone command of a data source, with positional parameters.</summary>
    public static NpgsqlCommand Query(this NpgsqlDataSource database, string sql, params ReadOnlySpan<object?> values)
    {
        var command = database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(Parameter(value));
        return command;
    }

    public static Instant Instant(this DbDataReader reader, int ordinal) => reader.GetDateTime(ordinal).ToInstant();

    public static Instant? InstantOrNull(this DbDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetDateTime(ordinal).ToInstant();

    public static string? Text(this DbDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    public static Guid? GuidOrNull(this DbDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetGuid(ordinal);

    /// <summary>Columns by their names: looked up in the description of the result, which a prepared statement keeps.</summary>
    public static Instant Instant(this DbDataReader reader, string column) => reader.Instant(reader.GetOrdinal(column));

    public static Instant? InstantOrNull(this DbDataReader reader, string column) => reader.InstantOrNull(reader.GetOrdinal(column));

    public static string? Text(this DbDataReader reader, string column) => reader.Text(reader.GetOrdinal(column));

    public static Guid? GuidOrNull(this DbDataReader reader, string column) => reader.GuidOrNull(reader.GetOrdinal(column));

    public static DateTime? TimeOrNull(this DbDataReader reader, string column) =>
        reader.GetOrdinal(column) is var ordinal && reader.IsDBNull(ordinal) ? null : reader.GetDateTime(ordinal);

    public static byte[]? Utf8OrNull(this DbDataReader reader, string column) =>
        reader.GetOrdinal(column) is var ordinal && reader.IsDBNull(ordinal) ? null : reader.Utf8(ordinal);

    /// <summary>UTF-8 of a <c>json</c> column.</summary>
    public static byte[] Utf8(this DbDataReader reader, int ordinal) => reader.GetFieldValue<byte[]>(ordinal);

    /// <summary>A value as a positional parameter.</summary>
    public static NpgsqlParameter Parameter(object? value) =>
        value switch
        {
            null => new NpgsqlParameter { Value = DBNull.Value },
            Instant instant => new NpgsqlParameter<DateTime> { TypedValue = instant.ToDateTimeUtc(), NpgsqlDbType = NpgsqlDbType.TimestampTz },
            Instant[] instants => new NpgsqlParameter<DateTime[]>
            {
                TypedValue = Array.ConvertAll(instants, i => i.ToDateTimeUtc()),
                NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
            },
            Instant?[] instants => new NpgsqlParameter<DateTime?[]>
            {
                TypedValue = Array.ConvertAll(instants, i => i?.ToDateTimeUtc()),
                NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
            },
            Json json => new NpgsqlParameter<byte[]> { TypedValue = json.Utf8, NpgsqlDbType = NpgsqlDbType.Json },
            JsonTexts array => new NpgsqlParameter<string?[]> { TypedValue = array.Texts, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Json },
            Guid id => new NpgsqlParameter<Guid> { TypedValue = id },
            int number => new NpgsqlParameter<int> { TypedValue = number },
            long number => new NpgsqlParameter<long> { TypedValue = number },
            bool flag => new NpgsqlParameter<bool> { TypedValue = flag },
            string text => new NpgsqlParameter<string> { TypedValue = text },
            _ => new NpgsqlParameter { Value = value },
        };
}
