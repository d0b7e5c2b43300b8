"""What a sandbox's audit file says about rights: which were used, and which were granted and never used.

Pure: lines in, values out. It needs the policy engine alone, not the sandbox.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crosslane.iam import Effect, Policy, PolicyError, PolicyKind, parse_policy
from crosslane.iam.wildcard import compile_pattern


class AuditError(ValueError):
    """A line is no decision. ``line`` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Unused:
    """An action, or a pattern, that a statement allows and that let no request in."""

    policy: str
    sid: str | None
    index: int
    action: str


@dataclass(frozen=True, slots=True)
class Usage:
    """One principal: a role (whatever its sessions), a user. Actions by how often they were decided."""

    principal: str
    used: Mapping[str, int]
    denied: Mapping[str, int]
    unused: tuple[Unused, ...]


@dataclass(slots=True)
class _Seen:
    used: Counter[str] = field(default_factory=Counter)
    denied: Counter[str] = field(default_factory=Counter)
    policies: dict[str, Policy] = field(default_factory=dict)
    by_statement: dict[tuple[str, int], set[str]] = field(default_factory=dict)


def usage_of(lines: Iterable[str]) -> list[Usage]:
    """Every principal of the record, in order of first sight. Raises ``AuditError``."""
    seen: dict[str, _Seen] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            _note(seen, _object(line, number), number)
    return [Usage(arn, dict(one.used), dict(one.denied), tuple(_unused(one))) for arn, one in seen.items()]


def _object(line: str, number: int) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise AuditError(number, f"no JSON: {error}") from None
    if not isinstance(found, dict) or not {"userIdentity", "action", "decision"} <= set(found):
        raise AuditError(number, "no decision: there is no userIdentity, action or decision")
    return found


def _note(seen: dict[str, _Seen], found: Mapping[str, Any], number: int) -> None:
    who = found["userIdentity"]
    arn = who.get("principalArn") if isinstance(who, dict) else None
    if not isinstance(arn, str):
        return  # services and anonymous callers have no policies of their own
    one = seen.setdefault(arn, _Seen())
    if "policies" in found:
        one.policies = {}
        for policy in found["policies"]:
            try:
                one.policies[policy["name"]] = parse_policy(policy["document"], PolicyKind.IDENTITY, policy["name"])
            except (PolicyError, KeyError, TypeError) as error:
                raise AuditError(number, f"a policy cannot be read: {error}") from None
    action = str(found["action"])
    if found["decision"] != "allowed":
        one.denied[action] += 1
        return
    one.used[action] += 1
    for statement in found.get("statements") or ():
        if statement.get("layer") == "identity":
            one.by_statement.setdefault((statement["policy"], statement["index"]), set()).add(action.lower())


def _unused(one: _Seen) -> Iterable[Unused]:
    for name, policy in one.policies.items():
        for statement in policy.statements:
            if statement.effect is not Effect.ALLOW:
                continue
            used = one.by_statement.get((name, statement.index), set())
            if statement.action.negated:
                if not used:
                    yield Unused(name, statement.sid, statement.index, f"not {', '.join(statement.action.values)}")
                continue
            for pattern in statement.action.values:
                covers = compile_pattern(pattern.lower())
                if not any(covers(action) for action in used):
                    yield Unused(name, statement.sid, statement.index, pattern)
