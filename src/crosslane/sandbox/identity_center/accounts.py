"""The sandbox's accounts as a sign-in finds them: the Identity Center's role, and a session of it.

https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html: the role is
``aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_SET_HEX``, without the region part in us-east-1.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.iam.models import AWSManagedPolicy, ManagedPolicy

from crosslane.sandbox.identities import Identities, Identity
from crosslane.sandbox.store import Store

PERMISSION_SET = "AdministratorAccess"
SESSION_NAME = "crosslane"
SESSION_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Member:
    """An account to create: the config's ``name`` for it, its 12 digits, and the ``profile`` of its
    credentials."""

    name: str
    id: str
    profile: str


def sign_in(
    store: Store,
    identities: Identities,
    member: Member,
    region: str,
    seed: int,
    permission_set: str = PERMISSION_SET,
) -> Identity:
    """Creates the account's role of a permission set, an administrator whatever its name, and returns a 12-hour
    session of it.

    The role's suffix depends on ``seed``, the account and the set only, so that runs can be repeated.
    """
    iam = store.iam(member.id)
    told = "" if permission_set == PERMISSION_SET else f":{permission_set}"
    suffix = hashlib.sha256(f"{seed}:{member.id}{told}".encode()).hexdigest()[:16]
    place = "" if region == "us-east-1" else f"{region}/"
    role = iam.create_role(
        role_name=f"AWSReservedSSO_{permission_set}_{suffix}",
        assume_role_policy_document=json.dumps(_trust(store.partition, member.id)),
        path=f"/aws-reserved/sso.amazonaws.com/{place}",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration=str(SESSION_SECONDS),
    )
    administrator(store, member.id).attach_to(role)
    return identities.keep(store.session_of(role, SESSION_NAME, identities.temporary(SESSION_SECONDS)))


def administrator(store: Store, account: str) -> ManagedPolicy:
    """The AWS-managed policy AdministratorAccess, made on its own: loading all of them takes more than a
    second."""
    iam = store.iam(account)
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = AWSManagedPolicy(  # type: ignore[abstract]  # moto itself makes them, without the CloudFormation side
        PERMISSION_SET,
        account_id=account,
        region=iam.region_name,
        default_version_id="v1",
        path="/",
        document=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
        create_date=datetime(2015, 2, 6, 18, 39, 46, tzinfo=UTC),
        update_date=datetime(2015, 2, 6, 18, 39, 46, tzinfo=UTC),
    )
    return iam.managed_policies.setdefault(policy.arn, policy)


def _trust(partition: str, account: str) -> dict[str, object]:
    provider = f"arn:{partition}:iam::{account}:saml-provider/AWSSSO_{account}_DO_NOT_DELETE"
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
