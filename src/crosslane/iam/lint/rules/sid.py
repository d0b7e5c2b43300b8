"""Statement ids: unique in a policy, and of letters and digits where IAM keeps it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule, policy_check
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import is_unknown

_ALLOWED = re.compile(r"[0-9A-Za-z]*")


def check(subject: Subject) -> Iterator[Hit]:
    seen: set[str] = set()
    for statement in subject:
        sid = statement.sid
        if not sid or is_unknown(sid):
            continue
        pointer = f"{statement.pointer}/Sid"
        if sid in seen:
            yield Hit(pointer, f"Sid {sid} is used twice", "Give each statement its own Sid, or none.")
        seen.add(sid)
        if subject.kind.kept_by_iam and not _ALLOWED.fullmatch(sid):
            fix = f"Write {re.sub('[^0-9A-Za-z]', '', sid) or 'no Sid'}."
            url = f"{USER_GUIDE}/reference_policies_elements_sid.html"
            yield Hit(pointer, f"IAM refuses the Sid {sid!r}: letters and digits only", fix, url=url)


RULE = Rule(
    "sid",
    "Sids that are used twice or that IAM refuses",
    Severity.ERROR,
    policy_check("error-unique-sids-required"),
    check,
)
