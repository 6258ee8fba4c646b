"""Actions of users as data: the call, the expected result, and the check of it."""

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.demo.compare import ExpectedDifference, plain
from reconciler.demo.environment import DemoEnvironment, Ref
from reconciler.demo.github.rows import Reason
from reconciler.demo.hostile_report import find_harms

Check = Callable[[DemoEnvironment], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAction:
    """One action of a user."""

    at: Ref
    what: str
    expected: str
    act: Callable[[DemoEnvironment], object]
    check: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Actions of users, followed by passes over every project."""

    title: str
    words: str
    actions: tuple[UserAction, ...]
    plan_of: str | None = None  # this project's plan is shown before its pass does exactly that
    passes: int = 1  # over each project
    differences: tuple[ExpectedDifference, ...] = ()  # what differs from here on, because it should


# --- what people do ---------------------------------------------------------------------------------------


def close_issue(at: Ref, who: str, reason: Reason, status: str) -> UserAction:
    """A user closes an issue on GitHub."""
    return UserAction(
        at=at,
        what=f"{who} closes the issue as {reason.replace('_', ' ')}",
        expected=f"the report is {status}",
        act=lambda s: s.repository(at).close(s.number(at), by=who, reason=reason),
        check=report_has(at, status=status),
    )


def comment_on_github(at: Ref, who: str, text: str, expected: str) -> UserAction:
    """A user comments on GitHub."""
    return UserAction(
        at=at,
        what=f"{who} writes: {text}",
        expected=expected,
        act=lambda s: s.repository(at).comment(s.number(at), text, by=who),
        check=in_bugspark(at, text_in_bugspark(who, text)),
    )


def comment_in_bugspark(
    at: Ref, who: str, text: str, expected: str, *, reads: str | None = None
) -> UserAction:
    """A user comments in BugSpark; `reads`: the text as it must read on GitHub."""
    return UserAction(
        at=at,
        what=f"{who.partition(' ')[0]} writes: {reads or text}",
        expected=expected,
        act=lambda s: s.bugspark.comment(s.report_id(at), text, author=s.users[who]),
        check=all_of(on_github(at, text_on_github(who, reads or text)), comments_are_harmless(at)),
    )


def change_report(at: Ref, field: str, to: str, *, what: str, expected: str, check: Check) -> UserAction:
    """A user changes a field of a report in BugSpark."""
    return UserAction(
        at=at,
        what=what,
        expected=expected,
        act=lambda s: s.bugspark.edit(s.report_id(at), field, to),
        check=check,
    )


def edit_on_github(environment: DemoEnvironment, at: Ref, begins: str, text: str, *, by: str) -> None:
    """Rewrite the first comment on GitHub that begins like this."""
    found = next(row for row in environment.thread(at) if row.body.startswith(begins))
    environment.repository(at).edit_comment(found.id, text, by=by)


def delete_on_github(environment: DemoEnvironment, at: Ref, begins: str, *, by: str) -> None:
    """Delete the first comment on GitHub that begins like this."""
    found = next(row for row in environment.thread(at) if row.body.startswith(begins))
    environment.repository(at).delete_comment(found.id, by=by)


def delete_in_bugspark(environment: DemoEnvironment, at: Ref, body: str) -> None:
    """Delete a comment in BugSpark."""
    environment.bugspark.delete_comment(
        next(note.id for note in environment.report(at).comments if note.body == body)
    )


# --- how to tell what followed ----------------------------------------------------------------------------


def report_has(at: Ref, **values: str) -> Check:
    """Check the fields of a report: `status="resolved"`."""
    return lambda environment: all(
        getattr(environment.report(at), name) == value for name, value in values.items()
    )


def issue_is(at: Ref, state: str, reason: str | None) -> Check:
    """Check the state of an issue and its reason."""
    return lambda environment: (environment.issue(at).state, environment.issue(at).reason) == (state, reason)


def labels_are(at: Ref, *names: str) -> Check:
    """Check that the issue has exactly these labels, ignoring case."""
    wanted = {name.casefold() for name in names}
    return lambda environment: {label.casefold() for label in environment.labels(at)} == wanted


def in_bugspark(at: Ref, body: str, *, times: int = 1) -> Check:
    """Check how often a comment with this text exists in BugSpark."""
    return lambda environment: [note.body for note in environment.report(at).comments].count(body) == times


def on_github(at: Ref, body: str, *, times: int = 1) -> Check:
    """Check how often a comment with this text exists on GitHub, as users read it."""
    return lambda environment: [plain(row.body) for row in environment.thread(at)].count(body) == times


def comments_are_harmless(at: Ref) -> Check:
    """Check that our comments on its issue are harmless."""
    return lambda environment: (
        not any(
            find_harms(row.body, marked=True)
            for row in environment.thread(at)
            if environment.login(row.author) == at.company.bot
        )
    )


def all_of(*checks: Check) -> Check:
    """Check all of these."""
    return lambda environment: all(each(environment) for each in checks)


def text_in_bugspark(login: str, body: str) -> str:
    """Return how a comment from GitHub reads in BugSpark."""
    return f"**{login}** (via GitHub):\n\n{body}"


def text_on_github(name: str, body: str) -> str:
    """Return how a comment from BugSpark reads on GitHub."""
    return f"[BugSpark] {name}:\n\n{body}"
