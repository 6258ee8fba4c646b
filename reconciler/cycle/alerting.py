"""The end of a pass: what began and what ceased to need a person is logged, counted, told to who wants it.

Nothing here stops a pass or changes its outcome.
"""

from dataclasses import replace

from reconciler.cycle.context import Context
from reconciler.errors import ReconcilerError
from reconciler.logs import Log
from reconciler.model.attention import MOST_TRIES, Alert, concerns, news, remembered
from reconciler.model.passes import PassResult
from reconciler.model.told import NOTHING, Notice, Told

log = Log(__name__)


async def attended(context: Context, told: Told, result: PassResult) -> PassResult:
    """The result with how much entered and left attention. `told`: as it was before the pass.

    A pass without any news, in a project without any, asks nothing of the database.
    """
    if told == NOTHING and result.quiet:
        return result
    try:
        return await _attended(context, told, result)
    except ReconcilerError as error:
        log.warning("attention not looked at", kind=error.kind, reason=str(error))
        return result


async def _attended(context: Context, told: Told, result: PassResult) -> PassResult:
    found = await context.stores.projects.attending(context.project.id)
    now = concerns(result, found)
    fresh = news(told, now, context.clock.now(), whole=found.whole)
    for notice in fresh:
        _say(context, notice)
    after = await _handed_over(context, remembered(told, now, fresh, whole=found.whole))
    if after != told:
        await context.stores.projects.tell(context.project.id, after)
    entered = sum(notice.entered for notice in fresh)
    return replace(result, entered=entered, left=len(fresh) - entered)


def _say(context: Context, notice: Notice) -> None:
    about = notice.about
    values = {
        "project": str(context.project.id),
        "what": about.what,
        "report": about.report,
        "issue": about.issue,
        "field": about.field,
        "reason": about.reason,
    }
    values = {name: value for name, value in values.items() if value is not None}
    if notice.entered:
        log.warning("needs attention", **values)
    else:
        log.info("attention over", **values)


async def _handed_over(context: Context, told: Told) -> Told:
    """What is owed is offered once; what is not taken is owed still, up to a point."""
    settled = replace(told, owed=(), tries=0)
    if context.alarms is None or not told.owed:
        return settled
    alert = Alert(
        project_id=context.project.id,
        project_name=context.project.name,
        repository=context.project.repository,
        notices=told.owed,
    )
    refused = await context.alarms.post(alert)
    if refused is None:
        return settled
    tries = told.tries + 1
    if tries >= MOST_TRIES:
        log.error("alert dropped", reason=refused, notices=len(told.owed), tries=tries)
        return settled
    log.warning("alert not taken", reason=refused, notices=len(told.owed), tries=tries)
    return replace(told, tries=tries)
