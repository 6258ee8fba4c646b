from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.decide.fields import FieldChangeTimes, FieldsDecision, decide_fields
from reconciler.fields import field_of_label, initial_base
from reconciler.fields.category import CATEGORY
from reconciler.fields.severity import SEVERITY
from reconciler.fields.status import issue_state_for
from reconciler.model.fields import Base, Category, Field, IssueState, Severity, Status
from reconciler.model.plan import Action, Rule, SetIssueState, SetReportField, SetTitle, SwapLabels
from reconciler.model.policy import ConflictPolicy, Direction, LabelMapping, SyncPolicy
from tests.support.factories import AFTER, a_base, a_link, a_report, a_seen_issue, an_issue
from tests.support.tiny_world import AFTER_GITHUB, BEFORE_GITHUB, TinyWorld

LABELS = LabelMapping()
OPEN, CLOSED = IssueState.OPEN, IssueState.CLOSED
GITHUB = SyncPolicy(conflict=ConflictPolicy.GITHUB)
BUGSPARK = SyncPolicy(conflict=ConflictPolicy.BUGSPARK)
TITLES = SyncPolicy(directions={})


def decided(report: Any, shown: Any, base: Base | None, policy: SyncPolicy = GITHUB) -> FieldsDecision:
    decision = decide_fields(report, shown, base, policy, {})
    assert isinstance(decision, FieldsDecision)
    return decision


@pytest.mark.parametrize(
    ("changes", "shown", "rule"),
    [
        ({}, a_seen_issue("high", state=CLOSED), Rule.REMOTE_MOVED),
        ({"status": Status.RESOLVED}, a_seen_issue("high"), Rule.LOCAL_MOVED),
        ({"severity": Severity.LOW}, a_seen_issue("high"), Rule.LOCAL_MOVED),
        ({"category": Category.UI}, a_seen_issue("high"), Rule.LOCAL_MOVED),
        ({"title": "Other"}, a_seen_issue("high"), Rule.LOCAL_MOVED),
    ],
)
def test_every_action_has_its_rule(changes: dict[str, Any], shown: Any, rule: Rule) -> None:
    (action,) = decided(a_report(**changes), shown, a_base(), TITLES).actions
    assert action.why.rule is rule


def test_the_initial_base_has_the_reports_values() -> None:
    assert initial_base(a_report(), a_seen_issue("low", title="There")) == a_base(remote_title="There")


def plain(actions: Sequence[Action]) -> list[tuple[Any, ...]]:
    """Actions as short tuples."""
    short: list[tuple[Any, ...]] = []
    for action in actions:
        match action:
            case SetReportField():
                short.append((action.field.value, action.to))
            case SetIssueState():
                short.append((action.state.value, action.reason))
            case SwapLabels():
                short.append((action.add, *action.remove))
            case SetTitle():
                short.append((action.title,))
            case _:
                raise AssertionError(action)
    return short


@pytest.mark.parametrize(
    ("local", "written"),
    [
        (Status.RESOLVED, ("closed", "completed")),
        (Status.CLOSED, ("closed", "not_planned")),
    ],
)
def test_a_closed_report_closes_its_issue(local: Status, written: tuple[str, str]) -> None:
    decision = decided(a_report(status=local), a_seen_issue("high"), a_base())
    assert plain(decision.actions) == [written]
    assert decision.base == a_base()  # until GitHub confirms


@pytest.mark.parametrize("local", [Status.NEW, Status.TRIAGING, Status.IN_PROGRESS])
@pytest.mark.parametrize("base", [Status.RESOLVED, Status.CLOSED])
def test_a_reopened_report_reopens_its_issue(local: Status, base: Status) -> None:
    decision = decided(a_report(status=local), a_seen_issue("high", state=CLOSED), a_base(status=base))
    assert plain(decision.actions) == [("open", None)]


