"""Whom the roles in source and target accounts trust: the pipeline's role in tools and nobody else there."""

from __future__ import annotations

from crosslane.config.model import Config
from crosslane.desired import names
from crosslane.desired.model import Document, Statement
from crosslane.desired.template import sub


def pipeline_trust(config: Config) -> Document:
    """Trust in the tools account, narrowed to the pipeline's role, which need not exist yet.

    ``aws:PrincipalArn`` is the role's ARN for its sessions too.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    (2026-11-24)
    """
    role = names.names_of(config).pipeline_role
    return Document(
        (
            Statement(
                "TrustPipeline",
                "Only the pipeline's role may act here; naming the account and narrowing by the role's ARN works"
                " before the role exists and survives its being made again",
                ("sts:AssumeRole",),
                (),
                principal={"AWS": sub("arn:${AWS::Partition}:iam::${ToolsAccount}:root")},
                condition={
                    "ArnEquals": {
                        "aws:PrincipalArn": sub(f"arn:${{AWS::Partition}}:iam::${{ToolsAccount}}:role/{role}")
                    }
                },
            ),
        )
    )
