"""CloudFormation templates as plain data: the few intrinsic functions that we use, and the text that is sent."""

from __future__ import annotations

import json
from typing import Any

from crosslane.desired.model import Document, Statement

Json = dict[str, Any]
"""A JSON object of a template; values may be intrinsic functions."""

BOUNDARY_PARAMETER = "PermissionsBoundary"
_HAS_BOUNDARY = "HasPermissionsBoundary"


def ref(name: str) -> Json:
    return {"Ref": name}


def get_att(logical_id: str, attribute: str) -> Json:
    return {"Fn::GetAtt": [logical_id, attribute]}


def sub(text: str) -> Json:
    return {"Fn::Sub": text}


def string_parameter(description: str, **more: Any) -> Json:
    return {"Description": description, "Type": "String", **more}


def account_parameter(description: str) -> Json:
    """A parameter for an account's id. A string: as a number the id would lose its leading zeros."""
    return string_parameter(description, AllowedPattern="[0-9]{12}")


def template(
    description: str, parameters: Json, resources: Json, outputs: Json | None = None, *, boundary: bool = True
) -> str:
    """The template's text: the same bytes for the same values.

    With ``boundary`` (for every template that has roles) it takes the ARN of a permissions boundary for them; an
    empty one means none.
    """
    body: Json = {"AWSTemplateFormatVersion": "2010-09-09", "Description": description}
    if boundary:
        parameters = {
            **parameters,
            BOUNDARY_PARAMETER: string_parameter(
                "ARN of the managed policy that bounds the roles of this stack; empty for none", Default=""
            ),
        }
        body["Conditions"] = {_HAS_BOUNDARY: {"Fn::Not": [{"Fn::Equals": [ref(BOUNDARY_PARAMETER), ""]}]}}
    if parameters:
        body["Parameters"] = parameters
    body["Resources"] = resources
    if outputs:
        body["Outputs"] = outputs
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True)


def role(name: str, description: str, trust: Document, policy_name: str, policy: Document) -> Json:
    """A role with one inline policy, so that it never exists with less or more than its final rights.

    Tags come from the stack. A stack of the original script that is adopted has the path written out, which cannot be
    changed, and its policies beside the roles: these go after the update, by their names, so ours needs another one.
    """
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "Path": "/",
            "Description": description,
            "AssumeRolePolicyDocument": trust.to_json(),
            "PermissionsBoundary": {"Fn::If": [_HAS_BOUNDARY, ref(BOUNDARY_PARAMETER), ref("AWS::NoValue")]},
            "Policies": [{"PolicyName": policy_name, "PolicyDocument": policy.to_json()}],
        },
    }


def service_trust(service: str, reason: str, condition: Json) -> Document:
    """A trust policy for an AWS service, narrowed by ``condition`` against confused deputies."""
    return Document(
        (
            Statement(
                "TrustService",
                reason,
                ("sts:AssumeRole",),
                (),
                principal={"Service": f"{service}.amazonaws.com"},
                condition=condition,
            ),
        )
    )
