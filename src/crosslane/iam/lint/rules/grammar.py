"""What makes a document, or a statement of it, no policy at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.pointer import parent_of
from crosslane.iam.lint.rule import USER_GUIDE, Rule
from crosslane.iam.lint.subject import Subject
from crosslane.iam.operators import parse_operator
from crosslane.iam.parse import STATEMENT_ELEMENTS, TOP_ELEMENTS
from crosslane.iam.problem import Problem
from crosslane.iam.repeated import Repeated

_AS_WRITTEN = TOP_ELEMENTS | STATEMENT_ELEMENTS
_ELEMENTS = frozenset(name.lower() for name in _AS_WRITTEN)


def problem_class(problem: Problem, document: Any) -> str:
    """The rule that a problem belongs to, told by what stands at its pointer."""
    parent, key = parent_of(document, problem.pointer)
    if isinstance(parent, Repeated) and key in parent.keys_again:
        return "duplicate-key"
    steps = problem.pointer.split("/")
    if len(steps) > 2 and steps[-2] == "Condition" and parse_operator(key) is None:
        return "unknown-operator"
    if isinstance(parent, Mapping) and key in parent and key.lower() in _ELEMENTS and key not in _AS_WRITTEN:
        return "element-case"
    return "grammar"


def problems_of(subject: Subject, rule: str) -> Iterator[Problem]:
    """The problems of the document that belong to the rule."""
    return (one for one in subject.problems if problem_class(one, subject.document) == rule)


def check(subject: Subject) -> Iterator[Hit]:
    for problem in problems_of(subject, "grammar"):
        yield Hit(problem.pointer, problem.message, f"Write {problem.expected}.")


RULE = Rule(
    "grammar",
    "documents that the grammar of policies rules out",
    Severity.ERROR,
    f"{USER_GUIDE}/reference_policies_grammar.html",
    check,
)
