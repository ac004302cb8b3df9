using Orchestration.Engine.Storage;
using Orchestration.Host.Tasks.Parts;
using Orchestration.Host.Tasks.Verbs;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Inbox;

/// <summary>
/// The next task of a person: in the order of the lists, the first that they own and can work on or that they can take. It is taken with the verb that its
/// row offers, so the rules are those of the verb. When others are faster, the one after it is taken.
/// </summary>
internal static class NextTask
{
    private const int Choices = 5;
    private const int Rounds = 3;

    /// <summary>Takes it.</summary>
    /// <param name="operation">Chosen with the form: sent twice, it takes one task.</param>
    /// <returns>The task, or null: there is nothing to do.</returns>
    public static async Task<Guid?> TakeAsync(TaskRuntime tasks, string operation, Person me, CancellationToken cancel)
    {
        var filter = new TaskFilter { View = "next", Limit = Choices };
        for (var round = 0; round < Rounds; round++)
        {
            var choices = await TaskList.ReadAsync(tasks.Runtime.Database, filter, me, tasks.Runtime.Clock.Now(), cancel);
            foreach (var task in choices.Items)
            {
                if (task.OwnerId == me.Id || (task.ReviewerId == me.Id && task.State == TaskState.InReview))
                    return task.Id;
                var verb = TaskVerbs.All.Single(row => row.Name == TakeButton.Of(task.State).Verb);
                var request = new TaskRequest(task.Id, task.Revision, $"{operation}:{Ids.Text(task.Id)}");
                if (await verb.Run(tasks, request, new VerbInput(), me, cancel) is TaskResult.Done)
                    return task.Id;
            }

            if (choices.Items.Count == 0)
                break;
        }

        return null;
    }
}
