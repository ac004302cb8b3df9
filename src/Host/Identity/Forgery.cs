using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Orchestration.Host.Http;

namespace Orchestration.Host.Identity;

internal static class Forgery
{
    /// <summary>Scripts send the token here; forms in a hidden field.</summary>
    public const string Header = "X-Csrf-Token";

    public static void AddForgeryProtection(this WebApplicationBuilder builder) =>
        builder.Services.AddAntiforgery(o =>
        {
            o.HeaderName = Header;
            o.Cookie.Name = "orchestration.forgery";
            o.Cookie.SameSite = SameSiteMode.Strict;
            o.SuppressXFrameOptionsHeader = true;
        });

    /// <summary>
    /// Nothing that comes with a cookie, or with none, changes anything without the token of one of our pages; only a bearer token needs no
    /// other proof. It is a rule for all endpoints, so that none can forget it.
    /// </summary>
    public static void UseForgeryProtection(this WebApplication app)
    {
        app.UseAntiforgery();
        app.Use(
            async (context, next) =>
            {
                var judged = context.Features.Get<IAntiforgeryValidationFeature>();
                if (
                    judged is { IsValid: false }
                    || (judged is null && !IsSafe(context.Request.Method) && !JudgesByItself(context) && !IsExempt(context) && !await IsValidAsync(context))
                )
                {
                    // Without this, a form with an invalid token couldn't even be read.
                    context.Features.Set<IAntiforgeryValidationFeature>(null);
                    await ErrorHandling.WriteAsync(
                        context,
                        StatusCodes.Status400BadRequest,
                        "This form has expired",
                        "Reload the page and try again. The request had no valid antiforgery token."
                    );
                    return;
                }

                await next(context);
            }
        );
    }

    private static bool IsSafe(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method);

    // Only a workflow that identifies its caller can be fooled by a forged request; it checks that itself.
    private static bool JudgesByItself(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<ExternalEndpoint>() is not null;

    private static Task<bool> IsValidAsync(HttpContext context) => context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context);

    // Without a person, a forged request can't do anything, except through a form that signs someone in as someone else.
    private static bool IsExempt(HttpContext context) =>
        context.User.Identity is PersonIdentity who
            ? who.AuthenticationType == BearerTokenDefaults.AuthenticationScheme
            : !context.Request.HasFormContentType || context.Request.HasApiKey();
}
