"""Functions that build response models from the model's values. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from reconciler.model.fields import Field
from reconciler.model.health import ProjectHealth
from reconciler.model.kinds import PROPAGATING_KINDS
from reconciler.model.link import Link, LinkState
from reconciler.model.project_status import project_status
from reconciler.model.report_detail import DatedChange, ReportDetail, ReportView
from reconciler.model.viewer import Access
from reconciler.model.views import IssuePreview, SetupView
from reconciler.model.webhook import (
    PUBLIC_URL_MISSING,
    WEBHOOK_EVENTS,
    WEBHOOK_PERMISSION_ADVICE,
    WebhookHealth,
    webhook_steps,
)
from reconciler.web.actions import allowed_report_actions
from reconciler.web.api import report_models, response_models
from reconciler.web.api.response_models import WORDS_BY_STATE, CommentSource, SyncState
from reconciler.web.pages.field_rows import field_rows
from reconciler.web.pages.timeline import change_text
from reconciler.web.request_body import JSON_TYPE
from reconciler.web.site import Site

MAX_HISTORY_LINES, MAX_PROBLEMS = 50, 30
STATES_BY_WORD = {word: state for state, word in WORDS_BY_STATE.items()}


def sync_state_and_reason(shown: ReportView) -> tuple[SyncState, str | None]:
    """Return state and reason. A state that only pages have, such as "Gone on GitHub", is a reason here."""
    state = STATES_BY_WORD.get(shown.state, SyncState.ATTENTION)
    return state, shown.reason or (None if shown.state in STATES_BY_WORD else shown.state)


def last_propagated_at(detail: ReportDetail) -> datetime | None:
    """Return when a change was last copied from one side to the other; None: never."""
    return next((dated.at for dated in detail.history if dated.change.kind in PROPAGATING_KINDS), None)


def project_response(
    health: ProjectHealth, access: Access, site: Site, now: datetime
) -> response_models.ProjectResponse:
    """Build the response for a project and its health. `now`: the time that ages are computed for."""
    counts = health.link_counts
    return response_models.ProjectResponse(
        id=health.project_id,
        name=health.name,
        repository=health.repository,
        page=site.address_of(f"/projects/{health.project_id}"),
        setup_page=site.address_of(f"/projects/{health.project_id}/setup"),
        may_change=access is Access.CHANGE,
        paused=health.paused,
        health=_health_response(health, now),
        links=response_models.LinkCountsResponse(
            synced=counts.synced, pending=counts.pending, conflict=counts.conflict, attention=counts.attention
        ),
        problems=[
            response_models.ProblemResponse(
                report=each.report_id,
                tracking_id=each.report,
                issue=each.issue,
                what=each.what,
                reason=each.reason,
            )
            for each in health.attention[:MAX_PROBLEMS]
        ],
        webhook=_webhook_health_response(health.webhook, site.webhook_url(health.project_id)),
    )


def _health_response(health: ProjectHealth, now: datetime) -> response_models.HealthResponse:
    status, cover = project_status(health, now, UTC), health.coverage
    return response_models.HealthResponse(
        state=status.state.value,
        reason=status.reason,
        last_pass_at=health.last_pass_at,
        last_success_at=health.last_success_at,
        next_at=health.next_at,
        pending=health.pending,
        withheld=health.withheld_count,
        withheld_hash=health.withheld,
        verified=response_models.CoverageResponse(
            links=cover.verified,
            of=cover.links,
            within_seconds=int(cover.within.total_seconds()),
            oldest_at=cover.oldest,
            p95_at=cover.p95,
        ),
    )


def _webhook_health_response(hook: WebhookHealth, url: str | None) -> response_models.WebhookResponse:
    return response_models.WebhookResponse(
        url=url,
        last_delivery=response_models.DeliveryResponse(event=hook.last_event, at=hook.last_at)
        if hook.last_at
        else None,
        received=hook.received,
        missed=hook.missed,
        silent_since=hook.silent_since,
    )


def webhook_setup_response(
    setup: SetupView, access: Access, site: Site
) -> response_models.WebhookSetupResponse:
    """Build the response about how a project is connected to GitHub."""
    project, url = setup.project, site.webhook_url(setup.project.id)
    repository_url = f"{site.github_url}/{project.repository}" if project.repository else None
    settings_url = f"{repository_url}/settings/hooks/new" if repository_url else None
    return response_models.WebhookSetupResponse(
        repository=project.repository,
        repository_url=repository_url,
        private=setup.private,
        credential=response_models.CredentialResponse(
            kind=setup.credential.value if setup.credential else None,
            account=setup.account,
            problem=project.problem,
            last_write_at=setup.wrote_at,
        ),
        url=url,
        content_type=JSON_TYPE,
        events=list(WEBHOOK_EVENTS),
        settings_url=settings_url,
        steps=list(webhook_steps(url, settings_url)),
        problem=None if url else PUBLIC_URL_MISSING,
        permission=WEBHOOK_PERMISSION_ADVICE,
        has_secret=setup.has_secret,
        previous_secret_until=setup.previous_until,
        hook_id=setup.hook_id,
        deliveries=[
            response_models.ReceivedDeliveryResponse(
                id=each.id,
                event=each.event,
                action=each.action,
                number=each.number,
                at=each.at,
                processed_at=each.read_at,
            )
            for each in setup.deliveries
        ],
        may_change=access is Access.CHANGE,
    )


def report_state_response(shown: ReportView, access: Access, site: Site) -> report_models.ReportStateResponse:
    """Build the response for one of many reports."""
    detail = shown.detail
    state, reason = sync_state_and_reason(shown)
    values = {
        field.value: detail.unknown.get(field, str(getattr(detail.report, field.value)))
        for field in (Field.STATUS, Field.SEVERITY, Field.CATEGORY)
    }
    return report_models.ReportStateResponse(
        id=detail.report.id,
        tracking_id=detail.report.tracking_id,
        title=shown.title,
        project=response_models.ProjectNameResponse(id=detail.report.project_id, name=shown.project_name),
        state=state,
        reason=reason,
        issue=issue_of_report(shown, site),
        follows=_follows_response(shown),
        page=site.address_of(f"/reports/{detail.report.id}"),
        may_change=access is Access.CHANGE,
        updated_at=detail.report.updated_at,
        **values,
    )


def report_response(
    shown: ReportView, access: Access, site: Site, now: datetime
) -> report_models.ReportResponse:
    """Build the response for a report on both sides. `now`: decides which conflicts are still open."""
    detail, link = shown.detail, shown.detail.link
    state, reason = sync_state_and_reason(shown)
    return report_models.ReportResponse(
        id=detail.report.id,
        tracking_id=detail.report.tracking_id,
        title=shown.title,
        project=response_models.ProjectNameResponse(id=detail.report.project_id, name=shown.project_name),
        state=state,
        reason=reason,
        issue=issue_of_report(shown, site),
        page=site.address_of(f"/reports/{detail.report.id}"),
        may_change=access is Access.CHANGE,
        actions=allowed_report_actions(shown).names() if access is Access.CHANGE else [],
        linked_at=link.created_at if link is not None else None,
        verified_at=link.verification.at if link is not None and link.verification is not None else None,
        synced_at=last_propagated_at(detail),
        updated_at=detail.report.updated_at,
        stage=shown.stage,
        resolution=_resolution_response(shown),
        follows=_follows_response(shown),
        followers=[
            report_models.FollowerResponse(
                report=each.report_id,
                tracking_id=each.tracking_id,
                status=each.status,
                moved_alone=each.moved_alone,
            )
            for each in shown.followers
        ],
        assignee=shown.assignee,
        fields=list(_field_responses(shown, now)),
        comments=list(_comment_responses(shown, site)),
        skipped=[
            report_models.SkippedResponse(reason=each.reason, count=each.count) for each in shown.skipped
        ],
        history=[_history_line_response(each) for each in detail.history[:MAX_HISTORY_LINES]],
        acts=[
            report_models.AuditEntryResponse(at=each.at, what=each.what, by=each.by, message=each.said)
            for each in detail.audit_entries[:MAX_HISTORY_LINES]
        ],
    )


def _resolution_response(shown: ReportView) -> report_models.ResolutionResponse | None:
    found = shown.resolution
    if found is None:
        return None
    return report_models.ResolutionResponse(by=found.by, commit=found.commit, at=found.at)


def issue_of_report(shown: ReportView, site: Site) -> report_models.IssueResponse | None:
    """Build the response for a report's issue: its own, or that of the report it follows."""
    follows, link = shown.detail.follows, shown.detail.link
    if follows is not None:
        return issue_response(follows.link, site)
    return issue_response(link, site) if link is not None else None


