"""Show, check and store a project's own settings."""

from datetime import datetime

from reconciler.errors import ProjectError, SettingsChangedError, WrongSettingError
from reconciler.model.ids import ProjectId
from reconciler.model.policy import ExportFilter, SettingKeyView, SettingsVersion, SettingsView
from reconciler.model.snapshot import StoredSettings
from reconciler.model.viewer import Viewer
from reconciler.owner_settings.decode import decode_settings, encode_settings, settings_as_json
from reconciler.owner_settings.effective import (
    OperatorSettings,
    combine_settings,
    require_allowed,
    settings_in_force,
)
from reconciler.owner_settings.history import SettingsHistory, decode_history, encode_history, next_history
from reconciler.owner_settings.keys import KEYS
from reconciler.owner_settings.schema import settings_schema
from reconciler.owner_settings.values import NO_SETTINGS, Export, ProjectSettings, SettingGroup
from reconciler.ports import Stores
from reconciler.sync.settings.in_force import decode_stored_settings

MAX_HISTORY = 50


async def show_settings(stores: Stores, operator: OperatorSettings, project_id: ProjectId) -> SettingsView:
    """Return a project's settings, those in force and the history."""
    history = await stores.settings.history(project_id, MAX_HISTORY)
    own, problem = NO_SETTINGS, None
    try:
        own = decode_stored_settings(history[0] if history else None)
        effective = settings_in_force(operator, own)
    except WrongSettingError as error:
        effective, problem = settings_in_force(operator, NO_SETTINGS), str(error)
    schemas = settings_schema()["properties"]
    return SettingsView(
        version=history[0].version if history else 0,
        settings=settings_as_json(own),
        effective=settings_as_json(effective),
        kept_groups=tuple(each for each in SettingGroup if each not in operator.may),
        history=tuple(_history_line(stored) for stored in history),
        problem=problem,
        operator=settings_as_json(settings_in_force(operator, NO_SETTINGS)),
        keys=tuple(
            SettingKeyView(name=name, group=key.group, schema=schemas[name])
            for name, key in KEYS.items()
            if name in schemas
        ),
    )


async def save_settings(
    stores: Stores,
    operator: OperatorSettings,
    project_id: ProjectId,
    text: bytes,
    viewer: Viewer,
    *,
    expected: int,
    at: datetime,
) -> None:
    """Check and store settings in place of version `expected`.

    Raises SettingsChangedError if another version is in force, WrongSettingError, OperatorOnlySettingError.
    """
    stored = await stores.settings.read(project_id)
    if (stored.version if stored else 0) != expected:
        raise _changed_error()
    own = check_settings(operator, stored, text, viewer)
    new = _next_version(operator, stored, own, viewer, at)
    admitted = _previous_export_filter(operator, stored)
    if not await stores.settings.save(project_id, new, export=own.export, admitted=admitted):
        raise _changed_error()


def _next_version(
    operator: OperatorSettings,
    stored: StoredSettings | None,
    own: ProjectSettings,
    viewer: Viewer,
    at: datetime,
) -> StoredSettings:
    return StoredSettings(
        version=(stored.version if stored else 0) + 1,
        author_id=viewer.user_id,
        at=at,
        content=encode_settings(own),
        history=encode_history(_next_history(operator, stored, own, at)),
    )


async def propose_settings(
    stores: Stores,
    operator: OperatorSettings,
    project_id: ProjectId,
    text: bytes,
    viewer: Viewer,
    at: datetime,
) -> StoredSettings | None:
    """Return the version that storing these settings would make, or the stored one if they are the same.

    None: the project has none, and these are none. Raises WrongSettingError, OperatorOnlySettingError.
    """
    stored = await stores.settings.read(project_id)
    own = check_settings(operator, stored, text, viewer)
    if encode_settings(own) == (stored.content if stored else encode_settings(NO_SETTINGS)):
        return stored
    return _next_version(operator, stored, own, viewer, at)


def check_settings(
    operator: OperatorSettings, stored: StoredSettings | None, text: bytes, viewer: Viewer
) -> ProjectSettings:
    """Read settings that `viewer` wants in place of the stored ones.

    Raises WrongSettingError, OperatorOnlySettingError.
    """
    own = decode_settings(text)
    try:
        before = decode_stored_settings(stored)
    except WrongSettingError:  # of a newer program: every key of a kept group counts as changed
        before = NO_SETTINGS
    require_allowed(operator, own, before, by_operator=viewer.user_id is None)
    settings_in_force(operator, own)
    return own


def _next_history(
    operator: OperatorSettings, stored: StoredSettings | None, own: ProjectSettings, at: datetime
) -> SettingsHistory:
    """Return what counts of the versions before `own`. Those that can't be read changed nothing.

    Those that only no longer fit the operator's labels count: people relied on what they kept back.
    """
    carried = decode_history(stored.history if stored else None)
    try:
        before = combine_settings(operator, decode_stored_settings(stored))
    except WrongSettingError:  # of a newer program
        return carried
    after = settings_in_force(operator, own)
    return next_history(carried, before, after, operator.defaults.private_prefix, at)


def _previous_export_filter(operator: OperatorSettings, stored: StoredSettings | None) -> ExportFilter | None:
    """Return which reports the stored settings export by themselves; None: they leave out none."""
    try:
        before = combine_settings(operator, decode_stored_settings(stored))
    except WrongSettingError:  # of a newer program
        return None
    return before.export_only if before.export is Export.ALL else None


async def settings_of_version(stores: Stores, project_id: ProjectId, version: int) -> bytes:
    """Return the text of an earlier version; 0: no settings. Raises ProjectError if it is not kept."""
    if version == 0:
        return b"{}"
    for stored in await stores.settings.history(project_id, MAX_HISTORY):
        if stored.version == version:
            return stored.content.encode()
    raise ProjectError(f"Version {version} of the settings is not kept any more. Nothing was changed.")


def _changed_error() -> SettingsChangedError:
    return SettingsChangedError(
        "Somebody else has changed these settings in between: load them again, and make your change there. "
        "Nothing was changed."
    )


def _history_line(stored: StoredSettings) -> SettingsVersion:
    return SettingsVersion(
        version=stored.version,
        author=stored.author_name,
        by_operator=stored.author_id is None,
        at=stored.at,
        content=stored.content,
    )
