"""Who is who: whose accounts the logins of the settings are, and which users BugSpark takes as assignees.

A login is looked up once and its numeric id kept, because another account may take the login over. Without
mapped people nothing is read and nothing is stored.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from reconciler.fields.assignee import ASSIGNEE
from reconciler.model.policy import MappedPerson, People, people_of
from reconciler.model.snapshot import NO_PEOPLE, KnownAccount, KnownPeople, ProjectState
from reconciler.sync.context import Context

MAX_LOOKUPS = 100
"""So many logins are looked up by one pass; the next one goes on."""
LOOKUP_INTERVAL = timedelta(hours=1)
"""A login that nobody had is looked up again after this time."""


async def look_up_people(context: Context, state: ProjectState) -> Context:
    """Return the context with the accounts of mapped people and the project's members.

    Raises what reading an account raises.
    """
    people = context.policy.people
    stored = state.settings.people if state.settings is not None else NO_PEOPLE
    if not people.by_user and stored == NO_PEOPLE:
        return context
    is_synced = ASSIGNEE.is_enabled(context.policy)
    known = KnownPeople(accounts=await _look_up_accounts(context, people, stored), is_synced=is_synced)
    if known != stored:
        await context.stores.projects.save_people(
            context.project.id, known, begins=is_synced and not stored.is_synced
        )
    if not people.by_user:
        return context
    names = await context.stores.projects.member_names(context.project.id)
    ids = {each.user: each.account for each in known.accounts}
    persons = (replace(each, account=ids.get(each.user)) for each in people.by_user.values())
    found = replace(people_of(persons, may_ping=people.may_ping), names=names, members=frozenset(names))
    return replace(context, policy=replace(context.policy, people=found))


async def _look_up_accounts(
    context: Context, people: People, stored: KnownPeople
) -> tuple[KnownAccount, ...]:
    now = context.clock.now()
    before = {(each.user, each.login): each for each in stored.accounts}
    known: list[KnownAccount] = []
    lookups = 0
    for person in people.by_user.values():
        found = before.get((person.user, person.login))
        is_due = found is None or (found.account is None and now - found.at >= LOOKUP_INTERVAL)
        if is_due and lookups < MAX_LOOKUPS:
            lookups += 1
            account = await context.github.user(person.login)
            found = KnownAccount(
                user=person.user, login=person.login, account=account.id if account else None, at=now
            )
        if found is not None:
            known.append(found)
    return tuple(known)


def people_problems(people: People) -> Iterator[str]:
    """Yield a sentence for each mapped person whose account is not known."""
    for person in people.by_user.values():
        if person.account is None:
            yield _unknown_account_text(person, people)


def _unknown_account_text(person: MappedPerson, people: People) -> str:
    who = people.names.get(person.user, person.user)
    return (
        f"people: {person.login}, the login of {who}, is no account on GitHub, or that of somebody else in "
        "the list: nobody is assigned because of it; correct the login"
    )
