"""Any keys in any form with anything around them are read; any text at all gives keys or an error that shows none."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.credentials.paste import parse_keys
from crosslane.credentials.secret import Keys
from crosslane.errors import UsageError

KEY_IDS = st.text(string.ascii_uppercase + "234567", min_size=16, max_size=16).map("ASIA".__add__)
SECRETS = st.text(string.ascii_letters + string.digits + "+/=-_", min_size=30, max_size=60)
TOKENS = st.text(string.ascii_letters + string.digits + "+/=-_", min_size=100, max_size=400)
FORMS = st.sampled_from(
    ["{l}={v}", "{l} = {v}", 'export {u}="{v}"', "export {u}='{v}'", '$Env:{u}="{v}"', "SET {u}={v}", 'set "{u}={v}"']
)
HEADERS = st.one_of(
    st.just(""), st.from_regex(r"\[[0-9]{12}_[A-Za-z0-9+=,.@_-]{1,32}\]", fullmatch=True), st.just("[my own: profile]")
)
BETWEEN = st.lists(st.sampled_from(["", "  ", "\t", "# a comment", "; another", "region = eu-west-1"]), max_size=3)


@given(
    KEY_IDS, SECRETS, TOKENS, FORMS, HEADERS, BETWEEN, st.sampled_from(["\n", "\r\n", "\r"]), st.permutations(range(3))
)
def test_any_keys_in_any_form_are_read(
    key_id: str, secret: str, token: str, form: str, header: str, between: list[str], ending: str, order: list[int]
) -> None:
    values = [("aws_access_key_id", key_id), ("aws_secret_access_key", secret), ("aws_session_token", token)]
    lines = [header]
    for index in order:
        name, value = values[index]
        lines += [*between, form.format(l=name, u=name.upper(), v=value)]

    keys = parse_keys(ending.join(lines))

    assert keys.session_token is not None
    assert (keys.access_key_id, keys.secret_access_key.reveal(), keys.session_token.reveal()) == (key_id, secret, token)


PIECES = st.sampled_from(
    ["aws_access_key_id", "AWS_SECRET_ACCESS_KEY", "aws_session_token", "=", " = ", '"', "\n", "[", "]", "export ",
     "$Env:", "ASIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE", "sEcReT0123456789sEcReT", "#", "\r\n", ";", "\x00", "é"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_any_text_gives_keys_or_an_error_that_shows_nothing_of_it(text: str) -> None:
    try:
        found = parse_keys(text)
    except UsageError as error:
        assert "sEcReT0123456789sEcReT" not in f"{error} {error.next} {error!r}"
    else:
        assert isinstance(found, Keys)


def test_a_long_text_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="too long"):
        parse_keys("aws_access_key_id = " * 100_000)
