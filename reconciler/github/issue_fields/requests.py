"""The requests about issue fields: which ones the organisation has, and the value of one on an issue."""

from reconciler.errors import CredentialError, GitHubNotFoundError
from reconciler.github.issue_fields.rows import decode_choices, decode_fields
from reconciler.github.origin import split_repository_name
from reconciler.github.refusals import refusal_advice
from reconciler.github.repository_ref import require_repository_ok
from reconciler.github.wire import error_reason
from reconciler.github.writes import Writes
from reconciler.model.fields import Choices
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import WriteResult
from reconciler.model.issue import OrganisationField

FIELDS_PERMISSION_ADVICE = (
    "give a fine-grained token the organisation permission Issue Fields: read, and a classic one read:org"
)


class FieldRequests(Writes):
    """Issue fields of the organisation that owns the repository."""

    async def organisation_fields(self) -> tuple[OrganisationField, ...]:
        """Read the organisation's single-select fields.

        Raises GitHubNotFoundError (a personal account, or a server without fields), CredentialError where the
        token may not see them.
        """
        owner = split_repository_name(self._ref.name)[0]
        what = f"the issue fields of {owner}"
        reply = await self._get(self._ref.origin.url("orgs", owner, "issue-fields", query={"per_page": 100}))
        if reply.status in (404, 410):
            reason = error_reason(reply.body)
            raise GitHubNotFoundError(
                f"GitHub does not show {what} ({reply.status}: {reason}).", reply.status
            )
        if reply.status == 403:
            advice = refusal_advice(reply) or FIELDS_PERMISSION_ADVICE
            reason = error_reason(reply.body)
            raise CredentialError(f"GitHub does not show {what} (403: {reason}): {advice}.")
        require_repository_ok(reply, self._ref, what)
        return decode_fields(reply.body, what)

    async def choose_option(self, number: IssueNumber, field_id: int, option: str) -> WriteResult[Choices]:
        """Choose an option of one field; other fields stay. Returns what is chosen in all of them.

        POST with exactly one field: PUT would replace the values of all fields, and an empty POST clear them.
        """
        doing = f"set a field of {self._ref.name}#{number}"
        payload = {"issue_field_values": [{"field_id": field_id, "value": option}]}
        parts = ("issues", number, "issue-field-values")
        return await self._write("POST", parts, payload, doing, decode_choices)
