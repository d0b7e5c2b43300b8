"""Which policies a role, a user or a group has: inline ones, and managed ones that are attached."""

from __future__ import annotations

import json
from typing import Any, Literal

from crosslane.sandbox.cloudformation.resources.model import Properties, gone
from crosslane.sandbox.cloudformation.resources.shape import JSON

INLINE = [{"PolicyName*": str, "PolicyDocument*": JSON}]
"""The shape of ``Policies``."""
Kind = Literal["Role", "User", "Group"]


def policy_text(document: Any) -> str:
    """A policy document as the calls of IAM take it."""
    return json.dumps(document, separators=(",", ":"))


def put(iam: Any, kind: Kind, owner: str, name: str, document: Any) -> None:
    """Put an inline policy on a principal, or put its new document there."""
    call = {"Role": iam.put_role_policy, "User": iam.put_user_policy, "Group": iam.put_group_policy}[kind]
    call(**{f"{kind}Name": owner}, PolicyName=name, PolicyDocument=policy_text(document))


def remove(iam: Any, kind: Kind, owner: str, name: str) -> None:
    """Delete an inline policy; one that is gone already is fine."""
    call = {"Role": iam.delete_role_policy, "User": iam.delete_user_policy, "Group": iam.delete_group_policy}[kind]
    unless_gone(lambda: call(**{f"{kind}Name": owner}, PolicyName=name))


def attach(iam: Any, kind: Kind, owner: str, arn: str) -> None:
    """Attach a managed policy."""
    call = {"Role": iam.attach_role_policy, "User": iam.attach_user_policy, "Group": iam.attach_group_policy}[kind]
    call(**{f"{kind}Name": owner}, PolicyArn=arn)


def detach(iam: Any, kind: Kind, owner: str, arn: str) -> None:
    """Detach a managed policy; one that is gone already is fine."""
    call = {"Role": iam.detach_role_policy, "User": iam.detach_user_policy, "Group": iam.detach_group_policy}[kind]
    unless_gone(lambda: call(**{f"{kind}Name": owner}, PolicyArn=arn))


def unless_gone(call: Any) -> None:
    """Call, and take the error that says the thing is gone for done. Raises any other error."""
    try:
        call()
    except Exception as error:
        if not gone(error):
            raise


def set_policies(iam: Any, kind: Kind, owner: str, old: Properties, new: Properties) -> None:
    """Bring ``Policies`` and ``ManagedPolicyArns`` from old to new properties: first what is added, then what goes."""
    before = {item["PolicyName"]: item["PolicyDocument"] for item in old.get("Policies", ())}
    after = {item["PolicyName"]: item["PolicyDocument"] for item in new.get("Policies", ())}
    for arn in new.get("ManagedPolicyArns", ()):
        if arn not in old.get("ManagedPolicyArns", ()):
            attach(iam, kind, owner, arn)
    for name, document in after.items():
        if before.get(name) != document:
            put(iam, kind, owner, name, document)
    for name in before:
        if name not in after:
            remove(iam, kind, owner, name)
    for arn in old.get("ManagedPolicyArns", ()):
        if arn not in new.get("ManagedPolicyArns", ()):
            detach(iam, kind, owner, arn)


def read_policies(iam: Any, kind: Literal["Role", "User"], owner: str) -> dict[str, Any]:
    """``Policies`` and ``ManagedPolicyArns`` as they are."""
    given = {f"{kind}Name": owner}
    list_attached = iam.list_attached_role_policies if kind == "Role" else iam.list_attached_user_policies
    list_inline = iam.list_role_policies if kind == "Role" else iam.list_user_policies
    get_inline = iam.get_role_policy if kind == "Role" else iam.get_user_policy
    return {
        "ManagedPolicyArns": [item["PolicyArn"] for item in list_attached(**given)["AttachedPolicies"]],
        "Policies": [
            {"PolicyName": name, "PolicyDocument": get_inline(**given, PolicyName=name)["PolicyDocument"]}
            for name in list_inline(**given)["PolicyNames"]
        ],
    }
