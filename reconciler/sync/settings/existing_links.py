"""Apply a project's settings to its existing links: the plan first, then the act, bound to its hash."""

from reconciler.errors import OperatorOnlySettingError, PlanChangedError, ProjectError
from reconciler.model.snapshot import StoredSettings
from reconciler.model.viewer import Viewer
from reconciler.model.views import PlanView
from reconciler.owner_settings.values import SettingGroup
from reconciler.sync.context import Context
from reconciler.sync.dry_run.plan_project import plan_applied_settings
from reconciler.sync.preflight import bind_database

MAPPING_GROUPS = frozenset({SettingGroup.LABELS, SettingGroup.STAGE})


def require_may_apply(context: Context, viewer: Viewer) -> None:
    """Raise OperatorOnlySettingError for an owner where the operator keeps every mapping of labels."""
    if viewer.user_id is not None and MAPPING_GROUPS.isdisjoint(context.operator.may):
        raise OperatorOnlySettingError(
            "severity is kept by the operator of this program ([owners] may), who applies it to existing "
            "links, too. Nothing was changed.",
            "severity",
        )


def require_plan_hash(plan: PlanView, digest: str) -> None:
    """Raise PlanChangedError unless the plan has this hash."""
    if plan.hash != digest:
        raise PlanChangedError(
            f"{plan.project_name}: the plan is not the one with the hash {digest[:64]} any more; look at it "
            f"again, its hash is {plan.hash} now. Nothing was changed."
        )


async def preview_on_existing_links(context: Context, settings: StoredSettings | None) -> PlanView:
    """Return what applying these settings to existing links would do. Nothing is stored.

    Raises ProjectError where the project's trouble leaves no plan.
    """
    plan = await plan_applied_settings(context, settings)
    if plan.error is not None:
        raise ProjectError(f"There is no plan: {plan.error.message}")
    return plan


async def apply_to_existing_links(context: Context, digest: str) -> PlanView:
    """Let all bases adopt the mapping in force, if the plan of that has this hash. Returns the plan.

    The next pass that compares carries it out as it does any difference. Raises PlanChangedError if the plan
    has another hash, BusyError during a pass, DatabaseIdentityError, ProjectError where there is no plan.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        await bind_database(context)
        state = await context.stores.projects.get_state(context.project.id)
        plan = await preview_on_existing_links(context, state.settings)
        require_plan_hash(plan, digest)
        await context.stores.settings.adopt_mapping(context.project.id, state.repository_id)
    return plan
