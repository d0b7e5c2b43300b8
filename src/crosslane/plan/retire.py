"""Takes away what another bootstrap mode made, once nothing uses it any more."""

from __future__ import annotations

from crosslane.desired.model import Retired, Tags
from crosslane.live.model import Live, LivePolicy, LiveUser, Owner, owner_of
from crosslane.plan.model import DeletePolicy, DeleteUser, Op, RemoveProfiles, Step, Task, step_id


def retire_steps(gone: Retired, live: Live, ours: Tags, mark: str, after: tuple[str, ...]) -> tuple[Step, ...]:
    """Steps for the retired things that are there and carry our tags or mark: users, then policies, then profiles."""
    account = gone.account
    users = [
        _retire(account, "user", user.name, DeleteUser(user), after)
        for user in gone.users
        if isinstance(found := live.users.get((account, user.name)), LiveUser)
        and owner_of(found.tags, ours) is Owner.OURS
    ]
    freed = (*after, *(step.id for step in users))
    policies = [
        _retire(account, "policy", policy.name, DeletePolicy(policy), freed)
        for policy in gone.policies
        if isinstance(kept := live.policies.get((account, policy.name)), LivePolicy)
        and owner_of(kept.tags, ours) is Owner.OURS
    ]
    names = tuple(name for name in gone.profiles if name in live.profiles and live.profiles[name].owner == mark)
    profiles = [_retire(account, "profiles", ", ".join(names), RemoveProfiles(names), freed)] if names else []
    return (*users, *policies, *profiles)


def _retire(account: str, kind: str, name: str, task: Task, after: tuple[str, ...]) -> Step:
    return Step(
        id=step_id(account, f"retire-{kind}", name),
        account=account,
        guide=None,
        title=f"{kind} {name}",
        op=Op.DELETE,
        kind=kind,
        name=name,
        reason="another bootstrap mode made it, and this one does not want it",
        task=task,
        after=after,
        undo="set the mode back and run crosslane up",
    )