def _follows_response(shown: ReportView) -> report_models.FollowsResponse | None:
    follows = shown.detail.follows
    if follows is None:
        return None
    return report_models.FollowsResponse(
        report=follows.report_id, tracking_id=follows.tracking_id, moved_alone=shown.moved_alone
    )


def issue_response(link: Link, site: Site) -> report_models.IssueResponse | None:
    """Build the response for a link's issue; None if the link was cut."""
    if link.state is LinkState.UNLINKED:
        return None
    return report_models.IssueResponse(
        badge=f"{link.repository.partition('/')[2]}#{link.number}",
        url=issue_address(link, site),
        repository=link.repository,
        number=link.number,
    )


def issue_address(link: Link, site: Site) -> str:
    """Return the address where people read the link's issue."""
    return f"{site.github_url}/{link.repository}/issues/{link.number}"


def _field_responses(shown: ReportView, now: datetime) -> Iterator[report_models.FieldResponse]:
    rows = field_rows(shown, now)
    for field_view, row in zip(shown.fields, rows, strict=True):
        yield report_models.FieldResponse(
            field=field_view.field.value,
            bugspark=field_view.bugspark,
            agreed=field_view.agreed,
            github=field_view.github,
            frozen=field_view.frozen,
            conflict=report_models.ConflictResponse(at=row.conflict.at, lost=row.conflict.change.lost)
            if row.conflict is not None
            else None,
            choices=[
                report_models.ChoiceResponse(take=CommentSource(side.value), value=value)
                for side, value in row.resolutions
            ],
        )


