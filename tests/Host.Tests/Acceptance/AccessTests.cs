using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Acceptance;

/// <summary>Who can use which endpoint, reviewed manually: a new, moved or opened endpoint fails here until the table lists it.</summary>
public sealed partial class AccessTests : IAsyncLifetime
{
    /// <summary>
    /// anybody: no sign-in needed. person: any signed-in person; each object decides what they see. lead: leads a team or supervises.
    /// start, start-cases, start-tests, keep-customers, mark-sensitive, alter-cases, supervise, design, administrator, access, compliance,
    /// decide-erasures: permissions.
    /// read, edit, publish, run, operate: rights of the designer, which API keys can have too.
    /// </summary>
    private const string Table = """
        anybody       POST   /api/session
        anybody       POST   /api/session/refresh
        anybody       GET    /choose-password
        anybody       GET    /g/{code}
        anybody       POST   /choose-password
        anybody       POST   /elsa/api/identity/login
        anybody       POST   /elsa/api/identity/refresh-token
        anybody       *      /health/live
        anybody       *      /health/ready
        anybody       GET    /follow/{code}/
        anybody       POST   /follow/{code}/
        anybody       POST   /follow/{code}/contact
        anybody       POST   /follow/{code}/messages
        anybody       POST   /follow/{code}/rating
        anybody       GET    /openapi/{documentName}.json
        anybody       GET    /sign-in
        anybody       POST   /sign-in
        anybody       GET    /sign-in/code
        anybody       POST   /sign-in/code
        anybody       GET    /sign-in/provider
        anybody       GET    /sign-in/refused
        anybody       GET    /sign-in/set-up
        anybody       POST   /sign-in/set-up
        anybody       GET    /studio/{**name}
        anybody       HEAD   /studio/{**name}
        anybody       GET    /workflow-replies/{secret}
        anybody       *      /workflows/{**path}
        person        GET    /
        person        POST   /access-reasons
        person        POST   /api/access-reasons
        person        GET    /api/calendars/
        person        POST   /api/calendars/preview
        person        GET    /api/calendars/{id}
        person        GET    /api/cases/
        person        GET    /api/cases/{id:guid}
        person        GET    /api/cases/{id:guid}/clocks
        person        GET    /api/cases/{id:guid}/history
        person        GET    /api/cases/{id:guid}/promises/
        person        GET    /api/cases/{id:guid}/promises/check
        person        GET    /cases/{id:guid}/last-stage
        person        GET    /cases/{id:guid}/promises/check
        person        GET    /api/promises
        person        GET    /promises
        person        GET    /promises/check
        person        GET    /api/clocks/{id:guid}
        person        GET    /api/findings/{id:guid}
        person        GET    /findings/{id:guid}
        person        GET    /api/guidance/
        person        POST   /api/guidance/
        person        GET    /api/guidance/figures
        person        GET    /api/guidance/notes
        person        POST   /api/guidance/notes
        person        POST   /api/guidance/preview
        person        GET    /api/guidance/{id:guid}
        person        PUT    /api/guidance/{id:guid}
        person        POST   /api/guidance/{id:guid}/approve
        person        POST   /api/guidance/{id:guid}/confirm
        person        POST   /api/guidance/{id:guid}/discard
        person        POST   /api/guidance/{id:guid}/retire
        person        POST   /api/guidance/{id:guid}/send-back
        person        GET    /api/guidance/{id:guid}/shares
        person        POST   /api/guidance/{id:guid}/shares
        person        DELETE /api/guidance/{id:guid}/shares/{share:guid}
        person        POST   /api/guidance/{id:guid}/submit
        person        POST   /api/guidance/{id:guid}/uses
        person        GET    /api/guidance/{id:guid}/versions
        person        GET    /api/tasks/{id:guid}/guidance
        person        GET    /guidance/
        person        GET    /guidance/figures
        person        GET    /guidance/figures/{use}
        person        GET    /guidance/find
        person        GET    /guidance/new
        person        POST   /guidance/new
        person        GET    /guidance/notes
        person        GET    /guidance/of-customer/{id:guid}
        person        POST   /guidance/preview
        person        POST   /guidance/questions
        person        POST   /guidance/shown
        person        GET    /guidance/{id:guid}
        person        POST   /guidance/{id:guid}/approve
        person        POST   /guidance/{id:guid}/confirm
        person        POST   /guidance/{id:guid}/discard
        person        GET    /guidance/{id:guid}/edit
        person        POST   /guidance/{id:guid}/edit
        person        POST   /guidance/{id:guid}/notes
        person        GET    /guidance/{id:guid}/read
        person        POST   /guidance/{id:guid}/retire
        person        POST   /guidance/{id:guid}/send-back
        start-cases   POST   /guidance/{id:guid}/sent
        person        POST   /guidance/{id:guid}/share
        person        POST   /guidance/{id:guid}/shares/{share:guid}/end
        person        POST   /guidance/{id:guid}/submit
        person        POST   /guidance/{id:guid}/uses
        person        GET    /guidance/{id:guid}/versions/{number:int}
        person        GET    /api/journeys
        person        GET    /api/forecast/
        person        POST   /api/forecast/apply
        person        GET    /api/forecast/calibration
        person        POST   /api/forecast/what-if
        person        GET    /forecast/
        person        POST   /forecast/apply
        person        GET    /forecast/what-if
        person        GET    /forecast/{clock:guid}
        person        GET    /api/jobs/work/
        person        GET    /api/jobs/work/{id:guid}
        person        GET    /api/me
        person        GET    /api/me/access
        person        GET    /me/access
        person        GET    /api/me/notification-preferences/
        person        PUT    /api/me/notification-preferences/
        person        GET    /api/me/sessions/
        person        DELETE /api/me/sessions/{session:guid}
        person        DELETE /api/session
        person        GET    /api/sla-policies/
        person        POST   /api/sla-policies/preview
        person        GET    /api/sla-policies/{id}
        person        GET    /api/substitutions/
        person        POST   /api/substitutions/
        person        DELETE /api/substitutions/{id:guid}
        person        GET    /api/tasks/
        person        POST   /api/tasks/bulk
        person        GET    /api/tasks/{id:guid}
        person        POST   /api/tasks/{id:guid}/approve
        person        POST   /api/tasks/{id:guid}/assign
        person        GET    /api/tasks/{id:guid}/attachments
        person        POST   /api/tasks/{id:guid}/attachments
        person        GET    /api/tasks/{id:guid}/attachments/{attachment:guid}
        person        POST   /api/tasks/{id:guid}/cancel
        person        POST   /api/tasks/{id:guid}/claim
        person        GET    /api/tasks/{id:guid}/clocks
        person        GET    /api/tasks/{id:guid}/comments
        person        POST   /api/tasks/{id:guid}/comments
        person        POST   /api/tasks/{id:guid}/complete
        person        POST   /api/tasks/{id:guid}/delegate
        person        PUT    /api/tasks/{id:guid}/draft
        person        POST   /api/tasks/{id:guid}/fail
        person        POST   /api/tasks/{id:guid}/forward
        person        POST   /api/tasks/{id:guid}/priority
        person        POST   /api/tasks/{id:guid}/release
        person        POST   /api/tasks/{id:guid}/request-changes
        person        POST   /api/tasks/{id:guid}/request-review
        person        POST   /api/tasks/{id:guid}/resume
        person        POST   /api/tasks/{id:guid}/return
        person        POST   /api/tasks/{id:guid}/skip
        person        POST   /api/tasks/{id:guid}/start
        person        POST   /api/tasks/{id:guid}/start-review
        person        POST   /api/tasks/{id:guid}/stop
        person        POST   /api/tasks/{id:guid}/suspend
        person        POST   /api/tasks/{id:guid}/take-over
        person        GET    /away/
        person        POST   /away/
        person        POST   /away/{id:guid}/end
        person        GET    /background-work/
        person        GET    /background-work/{id:guid}
        person        GET    /cases
        person        GET    /cases/list
        person        GET    /cases/{id:guid}/
        person        GET    /live
        person        GET    /notifications/
        person        GET    /notifications/bell
        person        GET    /notifications/preferences/
        person        POST   /notifications/preferences/
        person        POST   /notifications/read
        person        POST   /notifications/{id:guid}
        person        GET    /security/
        person        POST   /security/codes
        person        POST   /security/sessions/end
        person        POST   /security/sessions/{session:guid}/end
        person        POST   /security/set-up
        person        POST   /sign-out
        person        POST   /tasks/bulk
        person        GET    /tasks/{id:guid}/
        person        POST   /tasks/{id:guid}/approve
        person        POST   /tasks/{id:guid}/assign
        person        POST   /tasks/{id:guid}/attach
        person        POST   /tasks/{id:guid}/cancel
        person        POST   /tasks/{id:guid}/claim
        person        POST   /tasks/{id:guid}/comment
        person        POST   /tasks/{id:guid}/complete
        person        POST   /tasks/{id:guid}/delegate
        person        POST   /tasks/{id:guid}/draft
        person        PUT    /tasks/{id:guid}/draft
        person        GET    /tasks/{id:guid}/files/{attachment:guid}
        person        POST   /tasks/{id:guid}/fail
        person        POST   /tasks/{id:guid}/forward
        person        POST   /tasks/{id:guid}/layout
        person        GET    /tasks/{id:guid}/news
        person        POST   /tasks/{id:guid}/priority
        person        POST   /tasks/{id:guid}/release
        person        POST   /tasks/{id:guid}/request-changes
        person        POST   /tasks/{id:guid}/request-review
        person        POST   /tasks/{id:guid}/resume
        person        POST   /tasks/{id:guid}/return
        person        POST   /tasks/{id:guid}/skip
        person        POST   /tasks/{id:guid}/start
        person        POST   /tasks/{id:guid}/start-review
        person        POST   /tasks/{id:guid}/stop
        person        POST   /tasks/{id:guid}/suspend
        person        POST   /tasks/{id:guid}/take-over
        person        GET    /work
        lead          GET    /team/
        person        GET    /api/me/presence/
        person        PUT    /api/me/presence/
        person        GET    /api/skills/
        person        GET    /api/performance/definitions
        person        GET    /api/performance/me
        person        GET    /api/step-efforts/
        person        GET    /performance/
        person        GET    /performance/export/{file}
        person        GET    /performance/me
        person        GET    /performance/me/export/{file}
        person        GET    /performance/tasks
        person        GET    /presence/chip
        person        POST   /presence/
        person        POST   /presence/seen
        lead          GET    /api/people/{id:guid}/capacity/
        lead          PUT    /api/people/{id:guid}/capacity/
        lead          GET    /api/people/{id:guid}/conflicts/
        lead          POST   /api/people/{id:guid}/conflicts/
        lead          POST   /api/people/{id:guid}/conflicts/{conflict:guid}/lift
        lead          GET    /api/people/{id:guid}/presence/
        lead          GET    /api/performance/
        lead          PUT    /api/people/{id:guid}/presence/
        lead          GET    /api/people/{id:guid}/presence/changes
        lead          GET    /api/shifts/
        lead          POST   /api/shifts/
        lead          DELETE /api/shifts/{id:guid}
        lead          POST   /api/shifts/copy
        lead          POST   /api/shifts/import
        lead          GET    /api/shifts/import/sample
        lead          GET    /api/skill-matrix/
        lead          GET    /api/teams/{key}/people/
        lead          GET    /shifts/
        lead          POST   /shifts/
        lead          POST   /shifts/copy
        lead          POST   /shifts/import
        lead          POST   /shifts/{id:guid}/remove
        lead          GET    /skills/
        lead          GET    /api/board/
        lead          GET    /team/assignees
        lead          GET    /team/board
        lead          GET    /team/people
        lead          POST   /team/bulk
        lead          POST   /team/people/{id:guid}/presence
        administrator GET    /administration/people/{id:guid}/capacity/
        administrator POST   /administration/people/{id:guid}/capacity/
        administrator GET    /administration/people/{id:guid}/conflicts/
        administrator POST   /administration/people/{id:guid}/conflicts/
        administrator POST   /administration/people/{id:guid}/conflicts/{conflict:guid}/lift
        administrator GET    /administration/skills/
        administrator POST   /administration/skills/
        administrator POST   /administration/skills/{key}/restore
        administrator POST   /administration/skills/{key}/retire
        administrator PUT    /api/skills/{key}
        administrator POST   /api/skills/{key}/restore
        administrator POST   /api/skills/{key}/retire
        start         POST   /api/cases/
        start-cases   POST   /api/cases/{id:guid}/promises/
        start-cases   POST   /api/cases/{id:guid}/promises/{clock:guid}/settle
        start-cases   POST   /api/cases/{id:guid}/promises/{clock:guid}/move
        start-cases   POST   /api/events
        start-cases   POST   /cases/{id:guid}/promises
        start-cases   POST   /cases/{id:guid}/promises/{clock:guid}
        start         GET    /start/
        start         GET    /start/{journey}
        start         GET    /start/customers
        person        GET    /api/customers/
        person        GET    /api/customers/{id:guid}
        person        GET    /api/customers/{id:guid}/cases
        person        GET    /api/customers/{id:guid}/contacts
        person        GET    /api/customers/by-number/{number}
        person        GET    /api/search
        person        GET    /customers
        person        GET    /customers/by-number
        person        GET    /customers/list
        person        GET    /customers/{id:guid}
        person        GET    /customers/{id:guid}/history
        person        GET    /search
        start-cases   POST   /api/customers/{id:guid}/contacts
        start-cases   POST   /api/customers/{id:guid}/contacts/{contact:guid}/answered
        start-cases   POST   /customers/{id:guid}/contacts
        start-cases   POST   /customers/{id:guid}/contacts/{contact:guid}/answered
        start-cases   POST   /customers/{id:guid}/own-view
        person        GET    /api/cases/{id:guid}/own-view-links/
        person        GET    /api/cases/{id:guid}/rating
        start-cases   POST   /api/cases/{id:guid}/own-view-links/
        start-cases   DELETE /api/cases/{id:guid}/own-view-links/{link:guid}
        start-cases   POST   /api/cases/{id:guid}/messages
        start-cases   POST   /cases/{id:guid}/own-view
        start-cases   POST   /cases/{id:guid}/own-view/messages
        start-cases   POST   /cases/{id:guid}/own-view/{link:guid}/revoke
        keep-customers POST  /api/customers/
        keep-customers PUT   /api/customers/{id:guid}
        keep-customers PUT   /api/customers/by-number/{number}
        mark-sensitive PUT   /api/customers/{id:guid}/sensitive
        mark-sensitive DELETE /api/customers/{id:guid}/sensitive
        mark-sensitive POST  /customers/{id:guid}/sensitive
        keep-customers POST  /api/customers/{id:guid}/merge
        keep-customers POST  /api/customers/{id:guid}/unmerge
        keep-customers POST  /api/customers/import
        keep-customers GET   /api/customers/import/sample
        keep-customers GET   /customers/import/
        keep-customers POST  /customers/import/
        keep-customers GET   /customers/new
        keep-customers POST  /customers/new
        keep-customers GET   /customers/{id:guid}/edit
        keep-customers POST  /customers/{id:guid}/edit
        keep-customers POST  /customers/{id:guid}/merge
        keep-customers POST  /customers/{id:guid}/unmerge
        keep-customers GET   /front-office
        keep-customers GET   /front-office/ratings
        keep-customers GET   /api/customers/satisfaction
        start-tests   DELETE /api/cases/{id:guid}
        start-tests   POST   /cases/{id:guid}/remove
        person        GET    /api/offers/
        person        POST   /api/offers/{id:guid}/accept
        person        POST   /api/offers/{id:guid}/decline
        person        GET    /api/suggestions
        person        GET    /api/tasks/{id:guid}/distribution
        person        POST   /api/tasks/{id:guid}/offer
        person        GET    /api/teams/{team}/distribution/
        person        DELETE /api/teams/{team}/distribution/draft
        person        PUT    /api/teams/{team}/distribution/draft
        person        PUT    /api/teams/{team}/distribution/mode
        person        GET    /api/teams/{team}/distribution/offers
        person        POST   /api/teams/{team}/distribution/publish
        person        POST   /api/teams/{team}/distribution/replay
        person        GET    /api/teams/{team}/distribution/unassignable
        person        GET    /api/teams/{team}/distribution/versions
        person        GET    /offers/card
        person        POST   /offers/{id:guid}/accept
        person        POST   /offers/{id:guid}/decline
        person        GET    /tasks/{id:guid}/distribution
        person        POST   /tasks/{id:guid}/offer
        person        GET    /team/{key}/distribution/
        person        POST   /team/{key}/distribution/
        person        GET    /work/suggested
        person        GET    /commands
        person        GET    /demo-progress
        person        GET    /work/beside
        person        POST   /work/next
        person        POST   /filters/{list}
        person        POST   /filters/{list}/{id:guid}/remove
        start         POST   /start/{journey}
        start-cases   POST   /tasks/{id:guid}/promises
        start-cases   POST   /tasks/{id:guid}/promises/{clock:guid}
        person        GET    /api/cases/{id:guid}/changes
        alter-cases   GET    /api/changes/
        alter-cases   POST   /api/changes/{change:guid}/approve
        alter-cases   POST   /api/changes/{change:guid}/refuse
        alter-cases   GET    /changes/
        alter-cases   POST   /changes/{change:guid}/approve
        alter-cases   POST   /changes/{change:guid}/refuse
        alter-cases   POST   /api/cases/{id:guid}/cancel
        alter-cases   POST   /api/cases/{id:guid}/changes
        alter-cases   POST   /api/cases/{id:guid}/changes/{change:guid}/approve
        alter-cases   POST   /api/cases/{id:guid}/changes/{change:guid}/refuse
        alter-cases   POST   /api/cases/{id:guid}/incidents/{activityInstanceId}/retry
        supervise     POST   /api/clocks/recompute
        supervise     GET    /api/performance/targets/
        supervise     PUT    /api/performance/targets/{measure}
        supervise     GET    /performance/targets/
        supervise     POST   /performance/targets/
        alter-cases   POST   /cases/{id:guid}/cancel
        alter-cases   POST   /cases/{id:guid}/changes/{change:guid}/approve
        alter-cases   POST   /cases/{id:guid}/changes/{change:guid}/refuse
        supervise     *      /jobs/{**path}
        alter-cases   POST   /cases/{id:guid}/incidents/{activityInstanceId}/retry
        design        POST   /api/definitions/
        design        POST   /api/definitions/{id}/migrations
        design        POST   /api/definitions/{id}/migrations/preview
        administrator GET    /administration/calendars/
        administrator GET    /administration/calendars/new
        administrator POST   /administration/calendars/new
        administrator GET    /administration/calendars/{id}
        administrator POST   /administration/calendars/{id}
        administrator POST   /administration/calendars/{id}/recompute
        administrator GET    /administration/import-people/
        administrator POST   /administration/import-people/
        administrator GET    /administration/import-teams/
        administrator POST   /administration/import-teams/
        administrator GET    /administration/jobs/
        administrator POST   /administration/jobs/effects/{id:guid}/discard
        administrator POST   /administration/jobs/effects/{id:guid}/retry
        administrator POST   /administration/jobs/rows/{id:guid}/retry
        administrator POST   /administration/jobs/{name}/{verb:regex(^(pause|resume)$)}
        administrator GET    /administration/new-team
        administrator POST   /administration/new-team
        administrator GET    /administration/new-role
        administrator POST   /administration/new-role
        administrator GET    /administration/roles
        administrator GET    /administration/roles/{key}
        administrator POST   /administration/roles/{key}
        administrator POST   /administration/roles/{key}/remove
        administrator POST   /administration/roles/{key}/limits
        administrator POST   /administration/roles/{key}/limits/remove
        access        GET    /administration/access/
        access        GET    /administration/access/csv
        access        GET    /administration/access/{id:guid}
        administrator GET    /administration/notifications/
        administrator POST   /administration/notifications/
        administrator GET    /administration/people/
        administrator GET    /administration/people/list
        administrator GET    /administration/people/new
        administrator POST   /administration/people/new
        administrator GET    /administration/people/{id:guid}
        administrator POST   /administration/people/{id:guid}
        administrator POST   /administration/people/{id:guid}/deactivate
        administrator POST   /administration/people/{id:guid}/password-link
        administrator POST   /administration/people/{id:guid}/reactivate
        administrator POST   /administration/people/{id:guid}/reset-second-factor
        administrator GET    /administration/people/{id:guid}/sessions
        administrator POST   /administration/people/{id:guid}/sessions/end
        administrator POST   /administration/people/{id:guid}/sessions/{session:guid}/end
        administrator POST   /administration/people/{id:guid}/unlock
        administrator GET    /administration/policies/
        administrator GET    /administration/policies/new
        administrator POST   /administration/policies/new
        administrator GET    /administration/policies/{id}
        administrator POST   /administration/policies/{id}
        administrator POST   /administration/policies/{id}/recompute
        administrator GET    /administration/teams
        administrator GET    /administration/teams/{key}
        administrator POST   /administration/teams/{key}
        administrator POST   /administration/teams/{key}/restore
        administrator POST   /administration/teams/{key}/retire
        administrator GET    /administration/webhooks/
        administrator POST   /administration/webhooks/
        administrator POST   /administration/webhooks/{id:guid}/remove
        administrator POST   /administration/webhooks/{id:guid}/renew-secret
        administrator POST   /administration/webhooks/{id:guid}/switch
        administrator POST   /administration/webhooks/{id:guid}/test
        administrator PUT    /api/calendars/{id}
        administrator GET    /api/effects/
        administrator POST   /api/effects/discard
        administrator POST   /api/effects/retry
        administrator GET    /api/jobs/
        administrator GET    /api/jobs/failing-rows
        administrator POST   /api/jobs/failing-rows/{id:guid}/retry
        administrator POST   /api/jobs/{name}/pause
        administrator POST   /api/jobs/{name}/resume
        administrator GET    /api/notification-preferences/
        administrator PUT    /api/notification-preferences/
        administrator GET    /api/people/
        administrator POST   /api/people/
        administrator POST   /api/people/import
        administrator GET    /api/people/import/sample
        administrator GET    /api/people/{id:guid}
        administrator PUT    /api/people/{id:guid}
        administrator POST   /api/people/{id:guid}/deactivate
        administrator POST   /api/people/{id:guid}/password-link
        administrator POST   /api/people/{id:guid}/reactivate
        administrator DELETE /api/people/{id:guid}/second-factor
        administrator GET    /api/people/{id:guid}/sessions
        administrator DELETE /api/people/{id:guid}/sessions
        administrator DELETE /api/people/{id:guid}/sessions/{session:guid}
        administrator POST   /api/people/{id:guid}/unlock
        administrator GET    /api/roles/
        administrator PUT    /api/roles/{key}
        administrator DELETE /api/roles/{key}
        administrator GET    /api/authority-limits
        administrator PUT    /api/roles/{key}/limits
        administrator DELETE /api/roles/{key}/limits
        access        GET    /api/access
        access        GET    /api/permissions
        administrator PUT    /api/sla-policies/{id}
        administrator GET    /api/teams/
        administrator POST   /api/teams/
        administrator POST   /api/teams/import
        administrator GET    /api/teams/import/sample
        administrator GET    /api/teams/{key}
        administrator PUT    /api/teams/{key}
        administrator POST   /api/teams/{key}/restore
        administrator POST   /api/teams/{key}/retire
        administrator GET    /api/webhooks/
        administrator POST   /api/webhooks/
        administrator GET    /api/webhooks/event-types
        administrator DELETE /api/webhooks/{id:guid}
        administrator PUT    /api/webhooks/{id:guid}
        administrator POST   /api/webhooks/{id:guid}/renew-secret
        administrator POST   /api/webhooks/{id:guid}/test
        read          GET    /elsa/api/activity-execution-summaries/list
        read          GET    /elsa/api/activity-executions/by-id
        read          GET    /elsa/api/activity-executions/count
        read          GET    /elsa/api/activity-executions/list
        read          POST   /elsa/api/activity-executions/report
        read          GET    /elsa/api/activity-executions/{id}
        read          GET    /elsa/api/activity-executions/{id}/call-stack
        read          GET    /elsa/api/admin/workflow-runtime/status
        read          POST   /elsa/api/alterations/dry-run
        read          GET    /elsa/api/alterations/{id}
        read          GET    /elsa/api/bookmark-queue/dead-letters
        read          POST   /elsa/api/bulk-actions/export/workflow-definitions
        read          POST   /elsa/api/bulk-actions/export/workflow-instances
        read          GET    /elsa/api/descriptors/activities
        read          GET    /elsa/api/descriptors/activities/{typeName}
        read          POST   /elsa/api/descriptors/activities/{typeName}/options/{property}
        read          GET    /elsa/api/descriptors/commit-strategies/{of:regex(^(workflows|activities)$)}
        read          GET    /elsa/api/descriptors/expression-descriptors
        read          GET    /elsa/api/descriptors/incident-strategies
        read          GET    /elsa/api/descriptors/log-persistence-strategies
        read          GET    /elsa/api/descriptors/output-converters
        read          GET    /elsa/api/descriptors/storage-drivers
        read          GET    /elsa/api/descriptors/variables
        read          GET    /elsa/api/descriptors/workflow-activation-strategies
        read          GET    /elsa/api/features/installed
        read          GET    /elsa/api/features/installed/{fullName}
        read          GET    /elsa/api/package/version
        read          GET    /elsa/api/resilience/retries/{activityInstanceId}
        read          GET    /elsa/api/resilience/strategies
        read          POST   /elsa/api/scripting/javascript/type-definitions/{definitionId}
        read          GET    /elsa/api/workflow-definitions/
        read          GET    /elsa/api/workflow-definitions/by-definition-id/{definitionId}
        read          GET    /elsa/api/workflow-definitions/by-id/{id}
        read          GET    /elsa/api/workflow-definitions/many-by-id
        read          GET    /elsa/api/workflow-definitions/query/count
        read          GET    /elsa/api/workflow-definitions/subgraph/segments/{versionId}
        read          GET    /elsa/api/workflow-definitions/subgraph/{versionId}
        read          GET    /elsa/api/workflow-definitions/validation/is-name-unique
        read          GET    /elsa/api/workflow-definitions/{definitionId}/consumers
        read          GET    /elsa/api/workflow-definitions/{definitionId}/export
        read          POST   /elsa/api/workflow-definitions/{definitionId}/export
        read          GET    /elsa/api/workflow-definitions/{definitionId}/versions
        read          GET    /elsa/api/workflow-instances/
        read          POST   /elsa/api/workflow-instances/
        read          GET    /elsa/api/workflow-instances/{id}
        read          GET    /elsa/api/workflow-instances/{id}/execution-state
        read          GET    /elsa/api/workflow-instances/{id}/export
        read          GET    /elsa/api/workflow-instances/{id}/journal
        read          POST   /elsa/api/workflow-instances/{id}/journal
        read          GET    /elsa/api/workflow-instances/{id}/journal/{activityId}
        read          GET    /elsa/api/workflow-instances/{id}/variables
        read          *      /elsa/hubs/workflow-instance
        read          *      /elsa/hubs/workflow-instance/negotiate
        read          GET    /studio/session
        edit          POST   /elsa/api/bulk-actions/delete/workflow-definitions/by-definition-id
        edit          POST   /elsa/api/bulk-actions/delete/workflow-definitions/by-id
        edit          POST   /elsa/api/bulk-actions/delete/workflow-instances/by-id
        edit          DELETE /elsa/api/workflow-definition-versions/{id}
        edit          POST   /elsa/api/workflow-definitions/
        edit          POST   /elsa/api/workflow-definitions/import
        edit          PUT    /elsa/api/workflow-definitions/import
        edit          POST   /elsa/api/workflow-definitions/import-files
        edit          DELETE /elsa/api/workflow-definitions/{definitionId}
        edit          POST   /elsa/api/workflow-definitions/{definitionId}/import
        edit          PUT    /elsa/api/workflow-definitions/{definitionId}/import
        edit          POST   /elsa/api/workflow-definitions/{definitionId}/revert/{version:int}
        edit          DELETE /elsa/api/workflow-definitions/{definitionId}/version/{version:int}
        edit          DELETE /elsa/api/workflow-instances/{id}
        publish       POST   /elsa/api/actions/workflow-definitions/refresh
        publish       POST   /elsa/api/actions/workflow-definitions/reload
        publish       POST   /elsa/api/bulk-actions/publish/workflow-definitions/by-definition-ids
        publish       POST   /elsa/api/bulk-actions/retract/workflow-definitions/by-definition-ids
        publish       POST   /elsa/api/workflow-definitions/{definitionId}/publish
        publish       POST   /elsa/api/workflow-definitions/{definitionId}/retract
        publish       POST   /elsa/api/workflow-definitions/{definitionId}/update-references
        run           POST   /elsa/api/alterations/run
        run           POST   /elsa/api/alterations/submit
        run           POST   /elsa/api/alterations/workflows/retry
        run           POST   /elsa/api/bulk-actions/cancel/workflow-instances
        run           POST   /elsa/api/cancel/workflow-instances/{id}
        events        POST   /elsa/api/events/{eventName}/trigger
        run           POST   /elsa/api/tasks/{taskId}/complete
        run           POST   /elsa/api/tests/activities
        run           POST   /elsa/api/workflow-definitions/{definitionId}/bulk-dispatch
        run           POST   /elsa/api/workflow-definitions/{definitionId}/dispatch
        run           GET    /elsa/api/workflow-definitions/{definitionId}/execute
        run           POST   /elsa/api/workflow-definitions/{definitionId}/execute
        run           POST   /elsa/api/workflow-instances/{id}/variables
        operate       POST   /elsa/api/admin/workflow-runtime/pause
        operate       POST   /elsa/api/admin/workflow-runtime/resume
        compliance    GET    /api/cases/{id:guid}/proof
        compliance    GET    /api/history/cases/{id:guid}
        compliance    GET    /api/history/cases/{id:guid}/compare
        compliance    GET    /api/history/access
        compliance    POST   /api/history/checks
        compliance    GET    /api/findings/
        compliance    POST   /api/findings/
        compliance    GET    /api/findings/counts
        compliance    GET    /api/history/four-eyes
        compliance    GET    /api/history/sensitive-customers
        compliance    GET    /api/history/authority
        compliance    GET    /api/cases/{id:guid}/report
        compliance    GET    /api/holds/
        compliance    POST   /api/holds/
        compliance    POST   /api/holds/{id:guid}/lift
        compliance    GET    /api/retention/due
        decide-erasures GET  /api/retention/policy
        decide-erasures POST /api/retention/proposals/{id:guid}/approve
        decide-erasures POST /api/retention/proposals/{id:guid}/refuse
        decide-erasures POST /compliance/retention/proposals/{id:guid}/approve
        decide-erasures POST /compliance/retention/proposals/{id:guid}/refuse
        compliance    PUT    /api/retention/policy
        compliance    GET    /api/logs/
        compliance    POST   /api/logs/
        compliance    GET    /api/logs/schedules
        compliance    POST   /api/logs/schedules
        compliance    DELETE /api/logs/schedules/{id:guid}
        compliance    POST   /compliance/exports/schedules
        compliance    POST   /compliance/exports/schedules/{id:guid}/remove
        compliance    GET    /api/logs/{id:guid}
        compliance    GET    /api/logs/{id:guid}/file
        compliance    POST   /api/erasures/
        compliance    POST   /api/customers/{id:guid}/export
        decide-erasures GET  /api/erasures/
        decide-erasures GET  /api/erasures/{id:guid}
        decide-erasures POST /api/erasures/{id:guid}/approve
        decide-erasures POST /api/erasures/{id:guid}/refuse
        decide-erasures GET  /compliance/erasures/
        decide-erasures GET  /compliance/erasures/{id:guid}
        decide-erasures POST /compliance/erasures/{id:guid}/approve
        decide-erasures POST /compliance/erasures/{id:guid}/refuse
        compliance    POST   /compliance/erasures/
        compliance    POST   /compliance/erasures/customers/{id:guid}/export
        compliance    GET    /compliance/holds/
        compliance    POST   /compliance/holds/
        compliance    GET    /compliance/holds/{id:guid}
        compliance    POST   /compliance/holds/{id:guid}/lift
        decide-erasures GET  /compliance/retention/
        compliance    POST   /compliance/retention/policy
        compliance    GET    /compliance/exports/
        compliance    POST   /compliance/exports/
        compliance    GET    /compliance/exports/{id:guid}/file
        compliance    GET    /compliance/cases/{id:guid}/report
        compliance    GET    /api/history/growth
        compliance    GET    /api/history/head
        compliance    GET    /api/history/search
        compliance    GET    /api/history/searches
        compliance    POST   /api/history/searches
        compliance    PUT    /api/history/searches/{id:guid}
        compliance    DELETE /api/history/searches/{id:guid}
        compliance    POST   /api/history/searches/{id:guid}/pause
        compliance    POST   /api/history/searches/{id:guid}/resume
        compliance    GET    /api/history/searches/{id:guid}/runs
        compliance    GET    /api/history/search.csv
        compliance    GET    /compliance/
        compliance    GET    /compliance/access
        compliance    GET    /compliance/cases/{id:guid}
        compliance    POST   /compliance/check
        compliance    GET    /compliance/findings/
        compliance    POST   /compliance/findings/
        compliance    GET    /compliance/findings/new
        compliance    GET    /compliance/authority
        compliance    GET    /compliance/four-eyes
        compliance    GET    /compliance/searches
        compliance    POST   /compliance/searches
        compliance    POST   /compliance/searches/{id:guid}
        compliance    POST   /compliance/searches/{id:guid}/pause
        compliance    POST   /compliance/searches/{id:guid}/remove
        compliance    POST   /compliance/searches/{id:guid}/resume
        compliance    GET    /compliance/history
        compliance    GET    /compliance/history.csv
        """;

