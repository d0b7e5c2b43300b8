"""The OIDC identity provider of an account. Others may use it too, so it is made and taken away with care."""

from __future__ import annotations

from typing import Any

from crosslane.apply.hands import Hands
from crosslane.apply.outcome import Done, Outcome
from crosslane.aws.errors import AwsError
from crosslane.aws.gateway import Gateway
from crosslane.live.model import Absent, LiveProvider, Owner, canonical, owner_of
from crosslane.live.read import is_absent, read_provider, reading
from crosslane.plan.model import DeleteProvider, Op, PutProvider, Step


def put_provider(task: PutProvider, step: Step, hands: Hands) -> Done:
    """Make the provider, or put audience and tags of ours right.

    Thumbprints are left out: AWS checks the issuer's certificate against its own list of authorities.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html (2026-11-25)
    """
    wanted, live = task.provider, task.live
    if step.op is Op.KEEP:
        return Done(Outcome.UNCHANGED, step.reason)
    gateway = hands.base(wanted.account)
    tags = [{"Key": key, "Value": value} for key, value in wanted.tags]
    if live is None:
        made = {"Url": f"https://{wanted.issuer}", "ClientIDList": [wanted.client_id], "Tags": tags}
        try:
            gateway.call("iam", "CreateOpenIDConnectProvider", made)
        except AwsError as error:
            if error.code != "EntityAlreadyExists":
                raise
            return Done(Outcome.UNCHANGED, "somebody has made it meanwhile; it is used as it is")
        hands.found.changed_iam(wanted.account)
        return Done(Outcome.CREATED, wanted.arn)
    named = {"OpenIDConnectProviderArn": wanted.arn}
    if wanted.client_id not in live.client_ids:
        gateway.call("iam", "AddClientIDToOpenIDConnectProvider", {**named, "ClientID": wanted.client_id})
    if not set(wanted.tags) <= set(live.tags):
        gateway.call("iam", "TagOpenIDConnectProvider", {**named, "Tags": tags})
    return Done(Outcome.UPDATED, wanted.arn)


def delete_provider(task: DeleteProvider, step: Step, hands: Hands) -> Done:
    """Delete the provider, unless it is gone, is not ours, or a role besides the deployer trusts it."""
    gateway = hands.base(task.account)
    found = reading(lambda: read_provider(gateway, task.arn))
    if isinstance(found, Absent):
        return Done(Outcome.UNCHANGED, "it is gone already")
    if not isinstance(found, LiveProvider) or owner_of(found.tags, hands.tags) is not Owner.OURS:
        return Done(Outcome.SKIPPED, "it is not this pipeline's and stays")
    others = [name for name in _trusting(gateway, task.arn) if name != task.role]
    if others:
        return Done(Outcome.SKIPPED, f"it stays: {', '.join(others[:3])} trusts it too")
    try:
        gateway.call("iam", "DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": task.arn})
    except AwsError as error:
        if not is_absent(error):
            raise
    return Done(Outcome.DELETED, task.arn)


def _trusting(gateway: Gateway, arn: str) -> list[str]:
    """The roles of the account whose trust policy names the provider."""
    roles: list[dict[str, Any]] = gateway.pages("iam", "ListRoles", "Roles")
    return [role["RoleName"] for role in roles if f'"{arn}"' in canonical(role["AssumeRolePolicyDocument"])]
