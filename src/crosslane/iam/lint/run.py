"""From the text of a file to its findings."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from crosslane.iam.lint.finding import Finding, Severity
from crosslane.iam.lint.lines import Lines
from crosslane.iam.lint.reading import read_subject
from crosslane.iam.lint.rules import RULES
from crosslane.iam.lint.rules.grammar import RULE as GRAMMAR
from crosslane.iam.lint.subject import Kind, Subject
from crosslane.iam.lint.template import is_template, policies_in
from crosslane.iam.lint.unknown import shown
from crosslane.iam.parse import read_policy
from crosslane.iam.repeated import object_from_pairs

_DEEPEST = 60
"""Deeper nesting is no policy and no template."""


def lint_text(
    text: str | bytes, file: str = "", kind: Kind | None = None, ignore: Collection[str] = ()
) -> tuple[Finding, ...]:
    """The findings for a policy document, or for the policies of a CloudFormation template, in the order of the file.

    ``kind`` is what the policy is attached to; without it, that is guessed from the content. ``ignore`` holds ids of
    rules to leave out. Any text whatever gives findings and no exception.
    """
    document = _parse(text)
    if document is _NO_JSON:
        if "grammar" in ignore:
            return ()
        _, problems = read_policy(text if isinstance(text, str) else bytes(text))
        return tuple(
            Finding(
                "grammar", Severity.ERROR, file, one.line or 1, "", one.message, f"Write {one.expected}.", GRAMMAR.url
            )
            for one in problems
        )
    lines = Lines(text if isinstance(text, str) else text.decode("utf-8-sig"))
    return tuple(_located(document, file, kind, ignore, lines))


def lint_document(
    document: Any, file: str = "", kind: Kind | None = None, ignore: Collection[str] = ()
) -> tuple[Finding, ...]:
    """As ``lint_text``, for the object that JSON text stands for; findings then have no line."""
    if _depth_exceeds(document, _DEEPEST):
        document = None
    return tuple(_located(document, file, kind, ignore, None))


_NO_JSON = object()


def _parse(text: str | bytes) -> Any:
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        document = json.loads(decoded, object_pairs_hook=object_from_pairs)
    except (ValueError, RecursionError):
        return _NO_JSON
    return None if _depth_exceeds(document, _DEEPEST) else document


def _depth_exceeds(document: Any, limit: int) -> bool:
    level = [document]
    for _ in range(limit):
        level = [
            member
            for one in level
            if isinstance(one, Mapping | list | tuple)
            for member in (one.values() if isinstance(one, Mapping) else one)
        ]
        if not level:
            return False
    return True


def _located(
    document: Any, file: str, kind: Kind | None, ignore: Collection[str], lines: Lines | None
) -> list[Finding]:
    found: list[Finding] = []
    for base, subject in _subjects(document, file, kind):
        for finding in lint_subject(subject, ignore):
            pointer = base + finding.pointer
            line = lines.of(pointer) if lines is not None else None
            message, fix = shown(finding.message), shown(finding.fix)
            found.append(replace(finding, file=file, line=line, pointer=shown(pointer), message=message, fix=fix))
    found.sort(key=lambda one: one.line or 0)
    return found


def _subjects(document: Any, file: str, kind: Kind | None) -> Iterator[tuple[str, Subject]]:
    """Each policy with what stands before its pointers."""
    if is_template(document):
        for one in policies_in(document):
            yield one.pointer, read_subject(one.document, one.kind, file)
    else:
        yield "", read_subject(document, kind, file)


def lint_subject(subject: Subject, ignore: Collection[str] = ()) -> Iterator[Finding]:
    """The findings of all rules but those ignored; pointers are the policy's own, lines are left open."""
    for rule in RULES:
        if rule.id in ignore:
            continue
        for hit in rule.check(subject):
            yield Finding(
                rule.id,
                hit.severity or rule.severity,
                subject.policy.name,
                None,
                hit.pointer,
                hit.message,
                hit.fix,
                hit.url or rule.url,
            )


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings there are of each severity."""
    out = {severity.value: 0 for severity in Severity}
    for finding in findings:
        out[finding.severity.value] += 1
    return out