@pytest.mark.parametrize(
    ("reason", "to"),
    [
        ("completed", Status.RESOLVED),
        (None, Status.RESOLVED),
        ("not_planned", Status.CLOSED),
        ("duplicate", Status.CLOSED),
    ],
)
@pytest.mark.parametrize("local", [Status.NEW, Status.TRIAGING, Status.IN_PROGRESS])
def test_a_closed_issue_closes_its_report(reason: str | None, to: Status, local: Status) -> None:
    seen = a_seen_issue("high", state=CLOSED, state_reason=reason)
    decision = decided(a_report(status=local), seen, a_base(status=local))
    assert plain(decision.actions) == [("status", to)]
    assert decision.base.status is to


@pytest.mark.parametrize("local", [Status.RESOLVED, Status.CLOSED])
def test_a_reopened_issue_makes_its_report_new(local: Status) -> None:
    decision = decided(
        a_report(status=local), a_seen_issue("high", state_reason="reopened"), a_base(status=local)
    )
    assert plain(decision.actions) == [("status", "new")]


@pytest.mark.parametrize(
    ("base", "local", "state"),
    [
        (Status.NEW, Status.TRIAGING, OPEN),
        (Status.NEW, Status.IN_PROGRESS, OPEN),
        (Status.RESOLVED, Status.CLOSED, CLOSED),
        (Status.CLOSED, Status.RESOLVED, CLOSED),
        (Status.NEW, Status.CLOSED, CLOSED),  # both moved to the same
    ],
)
def test_statuses_that_github_cannot_tell_apart_are_stored_and_not_written(
    base: Status, local: Status, state: IssueState
) -> None:
    decision = decided(a_report(status=local), a_seen_issue("high", state=state), a_base(status=base))
    assert decision.actions == ()
    assert decision.conflicts == ()
    assert decision.base.status is local


@pytest.mark.parametrize(
    ("base", "local", "labels", "swap"),
    [
        ("high", "low", ["high-priority"], ("low-priority", "high-priority")),
        ("high", "low", ["HIGH", "bug", "wontfix"], ("low-priority", "HIGH")),
        ("high", "critical", ["high", "high-priority"], ("critical", "high-priority", "high")),
        ("high", "low", [], ("low-priority",)),
        ("high", "low", ["high", "Low"], (None, "high")),  # an alias that says it already stays
        ("high", "critical", ["critical", "high"], (None, "high")),
        ("critical", "low", ["critical", "high"], ("low-priority", "high", "critical")),  # what counts, last
        ("low", "high", ["high", "high-priority"], (None, "high-priority")),
    ],
)
def test_a_severity_set_in_bugspark_swaps_only_labels_of_severity(
    base: str, local: str, labels: Sequence[str], swap: tuple[str | None, ...]
) -> None:
    report, agreed = a_report(severity=Severity(local)), a_base(severity=Severity(base))
    decision = decided(report, a_seen_issue(*labels), agreed)
    assert plain(decision.actions) == [swap]
    assert decision.base.severity is Severity(base)


@pytest.mark.parametrize(
    ("base", "local", "labels", "swap"),
    [
        ("bug", "ui", ["bug"], ("ui",)),
        ("ui", "crash", ["bug", "ui"], ("crash", "ui")),
        ("ui", "bug", ["bug", "UI"], (None, "UI")),
        ("crash", "other", ["ui", "crash"], (None, "ui", "crash")),
    ],
)
def test_a_category_set_in_bugspark_swaps_only_labels_of_category_and_never_bug(
    base: str, local: str, labels: Sequence[str], swap: tuple[str | None, ...]
) -> None:
    report, agreed = a_report(category=Category(local)), a_base(category=Category(base))
    assert plain(decided(report, a_seen_issue(*labels, "high"), agreed).actions) == [swap]


