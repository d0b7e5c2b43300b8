"""``crosslane verify``: is everything as it should be, now?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial

import click

from crosslane.apply.outcome import StepResult
from crosslane.apply.waiting import STACK
from crosslane.checks.credentials import grant_findings, key_findings, profile_findings, sign_in_findings
from crosslane.checks.drift import drift_findings, plan_findings
from crosslane.checks.model import Finding, Severity
from crosslane.cli.applying import hands_of, run_steps
from crosslane.cli.observing import observe, reader_of
from crosslane.cli.opening import opened
from crosslane.cli.options import Invocation, common_options
from crosslane.cli.planning import make_plan
from crosslane.cli.world import World
from crosslane.errors import DONE, NOT_SO, CutShort
from crosslane.live.drift import read_drift
from crosslane.live.model import Live, LiveIdentity, LiveStack, Who
from crosslane.live.read import read_role_grants, read_user_grants, reading, side_by_side
from crosslane.plan.model import Op
from crosslane.plan.up import Scope
from crosslane.report.document import error_document, step_document
from crosslane.report.progress import progress_on_stderr

EXAMPLES = """\b
Examples:
  crosslane verify
  crosslane verify --no-drift --json
"""


@click.command("verify", epilog=EXAMPLES)
@click.option("--drift/--no-drift", default=True, help="Ask CloudFormation for drift too (some seconds a stack).")
@common_options
def command(invocation: Invocation, drift: bool) -> int:
    """Check identities, attached policies, and what is live against what is wanted. Changes nothing."""
    start = time.monotonic()
    with opened(invocation) as world:
        world, live = observe(world)
        plan = make_plan(world, live, Scope(), static=None)
        asking = tuple(replace(step, after=()) for step in plan.steps if step.op is Op.VERIFY)
        with progress_on_stderr(invocation.verbose) as progress:
            hands = hands_of(world, progress)
            results = run_steps(asking, hands)
            for cut in (one.error for one in results if isinstance(one.error, CutShort)):
                raise cut
            findings = list(plan_findings(plan))
            findings += _credentials(world, live)
            if drift:
                findings += _drift(world, live, partial(hands.clock.pauses, STACK))
    failed = [result for result in results if result.error is not None]
    good = not failed and not any(finding.severity is Severity.ERROR for finding in findings)
    if invocation.json:
        click.echo(json.dumps(_document(good, results, findings, time.monotonic() - start), indent=2))
    else:
        click.echo(_text(results, findings, good, whole=invocation.verbose > 0))
    return DONE if good else NOT_SO


def _credentials(world: World, live: Live) -> list[Finding]:
    """Findings about keys, profiles, principals and sign-ins."""
    now, oldest = world.now(), timedelta(days=world.config.bootstrap.key_max_age_days)
    found: list[Finding] = []
    for state in world.desired.bootstraps:
        found += key_findings(state, live, oldest=oldest, now=now)
        found += profile_findings(state, live, now=now)
        reader = reader_of(world, state.account, live.identities)
        reads = {f"role {state.role.name}": partial(reading, partial(read_role_grants, reader, state.role.name))}
        if state.user is not None:
            reads[f"user {state.user.name}"] = partial(reading, partial(read_user_grants, reader, state.user.name))
        found += grant_findings(state.account, side_by_side(reads))
    signed_in = {
        account: identity.arn
        for (account, who), identity in live.identities.items()
        if who is Who.BASE and isinstance(identity, LiveIdentity)
    }
    users = [state.user.name for state in world.desired.bootstraps if state.user is not None]
    return [*found, *sign_in_findings(signed_in, users)]


def _drift(world: World, live: Live, pauses: Callable[[], Iterable[float]]) -> tuple[Finding, ...]:
    """Findings of CloudFormation's own drift detection, all stacks side by side."""
    reads = {
        key: partial(reading, partial(read_drift, reader_of(world, key[0], live.identities), found.id, pauses()))
        for key, found in live.stacks.items()
        if isinstance(found, LiveStack)
    }
    return drift_findings(side_by_side(reads))


def _document(
    good: bool, results: Sequence[StepResult], findings: Sequence[Finding], seconds: float
) -> dict[str, object]:
    return {
        "ok": good,
        "error": next((error_document(result.error) for result in results if result.error is not None), None),
        "seconds": round(seconds, 3),
        "checks": [step_document(result) for result in results],
        "findings": [asdict(finding) for finding in findings],
    }


SHOWN = 400
"""Longest evidence that is shown whole without ``-v``, in characters: a policy that is gone fills the screen."""


def _text(results: Sequence[StepResult], findings: Sequence[Finding], good: bool, *, whole: bool) -> str:
    lines = [""]
    for finding in findings:
        lines += [
            f"{finding.severity}: {finding.account}: {finding.subject} [{finding.id}]",
            f"  found: {finding.evidence if whole else _shortened(finding.evidence)}",
            f"  cause: {finding.cause}",
            f"  fix:   {finding.fix}",
        ]
    held = sum(result.error is None for result in results)
    many = f"{len(findings)} finding{'s' * (len(findings) != 1)}"
    lines.append(f"{held} of {len(results)} checks hold, {many}" + (": all is well." if good else "."))
    return "\n".join(lines)


def _shortened(text: str) -> str:
    """The text without its middle if it is long; what it was and what it became are at its ends."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 2]} … {text[-SHOWN // 4 :]} (-v shows all of it)"
