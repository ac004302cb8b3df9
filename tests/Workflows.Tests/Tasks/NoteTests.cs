using System.Security.Cryptography;
using System.Text;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Notes;

namespace Orchestration.Workflows.Tests.Tasks;

public sealed class NoteTests
{
    private static readonly byte[] Pdf = "%PDF-1.7 hello"u8.ToArray();

    [Fact]
    public async Task A_comment_tells_who_is_mentioned_and_leaves_the_revision_alone()
    {
        await using var world = await World.CreateAsync();
        var (id, desk) = await OpenAsync(world);
        var (adjuster, closer) = (await world.PersonAsync("adjuster1"), await world.PersonAsync("closer1"));
        (await CommentOnTask.RunAsync(world.Tasks, desk.Next, "May I?", closer)).ShouldBeOfType<TaskResult.NotFound>();
        (await CommentOnTask.RunAsync(world.Tasks, desk.Next, " ", adjuster)).ShouldBeOfType<TaskResult.InvalidRequest>();
        (
            await CommentOnTask.RunAsync(world.Tasks, desk.Next, new string('x', CommentOnTask.MaxLength + 1), adjuster)
        ).ShouldBeOfType<TaskResult.InvalidRequest>();
        (await CommentOnTask.RunAsync(world.Tasks, new(desk.Task, 0, "stale"), "Hello", adjuster)).ShouldBeOfType<TaskResult.StaleRevision>();

        const string Body = "@Closer1, @adjuster1 and nobody@example.com: <script>alert(1)</script>";
        var said = new TaskRequest(desk.Task, 1, "say");
        (await world.DoneAsync(CommentOnTask.RunAsync(world.Tasks, said, Body, adjuster))).Revision.ShouldBe(1);
        await world.DoneAsync(CommentOnTask.RunAsync(world.Tasks, said, Body, adjuster));
        (await NoteQueries.CommentsAsync(world.Database, desk.Task))
            .Single()
            .ShouldSatisfyAllConditions(c => c.Body.ShouldBe(Body), c => c.AuthorName.ShouldBe("Daniel Brandt"));
        (await world.ScalarAsync<int>("select count(*) from notification where kind = 'task.mention' and person_id = @Id", new { closer.Id })).ShouldBe(1);
        (await world.ScalarAsync<int>("select count(*) from notification")).ShouldBe(1);

        // A mentioned person can see the task and answer.
        (await TaskDetail.FindAsync(world.Runtime, desk.Task, closer)).ShouldNotBeNull();
        await world.DoneAsync(CommentOnTask.RunAsync(world.Tasks, desk.Next, "Fine.", closer));
        (await world.ActionsAsync(id)).Count(a => a == "task.commented").ShouldBe(2);
    }

    [Fact]
    public async Task A_file_is_stored_with_its_hash_and_given_back_as_it_was()
    {
        await using var world = await World.CreateAsync();
        var (id, desk) = await OpenAsync(world);
        var adjuster = await world.PersonAsync("adjuster1");
        await world.DoneAsync(AttachToTask.RunAsync(world.Tasks, desk.Next, @"C:\scans\In<vo>ice.pdf", "application/pdf", Pdf, adjuster));
        var file = (await NoteQueries.AttachmentsAsync(world.Database, desk.Task)).Single();
        (file.Name, file.ContentType, file.Size).ShouldBe(("Invoice.pdf", "application/pdf", Pdf.Length));
        file.Sha256.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Pdf)));
        (await NoteQueries.ContentAsync(world.Database, desk.Task, file.Id))!.Value.Content.ShouldBe(Pdf);
        (await NoteQueries.ContentAsync(world.Database, Orchestration.Engine.Storage.Ids.New(world.Clock.GetCurrentInstant()), file.Id)).ShouldBeNull();
        (await world.ActionsAsync(id)).ShouldContain("task.attached");
        (await world.ScalarAsync<string>("select payload::jsonb ->> 'sha256' from event where payload::text like '%sha256%'")).ShouldBe(file.Sha256);
    }

    [Theory]
    [InlineData("run.exe", null, "MZ...", "file type isn't allowed")]
    [InlineData("page.html", "text/html", "<html>", "file type isn't allowed")]
    [InlineData("picture.svg", "image/svg+xml", "<svg/>", "file type isn't allowed")]
    [InlineData("invoice.pdf", "application/pdf", "<html><script>alert(1)</script>", "content doesn't match")]
    [InlineData("photo.png", "image/png", "%PDF-1.7", "content doesn't match")]
    [InlineData("letter.docx", null, "PK\u0003\u0004 something else", "content doesn't match")]
    [InlineData("note.txt", "text/plain", "<html><script>alert(1)</script>", "content doesn't match")]
    [InlineData("note.txt", "text/plain", "MZ\u0000\u0001", "content doesn't match")]
    [InlineData("invoice.pdf", "text/html", "%PDF-1.7", "content type is")]
    [InlineData("..", null, "x", "needs a name")]
    [InlineData("empty.txt", null, "", "empty")]
    public async Task A_file_that_is_not_what_it_says_is_refused(string name, string? type, string content, string reason)
    {
        await using var world = await World.CreateAsync();
        var (_, desk) = await OpenAsync(world);
        var refused = (
            await AttachToTask.RunAsync(world.Tasks, desk.Next, name, type, Encoding.Latin1.GetBytes(content), await world.PersonAsync("adjuster1"))
        ).ShouldBeOfType<TaskResult.InvalidRequest>();
        (refused.Field, refused.Reason).ShouldSatisfyAllConditions(r => r.Field.ShouldBe("file"), r => r.Reason.ShouldContain(reason));
        (await world.ScalarAsync<int>("select count(*) from task_attachment")).ShouldBe(0);
    }

    [Fact]
    public async Task A_file_over_the_limit_is_refused()
    {
        await using var world = await World.CreateAsync();
        var (_, desk) = await OpenAsync(world);
        var large = new byte[AttachToTask.MaxBytes + 1];
        Pdf.CopyTo(large, 0);
        (await AttachToTask.RunAsync(world.Tasks, desk.Next, "large.pdf", null, large, await world.PersonAsync("adjuster1")))
            .ShouldBeOfType<TaskResult.InvalidRequest>()
            .Reason.ShouldBe("The file is larger than 10 MB.");
        await world.DoneAsync(
            AttachToTask.RunAsync(world.Tasks, desk.Next, "large.pdf", null, large[..AttachToTask.MaxBytes], await world.PersonAsync("adjuster1"))
        );
    }

    private static async Task<(Guid Case, Desk Desk)> OpenAsync(World world)
    {
        await world.PublishAsync("one", ("a", Step.Of("Check")));
        var id = await world.StartAsync("one");
        return (id, await Desk.AtAsync(world, id));
    }
}
