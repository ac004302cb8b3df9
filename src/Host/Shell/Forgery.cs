using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication.BearerToken;

namespace Orchestration.Host.Shell;

internal static class Forgery
{
    /// <summary>Scripts send the token here; forms in a hidden field.</summary>
    public const string Header = "X-Csrf-Token";

    public static void AddForgeryProtection(this WebApplicationBuilder builder) => builder.Services.AddAntiforgery(o =>
    {
        o.HeaderName = Header;
        o.Cookie.Name = "orchestration.forgery";
        o.Cookie.SameSite = SameSiteMode.Strict;
        o.SuppressXFrameOptionsHeader = true;
    });

    /// <summary>Nothing that comes with a cookie, or with none, changes anything without the token of one of our pages; only a bearer token needs no other proof. It is a rule for all endpoints, so that none can forget it.</summary>
    public static void UseForgeryProtection(this WebApplication app)
    {
        app.UseAntiforgery();
        app.Use(async (context, next) =>
        {
            var method = context.Request.Method;
            var safe = HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method);
            if (safe || IsExempt(context) || await app.Services.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context))
                await next(context);
            else
                await Problem.WriteAsync(context, StatusCodes.Status400BadRequest, "This form is out of date", "Load the page again and repeat what you did. Your browser did not send the proof that the request came from one of our pages.");
        });
    }

    // Without a person there is nothing a forged request could do, but for a form that signs somebody in as somebody else.
    private static bool IsExempt(HttpContext context) => context.User.Identity is PersonIdentity who
        ? who.AuthenticationType == BearerTokenDefaults.AuthenticationScheme
        : !context.Request.HasFormContentType || context.Request.HasApiKey();
}