    private static readonly Dictionary<string, string[]> MayAs = new()
    {
        ["adjuster1"] = ["person", "start", "start-cases"],
        ["frontoffice"] = ["person", "start", "start-cases", "keep-customers"],
        ["supervisor"] = ["person", "lead", "start", "start-cases", "keep-customers", "mark-sensitive", "supervise", "alter-cases", "read"],
        ["compliance"] = ["person", "read", "compliance", "mark-sensitive", "access", "decide-erasures"],
        ["analyst"] = ["person", "start", "start-tests", "design", "read", "edit", "publish", "run", "events"],
        ["admin"] =
        [
            "person",
            "decide-erasures",
            "lead",
            "start",
            "start-cases",
            "start-tests",
            "keep-customers",
            "supervise",
            "alter-cases",
            "design",
            "administrator",
            "access",
            "read",
            "edit",
            "publish",
            "run",
            "events",
            "operate",
        ],
    };

    private TestDatabase _database = null!;
    private HostApp _app = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await StartedDatabase.CreateAsync();
        _app = new(
            _database.ConnectionString,
            settings: new Dictionary<string, string>
            {
                ["ApiKeys:nothing:Sha256"] = Hash("nothing"),
                ["ApiKeys:reader:Sha256"] = Hash("reader"),
                ["ApiKeys:reader:Rights:0"] = "journeys:read",
                ["ApiKeys:editor:Sha256"] = Hash("editor"),
                ["ApiKeys:editor:Rights:0"] = "journeys:read",
                ["ApiKeys:editor:Rights:1"] = "journeys:edit",
            }
        );

