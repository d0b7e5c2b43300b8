"""Managed policies have a size limit: a document that is too long becomes several."""

from __future__ import annotations

from crosslane.desired.model import Document, Statement
from crosslane.errors import UsageError

POLICY_CHARACTERS = 6144
"""Characters of a managed policy, white space not counted; 10 can be attached to a role or user.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (2026-11-24)
"""
ATTACHED_POLICIES = 10


def characters(document: Document) -> int:
    """The size of a policy as the quota counts it."""
    return len(document.to_text().replace(" ", ""))


def split(document: Document, limit: int = POLICY_CHARACTERS, most: int = ATTACHED_POLICIES) -> tuple[Document, ...]:
    """``document`` as one or more documents of at most ``limit`` characters that together say the same.

    Statements keep their order; one that is too long by itself is divided by its resources. Only documents whose
    statements all allow may be split: they add up, whatever the document they stand in. Raises UsageError if more
    than ``most`` documents would be needed, or if a statement cannot be divided any further.
    """
    if characters(document) <= limit:
        return (document,)
    pieces = [piece for statement in document.statements for piece in _divided(statement, limit)]
    documents: list[Document] = []
    current: tuple[Statement, ...] = ()
    for piece in pieces:
        if current and characters(Document((*current, piece))) > limit:
            documents.append(Document(current))
            current = ()
        current = (*current, piece)
    documents.append(Document(current))
    if len(documents) > most:
        raise UsageError(
            f"the deployer's policy would need {len(documents)} managed policies of {limit} characters;"
            f" a role takes {most}",
            code="PolicyTooLong",
            next="shorten the names in [names], or deploy to fewer accounts from this one",
        )
    return tuple(documents)


def _divided(statement: Statement, limit: int) -> tuple[Statement, ...]:
    """``statement`` in parts that each fit into a document of their own."""
    if characters(Document((statement,))) <= limit:
        return (statement,)
    if len(statement.resources) < 2:
        raise UsageError(
            f"the statement {statement.sid} alone is longer than a managed policy may be ({limit} characters)",
            code="PolicyTooLong",
            next="shorten the names in [names]",
        )
    middle = len(statement.resources) // 2
    parts: list[Statement] = []
    for number, resources in enumerate((statement.resources[:middle], statement.resources[middle:]), start=1):
        part = Statement(
            f"{statement.sid}Part{number}",
            statement.reason,
            statement.actions,
            resources,
            statement.effect,
            statement.principal,
            statement.condition,
        )
        parts.extend(_divided(part, limit))
    return tuple(parts)