def _comment_responses(shown: ReportView, site: Site) -> Iterator[report_models.CommentResponse]:
    """Yield BugSpark's comments: `shown.comments` begins with them, in the order of `detail.comments`."""
    follows = shown.detail.follows
    link = follows.link if follows is not None else shown.detail.link
    issue_url = issue_address(link, site) if link is not None else ""
    for local, comment in zip(shown.detail.comments, shown.comments, strict=False):
        yield report_models.CommentResponse(
            id=local.id,
            source=CommentSource(comment.origin.value),
            author=comment.author,
            created_at=local.created_at,
            text=comment.body or "",
            url=f"{issue_url}#issuecomment-{comment.remote_id}" if comment.remote_id is not None else None,
            state=comment.state,
        )


def _history_line_response(dated: DatedChange) -> report_models.HistoryLineResponse:
    text = change_text(dated.change)
    return report_models.HistoryLineResponse(
        at=dated.at,
        what=text.what,
        side=CommentSource(dated.change.side.value),
        field=dated.change.field,
        before=text.before,
        to=text.to,
        lost=text.lost,
        text=text.text,
        rule=text.rule,
    )


def issue_preview_response(preview: IssuePreview) -> report_models.IssuePreviewResponse:
    """Build the response about an issue that does not exist yet."""
    return report_models.IssuePreviewResponse(
        report=preview.report,
        repository=preview.repository,
        title=preview.title,
        body=preview.body,
        labels=list(preview.labels),
        milestone=preview.milestone,
        type=preview.type,
        assignees=list(preview.assignees),
        redacted=[
            report_models.RedactionResponse(kind=kind, count=count) for kind, count in preview.redacted
        ],
    )