@pytest.mark.parametrize(
    ("labels", "to"),
    [
        (["low"], [("severity", "low")]),
        (["high", "Critical"], [("severity", "critical")]),
        (["high", "low"], []),
        ([], []),
        (["wontfix"], []),
        (["high", "ui", "crash"], [("category", "crash")]),
        (["medium", "performance"], [("severity", "medium"), ("category", "performance")]),
    ],
)
def test_labels_set_on_github_reach_the_report(labels: Sequence[str], to: list[tuple[str, str]]) -> None:
    decision = decided(a_report(), a_seen_issue(*labels), a_base())
    assert plain(decision.actions) == to
    assert decision.base == replace(a_base(), **{name: _value(name, value) for name, value in to})


def _value(name: str, value: str) -> Any:
    return Severity(value) if name == "severity" else Category(value)


def test_several_labels_are_recorded_when_the_labels_are_news() -> None:
    seen = a_seen_issue("low", "critical", "ui")
    decision = decided(a_report(severity=Severity.CRITICAL), seen, a_base(severity=Severity.CRITICAL))
    assert decision.actions == (SetReportField(field=Field.CATEGORY, to="ui", why=decision.actions[0].why),)
    assert decision.notes == ("several labels speak of severity (critical, low): critical counts",)
    known = decide_fields(a_report(), seen, a_base(), GITHUB, {}, relabelled=False)
    assert isinstance(known, FieldsDecision)
    assert known.notes == ()


def test_a_frozen_field_is_not_written_and_its_base_follows_github() -> None:
    report, base = a_report(severity=Severity.CRITICAL, status=Status.RESOLVED), a_base()
    frozen = (Field.SEVERITY, Field.CATEGORY)
    decision = decide_fields(report, a_seen_issue("low"), base, GITHUB, {}, frozen=frozen)
    assert isinstance(decision, FieldsDecision)
    assert [type(action) for action in decision.actions] == [
        SetIssueState
    ]  # everything else is decided as before
    assert decision.conflicts == ()
    assert decision.base == replace(base, severity=Severity.LOW)
    # both sides agree about the category: it is no longer frozen
    assert decision.still_frozen == {Field.SEVERITY}
    thawed = decided(report, a_seen_issue("low"), decision.base)
    assert plain(thawed.actions) == [("closed", "completed"), ("critical", "low")]  # BugSpark's has moved


def test_the_initial_sync_makes_equal_fields_the_base() -> None:
    report = a_report(status=Status.TRIAGING, severity=Severity.LOW)
    decision = decided(report, a_seen_issue("low"), None)
    assert decision.actions == ()
    assert decision.base == a_base(status=Status.TRIAGING, severity=Severity.LOW)


def test_the_initial_sync_with_an_issue_without_labels_changes_neither_side() -> None:
    decision = decided(a_report(category=Category.UI), a_seen_issue("bug"), None, BUGSPARK)
    assert decision.actions == ()
    assert decision.base == a_base(category=Category.UI)


@pytest.mark.parametrize(
    ("policy", "actions", "lost_values", "rule"),
    [
        (
            GITHUB,
            [("status", "closed"), ("severity", "low"), ("category", "ui"), ("title", "Theirs")],
            ["triaging", "high", "bug", "Crash on start"],
            Rule.POLICY_REMOTE,
        ),
        (
            BUGSPARK,
            [("open", None), ("high-priority", "low"), (None, "ui"), ("[BUG-0001] Crash on start",)],
            ["closed", "low", "ui", "Theirs"],
            Rule.POLICY_LOCAL,
        ),
    ],
)
def test_the_initial_sync_settles_differing_fields_as_conflicts(
    policy: SyncPolicy, actions: list[tuple[Any, ...]], lost_values: list[str], rule: Rule
) -> None:
    seen = a_seen_issue("low", "ui", state=CLOSED, state_reason="not_planned", title="Theirs")
    decision = decided(a_report(status=Status.TRIAGING), seen, None, replace(policy, directions={}))
    assert plain(decision.actions) == actions
    assert [conflict.lost for conflict in decision.conflicts] == lost_values
    assert {conflict.why.rule for conflict in decision.conflicts} == {rule}
    # GitHub's value is the base in both cases: if BugSpark won, it has changed alone, until confirmed.
    assert decision.base == a_base(
        status=Status.CLOSED,
        severity=Severity.LOW,
        category=Category.UI,
        title="Theirs",
        remote_title="Theirs",
    )


