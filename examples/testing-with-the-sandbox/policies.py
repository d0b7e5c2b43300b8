"""The policies that the copy needs: in a real project, those of its Terraform, CDK or CloudFormation files."""

from __future__ import annotations

from typing import Any

from promote import EXTERNAL_ID

SOURCE, TARGET = "acme-builds", "acme-releases"
ROLE = "promoter"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(build_account: str) -> dict[str, Any]:
    """The build account may become the role, if it says the word."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": build_account},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
        }
    )


def rights() -> dict[str, Any]:
    """What the role may do."""
    return document(
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{SOURCE}/*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{TARGET}/*"},
    )


def bucket_policy(role_arn: str) -> dict[str, Any]:
    """The build account lets the role of the other account read: both accounts have to agree."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": role_arn},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{SOURCE}/*",
        }
    )
