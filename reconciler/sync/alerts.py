"""The end of a pass: log, count and post what begins or ceases to need a person.

Nothing here stops a pass or changes its outcome.
"""

from dataclasses import replace

from reconciler.errors import ReconcilerError
from reconciler.logs import EventLogger
from reconciler.model.alerts import (
    MAX_SEND_ATTEMPTS,
    NO_ALERT_STATE,
    NO_MAIL_STATE,
    Alert,
    AlertState,
    MailState,
    Notice,
    current_problems,
    expiry_problems,
    new_notices,
    next_alert_state,
    next_mail,
)
from reconciler.model.passes import PassResult
from reconciler.model.snapshot import ProjectState
from reconciler.sync.context import Context

log = EventLogger(__name__)


async def send_alerts(context: Context, state: ProjectState, result: PassResult) -> PassResult:
    """Return the result with the number of problems that began and that ended.

    `state`: before the pass. A pass without news, in a project without problems, reads no more from the
    database, unless a change waits for the delivery that should announce it.
    """
    try:
        is_quiet = (state.alert_state, state.mail_state) == (NO_ALERT_STATE, NO_MAIL_STATE)
        if is_quiet and not await _may_have_new_problem(context, state, result):
            return result
        return await _post_alerts_and_save_state(context, state, result)
    except ReconcilerError as error:
        log.warning("problems not read", kind=error.kind, reason=str(error))
        return result


async def _may_have_new_problem(context: Context, state: ProjectState, result: PassResult) -> bool:
    """Whether a pass may have found a problem in a project that had none."""
    now = context.clock.now()
    if not result.is_uneventful or result.misnamed or any(expiry_problems(result, now)):
        return True
    return state.has_unannounced_changes and await context.stores.webhooks.is_silent(context.project.id, now)


async def _post_alerts_and_save_state(
    context: Context, state: ProjectState, result: PassResult
) -> PassResult:
    before = state.alert_state
    found = await context.stores.queries.current_problems(context.project.id)
    now = current_problems(result, found, context.clock.now(), before.known)
    fresh = new_notices(before, now, context.clock.now(), is_complete=found.is_complete)
    for notice in fresh:
        _log_notice(context, notice)
    after = await _post_pending_notices(
        context, next_alert_state(before, now, fresh, is_complete=found.is_complete)
    )
    if after != before:
        await context.stores.projects.save_alert_state(context.project.id, after)
    await _mail_owner(context, state.mail_state, after)
    entered = sum(notice.entered for notice in fresh)
    return replace(result, entered=entered, left=len(fresh) - entered)


async def _mail_owner(context: Context, before: MailState, known: AlertState) -> None:
    """Enqueue the mail that is due, if any. What can't be enqueued is tried again by the next pass."""
    if not context.policy.mails_owner and before == NO_MAIL_STATE:
        return
    now = context.clock.now()
    after, mail = next_mail(before, known.known, now) if context.policy.mails_owner else (NO_MAIL_STATE, None)
    if after == before and mail is None:
        return
    mails = context.stores.owner_mails
    if not await mails.save(context.project.id, after, mail, now):
        await mails.save(context.project.id, replace(before, lasting=after.lasting), None, now)


def _log_notice(context: Context, notice: Notice) -> None:
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


async def _post_pending_notices(context: Context, before: AlertState) -> AlertState:
    """Post what is due, once. What is not accepted stays due, for a limited number of tries."""
    settled = replace(before, owed=(), tries=0)
    if context.alert_channel is None or not before.owed:
        return settled
    alert = Alert(
        project_id=context.project.id,
        project_name=context.project.name,
        repository=context.project.repository,
        notices=before.owed,
    )
    refused = await context.alert_channel.post(alert)
    if refused is None:
        return settled
    tries = before.tries + 1
    if tries >= MAX_SEND_ATTEMPTS:
        log.error("alert dropped", reason=refused, notices=len(before.owed), tries=tries)
        return settled
    log.warning("alert not taken", reason=refused, notices=len(before.owed), tries=tries)
    return replace(before, tries=tries)
