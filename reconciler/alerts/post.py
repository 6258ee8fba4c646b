"""One POST of alerts: sent once, without following redirects; only the response's status is read."""

import asyncio
import ssl

import httpx
import msgspec

from reconciler.model.alerts import Alert, Notice
from reconciler.model.secret import Secret
from reconciler.tls import build_client_context

ALERT_TIMEOUT_SECONDS = 5.0
"""The timeout of the complete request, because a pass waits for it."""


class AlertPoster:
    """Posts alerts to one address. The address is a secret: often nothing else is needed to post there.

    `inner` replaces the network in tests.
    """

    def __init__(
        self,
        url: Secret,
        *,
        user_agent: str,
        timeout_seconds: float = ALERT_TIMEOUT_SECONDS,
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._user_agent = user_agent
        self._timeout_seconds = timeout_seconds
        self._transport = inner

    async def post(self, alert: Alert) -> str | None:
        """Post an alert. Return None if it was accepted (2xx), else the reason, without the address.

        Raises nothing.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status = await self._send(msgspec.json.encode(alert_body(alert)))
        except TimeoutError:
            return f"no answer within {self._timeout_seconds:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            return type(error).__name__  # the error's text may contain the address
        return None if 200 <= status < 300 else f"answered with status {status}"

    async def _send(self, body: bytes) -> int:
        # A new client for each alert: a cancelled request may leave its pool unusable, and alerts are rare.
        async with httpx.AsyncClient(
            verify=self._tls_verification(),
            follow_redirects=False,
            trust_env=False,  # no proxy or .netrc file may redirect the request or add to it
            transport=self._transport,
            timeout=self._timeout_seconds,
            headers={"User-Agent": self._user_agent, "Content-Type": "application/json"},
        ) as client:
            built = client.build_request("POST", self._url.reveal(), content=body)
            answer = await client.send(built, stream=True)
            await answer.aclose()  # the body is not read
            return answer.status_code

    def _tls_verification(self) -> ssl.SSLContext | bool:
        if self._url.reveal().startswith("http:"):
            return False  # http is allowed for loopback only, so no certificates are loaded
        return build_client_context()


def alert_body(alert: Alert) -> dict[str, object]:
    """Build the JSON body (docs/operating.md, Alerts). Untrusted text in it is not interpreted."""
    return {
        "project": {"id": str(alert.project_id), "name": alert.project_name, "repository": alert.repository},
        "entered": [_notice_body(notice) for notice in alert.notices if notice.entered],
        "left": [_notice_body(notice) for notice in alert.notices if not notice.entered],
    }


def _notice_body(notice: Notice) -> dict[str, object]:
    about = notice.about
    return {
        "what": about.what,
        "report": about.report_id,
        "tracking_id": about.report,
        "issue": about.issue,
        "field": about.field,
        "reason": about.reason,
        "at": notice.at.isoformat().replace("+00:00", "Z"),
    }
