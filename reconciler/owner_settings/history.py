"""What of a project's earlier settings still counts, carried from version to version.

A new mapping is not an edit, and what earlier settings kept back is not sent because they changed
(docs/reference/contract.md, Owners' settings).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reconciler.model.fields import Field
from reconciler.model.policy import CommentRules, Direction, LabelHistory, label_key
from reconciler.owner_settings.values import ProjectSettings, Synced

MAX_RETIRED_LABELS = 500
MAX_EARLIER_RULES = 50
_MAPS = (("severity", Field.SEVERITY), ("category", Field.CATEGORY), ("stage", Field.STAGE))


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsHistory:
    """The carried part of earlier versions."""

    labels: LabelHistory = field(default_factory=LabelHistory)
    comments: tuple[CommentRules, ...] = ()  # the oldest first
    # since when each user, by id, has had the present login; one that is not here has always had it
    people: Mapping[str, datetime] = field(default_factory=dict)


def comment_rules(settings: ProjectSettings, operator_prefix: str | None) -> CommentRules:
    """Return the rules about comments of settings in force. The operator's prefix counts too."""
    prefixes = dict.fromkeys(each for each in (operator_prefix, settings.private_prefix) if each is not None)
    directions = settings.directions or {}
    return CommentRules(
        direction=directions.get(Synced.COMMENTS, Direction.BOTH), private_prefixes=tuple(prefixes)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorHistory:
    """The operator's own rules about comments: those of the last pass, and earlier ones, the oldest first.

    They hold for every project.
    """

    in_force: CommentRules = field(default_factory=CommentRules)
    earlier: tuple[CommentRules, ...] = ()


def next_operator_history(
    known: OperatorHistory, prefix: str | None, direction: Direction, at: datetime
) -> OperatorHistory:
    """Return what counts with the operator's present prefix and direction of comments, from `at` on.

    Two processes with different configurations may take turns: of equal rules only the last time counts.
    """
    present = CommentRules(direction=direction, private_prefixes=(prefix,) if prefix else ())
    if present == known.in_force:
        return known
    earlier = known.earlier
    if not _are_rules_as_strict(present, known.in_force):
        others = (each for each in earlier if replace(each, until=None) != known.in_force)
        earlier = _limit_rules((*others, replace(known.in_force, until=at)))
    return OperatorHistory(in_force=present, earlier=earlier)


def next_history(
    carried: SettingsHistory,
    before: ProjectSettings,
    after: ProjectSettings,
    operator_prefix: str | None,
    at: datetime,
) -> SettingsHistory:
    """Return what counts once `after` is in force instead of `before`, from `at` on."""
    rules, new_rules = comment_rules(before, operator_prefix), comment_rules(after, operator_prefix)
    earlier = carried.comments
    if not _are_rules_as_strict(new_rules, rules):
        earlier = _limit_rules((*earlier, replace(rules, until=at)))
    return SettingsHistory(
        labels=_next_labels(carried.labels, before, after, at),
        comments=earlier,
        people=_next_people(carried.people, before, after, at),
    )


def _next_people(
    carried: Mapping[str, datetime], before: ProjectSettings, after: ProjectSettings, at: datetime
) -> Mapping[str, datetime]:
    """Since when each user has had the login. While the assignee has no direction nobody counts as mapped."""
    old, new = _logins_in_use(before), _logins_in_use(after)
    since = {user: carried.get(user) if old.get(user) == login else at for user, login in new.items()}
    return {user: moment for user, moment in since.items() if moment is not None}


def _logins_in_use(settings: ProjectSettings) -> Mapping[str, str]:
    is_off = (settings.directions or {}).get(Synced.ASSIGNEE) is Direction.OFF
    return {} if is_off else {user: login.lower() for user, login in (settings.people or {}).items()}


def _next_labels(
    carried: LabelHistory, before: ProjectSettings, after: ProjectSettings, at: datetime
) -> LabelHistory:
    old, new = dict(_meanings(before)), dict(_meanings(after))
    since = {
        label: carried.since.get(label) if old.get(label) == meaning else at for label, meaning in new.items()
    }
    retired = dict(carried.retired) | {label: synced for label, (synced, _) in old.items()}
    kept = [each for each in retired.items() if each[0] not in new]
    return LabelHistory(
        since={label: moment for label, moment in since.items() if moment is not None},
        retired=dict(kept[-MAX_RETIRED_LABELS:]),
    )


def _meanings(settings: ProjectSettings) -> Iterator[tuple[str, tuple[Field, str]]]:
    for name, synced in _MAPS:
        for value, labels in (getattr(settings, name) or {}).items():
            yield from ((label_key(label), (synced, str(value))) for label in labels)


def _are_rules_as_strict(new: CommentRules, old: CommentRules) -> bool:
    """Whether the new rules keep back everything that the old ones kept back."""
    has_prefixes = set(old.private_prefixes) <= set(new.private_prefixes)
    return has_prefixes and new.direction.narrowed_to(old.direction) is new.direction


def _limit_rules(rules: tuple[CommentRules, ...]) -> tuple[CommentRules, ...]:
    """Return at most so many rules; the two oldest become one that keeps back what either of them did."""
    if len(rules) <= MAX_EARLIER_RULES:
        return rules
    first, second, *rest = rules
    both = CommentRules(
        direction=first.direction.narrowed_to(second.direction),
        private_prefixes=tuple(dict.fromkeys((*first.private_prefixes, *second.private_prefixes))),
        until=second.until,
    )
    return (both, *rest)


def encode_history(history: SettingsHistory) -> str | None:
    """Return the history as JSON text; None where there is none."""
    if history == SettingsHistory():
        return None
    return json.dumps(
        {
            "since": {label: moment.isoformat() for label, moment in history.labels.since.items()},
            "retired": dict(history.labels.retired),
            **_encode_people(history.people),
            "comments": [_encode_rules(rules) for rules in history.comments],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def encode_operator_history(history: OperatorHistory) -> str | None:
    """Return the history as JSON text; None where there is none."""
    if history == OperatorHistory():
        return None
    rules = [_encode_rules(each) for each in (*history.earlier, history.in_force)]
    return json.dumps(rules, ensure_ascii=False, separators=(",", ":"))


def decode_operator_history(text: str | None) -> OperatorHistory:
    """Return a history as it was encoded."""
    if text is None:
        return OperatorHistory()
    *earlier, in_force = map(_decode_rules, json.loads(text))
    return OperatorHistory(in_force=in_force, earlier=tuple(earlier))


def _encode_rules(rules: CommentRules) -> Mapping[str, object]:
    return {
        "direction": rules.direction,
        "prefixes": rules.private_prefixes,
        "until": rules.until.isoformat() if rules.until else None,
    }


def _decode_rules(stored: Mapping[str, Any]) -> CommentRules:
    return CommentRules(
        direction=Direction(stored["direction"]),
        private_prefixes=tuple(stored["prefixes"]),
        until=datetime.fromisoformat(stored["until"]) if stored["until"] else None,
    )


def _encode_people(people: Mapping[str, datetime]) -> Mapping[str, Mapping[str, str]]:
    """Return the member; none without people, as in earlier versions of the program."""
    return {"people": {user: moment.isoformat() for user, moment in people.items()}} if people else {}


def decode_history(text: str | None) -> SettingsHistory:
    """Return a history as it was encoded."""
    if text is None:
        return SettingsHistory()
    stored = json.loads(text)
    since: Mapping[str, str] = stored["since"]
    retired: Mapping[str, str] = stored["retired"]
    people: Mapping[str, str] = stored.get("people", {})
    return SettingsHistory(
        people={user: datetime.fromisoformat(moment) for user, moment in people.items()},
        labels=LabelHistory(
            since={label: datetime.fromisoformat(moment) for label, moment in since.items()},
            retired={label: Field(name) for label, name in retired.items()},
        ),
        comments=tuple(map(_decode_rules, stored["comments"])),
    )
