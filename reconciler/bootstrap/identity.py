"""`reconcile check`: whether this database is the one that may write, and knows its own markers."""

from collections.abc import Iterator, Sequence

from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.shown import CheckLevel, CheckResult


def identity_checks(identity: DatabaseInstance, lost: Sequence[str]) -> Iterator[CheckResult]:
    """One line for the database, one for marker keys that no ENCRYPTION_KEY opens (`lost`), if any."""
    if identity.write_doubt is not None:
        mend = "reconcile --project P --accept moved (or copy), for any project; it counts for all of them"
        yield CheckResult(name="instance", level=CheckLevel.FAIL, message=identity.write_doubt, remedy=mend)
    else:
        message = f"this database is {identity.instance}"
        yield CheckResult(name="instance", level=CheckLevel.OK, message=message)
    if lost:
        message = f"what was signed with {', '.join(lost)} is not recognised: no encryption key opens them"
        mend = "list the earlier ENCRYPTION_KEY behind the present one until a pass has kept the marker keys"
        yield CheckResult(name="marker keys", level=CheckLevel.WARN, message=message, remedy=mend)
