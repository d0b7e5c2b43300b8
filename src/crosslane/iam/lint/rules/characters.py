"""Characters that IAM does not take in a policy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import BEGIN, END
from crosslane.iam.locate import escape

_REFUSED = re.compile(f"[^\\t\\n\\r\\x20-\\xff{BEGIN}{END}]")


def check(subject: Subject) -> Iterator[Hit]:
    if not subject.kind.kept_by_iam:
        return
    for pointer, text in _strings(subject.document, ""):
        found = _REFUSED.search(text)
        if found is not None:
            message = f"IAM refuses the character {json.dumps(found.group())}"
            yield Hit(pointer, message, "Keep to tab, line ends and U+0020 to U+00FF.")


def _strings(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Every text in the document; not recursive, so that no nesting is too deep."""
    todo = [(pointer, value)]
    while todo:
        at, one = todo.pop()
        if isinstance(one, str):
            yield at, one
        elif isinstance(one, Mapping):
            for key, member in one.items():
                below = f"{at}/{escape(str(key))}"
                yield below, str(key)
                todo.append((below, member))
        elif isinstance(one, list | tuple):
            todo.extend((f"{at}/{index}", member) for index, member in enumerate(one))


RULE = Rule(
    "characters",
    "characters that IAM refuses in policies",
    Severity.ERROR,
    f"{USER_GUIDE}/reference_iam-quotas.html#reference_iam-quotas-names",
    check,
)
