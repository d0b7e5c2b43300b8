"""Findings as values for JSON: the program's own form, and SARIF."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from crosslane.iam.lint.finding import Finding, Severity
from crosslane.iam.lint.rules import RULES
from crosslane.iam.lint.run import count

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def findings_document(findings: Sequence[Finding], *, ok: bool) -> dict[str, Any]:
    """What ``crosslane iam lint --json`` prints."""
    return {
        "ok": ok,
        "error": None,
        "findings": [
            {
                "id": one.id,
                "severity": one.severity.value,
                "file": one.file,
                "line": one.line,
                "pointer": one.pointer,
                "message": one.message,
                "fix": one.fix,
                "url": one.url,
            }
            for one in findings
        ],
        "counts": count(findings),
    }


def sarif_document(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """A SARIF 2.1.0 log (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), as GitHub's code scanning
    takes it. ``version`` is that of the program."""
    places = {rule.id: index for index, rule in enumerate(RULES)}
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": f"Reports {rule.title}."},
            "helpUri": rule.url,
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        }
        for rule in RULES
    ]
    driver = {"name": "crosslane iam lint", "version": version, "rules": rules}
    results = [_result(finding, places[finding.id]) for finding in findings]
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(finding: Finding, place: int) -> dict[str, Any]:
    uri = "stdin" if finding.file == "-" else quote(finding.file.replace("\\", "/"))
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if finding.line is not None:
        physical["region"] = {"startLine": finding.line}
    print_ = hashlib.sha256("\0".join((finding.id, finding.pointer, finding.message)).encode(errors="replace"))
    return {
        "ruleId": finding.id,
        "ruleIndex": place,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {finding.fix}"},
        "locations": [
            {
                "physicalLocation": physical,
                "logicalLocations": [{"fullyQualifiedName": finding.pointer or "/"}],
            }
        ],
        "partialFingerprints": {"findingHash/v1": print_.hexdigest()[:32]},
        "properties": {"url": finding.url},
    }
