"""The model's values in the API's shapes. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from reconciler.model.dossier import ReportShown
from reconciler.model.link import Link, LinkState
from reconciler.model.snapshot import Health
from reconciler.model.standing import standing
from reconciler.model.viewer import Access
from reconciler.model.webhook import WebhookHealth
from reconciler.web import shapes
from reconciler.web.site import Site
from reconciler.web.states import last_crossing, state_of


def project(health: Health, access: Access, site: Site, now: datetime) -> shapes.Project:
    """A project and how it stands."""
    tally = health.tally
    return shapes.Project(
        id=health.project_id,
        name=health.name,
        repository=health.repository,
        may_change=access is Access.CHANGE,
        health=_health(health, now),
        links=shapes.Links(
            synced=tally.synced, pending=tally.pending, conflict=tally.conflict, attention=tally.attention
        ),
        webhook=_webhook(health.webhook, site.webhook_url(health.project_id)),
    )


def _health(health: Health, now: datetime) -> shapes.Health:
    how, cover = standing(health, now, UTC), health.coverage
    return shapes.Health(
        state=how.state.value,
        reason=how.reason,
        last_pass_at=health.last_pass_at,
        last_success_at=health.last_success_at,
        next_at=health.next_at,
        pending=health.pending,
        withheld=health.withheld_count,
        verified=shapes.Verified(
            links=cover.verified,
            of=cover.links,
            within_seconds=int(cover.within.total_seconds()),
            oldest_at=cover.oldest,
            p95_at=cover.p95,
        ),
    )


def _webhook(hook: WebhookHealth, url: str | None) -> shapes.Webhook:
    return shapes.Webhook(
        url=url,
        last_delivery=shapes.Delivery(event=hook.last_event, at=hook.last_at) if hook.last_at else None,
        received=hook.received,
        missed=hook.missed,
        silent_since=hook.silent_since,
    )


def report(shown: ReportShown, site: Site) -> shapes.Report:
    """A report and how it stands on both sides."""
    dossier, link = shown.dossier, shown.dossier.link
    state, reason = state_of(shown)
    return shapes.Report(
        id=dossier.report.id,
        tracking_id=dossier.report.tracking_id,
        project=shapes.ProjectName(id=dossier.report.project_id, name=shown.project_name),
        state=state,
        reason=reason,
        issue=issue(link, site) if link is not None else None,
        linked_at=link.created_at if link is not None else None,
        verified_at=link.checked.at if link is not None and link.checked is not None else None,
        synced_at=last_crossing(dossier),
        updated_at=dossier.report.updated_at,
        fields=list(_fields(shown)),
        comments=list(_comments(shown)),
    )


def issue(link: Link, site: Site) -> shapes.Issue | None:
    """The issue of a link that was not cut."""
    if link.state is LinkState.UNLINKED:
        return None
    return shapes.Issue(
        badge=f"{link.repository.partition('/')[2]}#{link.number}",
        url=f"{site.github_url}/{link.repository}/issues/{link.number}",
        repository=link.repository,
        number=link.number,
    )


def _fields(shown: ReportShown) -> Iterator[shapes.FieldState]:
    for each in shown.fields:
        yield shapes.FieldState(
            field=each.field.value,
            bugspark=each.bugspark,
            agreed=each.agreed,
            github=each.github,
            frozen=each.frozen,
        )


def _comments(shown: ReportShown) -> Iterator[shapes.Comment]:
    """`shown.comments` begins with BugSpark's own, in the dossier's order; the rest is not there any more."""
    for local, each in zip(shown.dossier.comments, shown.comments, strict=False):
        yield shapes.Comment(
            id=local.id,
            source=shapes.Source(each.origin.value),
            author=each.author,
            created_at=local.created_at,
            state=each.state,
        )
