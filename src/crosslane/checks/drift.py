"""What is live against what is wanted, and what CloudFormation itself says about drift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crosslane.checks.model import Finding, Severity
from crosslane.live.model import ResourceDrift
from crosslane.plan.model import CHANGING, Plan, Step


def plan_findings(plan: Plan) -> tuple[Finding, ...]:
    """Each change that a plan would make is a finding; so is what could not be read, or is somebody else's."""
    found = [_difference(step) for step in plan.steps if step.op in CHANGING]
    found += [
        Finding(
            id="unreadable",
            severity=Severity.ERROR,
            account=block.account,
            subject=f"{block.kind} {block.name}",
            evidence=block.reason,
            cause="the credentials in use may not read it, or AWS did not answer",
            fix="use credentials that may read it",
        )
        for block in plan.blocked
    ]
    found += [
        Finding(
            id="not-ours",
            severity=Severity.ERROR,
            account=conflict.account,
            subject=f"{conflict.kind} {conflict.name}",
            evidence=conflict.reason,
            cause="it was made by other means, or by another pipeline",
            fix="crosslane up --adopt" if conflict.adoptable else "use other names in [names] and [bootstrap]",
        )
        for conflict in plan.conflicts
    ]
    return tuple(found)


def drift_findings(drifts: Mapping[tuple[str, str], Iterable[ResourceDrift]]) -> tuple[Finding, ...]:
    """Resources that were changed or deleted behind CloudFormation's back. Keys are (account, stack)."""
    return tuple(
        Finding(
            id="drift.resource",
            severity=Severity.ERROR,
            account=account,
            subject=f"{drift.logical_id} ({drift.type}) of stack {stack}",
            evidence="; ".join(drift.differences) or drift.status,
            cause="somebody changed it by hand" if drift.status == "MODIFIED" else "somebody deleted it by hand",
            fix="take the change back by hand, or put it into the config; CloudFormation does not see it by itself",
            url="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html",
        )
        for (account, stack), found in drifts.items()
        for drift in found
    )


def _difference(step: Step) -> Finding:
    changes = "; ".join(f"{change.path}: {change.before} → {change.after}" for change in step.changes[:5])
    return Finding(
        id=f"drift.{step.kind.replace(' ', '-')}",
        severity=Severity.ERROR,
        account=step.account,
        subject=f"{step.kind} {step.name}",
        evidence=changes or step.reason,
        cause="it was never made, or was changed or removed since",
        fix="crosslane up",
    )
