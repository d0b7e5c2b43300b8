"""Users, roles, managed policies and their attachments. Every function may be run again after it was cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from crosslane.apply.deletion import delete
from crosslane.apply.hands import Hands
from crosslane.apply.outcome import Done, Outcome
from crosslane.apply.waiting import eventually
from crosslane.aws.errors import AwsError
from crosslane.aws.gateway import Gateway
from crosslane.desired.model import Role, Tags
from crosslane.errors import OutcomeError
from crosslane.live.model import LivePolicy, LiveRole, LiveUser, Owner, Reading, canonical, owner_of
from crosslane.live.read import read_policy, read_role, read_user, reading
from crosslane.plan.model import AttachToRole, AttachToUser, Op, PutPolicy, PutRole, PutUser, Step, VerifyAttached

L = TypeVar("L", LivePolicy, LiveUser, LiveRole)

MOST_VERSIONS = 5
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (2026-11-24)"""


def put_policy(task: PutPolicy, step: Step, hands: Hands) -> Done:
    """Create the policy, or make the wanted document its default version."""
    policy, gateway = task.policy, hands.base(task.policy.account)
    live = task.live
    if live is None:
        parameters = {
            "PolicyName": policy.name,
            "PolicyDocument": policy.document.to_text(),
            "Description": policy.description,
            "Tags": _aws_tags(policy.tags),
        }
        made = _create(gateway, "CreatePolicy", parameters, lambda: read_policy(gateway, policy.arn), hands)
        hands.found.changed_iam(policy.account)
        if made is None:
            return Done(Outcome.CREATED, policy.arn)
        live = made
    changed = False
    if live.document != canonical(policy.document.to_json()):
        _make_room_for_a_version(gateway, policy.arn)
        version = {"PolicyArn": policy.arn, "PolicyDocument": policy.document.to_text(), "SetAsDefault": True}
        try:
            gateway.call("iam", "CreatePolicyVersion", version)
        except AwsError as error:
            # Repeated after its answer was lost, the call may meet the version that it has made itself.
            now = reading(lambda: read_policy(gateway, policy.arn)) if error.code == "LimitExceeded" else None
            if not isinstance(now, LivePolicy) or now.document != canonical(policy.document.to_json()):
                raise
        hands.found.changed_iam(policy.account)
        changed = True
    changed |= _tag(gateway, "TagPolicy", {"PolicyArn": policy.arn}, live.tags, policy.tags)
    return _done(step, changed, policy.arn)


def put_user(task: PutUser, step: Step, hands: Hands) -> Done:
    """Create the user under its boundary, or put boundary and tags right."""
    user, gateway = task.user, hands.base(task.user.account)
    named = {"UserName": user.name}
    live = task.live
    if live is None:
        boundary = {"PermissionsBoundary": user.boundary} if user.boundary else {}
        parameters = {**named, **boundary, "Tags": _aws_tags(user.tags)}
        made = _create(gateway, "CreateUser", parameters, lambda: read_user(gateway, user.name), hands)
        hands.found.changed_iam(user.account)
        if made is None:
            return Done(Outcome.CREATED, user.arn)
        live = made
    changed = _bound(gateway, "User", named, live.boundary, user.boundary)
    changed |= _tag(gateway, "TagUser", named, live.tags, user.tags)
    return _done(step, changed, user.arn)


def put_role(task: PutRole, step: Step, hands: Hands) -> Done:
    """Create the role under its boundary, or put boundary, trust, session length and tags right, in that order."""
    role, gateway = task.role, hands.base(task.role.account)
    named = {"RoleName": role.name}
    live = task.live
    if live is None:
        boundary = {"PermissionsBoundary": role.boundary} if role.boundary else {}
        parameters = {
            **named,
            **boundary,
            "AssumeRolePolicyDocument": role.trust.to_text(),
            "Description": role.description,
            "MaxSessionDuration": role.max_session_seconds,
            "Tags": _aws_tags(role.tags),
        }
        made = _create(gateway, "CreateRole", parameters, lambda: read_role(gateway, role.name), hands)
        hands.found.changed_iam(role.account)
        if made is None:
            return Done(Outcome.CREATED, role.arn)
        live = made
    changed = _bound(gateway, "Role", named, live.boundary, role.boundary)
    if live.trust != canonical(role.trust.to_json()):
        trust = {**named, "PolicyDocument": role.trust.to_text()}
        eventually(
            lambda: gateway.call("iam", "UpdateAssumeRolePolicy", trust), retry=is_unknown_principal, clock=hands.clock
        )
        changed = True
    if (live.description, live.max_session_seconds) != (role.description, role.max_session_seconds):
        update = {**named, "Description": role.description, "MaxSessionDuration": role.max_session_seconds}
        gateway.call("iam", "UpdateRole", update)
        changed = True
    changed |= _tag(gateway, "TagRole", named, live.tags, role.tags)
    if changed:
        hands.found.changed_iam(role.account)
    return _done(step, changed, role.arn)


