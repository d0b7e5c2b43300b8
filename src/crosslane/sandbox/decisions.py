"""What a sandbox decided about the requests that it got, read from its audit file as values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: may this principal do this to this resource? A request can need several, such as
    ``s3:PutObject`` and ``kms:GenerateDataKey``; it stops at the first that is not allowed."""

    principal: str
    """ARN of the user or of the role session that asked; a service's name where a service assumes a role; ``*`` for
    nobody in particular."""
    principal_arn: str | None
    """ARN of the user or role itself (``aws:PrincipalArn``)."""
    account: str | None
    """The principal's account."""
    operation: str
    """What was called, as ``s3.GetObject``."""
    action: str
    """What was asked of IAM, as ``s3:GetObject``."""
    resource: str
    """ARN, or ``*`` for actions that have no resource."""
    region: str
    outcome: str
    """``allowed``, ``implicitDeny`` or ``explicitDeny``."""
    layer: str | None
    """Behind a denial: ``identity``, ``resource``, ``boundary``, ``session``, ``scp``, ``rcp`` or ``vpce``."""
    reason: str
    """One sentence."""
    policies: tuple[str, ...] = ()
    """The policies whose statements made the decision."""
    context: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The condition keys of the request and their values."""
    invoked_by: tuple[str, ...] = ()
    """The services that called for the principal, as ``cloudformation.amazonaws.com``."""

    @property
    def allowed(self) -> bool:
        """Whether the request went on."""
        return self.outcome == "allowed"

    def __str__(self) -> str:
        return f"{self.principal} {self.action} on {self.resource}: {self.outcome}: {self.reason}"


def matching(decisions: Iterable[Decision], principal: str | None, action: str | None) -> Iterator[Decision]:
    """Those of a principal, by the ARN of a user, a role or a session, and of an action, in which ``*`` and ``?`` stand
    for any text and any letter, whatever the case. None matches all."""
    for one in decisions:
        if principal is not None and principal not in (one.principal, one.principal_arn):
            continue
        if action is None or fnmatchcase(one.action.lower(), action.lower()):
            yield one


class AuditReader:
    """The decisions in an audit file so far; reads each line once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._found: list[Decision] = []

    def read(self) -> tuple[Decision, ...]:
        """All decisions in their order; none if there is no file."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                told = file.read()
        except FileNotFoundError:
            return ()
        whole = told[: told.rfind(b"\n") + 1]
        self._offset += len(whole)
        self._found += [_decision(json.loads(line)) for line in whole.splitlines()]
        return tuple(self._found)

    def forget(self) -> None:
        """Begins anew, with a file that was emptied."""
        self._offset, self._found = 0, []


def _decision(record: Mapping[str, Any]) -> Decision:
    who, resource = record["userIdentity"], record["resources"][0]
    return Decision(
        principal=who["arn"],
        principal_arn=who["principalArn"],
        account=who["accountId"],
        operation=f"{record['eventSource'].partition('.')[0]}.{record['eventName']}",
        action=record["action"],
        resource=resource["ARN"],
        region=record["awsRegion"],
        outcome=record["decision"],
        layer=record["layer"],
        reason=record["reason"],
        policies=tuple(dict.fromkeys(one["policy"] for one in record["statements"])),
        context=record["context"],
        invoked_by=tuple(who["invokedBy"]),
    )
