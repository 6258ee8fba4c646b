"""The same words and signs on pages, in `reconcile status` and `why`, in the API and in the docs."""

from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.status import health_as_json, status_as_lines
from reconciler.cli.why import report_as_lines as why_lines
from reconciler.decide.report_status import ENDED_STATE_TEXTS
from reconciler.decide.report_view import build_report_view
from reconciler.model.fields import Field, Severity, Side, Status
from reconciler.model.health import ProjectHealth
from reconciler.model.kinds import Kind
from reconciler.model.link import LIVE_STATES, LinkState
from reconciler.model.passes import Outcome
from reconciler.model.policy import SyncPolicy
from reconciler.model.project_status import STATUS_SYMBOLS, ProjectStatusKind, project_status
from reconciler.model.report_detail import DatedChange
from reconciler.model.snapshot import Change
from reconciler.model.viewer import Access
from reconciler.web.api import response_models, serializers
from reconciler.web.api.response_models import SyncState
from reconciler.web.api.serializers import sync_state_and_reason
from reconciler.web.pages import templating
from reconciler.web.pages.static_files import read_static_files
from reconciler.web.pages.templating import build_templates
from reconciler.web.pages.timeline import change_text
from reconciler.web.site import Site
from tests.cli.fakes import result
from tests.cli.test_status import ACME, NOW, TROUBLE, VIEW, health
from tests.decide.test_report_view import FROZEN, REFUSED, an_intent
from tests.support.factories import AFTER, a_link, a_report, a_report_detail

DOCS = (Path(__file__).parents[2] / "docs/operating.md").read_text("utf-8")
PROJECTS: dict[ProjectStatusKind, ProjectHealth] = {
    ProjectStatusKind.SYNCED: health(),
    ProjectStatusKind.WAITING: health(pending=3),
    ProjectStatusKind.CONFLICT: health(conflicts=2, newest_conflict="severity of BUG-0007"),
    ProjectStatusKind.ATTENTION: health(withheld="abc", withheld_count=24),
    ProjectStatusKind.FAILED: health(last_pass=result(ACME, Outcome.FAILED, error=TROUBLE)),
    ProjectStatusKind.PAUSED: health(paused=True),
    ProjectStatusKind.NEW: health(last_pass=None, last_success_at=None),
}
SHOWN = build_templates(Site(), read_static_files()).environment


def on_page(template: str, **values: Any) -> str:
    page = SHOWN.from_string("{% import 'ui.html' as ui with context %}" + template)
    return page.render(page={"now": NOW, "token": ""}, **values)


@pytest.mark.parametrize("state", ProjectStatusKind)
def test_a_project_has_one_word_and_one_reason_everywhere(state: ProjectStatusKind) -> None:
    given = PROJECTS[state]
    how = project_status(given, NOW, UTC)
    assert how.state is state
    response = serializers.project_response(given, Access.SEE, Site(), NOW)
    assert (response.health.state, response.health.reason) == (state.value, how.reason)
    health_json = health_as_json(given, VIEW)
    assert (health_json["state"], health_json["reason"]) == (state.value, how.reason)
    line = list(status_as_lines((given,), (), VIEW))[1]
    assert line.startswith(STATUS_SYMBOLS[state][0]) and f"  {state.value}" in line
    seen = on_page("{{ ui.standing(how.state.value, how.reason) }}", how=how)
    tone, shape = templating.ICONS_BY_WORD[state]
    assert f"sign--{tone}" in seen and f"#i-{shape}" in seen and state.value in seen
    assert how.reason is None or how.reason in seen.replace("&#39;", "'")
    assert f"| `{STATUS_SYMBOLS[state][0]}` `{STATUS_SYMBOLS[state][1]}` | *{state.value}* |" in DOCS


def test_every_sign_has_a_shape_of_its_own_beside_its_colour() -> None:
    """Statuses do not depend on colour: each has its own shape."""
    shapes = [templating.ICONS_BY_WORD[state][1] for state in ProjectStatusKind]
    assert len(set(shapes)) == len(shapes)
    assert (
        len({sign for sign, _ in STATUS_SYMBOLS.values()})
        == len({plain for _, plain in STATUS_SYMBOLS.values()})
        == len(ProjectStatusKind)
    )


LOST = DatedChange(
    at=AFTER,
    change=Change(
        report_id=a_report().id,
        link_id=None,
        side=Side.GITHUB,
        kind=Kind.CONFLICT,
        field=Field.SEVERITY,
        base="low",
        local="critical",
        remote="high",
        to="critical",
        rule="apart",
        lost="high",
    ),
)
REPORTS: list[tuple[dict[str, Any], SyncState]] = [
    ({}, SyncState.SYNCED),
    ({"intents": (an_intent(),)}, SyncState.PENDING),
    ({"report": a_report(status=Status.RESOLVED)}, SyncState.PENDING),
    ({"history": (LOST,)}, SyncState.CONFLICT),
    ({"history": (LOST,), "intents": (an_intent(),)}, SyncState.CONFLICT),
    ({"history": (LOST,), "intents": (REFUSED,)}, SyncState.ATTENTION),
    ({"link": a_link(frozen_fields=(FROZEN,))}, SyncState.ATTENTION),
    ({"link": None}, SyncState.UNLINKED),
    *(
        ({"link": a_link(state=state)}, SyncState.UNLINKED if word == "Not linked" else SyncState.ATTENTION)
        for state, word in ENDED_STATE_TEXTS.items()
    ),
]


@pytest.mark.parametrize(("given", "state"), REPORTS)
def test_a_report_has_one_word_and_one_reason_everywhere(given: dict[str, Any], state: SyncState) -> None:
    shown = build_report_view("Shop", a_report_detail(**given), SyncPolicy(), AFTER)
    shown_state, reason = sync_state_and_reason(shown)
    assert shown_state is state
    assert shown.state in (response_models.WORDS_BY_STATE[state], *ENDED_STATE_TEXTS.values())
    assert reason == (
        shown.reason or (None if shown.state in response_models.WORDS_BY_STATE.values() else shown.state)
    )
    assert list(why_lines(shown, VIEW))[1].endswith(shown.state)
    assert shown.state in on_page("{{ ui.sign(word) }}", word=shown.state)
    assert shown.state in templating.ICONS_BY_WORD or shown.state in response_models.WORDS_BY_STATE.values()
    assert f"*{shown.state}*" in DOCS and f"`{state.value}`" in DOCS


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("side", Side)
def test_a_history_line_is_the_same_on_page_and_terminal(kind: Kind, side: Side) -> None:
    for field, to in ((Field.SEVERITY.value, Severity.HIGH.value), ("comment", None), (None, None)):
        change = replace(LOST.change, kind=kind, side=side, field=field, to=to, base=None, lost=None)
        text = change_text(change)
        whole = replace(build_report_view("Shop", a_report_detail(), SyncPolicy(), AFTER))
        detail = replace(whole.detail, history=(DatedChange(at=AFTER, change=change),))
        line = list(why_lines(replace(whole, detail=detail), replace(VIEW, is_unicode=True)))[-1]
        for part in (text.what.replace(":", ""), text.before, text.to, text.text and text.text[:10]):
            assert not part or part in line.replace(":", ""), (line, text)
        assert text.rule in line


def test_the_states_of_links_that_ended_all_have_a_word() -> None:
    assert set(ENDED_STATE_TEXTS) == set(LinkState) - set(LIVE_STATES)
