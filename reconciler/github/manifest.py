"""The exchange of a code for the GitHub App that a person has just made from a manifest.

Source: docs/reference/github.md, Credentials and versions, App manifest flow.
"""

import re

from reconciler.errors import CertificateError, GitHubError
from reconciler.github.client import GitHubClient
from reconciler.github.gateway import FailedAttemptError, call_with_retries
from reconciler.github.http import ApiUsage, HttpClient, Reply
from reconciler.github.transport import AnswerLostError, NotSentError, NotTrustedError
from reconciler.github.wire import ManifestConversionRow, decode, error_reason
from reconciler.model.secret import Secret

CODE_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,255}")
USED_CODE_STATUSES = (404, 422)
NO_BEARER = Secret("")
APP_EXISTS_ADVICE = (
    "the App exists on GitHub, and nobody has its key: delete it there and begin again, or make a key and a"
    " webhook secret in its settings"
)


async def convert_manifest_code(client: GitHubClient, code: str) -> ManifestConversionRow:
    """Exchange a code. The request is sent once, for GitHub takes a code once.

    Raises GitHubError. No error has the code, and nothing is logged.
    """
    if not CODE_PATTERN.fullmatch(code):
        raise GitHubError("GitHub was not asked: what came back is no code of its own.")
    http = HttpClient(
        transport=client.transport,
        origin=client.origin,
        api_version=client.api_version,
        usage=ApiUsage(client.time, client.api_version),
    )
    url = client.origin.url("app-manifests", code, "conversions")

    async def send() -> Reply:
        try:
            return await http.write("POST", url, NO_BEARER, None)
        except NotTrustedError as error:
            raise CertificateError(f"GitHub was not asked: {error}.") from None
        except NotSentError as error:
            raise FailedAttemptError(str(error)) from None
        except AnswerLostError:
            raise GitHubError(f"GitHub's answer did not arrive: {APP_EXISTS_ADVICE}.") from None

    reply = await call_with_retries(send, clock=client.clock, random_fraction=client.random_fraction)
    if reply.status == 201:
        return decode(reply.body, ManifestConversionRow, "the new GitHub App")
    if reply.status in USED_CODE_STATUSES:
        raise GitHubError(
            f"GitHub does not know this code: it was used, or is older than an hour; {APP_EXISTS_ADVICE}."
        )
    raise GitHubError(
        f"GitHub refuses the code ({reply.status}: {error_reason(reply.body)}); {APP_EXISTS_ADVICE}."
    )
