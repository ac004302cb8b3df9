using System.Security.Cryptography;
using System.Text;

namespace Orchestration.Engine.Model;

/// <summary>Matches a stimulus to a bookmark or trigger that waits for it: 32 hex digits.</summary>
public static class StimulusHash
{
    /// <summary>Hash of an event by name. Names are compared exactly, as Elsa does.</summary>
    public static string Event(string eventName) => Of("Elsa.Event", eventName);

    /// <summary>Hash of an HTTP endpoint by the key of its route (<see cref="Activities.HttpRoute.Key"/>) and its method, both without case.</summary>
    public static string Http(string routeKey, string method) => Of("Elsa.HttpEndpoint", method.ToUpperInvariant() + " " + routeKey);

    /// <summary>Hash of any other stimulus.</summary>
    /// <param name="name">Kind of stimulus.</param>
    /// <param name="key">What distinguishes it from others of that kind.</param>
    public static string Of(string name, string key)
    {
        var length = Encoding.UTF8.GetMaxByteCount(name.Length + key.Length + 1);
        Span<byte> text = length <= 512 ? stackalloc byte[length] : new byte[length];
        var written = Encoding.UTF8.GetBytes(name, text);
        text[written++] = 0;
        written += Encoding.UTF8.GetBytes(key, text[written..]);

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text[..written], hash);
        return Convert.ToHexStringLower(hash[..16]);
    }
}
