using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Text;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using MimeKit;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Proof;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.Webhooks;

namespace Orchestration.Workflows.Audit;

/// <summary>Puts a signed tree head where it is held, over the network. A call that ends without an exception says that it is there.</summary>
internal sealed class PutHead(HttpClient http, SendMail mail)
{
    /// <summary>Type of the event that a webhook gets.</summary>
    public const string WebhookType = "history.head";

    private static readonly MediaTypeHeaderValue Query = new("application/timestamp-query");

    /// <summary>Posts it, signed like every webhook. Any 2xx counts.</summary>
    public async Task PostAsync(HeadPlace.Webhook to, SignedHead head, Instant now, CancellationToken cancel)
    {
        var id = $"head_{head.Head.Size.ToString(CultureInfo.InvariantCulture)}_{head.Head.At.ToString(CultureInfo.InvariantCulture)}";
        var body = JsonSerializer.Serialize(
            new
            {
                type = WebhookType,
                timestamp = NodaTime.Text.InstantPattern.ExtendedIso.Format(now),
                data = new
                {
                    origin = head.Head.Origin,
                    size = head.Head.Size,
                    head = head.ToString(),
                },
            }
        );
        using var request = new HttpRequestMessage(HttpMethod.Post, to.Url) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSecrets.Sign(id, now, body, to.Secret));
        using var response = await http.SendAsync(request, cancel);
        Expect(response, to.Url);
    }

    /// <summary>Mails it, with the head as an attachment too.</summary>
    public async Task MailAsync(HeadPlace.Mail to, SignedHead head, Instant now, CancellationToken cancel)
    {
        var name = KeptLog.NameOf(head);
        var subject = string.Create(CultureInfo.InvariantCulture, $"Tree head of {head.Head.Origin}: {head.Head.Size} events");
        using var message = mail.NewMessage(Ids.Named($"{to.Address} {name}"), "", to.Address, subject, now);
        var body = new BodyBuilder { TextBody = $"Keep this message. It proves that history up to here was not altered later.\n\n{head}" };
        body.Attachments.Add(name, Encoding.UTF8.GetBytes(head.ToString()), new ContentType("text", "plain"));
        message.Body = body.ToMessageBody();
        await mail.SendAsync(message, cancel);
    }

    /// <summary>Stores it as an object, with the name that its file has in a folder.</summary>
    public async Task StoreAsync(HeadPlace.ObjectStore to, SignedHead head, CancellationToken cancel)
    {
        using var client = new AmazonS3Client(
            new BasicAWSCredentials(to.AccessKey, to.SecretKey),
            new AmazonS3Config
            {
                ServiceURL = to.Url.AbsoluteUri,
                ForcePathStyle = true,
                AuthenticationRegion = to.Region,
                MaxErrorRetry = 0,

                // Other stores than Amazon's don't know the newer checksums.
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
                HttpClientFactory = new SameClient(http),
            }
        );
        await client.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = to.Bucket,
                Key = $"{to.Prefix}heads/{KeptLog.NameOf(head)}",
                ContentBody = head.ToString(),
                ContentType = "text/plain; charset=utf-8",
                UseChunkEncoding = false,
            },
            cancel
        );
    }

    /// <summary>Asks for a timestamp of it, and checks the answer. Returns the token and when it says that it was.</summary>
    public async Task<(byte[] Token, Instant At)> StampAsync(HeadPlace.Authority at, SignedHead head, CancellationToken cancel)
    {
        var text = head.ToString();
        var query = Rfc3161TimestampRequest.CreateFromData(
            Encoding.UTF8.GetBytes(text),
            HashAlgorithmName.SHA256,
            nonce: RandomNumberGenerator.GetBytes(8),
            requestSignerCertificates: true
        );
        using var request = new HttpRequestMessage(HttpMethod.Post, at.Url) { Content = new ByteArrayContent(query.Encode()) };
        request.Content.Headers.ContentType = Query;
        using var response = await http.SendAsync(request, cancel);
        Expect(response, at.Url);
        var token = query.ProcessResponse(await response.Content.ReadAsByteArrayAsync(cancel), out _).AsSignedCms().Encode();
        var timestamp = HeadTimestamp.Parse(token) ?? throw new CryptographicException($"{at.Url} answered with something else than a timestamp.");
        return timestamp.Differs(text, at.Trusted) is { } wrong
            ? throw new CryptographicException($"The timestamp of {at.Url.Authority} {wrong}")
            : (token, Instant.FromDateTimeOffset(timestamp.At));
    }

    private static void Expect(HttpResponseMessage response, Uri url)
    {
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"{url} answered {((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)}.");
    }

    /// <summary>The store is reached by the client that refuses special addresses.</summary>
    private sealed class SameClient(HttpClient client) : Amazon.Runtime.HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => client;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
