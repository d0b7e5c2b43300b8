"""The block of keys that the portal shows, in whatever form it was copied.

The portal offers the same three values as a section of the credentials file, and as commands for bash, PowerShell and
cmd (https://docs.aws.amazon.com/singlesignon/latest/userguide/howtogetcredentials.html, looked up 2026-11). No error
ever has a part of the text in it.
"""

from __future__ import annotations

import re

from crosslane.credentials.profile import ACCESS_KEY, OLD_TOKEN_KEY, SECRET_KEY, TOKEN_KEY
from crosslane.credentials.secret import Keys, Secret
from crosslane.errors import UsageError

MOST_CHARACTERS = 65536
"""A block has about a thousand."""

_COMMENT = re.compile(r"^\s*(?:#|;|::|rem\s).*$", re.IGNORECASE | re.MULTILINE)
_ASSIGNMENT = re.compile(
    rf"(?<![A-Za-z0-9_])(?P<name>{ACCESS_KEY}|{SECRET_KEY}|{TOKEN_KEY}|{OLD_TOKEN_KEY})"
    r"[}\"']?[^\S\r\n]*[=:][^\S\r\n]*[\"'“”‘’]?(?P<value>[^\s\"'“”‘’;&,]+)",
    re.IGNORECASE,
)
_ACCESS_KEY_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,124}")
_HEADER_TEXT = re.compile(r"[\x21-\x7e]{16,}")
_NEXT = "copy the whole block of the portal (any of its forms), and paste it as it is"


def complete(text: str) -> bool:
    """Whether all three values are there: no need to wait for more lines."""
    try:
        parse_keys(text)
    except UsageError:
        return False
    return True


def parse_keys(text: str) -> Keys:
    """The temporary keys in the text; when they expire it does not say.

    ``UsageError`` if a value is missing, there twice with different contents, or none of AWS's.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError("the pasted text is too long to be a block of keys", code="NoKeysPasted", next=_NEXT)
    values: dict[str, str] = {}
    for found in _ASSIGNMENT.finditer(_COMMENT.sub("", "\n".join(text.splitlines()))):
        name = found["name"].lower().replace(OLD_TOKEN_KEY, TOKEN_KEY)
        if values.setdefault(name, found["value"]) != found["value"]:
            raise UsageError(f"the pasted text has two values for {name}", code="TwoKeysPasted", next=_NEXT)
    missing = [name for name in (ACCESS_KEY, SECRET_KEY, TOKEN_KEY) if name not in values]
    if missing == [TOKEN_KEY] and values[ACCESS_KEY].startswith("AKIA"):
        raise UsageError(
            "the pasted keys are a user's long-term access key, not the temporary ones of a sign-in",
            code="LongTermKeyPasted",
            next="copy the block that the portal shows under Access keys",
        )
    if missing:
        raise UsageError(f"the pasted text has no {' and no '.join(missing)}", code="NoKeysPasted", next=_NEXT)
    for name, rule in ((ACCESS_KEY, _ACCESS_KEY_ID), (SECRET_KEY, _HEADER_TEXT), (TOKEN_KEY, _HEADER_TEXT)):
        if not rule.fullmatch(values[name]):
            raise UsageError(f"the pasted {name} is not one of AWS's", code="NoKeysPasted", next=_NEXT)
    return Keys(values[ACCESS_KEY], Secret(values[SECRET_KEY]), Secret(values[TOKEN_KEY]))
