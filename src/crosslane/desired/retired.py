"""What another bootstrap mode would have made and this one does not want: left over when the mode is changed."""

from __future__ import annotations

from dataclasses import replace

from crosslane.config.model import Config, Mode
from crosslane.desired.build import desired_state
from crosslane.desired.model import BootstrapState, Desired, Retired


def retired(config: Config, desired: Desired) -> tuple[Retired, ...]:
    """For each bootstrapped account the users, policies and profiles of the other modes that are not wanted now.

    Whether they exist, and are this pipeline's, is for the plan to see; nothing else is ever taken away by it.
    """
    others = [
        desired_state(replace(config, bootstrap=replace(config.bootstrap, mode=mode)))
        for mode in Mode
        if mode is not config.bootstrap.mode
    ]
    return tuple(
        _of_account(state, [other for world in others for other in world.bootstraps if other.account == state.account])
        for state in desired.bootstraps
    )


def _of_account(state: BootstrapState, others: list[BootstrapState]) -> Retired:
    policies = {policy.name: policy for other in others for policy in other.policies}
    wanted = {policy.name for policy in state.policies}
    users = {other.user.name: other.user for other in others if other.user is not None and state.user is None}
    profiles = {
        other.key_profile.name for other in others if other.key_profile is not None and state.key_profile is None
    }
    return Retired(
        account=state.account,
        users=tuple(users[name] for name in sorted(users)),
        policies=tuple(policies[name] for name in sorted(policies) if name not in wanted),
        profiles=tuple(sorted(profiles)),
    )
