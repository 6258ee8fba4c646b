"""The settings in force, for the context of a pass or command."""

from dataclasses import replace

from reconciler.errors import ProjectError, WrongSettingError
from reconciler.model.policy import SyncPolicy
from reconciler.model.snapshot import ProjectState, StoredSettings
from reconciler.owner_settings.decode import decode_settings
from reconciler.owner_settings.effective import (
    OperatorSettings,
    policy_in_force,
    settings_in_force,
)
from reconciler.owner_settings.history import decode_history, encode_operator_history
from reconciler.owner_settings.values import NO_SETTINGS, ProjectSettings
from reconciler.sync.context import Context


def decode_stored_settings(stored: StoredSettings | None) -> ProjectSettings:
    """Return stored settings as values. Raises WrongSettingError for those of a newer program."""
    return decode_settings(stored.content) if stored is not None else NO_SETTINGS


def project_policy(
    operator: OperatorSettings, stored: StoredSettings | None, *, is_public: bool = False
) -> SyncPolicy:
    """Return the policy of a project. Raises WrongSettingError for settings that can't be used.

    `stored`: None for a project without settings of its own, where the operator's values count.
    """
    return policy_in_force(
        operator,
        settings_in_force(operator, decode_stored_settings(stored)),
        decode_history(stored.history if stored is not None else None),
        is_public=is_public,
        priority=stored.priority.field if stored and stored.priority else None,
        accounts={
            (each.user, each.login): each.account for each in (stored.people.accounts if stored else ())
        },
    )


async def record_operator_history(context: Context) -> None:
    """Store the operator's rules about comments where they are others than those of the last pass.

    So what they kept back is not sent once the configuration has others.
    """
    text, before = encode_operator_history(context.operator.history), context.identity.comment_rules
    if text is not None and text != before:
        await context.stores.settings.record_operator_history(text, before=before)


def with_settings_in_force(context: Context, state: ProjectState) -> Context:
    """Return the context with the policy that the project's settings, as `state` has them, ask for.

    Raises ProjectError if they can't be used, as after a change of the operator's labels.
    """
    try:
        # Until the repository has been read it counts as public.
        is_public = state.private is not True or state.exposed
        policy = project_policy(context.operator, state.settings, is_public=is_public)
        return replace(context, policy=policy)
    except WrongSettingError as error:
        version = state.settings.version if state.settings is not None else 0
        raise ProjectError(
            f"{context.project.name}: its own settings (version {version}) can't be used: "
            f"{error} Correct them by the API or with reconcile settings; nothing is synced until then"
        ) from error
