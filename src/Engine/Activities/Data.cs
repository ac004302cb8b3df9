using Orchestration.Engine.Model;

namespace Orchestration.Engine.Activities;

/// <summary>What activities do with workflow data.</summary>
internal static class Data
{
    /// <summary>A value as text, as Elsa converts it; null is empty.</summary>
    public static string Text(object? value) => ValueConverter.Convert(value, "String") as string ?? "";

    /// <summary>Reads JSON; false if the text isn't JSON.</summary>
    public static bool TryParse(string text, out object? value)
    {
        try
        {
            value = WorkflowData.Parse(text);
            return true;
        }
        catch (ExpressionException)
        {
            value = null;
            return false;
        }
    }
}
