"""What is live against what is wanted, and what CloudFormation itself says about drift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosslane.checks.model import Finding, Severity
from crosslane.checks.unread import unread
from crosslane.live.model import Absent, Reading, ResourceDrift, StackDrift, Unreadable
from crosslane.plan.model import CHANGING, Op, Plan, Step


def plan_findings(plan: Plan) -> tuple[Finding, ...]:
    """Each change that a plan would make is a finding; so is what could not be read, or is somebody else's."""
    found = [_difference(step) for step in plan.steps if step.op in CHANGING]
    found += [unread("unreadable", block.account, f"{block.kind} {block.name}", block.reason) for block in plan.blocked]
    found += [
        Finding(
            id="not-ours",
            severity=Severity.ERROR,
            account=conflict.account,
            subject=f"{conflict.kind} {conflict.name}",
            evidence=conflict.reason,
            cause="it was made by other means, or by another pipeline",
            fix=conflict.next
            or ("crosslane up --adopt" if conflict.adoptable else "use other names in [names] and [bootstrap]"),
        )
        for conflict in plan.conflicts
    ]
    return tuple(found)


def drift_findings(found: Mapping[tuple[str, str], Reading[StackDrift]]) -> tuple[Finding, ...]:
    """Resources that were changed or deleted behind CloudFormation's back, and those of which nobody could tell.

    Keys are (account, stack).
    """
    return tuple(finding for (account, stack), drift in found.items() for finding in _of_stack(account, stack, drift))


def _of_stack(account: str, stack: str, found: Reading[StackDrift]) -> Iterator[Finding]:
    match found:
        case Unreadable(reason):
            yield unread("drift.unknown", account, f"stack {stack}", reason)
        case Absent():
            yield unread("drift.unknown", account, f"stack {stack}", "it was deleted meanwhile")
        case StackDrift(resources, failed):
            for drift in resources:
                yield _drifted(account, stack, drift)
            if failed is not None:
                yield unread("drift.unknown", account, f"stack {stack}", failed)


def _drifted(account: str, stack: str, drift: ResourceDrift) -> Finding:
    kind = f" ({drift.type})" if drift.type else ""
    subject = f"{drift.logical_id}{kind} of stack {stack}"
    if drift.status == "UNKNOWN":
        return unread("drift.unknown", account, subject, drift.reason or "CloudFormation gave no reason")
    return Finding(
        id="drift.resource",
        severity=Severity.ERROR,
        account=account,
        subject=subject,
        evidence="; ".join(drift.differences) or drift.status,
        cause="somebody changed it by hand" if drift.status == "MODIFIED" else "somebody deleted it by hand",
        fix="take the change back by hand, or put it into the config; CloudFormation does not see it by itself",
        url="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html",
    )


def _difference(step: Step) -> Finding:
    changes = "; ".join(f"{change.path}: {change.before} → {change.after}" for change in step.changes[:5])
    return Finding(
        id=f"drift.{step.kind.replace(' ', '-')}",
        severity=Severity.ERROR,
        account=step.account,
        subject=f"{step.kind} {step.name}",
        evidence=step.reason if step.op in (Op.CREATE, Op.REPLACE) or not changes else changes,
        cause="it was never made, or was changed or removed since",
        fix="crosslane up",
    )
