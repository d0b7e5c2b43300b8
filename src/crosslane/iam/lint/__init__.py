"""What is wrong with a policy, without asking AWS: findings as values.

``lint_text`` and ``lint_document`` are the entries; docs/iam/lint.md lists the rules.
"""

from crosslane.iam.lint.document import findings_document, sarif_document
from crosslane.iam.lint.finding import Finding, Hit, Severity
from crosslane.iam.lint.rule import Rule
from crosslane.iam.lint.rules import RULES
from crosslane.iam.lint.run import count, lint_document, lint_subject, lint_text
from crosslane.iam.lint.subject import Kind, Subject
from crosslane.iam.lint.text import findings_text

__all__ = [
    "RULES",
    "Finding",
    "Hit",
    "Kind",
    "Rule",
    "Severity",
    "Subject",
    "count",
    "findings_document",
    "findings_text",
    "lint_document",
    "lint_subject",
    "lint_text",
    "sarif_document",
]
