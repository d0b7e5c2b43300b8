"""The steps of the guide for one account (rows G4 to G16), put in order."""

from __future__ import annotations

from datetime import datetime

from crosslane.desired.model import BootstrapState, Tags
from crosslane.live.model import Live
from crosslane.plan.identity_provider import provider_left_over, put_provider
from crosslane.plan.model import Part, Step, step_id
from crosslane.plan.principals import policy_part, role_parts, user_parts
from crosslane.plan.profiles import key_parts, session_parts


def bootstrap_parts(
    state: BootstrapState,
    live: Live,
    *,
    account_id: str,
    first_stack: str,
    ours: Tags,
    mark: str,
    process: str | None,
    key_process: str | None = None,
    adopt: bool,
    after: tuple[str, ...],
    now: datetime,
) -> tuple[Part, ...]:
    """The steps that make (or keep) the deployer of one account, with what stands in their way.

    ``after`` are the steps that come first; ``mark`` is our mark in the profile files; ``first_stack`` is the stack
    whose read proves that the deployer's profile can be given on (G16); ``process`` is the ``credential_process`` of
    the deployer's profile, None for static keys; ``key_process`` that of the key's, None where the file has the secret.
    """
    parts: list[Part] = []
    policy_ids = []
    for policy in state.policies:
        part = policy_part(policy, live, ours, adopt, after)
        parts.append(part)
        policy_ids.append(step_id(state.account, "policy", policy.name))
    made = (*after, *policy_ids)
    key_ready: tuple[str, ...] = after
    if state.user is not None:
        parts += user_parts(state.user, live, ours, adopt, made)
        key_ready = (step_id(state.account, "attach-user", state.user.name),)
    providers: list[Part] = [*provider_left_over(state, live, after)]
    if state.provider is not None:
        providers.append(put_provider(state.provider, live, ours, after))
    parts += providers
    made = (*made, *(part.id for part in providers if isinstance(part, Step)))
    parts += role_parts(state.role, live, ours, adopt, made)
    role_ready: tuple[str, ...] = (step_id(state.account, "verify-attached", state.role.name),)
    if state.key_profile is not None and state.user is not None:
        parts += key_parts(state.key_profile, state.user, live, mark, adopt, account_id, key_ready, key_process)
        role_ready = (*role_ready, step_id(state.account, "verify-key", state.key_profile.name))
    parts += session_parts(
        state,
        live,
        account_id=account_id,
        first_stack=first_stack,
        mark=mark,
        process=process,
        adopt=adopt,
        after=role_ready,
        now=now,
    )
    return tuple(parts)
