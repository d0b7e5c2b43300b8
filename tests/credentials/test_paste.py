"""The portal's block in all its forms, and what happens to one that is none."""

from __future__ import annotations

import re

import pytest

from crosslane.credentials.paste import complete, parse_keys
from crosslane.credentials.secret import Keys, Secret
from crosslane.errors import UsageError

ID, SECRET, TOKEN = (
    "ASIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "IQoJb3JpZ2luX2VjEJ7//////////wE/+w==",
)
KEYS = Keys(ID, Secret(SECRET), Secret(TOKEN))

FORMS = {
    "profile": f"""[111111111111_AdministratorAccess]
aws_access_key_id={ID}
aws_secret_access_key={SECRET}
aws_session_token={TOKEN}
""",
    "bash": f"""export AWS_ACCESS_KEY_ID="{ID}"
export AWS_SECRET_ACCESS_KEY="{SECRET}"
export AWS_SESSION_TOKEN="{TOKEN}"
""",
    "PowerShell": f"""$Env:AWS_ACCESS_KEY_ID="{ID}"
$Env:AWS_SECRET_ACCESS_KEY="{SECRET}"
$Env:AWS_SESSION_TOKEN="{TOKEN}"
""",
    "cmd": f"""SET AWS_ACCESS_KEY_ID={ID}
SET AWS_SECRET_ACCESS_KEY={SECRET}
SET AWS_SESSION_TOKEN={TOKEN}
""",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_portal_is_read(form: str) -> None:
    assert parse_keys(FORMS[form]) == KEYS


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(FORMS["profile"].replace("\n", "\r\n"), id="CRLF"),
        pytest.param("\ufeff" + FORMS["profile"], id="byte order mark"),
        pytest.param("\n\n" + FORMS["bash"].replace("\n", "\n\n   \n"), id="blank lines"),
        pytest.param(re.sub("(?m)^([a-z_]+)=", r"\1 = ", FORMS["profile"]), id="spaces around ="),
        pytest.param(FORMS["profile"].replace("[1111", "[odd name: [x] = y; #1"), id="odd profile name"),
        pytest.param(FORMS["profile"].split("\n", 1)[1], id="without header"),
        pytest.param(FORMS["bash"].replace('"', "'"), id="single quotes"),
        pytest.param(FORMS["bash"].replace('"', ""), id="without quotes"),
        pytest.param(FORMS["bash"].replace('="', "=“").replace('"\n', "”\n"), id="curly quotes"),
        pytest.param(FORMS["bash"].replace("\n", "; "), id="one line"),
        pytest.param(FORMS["bash"].replace("\n", " && "), id="one command"),
        pytest.param("export " + FORMS["bash"].replace("export ", "").replace("\n", " "), id="one export"),
        pytest.param(re.sub('([A-Z])="', r'\1 = "', FORMS["PowerShell"]), id="PowerShell with spaces"),
        pytest.param(FORMS["PowerShell"].replace("$Env:", "${Env:").replace("_ID=", "_ID}=").replace("KEY=", "KEY}=")
                     .replace("TOKEN=", "TOKEN}="), id="PowerShell in braces"),
        pytest.param(FORMS["cmd"].replace("SET ", 'set "').replace("\n", '"\n'), id="cmd with quotes"),
        pytest.param(FORMS["profile"].replace("aws_session", "aws_security"), id="the token's older name"),
        pytest.param("# aws_access_key_id=ASIAOLDOLDOLDOLDOLD1\n; aws_session_token=old\n" + FORMS["profile"]
                     + "REM SET AWS_SESSION_TOKEN=old\n", id="comments"),
        pytest.param(FORMS["profile"] + "region=eu-west-1\naws_session_expiration=2026\n", id="other keys"),
        pytest.param(FORMS["profile"] + FORMS["bash"], id="the same twice"),
    ],
)  # fmt: skip
def test_whatever_came_along_is_passed_over(text: str) -> None:
    assert parse_keys(text) == KEYS


@pytest.mark.parametrize("missing", ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"])
def test_a_value_that_is_missing_is_named(missing: str) -> None:
    lines = [line for line in FORMS["profile"].splitlines() if not line.startswith(missing)]

    with pytest.raises(UsageError, match=missing):
        parse_keys("\n".join(lines))


def test_two_different_blocks_are_refused() -> None:
    with pytest.raises(UsageError, match="two values for aws_secret_access_key"):
        parse_keys(FORMS["profile"] + FORMS["bash"].replace(SECRET, SECRET[::-1]))


def test_a_users_long_term_key_is_refused_as_such() -> None:
    text = f"aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\n"

    with pytest.raises(UsageError, match="long-term"):
        parse_keys(text)


@pytest.mark.parametrize(
    "changed",
    [(ID, "not-a-key-id"), (SECRET, "short"), (TOKEN, "short"), (SECRET, SECRET + "é"), (TOKEN, TOKEN + "\x07")],
)
def test_values_that_are_none_of_awss_are_refused(changed: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="not one of AWS's"):
        parse_keys(FORMS["profile"].replace(*changed))


def test_no_error_shows_what_was_pasted() -> None:
    texts = [
        FORMS["profile"].replace(TOKEN, ""),
        FORMS["profile"].replace(ID, "wrong"),
        FORMS["profile"] + FORMS["bash"].replace(SECRET, SECRET[::-1]),
        f"{SECRET} {TOKEN}",
        FORMS["profile"] * 1000,
    ]
    for text in texts:
        with pytest.raises(UsageError) as caught:
            parse_keys(text)
        told = f"{caught.value} {caught.value.next} {caught.value!r}"
        assert not any(secret in told for secret in (SECRET, TOKEN, SECRET[::-1]))


def test_a_block_is_complete_with_its_last_value() -> None:
    text = ""
    found = []
    for line in FORMS["bash"].splitlines(keepends=True):
        text += line
        found.append(complete(text))

    assert found == [False, False, True]