def attach_to_user(task: AttachToUser, step: Step, hands: Hands) -> Done:
    """Attach what is missing; detach what is too much."""
    gateway, named = hands.base(task.user.account), {"UserName": task.user.name}
    return _attach(gateway, "UserPolicy", named, task.missing, task.surplus, step, hands)


def attach_to_role(task: AttachToRole, step: Step, hands: Hands) -> Done:
    """Attach what is missing; detach what is too much."""
    gateway, named = hands.base(task.role.account), {"RoleName": task.role.name}
    return _attach(gateway, "RolePolicy", named, task.missing, task.surplus, step, hands)


def verify_attached(task: VerifyAttached, step: Step, hands: Hands) -> Done:
    """The role's attached policies must be exactly the wanted ones (G9)."""
    role = task.role
    attached = attached_to_role(hands.base(role.account), role)
    if set(attached) != set(role.attached):
        raise OutcomeError(
            f"role {role.name} has the attached policies {', '.join(attached) or '(none)'}, "
            f"wanted are {', '.join(role.attached)}",
            code="AttachedPoliciesDiffer",
            account=role.account,
            next="run the same command again; if it stays so, somebody else changes this role",
        )
    return Done(Outcome.VERIFIED, f"{len(attached)} attached: {', '.join(arn.rsplit('/', 1)[-1] for arn in attached)}")


def attached_to_role(gateway: Gateway, role: Role) -> tuple[str, ...]:
    """ARNs of the role's attached managed policies, as they are now."""
    found = gateway.pages("iam", "ListAttachedRolePolicies", "AttachedPolicies", {"RoleName": role.name})
    return tuple(sorted(policy["PolicyArn"] for policy in found))


def is_unknown_principal(error: AwsError) -> bool:
    """A trust policy named a principal that IAM does not know yet."""
    return error.code == "MalformedPolicyDocument" and "principal" in error.text.lower()


def _create(
    gateway: Gateway, operation: str, parameters: dict[str, Any], read: Callable[[], L], hands: Hands
) -> L | None:
    """Create something; None if it was made now, else what is there already and is ours.

    That happens when an answer was lost and the call was sent again, or the plan is older than the thing.
    """
    try:
        eventually(lambda: gateway.call("iam", operation, parameters), retry=is_unknown_principal, clock=hands.clock)
    except AwsError as error:
        if error.code != "EntityAlreadyExists":
            raise
        found: Reading[L] = reading(read)
        if isinstance(found, LivePolicy | LiveUser | LiveRole) and owner_of(found.tags, hands.tags) is Owner.OURS:
            return found
        raise
    return None


def _make_room_for_a_version(gateway: Gateway, arn: str) -> None:
    """Delete the oldest version that is not the default one, if the policy has as many as it may.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html (2026-11-24)
    """
    versions = gateway.pages("iam", "ListPolicyVersions", "Versions", {"PolicyArn": arn})
    if len(versions) < MOST_VERSIONS:
        return
    others = [version for version in versions if not version["IsDefaultVersion"]]
    oldest = min(others, key=lambda version: (version["CreateDate"], int(version["VersionId"].lstrip("v"))))
    delete(gateway, "iam", "DeletePolicyVersion", {"PolicyArn": arn, "VersionId": oldest["VersionId"]})


def _bound(gateway: Gateway, kind: str, named: dict[str, str], live: str | None, wanted: str | None) -> bool:
    """Set or remove the permissions boundary of a ``User`` or ``Role``; whether it changed."""
    if live == wanted:
        return False
    if wanted is None:
        gateway.call("iam", f"Delete{kind}PermissionsBoundary", named)
    else:
        gateway.call("iam", f"Put{kind}PermissionsBoundary", {**named, "PermissionsBoundary": wanted})
    return True


def _tag(gateway: Gateway, operation: str, named: dict[str, str], live: Tags, wanted: Tags) -> bool:
    """Put the wanted tags on; tags of others stay. Whether anything changed."""
    if set(wanted) <= set(live):
        return False
    gateway.call("iam", operation, {**named, "Tags": _aws_tags(wanted)})
    return True


def _attach(
    gateway: Gateway,
    kind: str,
    named: dict[str, str],
    missing: tuple[str, ...],
    surplus: tuple[str, ...],
    step: Step,
    hands: Hands,
) -> Done:
    for arn in surplus:
        delete(gateway, "iam", f"Detach{kind}", {**named, "PolicyArn": arn})
    for arn in missing:
        gateway.call("iam", f"Attach{kind}", {**named, "PolicyArn": arn})
    if not missing and not surplus:
        return Done(Outcome.UNCHANGED, step.reason)
    hands.found.changed_iam(step.account)
    outcome = Outcome.CREATED if step.op is Op.CREATE else Outcome.UPDATED
    return Done(outcome, ", ".join(arn.rsplit("/", 1)[-1] for arn in missing or surplus))


def _done(step: Step, changed: bool, detail: str) -> Done:
    if step.op is Op.ADOPT:
        return Done(Outcome.ADOPTED, detail)
    return Done(Outcome.UPDATED if changed else Outcome.UNCHANGED, detail)


def _aws_tags(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags]