def test_newest_needs_only_the_events_of_fields_in_conflict() -> None:
    report = a_report(severity=Severity.CRITICAL, category=Category.UI)
    needed = decide_fields(report, a_seen_issue("low", "bug"), a_base(), SyncPolicy(), {})
    assert needed == frozenset({Field.SEVERITY})
    times = {Field.SEVERITY: FieldChangeTimes(local=AFTER, remote=AFTER)}
    decision = decide_fields(report, a_seen_issue("low", "bug"), a_base(), SyncPolicy(), times)
    assert isinstance(decision, FieldsDecision)
    assert plain(decision.actions) == [("severity", "low"), ("ui",)]


@pytest.mark.parametrize(
    ("local", "remote", "actions"),
    [
        ("Don&#x27;t", "[BUG-0001] Crash on start", [("[BUG-0001] Don't",)]),
        ("Crash on start", "[BUG-0001] Crash at end", [("title", "Crash at end")]),
        ("Crash on start", "Crash on start", []),
        ("Crash on start", "[BUG-0001]", []),
        ("Crash on start", "[BUG-0001] Crash on start", []),
    ],
)
def test_titles_are_synced_if_configured(local: str, remote: str, actions: list[tuple[str, ...]]) -> None:
    decision = decided(a_report(title=local), a_seen_issue("high", title=remote), a_base(), TITLES)
    assert plain(decision.actions) == actions


def test_titles_are_otherwise_stored_and_not_written() -> None:
    decision = decided(a_report(title="Mine"), a_seen_issue("high", title="Theirs"), a_base())
    assert decision.actions == ()
    assert decision.conflicts == ()
    assert decision.base == a_base(title="Mine", remote_title="Theirs")


# --- properties -------------------------------------------------------------------------------------------

FOREIGN = ("bug", "wontfix", "help wanted", "highest", "Critical path")
SPEAKING = (
    "critical", "high-priority", "high", "Medium", "medium-priority", "low", "LOW-priority",
    "crash", "Performance", "ui",
)  # fmt: skip
titles = st.sampled_from(["Old", "New", "Don&#x27;t", "a &lt; b", "@octocat #1", "", "x" * 300])
remote_titles = st.sampled_from(["Old", "New", "Don't", "a &lt; b", "[BUG-0002] Old", "", "x" * 300])
reports = st.builds(
    a_report,
    status=st.sampled_from(Status),
    severity=st.sampled_from(Severity),
    category=st.sampled_from(Category),
    title=titles,
)
issues = st.builds(
    lambda labels, state, reason, prefix, title: an_issue(
        *labels, state=state, state_reason=reason, title=f"[BUG-0001] {title}" if prefix else title or "x"
    ),
    st.lists(st.sampled_from(FOREIGN + SPEAKING), unique=True, max_size=6),
    st.sampled_from(IssueState),
    st.sampled_from([None, "completed", "not_planned", "duplicate", "reopened", "new one"]),
    st.booleans(),
    remote_titles,
)
bases = st.none() | st.builds(
    a_base,
    status=st.sampled_from(Status),
    severity=st.sampled_from(Severity),
    category=st.sampled_from(Category),
    title=titles,
    remote_title=remote_titles.map("[BUG-0001] {}".format),
)
policies = st.builds(
    SyncPolicy,
    conflict=st.sampled_from(ConflictPolicy),
    directions=st.sampled_from([{}, {Field.TITLE: Direction.OFF}]),
)
worlds = st.builds(
    lambda report, issue, base, policy, times: TinyWorld(
        report=report, issue=issue, link=a_link(base=base), policy=policy, times=times
    ),
    reports,
    issues,
    bases,
    policies,
    st.sampled_from([BEFORE_GITHUB, AFTER_GITHUB]),
)


