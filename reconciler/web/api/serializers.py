"""Functions that build response models from the model's values. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from reconciler.model.health import ProjectHealth
from reconciler.model.kinds import PROPAGATING_KINDS
from reconciler.model.link import Link, LinkState
from reconciler.model.project_status import project_status
from reconciler.model.report_detail import ReportDetail, ReportView
from reconciler.model.viewer import Access
from reconciler.model.webhook import WebhookHealth
from reconciler.web.api import response_models
from reconciler.web.api.response_models import WORDS_BY_STATE, SyncState
from reconciler.web.site import Site

STATES_BY_WORD = {word: state for state, word in WORDS_BY_STATE.items()}


def state_and_reason_of_report(shown: ReportView) -> tuple[SyncState, str | None]:
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
        may_change=access is Access.CHANGE,
        health=_health_response(health, now),
        links=response_models.LinkCountsResponse(
            synced=counts.synced, pending=counts.pending, conflict=counts.conflict, attention=counts.attention
        ),
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


def report_response(shown: ReportView, site: Site) -> response_models.ReportResponse:
    """Build the response for a report on both sides."""
    detail, link = shown.detail, shown.detail.link
    state, reason = state_and_reason_of_report(shown)
    return response_models.ReportResponse(
        id=detail.report.id,
        tracking_id=detail.report.tracking_id,
        project=response_models.ProjectNameResponse(id=detail.report.project_id, name=shown.project_name),
        state=state,
        reason=reason,
        issue=issue_response(link, site) if link is not None else None,
        linked_at=link.created_at if link is not None else None,
        verified_at=link.verification.at if link is not None and link.verification is not None else None,
        synced_at=last_propagated_at(detail),
        updated_at=detail.report.updated_at,
        fields=list(_field_responses(shown)),
        comments=list(_comment_responses(shown)),
        skipped=[
            response_models.SkippedResponse(reason=each.reason, count=each.count) for each in shown.skipped
        ],
    )


def issue_response(link: Link, site: Site) -> response_models.IssueResponse | None:
    """Build the response for a link's issue; None if the link was cut."""
    if link.state is LinkState.UNLINKED:
        return None
    return response_models.IssueResponse(
        badge=f"{link.repository.partition('/')[2]}#{link.number}",
        url=f"{site.github_url}/{link.repository}/issues/{link.number}",
        repository=link.repository,
        number=link.number,
    )


def _field_responses(shown: ReportView) -> Iterator[response_models.FieldResponse]:
    for field_view in shown.fields:
        yield response_models.FieldResponse(
            field=field_view.field.value,
            bugspark=field_view.bugspark,
            agreed=field_view.agreed,
            github=field_view.github,
            frozen=field_view.frozen,
        )


def _comment_responses(shown: ReportView) -> Iterator[response_models.CommentResponse]:
    """Yield BugSpark's comments: `shown.comments` begins with them, in the order of `detail.comments`."""
    for local, comment in zip(shown.detail.comments, shown.comments, strict=False):
        yield response_models.CommentResponse(
            id=local.id,
            source=response_models.CommentSource(comment.origin.value),
            author=comment.author,
            created_at=local.created_at,
            state=comment.state,
        )
