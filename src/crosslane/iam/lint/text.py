"""Findings as lines for a person."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from crosslane.iam.lint.finding import Finding
from crosslane.iam.lint.run import count

WIDTH = 80


def findings_text(findings: Sequence[Finding], files: int) -> str:
    """``file:line: severity id message`` and the fix for each finding, then one line that counts them."""
    return "\n".join([*(line for finding in findings for line in _lines(finding)), summary(findings, files)])


def _lines(finding: Finding) -> list[str]:
    where = finding.file if finding.line is None else f"{finding.file}:{finding.line}"
    head = f"{where}: {finding.severity.value} {finding.id}"
    message = f"{head} {finding.message}"
    lines = [message] if len(message) <= WIDTH else [head, *_wrapped(finding.message)]
    return [*lines, *_wrapped(finding.fix)]


def _wrapped(text: str) -> list[str]:
    """Indented and at most WIDTH wide, save for words that are longer, such as ARNs."""
    return textwrap.wrap(
        text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def summary(findings: Sequence[Finding], files: int) -> str:
    """One line: how many findings in how many files."""
    where = "1 file" if files == 1 else f"{files} files"
    if not findings:
        return f"nothing found in {where}"
    names = {"error": "error", "warning": "warning", "info": "note"}
    parts = [
        f"{number} {names[kind]}{'' if number == 1 else 's'}" for kind, number in count(findings).items() if number
    ]
    return f"{', '.join(parts)} in {where}"
