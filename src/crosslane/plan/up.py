"""The plan of ``up``, ``bootstrap`` and ``deploy``: who is asked first, then the guide, then the script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from crosslane.desired.model import BootstrapState, Desired, Tags
from crosslane.live.model import Live, Who
from crosslane.plan.bootstrap import bootstrap_parts
from crosslane.plan.deploy import deploy_parts
from crosslane.plan.model import Blocked, Conflict, Op, Part, Plan, Step, VerifyIdentity, VerifyProfile, step_id
from crosslane.plan.profiles import has_session, is_deployer, session_parts
from crosslane.plan.retire import retire_steps


@dataclass(frozen=True, slots=True)
class Place:
    """An account as the plan needs it: its 12 digits and the profile of the person's sign-in (None: the chain)."""

    name: str
    id: str
    profile: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which halves the plan has, and whether foreign things of the same name become ours."""

    bootstrap: bool = True
    deploy: bool = True
    adopt: bool = False


def plan_up(
    desired: Desired,
    live: Live,
    *,
    places: tuple[Place, ...],
    mark: str,
    scope: Scope,
    now: datetime,
    processes: Mapping[str, str] | None = None,
) -> Plan:
    """The steps that lead from ``live`` to ``desired``; ``mark`` is our mark in the profile files.

    ``processes`` has the ``credential_process`` of each profile that does not hold static keys.
    """
    parts: list[Part] = []
    identity_ids: tuple[str, ...] = ()
    deployers = {state.account for state in desired.bootstraps if has_session(state, live)}
    for place in places:
        if scope.bootstrap or place.name not in deployers:
            steps = _identity(place)
            parts += steps
            identity_ids = (*identity_ids, steps[-1].id)
    ready: dict[str, tuple[str, ...]] = {place.name: identity_ids for place in places}
    ids = {place.name: place.id for place in places}
    for state in desired.bootstraps:
        parts += _bootstrap(state, desired, live, ids[state.account], mark, processes or {}, scope, identity_ids, now)
        if has_session(state, live) or is_deployer(state.session_profile, live):
            ready[state.account] = (step_id(state.account, "stack-access", state.session_profile.name),)
        elif scope.bootstrap:
            ready[state.account] = (step_id(state.account, "verify-attached", state.role.name),)
    if scope.deploy:
        parts += deploy_parts(desired, live, ours=desired.tags, adopt=scope.adopt, ready=ready)
    if scope.bootstrap and scope.deploy:
        # Last: roles of the stacks may carry a boundary that is retired.
        done = tuple(part.id for part in parts if isinstance(part, Step))
        for gone in desired.retired:
            parts += retire_steps(gone, live, desired.tags, mark, done)
    return assemble(parts, desired, desired.tags)


def assemble(parts: Iterable[Part], desired: Desired, tags: Tags) -> Plan:
    """Sort steps from what stands in their way; every ``after`` names a step that is there."""
    parts = tuple(parts)
    steps = tuple(part for part in parts if isinstance(part, Step))
    known = {step.id for step in steps}
    conflicts = tuple(part for part in parts if isinstance(part, Conflict))
    blocked = tuple(part for part in parts if isinstance(part, Blocked))
    missing = {name for step in steps for name in step.after} - known
    if missing and not conflicts and not blocked:
        raise AssertionError(f"steps wait for steps that the plan lacks: {sorted(missing)}")
    return Plan(steps, conflicts, blocked, desired.cautions, tags)


def _identity(place: Place) -> list[Step]:
    """G2 and G3: the profile is there, and it is the account that the config says."""
    steps = []
    after: tuple[str, ...] = ()
    if place.profile is not None:
        there = Step(
            id=step_id(place.name, "profile", place.profile),
            account=place.name,
            guide="G2",
            title=f"profile {place.profile}",
            op=Op.VERIFY,
            kind="profile",
            name=place.profile,
            reason="the credentials of the sign-in are looked for",
            task=VerifyProfile(place.profile),
        )
        steps.append(there)
        after = (there.id,)
    who = place.profile or "the credential chain"
    steps.append(
        Step(
            id=step_id(place.name, "identity", place.name),
            account=place.name,
            guide="G3",
            title=f"identity of {who}",
            op=Op.VERIFY,
            kind="identity",
            name=who,
            reason=f"it must be in account {place.id}",
            task=VerifyIdentity(Who.BASE, place.profile, place.id, None),
            after=after,
        )
    )
    return steps


def _bootstrap(
    state: BootstrapState,
    desired: Desired,
    live: Live,
    account_id: str,
    mark: str,
    processes: Mapping[str, str],
    scope: Scope,
    after: tuple[str, ...],
    now: datetime,
) -> tuple[Part, ...]:
    first_stack = next((stack.name for stack in desired.stacks if stack.account == state.account), "pre-reqs")
    process = processes.get(state.session_profile.name)
    if scope.bootstrap:
        return bootstrap_parts(
            state,
            live,
            account_id=account_id,
            first_stack=first_stack,
            ours=desired.tags,
            mark=mark,
            process=process,
            key_process=None if state.key_profile is None else processes.get(state.key_profile.name),
            adopt=scope.adopt,
            after=after,
            now=now,
        )
    return tuple(
        session_parts(
            state,
            live,
            account_id=account_id,
            first_stack=first_stack,
            mark=mark,
            process=process,
            adopt=scope.adopt,
            after=after,
            now=now,
        )
    )
