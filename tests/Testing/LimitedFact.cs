using System.Runtime.CompilerServices;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Orchestration.Testing;

/// <summary>What <c>[Fact]</c> means in our tests: one that doesn't end fails after <see cref="TimeLimit"/>, and the others go on.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer(typeof(TimeLimit.Facts))]
public sealed class LimitedFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : FactAttribute(file, line);

/// <summary>What <c>[Theory]</c> means in our tests.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer(typeof(TimeLimit.Theories))]
public sealed class LimitedTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : TheoryAttribute(file, line);

/// <summary>Ten minutes: several times what the longest test takes on a busy machine. Tests that don't wait can't be stopped.</summary>
public static class TimeLimit
{
    private static readonly int s_milliseconds = (int)TimeSpan.FromMinutes(10).TotalMilliseconds;

    private static void Set(IXunitTestMethod test, IFactAttribute attribute)
    {
        var returns = test.Method.ReturnType;
        if (attribute is FactAttribute { Timeout: 0 } fact && (returns == typeof(Task) || returns == typeof(ValueTask)))
            fact.Timeout = s_milliseconds;
    }

    internal sealed class Facts : FactDiscoverer
    {
        public override ValueTask<IReadOnlyCollection<IXunitTestCase>> Discover(
            ITestFrameworkDiscoveryOptions discoveryOptions,
            IXunitTestMethod testMethod,
            IFactAttribute factAttribute
        )
        {
            Set(testMethod, factAttribute);
            return base.Discover(discoveryOptions, testMethod, factAttribute);
        }
    }

    internal sealed class Theories : TheoryDiscoverer
    {
        public override ValueTask<IReadOnlyCollection<IXunitTestCase>> Discover(
            ITestFrameworkDiscoveryOptions discoveryOptions,
            IXunitTestMethod testMethod,
            IFactAttribute factAttribute
        )
        {
            Set(testMethod, factAttribute);
            return base.Discover(discoveryOptions, testMethod, factAttribute);
        }
    }
}
