"""From a JSON value to what the rules look at; what is no policy still gives its problems, and the rest is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crosslane.iam.document import Policy, PolicyKind
from crosslane.iam.lint.kinds import guess_kind
from crosslane.iam.lint.pointer import value_at
from crosslane.iam.lint.subject import Kind, Subject
from crosslane.iam.lint.unknown import is_unknown
from crosslane.iam.parse import WITH_PRINCIPAL, read_policy

_STATEMENT = re.compile(r"/Statement(?:/(\d+))?(?:/|$)")


def read_subject(document: Any, kind: Kind | None = None, name: str = "") -> Subject:
    """The policy in ``document``, of the ``kind`` that is named or guessed.

    Statements with problems are left out of the policy, so that the others are linted all the same.
    """
    kind = kind or guess_kind(document)
    source = document if isinstance(document, Mapping) else {}
    policy, problems = read_policy(source, kind.policy_kind, name)
    if not isinstance(document, Mapping):
        _, problems = read_policy(document if document is not None else "null", kind.policy_kind, name)
    if policy is None:
        bad = {found[1] for problem in problems if (found := _STATEMENT.match(problem.pointer))}
        policy = _what_is_left(source, {int(index) for index in bad if index is not None}, kind.policy_kind, name)
    problems = tuple(problem for problem in problems if not _is_open(document, problem.pointer))
    return Subject(kind, policy, document, problems)


def _is_open(document: Any, pointer: str) -> bool:
    """Whether what stands there is not known before a template is deployed: then it is no problem yet."""
    value = value_at(document, pointer)
    return isinstance(value, str) and is_unknown(value)


def _what_is_left(document: Mapping[str, Any], bad: set[int], kind: PolicyKind, name: str) -> Policy:
    """The statements without problems, each with the index and the pointers it has in the document."""
    empty = Policy(kind, name, "2012-10-17", None, ())
    statements = document.get("Statement")
    if not isinstance(statements, list | tuple):
        return empty
    placeholder = {"Effect": "Deny", "Action": "iam:None", "Resource": "*"}
    if kind in WITH_PRINCIPAL:
        placeholder["Principal"] = "*"
    kept = [placeholder if index in bad else one for index, one in enumerate(statements)]
    policy, _ = read_policy({"Version": "2012-10-17", "Statement": kept}, kind, name)
    if policy is None:
        return empty
    good = tuple(statement for statement in policy.statements if statement.index not in bad)
    return Policy(kind, name, policy.version, None, good)