@given(worlds)
def test_one_pass_makes_both_sides_agree_and_the_next_is_idle(world: TinyWorld) -> None:
    world.apply(world.decide())
    assert world.decide().is_idle
    assert issue_state_for(world.report.status) is world.issue.state
    severity = SEVERITY.value_of_labels(world.issue.labels, LABELS).value
    assert severity in (None, world.report.severity)
    assert CATEGORY.value_of_labels(world.issue.labels, LABELS).value in (None, world.report.category)


@given(worlds)
def test_deciding_twice_gives_the_same_decision(world: TinyWorld) -> None:
    assert world.decide() == world.decide()


@given(worlds)
def test_no_label_outside_the_mapping_is_added_or_removed(world: TinyWorld) -> None:
    before = world.issue.labels
    plan = world.decide()
    for action in plan.actions:
        if isinstance(action, SwapLabels):
            named = {action.add, *action.remove} - {None}
            assert {field_of_label(str(label), LABELS) for label in named} == {action.field}
            assert set(action.remove) <= set(before)
            assert action.add not in before
    world.apply(plan)
    assert [x for x in world.issue.labels if x in FOREIGN] == [x for x in before if x in FOREIGN]


@given(worlds)
def test_no_value_of_a_user_is_lost_without_a_recorded_conflict(world: TinyWorld) -> None:
    base, report = world.link.base, world.report
    plan = world.decide()
    lost_values = {conflict.field: conflict.lost for conflict in plan.conflicts}
    local_values, remote_values = _said(world), _heard(world)
    world.apply(plan)
    for item in local_values:
        agreed = None if base is None else str(getattr(base, item.value))
        if item is Field.STATUS and agreed is not None:
            agreed = issue_state_for(Status(agreed))
        if _said(world)[item] != local_values[item] and agreed != local_values[item]:
            assert lost_values[item] == str(getattr(report, item.value))
        if (
            remote_values[item]
            and _heard(world)[item] != remote_values[item]
            and agreed != remote_values[item]
        ):
            assert item in lost_values


def _said(world: TinyWorld) -> dict[Field, str]:
    report = world.report
    return {
        Field.STATUS: issue_state_for(report.status),
        Field.SEVERITY: report.severity,
        Field.CATEGORY: report.category,
    }


def _heard(world: TinyWorld) -> dict[Field, str | None]:
    labels = world.issue.labels
    return {
        Field.STATUS: world.issue.state,
        Field.SEVERITY: SEVERITY.value_of_labels(labels, LABELS).value,
        Field.CATEGORY: CATEGORY.value_of_labels(labels, LABELS).value,
    }


@given(worlds, st.integers(0, 4))
def test_an_interrupted_swap_is_finished_and_never_taken_for_a_persons_change(
    world: TinyWorld, requests: int
) -> None:
    plan = world.decide()
    swaps = [action for action in plan.actions if isinstance(action, SwapLabels)]
    assume(swaps)
    report = replace(world.report, **_to(plan.actions))
    world.requests_left = requests
    world.apply(plan)
    second_plan = world.decide()
    assert second_plan.conflicts == ()
    world.requests_left = 1_000
    world.settle()
    assert world.report == report
    for swap in swaps:
        left = [label for label in world.issue.labels if field_of_label(label, LABELS) is swap.field]
        spoken = swap.field is Field.SEVERITY or report.category in LABELS.category
        assert len(left) == (1 if spoken else 0)


def _to(actions: Sequence[Action]) -> dict[str, Any]:
    """Return the report's fields after the local half of a plan."""
    kinds = {Field.STATUS: Status, Field.SEVERITY: Severity, Field.CATEGORY: Category, Field.TITLE: str}
    return {a.field.value: kinds[a.field](a.to) for a in actions if isinstance(a, SetReportField)}
