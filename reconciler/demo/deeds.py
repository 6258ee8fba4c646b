"""What people do in the story, as data: the act, what must follow from it, and how to tell that it did."""

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.demo.compare import Apart, plain
from reconciler.demo.github.rows import Reason
from reconciler.demo.harmless import harms
from reconciler.demo.stage import Ref, Stage

Check = Callable[[Stage], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One act of a person."""

    at: Ref
    what: str
    follows: str
    act: Callable[[Stage], object]
    holds: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Acts of people, then one pass over every project."""

    title: str
    words: str
    deeds: tuple[Deed, ...]
    plan_of: str | None = None  # this project's plan is shown before its pass does exactly that
    aparts: tuple[Apart, ...] = ()  # what differs from here on, because it should


# --- what people do ---------------------------------------------------------------------------------------


def closes(at: Ref, who: str, reason: Reason, status: str) -> Deed:
    """Somebody closes an issue on GitHub."""
    return Deed(
        at=at,
        what=f"{who} closes the issue as {reason.replace('_', ' ')}",
        follows=f"the report is {status}",
        act=lambda s: s.repository(at).close(s.number(at), by=who, reason=reason),
        holds=report_has(at, status=status),
    )


def says(at: Ref, who: str, text: str, follows: str) -> Deed:
    """Somebody comments on GitHub."""
    return Deed(
        at=at,
        what=f"{who} writes: {text}",
        follows=follows,
        act=lambda s: s.repository(at).comment(s.number(at), text, by=who),
        holds=in_bugspark(at, imported(who, text)),
    )


def writes(at: Ref, who: str, text: str, follows: str, *, reads: str | None = None) -> Deed:
    """Somebody comments in BugSpark; `reads`: the text as it must read on GitHub."""
    return Deed(
        at=at,
        what=f"{who.partition(' ')[0]} writes: {reads or text}",
        follows=follows,
        act=lambda s: s.bugspark.comment(s.report_id(at), text, author=s.users[who]),
        holds=every(on_github(at, exported(who, reads or text)), harmless_below(at)),
    )


def sets(at: Ref, field: str, to: str, *, what: str, follows: str, holds: Check) -> Deed:
    """Somebody changes a field of a report in BugSpark."""
    return Deed(
        at=at,
        what=what,
        follows=follows,
        act=lambda s: s.bugspark.edit(s.report_id(at), field, to),
        holds=holds,
    )


def edit_there(stage: Stage, at: Ref, begins: str, text: str, *, by: str) -> None:
    """Rewrite the first comment on GitHub that begins like this."""
    found = next(row for row in stage.thread(at) if row.body.startswith(begins))
    stage.repository(at).edit_comment(found.id, text, by=by)


def delete_there(stage: Stage, at: Ref, begins: str, *, by: str) -> None:
    """Delete the first comment on GitHub that begins like this."""
    found = next(row for row in stage.thread(at) if row.body.startswith(begins))
    stage.repository(at).delete_comment(found.id, by=by)


def delete_here(stage: Stage, at: Ref, body: str) -> None:
    """Delete a comment in BugSpark."""
    stage.bugspark.delete_comment(next(note.id for note in stage.report(at).notes if note.body == body))


# --- how to tell what followed ----------------------------------------------------------------------------


def report_has(at: Ref, **values: str) -> Check:
    """The report says so: `status="resolved"`."""
    return lambda stage: all(getattr(stage.report(at), name) == value for name, value in values.items())


def issue_is(at: Ref, state: str, reason: str | None) -> Check:
    """The issue is in this state, for this reason."""
    return lambda stage: (stage.issue(at).state, stage.issue(at).reason) == (state, reason)


def labels_are(at: Ref, *names: str) -> Check:
    """The issue has exactly these labels, in any spelling of upper and lower case."""
    wanted = {name.casefold() for name in names}
    return lambda stage: {label.casefold() for label in stage.labels(at)} == wanted


def in_bugspark(at: Ref, body: str, *, times: int = 1) -> Check:
    """A comment with just this text is there so many times."""
    return lambda stage: [note.body for note in stage.report(at).notes].count(body) == times


def on_github(at: Ref, body: str, *, times: int = 1) -> Check:
    """The same on GitHub, as people read it."""
    return lambda stage: [plain(row.body) for row in stage.thread(at)].count(body) == times


def harmless_below(at: Ref) -> Check:
    """What we wrote below its issue can do no harm."""
    return lambda stage: (
        not any(
            harms(row.body, marked=True)
            for row in stage.thread(at)
            if stage.login(row.author) == at.company.bot
        )
    )


def every(*checks: Check) -> Check:
    """All of them."""
    return lambda stage: all(check(stage) for check in checks)


def imported(login: str, body: str) -> str:
    """How a comment from GitHub reads in BugSpark."""
    return f"**{login}** (via GitHub):\n\n{body}"


def exported(name: str, body: str) -> str:
    """How a comment from BugSpark reads on GitHub."""
    return f"[BugSpark] {name}:\n\n{body}"
