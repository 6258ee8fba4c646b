"""Any part of a request is parsed to a value within its bounds, or refused.

In `make test` a few examples of each, in `make prove` a twentieth of N. Any request to every route:
tests/proofs/test_any_request.py.
"""

from datetime import UTC, datetime
from urllib.parse import quote_from_bytes
from uuid import UUID

from fastapi import HTTPException
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers, QueryParams

from reconciler.errors import WrongSettingError
from reconciler.model.secret import Secret
from reconciler.owner_settings.decode import decode_settings, encode_settings
from reconciler.owner_settings.keys import KEYS
from reconciler.web.api.report_search import MAX_IDS, SEARCH_PARAMETERS, parse_ids, parse_search
from reconciler.web.client_addresses import MAX_NAME_LENGTH, client_network
from reconciler.web.request_body import FORM_TYPE, JSON_TYPE
from reconciler.web.security.bugspark_jwt import user_id_from_token
from reconciler.web.site import parse_origin
from reconciler.web.webhooks.receiver import read_hint
from tests.proofs.test_fuzz import PROVING, json_texts, texts

SECRET = Secret("a secret of BugSpark, which is long enough")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
REFUSED = {400, 404}

numbers = st.sampled_from(["7", "0", "-1", "1e3", "2147483648", "null", '"7"', "[7]", "9" * 400])
deliveries = st.builds(
    lambda number, action, inner: f'{{"action": {action}, "issue": {{"number": {number}, "x": {inner}}}}}',
    numbers,
    st.sampled_from(['"closed"', '"\\ud800"', "1", '"' + "x" * 200 + '"', "null"]),
    json_texts,
)
bodies = (
    st.binary(max_size=80)
    | (json_texts | deliveries).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | deliveries.map(lambda text: b"payload=" + quote_from_bytes(text.encode()).encode())
)
query_texts = texts | st.text(max_size=600) | st.sampled_from([str(UUID(int=1)), f"{UUID(int=1)}.BUG-1", "."])
header_values = st.text(st.characters(max_codepoint=255), max_size=90)


@settings(**PROVING)
@given(bodies, st.sampled_from([JSON_TYPE, FORM_TYPE]), header_values, header_values)
def test_any_body_of_a_delivery_is_a_hint_within_its_bounds(
    body: bytes, content_type: str, event: str, delivery: str
) -> None:
    hint = read_hint(Headers({"x-github-event": event, "x-github-delivery": delivery}), content_type, body)
    assert 1 <= len(hint.id) <= 64 and hint.id.isascii()
    assert all(0 < len(word) <= 40 and word.isascii() for word in (hint.event, hint.action or "none"))
    assert hint.number is None or 1 <= hint.number < 2**31


@settings(**PROVING)
@given(
    json_texts
    | st.builds(lambda key, inner: f'{{"{key}": {inner}}}', st.sampled_from(sorted(KEYS)), json_texts)
)
def test_any_settings_of_an_owner_are_settings_or_name_the_key(text: str) -> None:
    sentence, found = "", None
    try:
        found = decode_settings(text)
    except WrongSettingError as error:
        sentence = str(error)
    assert "\n" not in sentence and len(sentence) < 1_000
    assert found is None or decode_settings(encode_settings(found)) == found


@settings(**PROVING)
@given(st.text(max_size=60) | st.lists(st.text(max_size=30), min_size=3, max_size=3).map(".".join))
def test_any_token_that_bugspark_did_not_sign_is_refused(token: str) -> None:
    assert user_id_from_token(token, SECRET, NOW) is None


@settings(**PROVING)
@given(st.dictionaries(st.sampled_from([*SEARCH_PARAMETERS, "ids"]), query_texts, max_size=3))
def test_any_search_is_one_or_is_refused(query: dict[str, str]) -> None:
    ids, status = None, 400
    try:
        ids = parse_ids(QueryParams(query))
        parse_search(QueryParams(query))
    except HTTPException as refused:
        status = refused.status_code
    assert ids is None or len(ids) <= MAX_IDS
    assert status in REFUSED


@settings(**PROVING)
@given(query_texts)
def test_any_address_or_origin_is_parsed_or_none(text: str) -> None:
    assert len(client_network(text)) <= MAX_NAME_LENGTH
    parse_origin(text)
