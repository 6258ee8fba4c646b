"""Forms of our own pages only (protection against cross-site request forgery)."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request

from reconciler.web.request_body import FORM_TYPE, BodyReader, content_type_of
from reconciler.web.security.sessions import SessionCookies
from reconciler.web.site import Site, origin_of

FORM_TOKEN_FIELD = "form_token"  # noqa: S105  # the name of a field
MAX_FORM_BYTES, MAX_FORM_FIELDS = 64 * 1024, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FormReader:
    """Reads forms that one of our own pages sent."""

    site: Site
    sessions: SessionCookies
    body_reader: BodyReader

    async def read_form(self, request: Request, subject: str | None) -> Mapping[str, str]:
        """Return a form's fields, without its token. `subject`: whom the page was made for; None for the
        sign-in form.

        Raises HTTPException: 403 unless one of our pages sent it, made for this subject; 415 for another
        content type, 400 for what can't be parsed, and what `BodyReader.read` raises.
        """
        if not is_same_origin_form(request, self.site):
            raise HTTPException(HTTPStatus.FORBIDDEN, "This form was not sent from here.")
        fields = await self._read_fields(request)
        token = fields.pop(FORM_TOKEN_FIELD, "")
        if subject is not None and not self.sessions.is_form_token(subject, token):
            raise HTTPException(HTTPStatus.FORBIDDEN, "This form is too old; load the page again.")
        return fields

    async def _read_fields(self, request: Request) -> dict[str, str]:
        if content_type_of(request) != FORM_TYPE:
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send a form.")
        async with self.body_reader.read(request) as body:
            try:
                text = body.decode("ascii")
                found = parse_qsl(
                    text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS
                )
            except ValueError:
                raise HTTPException(HTTPStatus.BAD_REQUEST, "The form can't be read.") from None
        return dict(found)


def is_same_origin_form(request: Request, site: Site) -> bool:
    """Check Origin; where a browser leaves that out, Sec-Fetch-Site or Referer. False without any of them."""
    headers = request.headers
    ours = site.own_origins(request.url.scheme, headers.get("host", ""))
    if (origin := headers.get("origin")) is not None:
        return origin.lower() in ours
    if (fetch := headers.get("sec-fetch-site")) is not None:
        return fetch == "same-origin"
    return origin_of(headers.get("referer", "")) in ours
