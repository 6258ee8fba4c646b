"""`reconcile check` for one project: integration, token, repository, permissions. It only reads."""

from reconciler.cycle.context import Context
from reconciler.errors import ReconcilerError
from reconciler.model.issue import Repository
from reconciler.model.report import Project
from reconciler.model.shown import Check, CheckLevel

SKEW_SECONDS = 120.0
"""More difference to GitHub's clock than this is worth a word: conflicts are settled by time."""


def unusable(project: Project) -> Check:
    """The check of a project whose integration can't even be read."""
    message = project.problem or "no usable github integration"
    return _check(project, "integration", CheckLevel.FAIL, message, "correct the integration in BugSpark")


async def check_project(context: Context) -> list[Check]:
    """One line per thing looked at; the first failure ends it, for the rest can't be known."""
    project = context.project
    try:
        repository = await context.github.repository()
        account = await context.github.account()
    except ReconcilerError as error:
        mend = "see the token's expiry, its repositories and its permissions on GitHub"
        return [_check(project, "GitHub", CheckLevel.FAIL, str(error), mend)]
    text = f"{repository.full_name} answers; writing as {account.login}"
    return [
        _check(project, "GitHub", CheckLevel.OK, text, None),
        _issues(project, repository),
        _labels(project, repository),
        _clock(context),
    ]


def _issues(project: Project, repository: Repository) -> Check:
    if repository.archived:
        return _check(
            project, "issues", CheckLevel.FAIL, "the repository is archived", "unarchive it on GitHub"
        )
    if not repository.has_issues:
        mend = "switch issues on in the repository's settings"
        return _check(project, "issues", CheckLevel.FAIL, "issues are switched off", mend)
    return _check(project, "issues", CheckLevel.OK, "issues are on", None)


def _labels(project: Project, repository: Repository) -> Check:
    match repository.can_push:
        case True:
            return _check(project, "labels", CheckLevel.OK, "the token may set labels", None)
        case False:
            message = "the token may not push: GitHub drops labels silently and refuses to close issues"
            mend = "give the token Issues: read and write, and its account write access"
            return _check(project, "labels", CheckLevel.FAIL, message, mend)
        case None:
            message = "GitHub does not say whether labels may be set; the first write will tell"
            return _check(project, "labels", CheckLevel.OK, message, None)


def _clock(context: Context) -> Check:
    off = abs((context.github.now() - context.clock.now()).total_seconds())
    if off <= SKEW_SECONDS:
        return _check(context.project, "clock", CheckLevel.OK, f"{off:.0f} s from GitHub's", None)
    message = f"this machine's clock is {off:.0f} s from GitHub's"
    return _check(context.project, "clock", CheckLevel.WARN, message, "synchronise it (NTP)")


def _check(project: Project, what: str, level: CheckLevel, message: str, mend: str | None) -> Check:
    return Check(name=f"{project.name}: {what}", level=level, message=message, mend=mend)