        static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public void Every_endpoint_is_in_the_table()
    {
        _app.Api();
        var mapped = _app
            .Services.GetServices<EndpointDataSource>()
            .SelectMany(s => s.Endpoints)
            .OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["*"]).Select(method => $"{method} {e.RoutePattern.RawText}"));

        mapped.Order(StringComparer.Ordinal).ShouldBe(Rows().Select(r => $"{r.Method} {r.Route}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Nobody_gets_further_than_the_table_says()
    {
        var wrong = new List<string>();
        using var stranger = _app.Api();
        using var visitor = _app.Browser();
        await AskAsync("a stranger", stranger, visitor, ["anybody"], refused: HttpStatusCode.Unauthorized, page: HttpStatusCode.Found);
        foreach (var (user, may) in MayAs)
        {
            using var api = await _app.ApiAsync(user);
            using var browser = await _app.BrowserAsync(user);
            await AskAsync(user, api, browser, ["anybody", .. may], HttpStatusCode.Forbidden, HttpStatusCode.Forbidden);
        }

        foreach (var (key, may) in new[] { ("nothing", Array.Empty<string>()), ("reader", ["read"]), ("editor", ["read", "edit"]), ("no such key", []) })
        {
            using var machine = _app.Api();
            machine.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("ApiKey", key);
            await AskAsync(
                key,
                machine,
                machine,
                ["anybody", .. may],
                key == "no such key" ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden,
                HttpStatusCode.Unauthorized,
                keyed: true
            );
        }

        wrong.ShouldBeEmpty();

        // What someone has no right to may be hidden: then it isn't there for them.
        bool IsHidden((string Who, string Method, string Route) row) =>
            _app
                .Services.GetServices<EndpointDataSource>()
                .SelectMany(source => source.Endpoints)
                .OfType<RouteEndpoint>()
                .Any(endpoint =>
                    endpoint.RoutePattern.RawText == row.Route
                    && endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains(row.Method) == true
                    && endpoint.Metadata.GetMetadata<HiddenWithoutRight.Mark>() is not null
                );

        async Task AskAsync(string who, HttpClient api, HttpClient browser, string[] may, HttpStatusCode refused, HttpStatusCode page, bool keyed = false)
        {
            foreach (var row in Rows())
            {
                // One ends the caller's session; the other redirects to the sign-in page, as its refusal does.
                if (row is { Method: "DELETE", Route: "/api/session" } or { Route: "/sign-out" })
                    continue;
                var isApi = row.Route.StartsWith("/api/", StringComparison.Ordinal) || row.Route.StartsWith("/elsa/", StringComparison.Ordinal);
                var isElsa = row.Route.StartsWith("/elsa/", StringComparison.Ordinal);
                using var request = new HttpRequestMessage(new(row.Method == "*" ? "GET" : row.Method), Address(row.Route));
                using var answer = await (isApi ? api : browser).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                var expected =
                    !isApi ? page
                    : keyed && !isElsa ? HttpStatusCode.Unauthorized
                    : refused;
                if (answer.StatusCode == HttpStatusCode.NotFound && page == HttpStatusCode.Forbidden && IsHidden(row))
                    expected = HttpStatusCode.NotFound;
                var isRefused =
                    expected == HttpStatusCode.NotFound
                    || answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                    || (
                        answer.StatusCode == HttpStatusCode.Found
                        && answer.Headers.Location?.ToString().Contains("/sign-in", StringComparison.Ordinal) == true
                        && !row.Route.StartsWith("/sign-in", StringComparison.Ordinal)
                    );
                if ((int)answer.StatusCode >= 500 && answer.StatusCode != HttpStatusCode.ServiceUnavailable)
                    wrong.Add($"{who}: {row.Method} {row.Route} failed with {(int)answer.StatusCode}");
                else if ((row.Who == "anybody" || (may.Contains(row.Who) && (isElsa || !keyed))) == isRefused || (isRefused && answer.StatusCode != expected))
                    wrong.Add($"{who}: {row.Method} {row.Route} ({row.Who}) answered {(int)answer.StatusCode}");
            }
        }
    }

    private static IEnumerable<(string Who, string Method, string Route)> Rows() =>
        Table
            .Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Select(row => (row[0], row[1], row[2]));

    private static string Address(string route) =>
        Parameter()
            .Replace(
                route,
                p =>
                    p.Groups["name"].Value switch
                    {
                        _ when p.Value.Contains(":guid", StringComparison.Ordinal) => "01970000-0000-7000-8000-000000000000",
                        _ when p.Value.Contains(":int", StringComparison.Ordinal) => "1",
                        "of" => "workflows",
                        "verb" => "pause",
                        "documentName" => "v1",
                        _ => "no-such-thing",
                    }
            );

    [GeneratedRegex(@"\{\*{0,2}(?<name>\w+)[^}]*\}")]
    private static partial Regex Parameter();
}
