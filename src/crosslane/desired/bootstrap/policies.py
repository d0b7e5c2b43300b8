"""The managed policies and trust policies of the three modes (docs/bootstrap-modes.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crosslane.config.model import Account, Config, Mode
from crosslane.desired import names
from crosslane.desired.bootstrap.deployer import deployer_document
from crosslane.desired.model import Document, Stack, Statement

DEFAULT_PERMISSION_SET = "AdministratorAccess"
"""The permission set that AWS offers first; a config names its own under ``[sign_in] permission_set``."""


OIDC_AUDIENCE = "sts.amazonaws.com"
"""What a job's token must be made for. AWS's own action for GitHub asks for it; elsewhere a job says so itself.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html (2026-11-25)
"""


def user_policy_name(config: Config) -> str:
    return f"{config.bootstrap.policy[:123]}-user"


def user_document(config: Config, account: Account) -> Document:
    """Mode ``least``: all that the long-lived key can do by itself."""
    user = names.user_arn(config, account)
    return Document(
        (
            Statement(
                "AssumeDeployer",
                "The key is good for becoming the deployer for an hour, and for nothing else",
                ("sts:AssumeRole",),
                (names.deployer_arn(config, account),),
            ),
            Statement(
                "RenewOwnKey",
                "The key can be replaced with the key itself, so that it need not live for long",
                (
                    "iam:CreateAccessKey",
                    "iam:DeleteAccessKey",
                    "iam:GetAccessKeyLastUsed",
                    "iam:ListAccessKeys",
                    "iam:UpdateAccessKey",
                ),
                (user,),
            ),
        )
    )


def guide_document(config: Config, account: Account, stacks: Sequence[Stack]) -> Document:
    """Mode ``guide``: the guide's own statements, and what its main script would fail without."""
    wide = {"cloudformation:*", "kms:*"}
    needed = []
    for statement in deployer_document(config, account, stacks).statements:
        beyond = tuple(one for one in statement.actions if not any(_covers(action, one) for action in wide))
        if beyond:
            needed.append(replace(statement, actions=beyond))
    return Document(
        (
            Statement(
                "Guide",
                "What the guide's own policy allows, word for word and far too wide: kept for comparison",
                ("cloudformation:*", "iam:ListRoles", "kms:*", "s3:CreateBucket", "sts:AssumeRole"),
                ("*",),
            ),
            *needed,
        )
    )


def _covers(wide: str, action: str) -> bool:
    return action.startswith(wide.removesuffix("*"))


def deployer_trust(config: Config, account: Account, sso_role_name: str | None) -> Document:
    """Who may assume the deployer.

    Naming the account and narrowing by ``aws:PrincipalArn`` needs nobody to exist first, and does not turn into a
    dead unique id when the user or the SSO role is made again.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (2026-11-24)
    """
    root = names.root_arn(config, account)
    mfa = {} if mfa_serial(config, account) is None else {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    condition: dict[str, dict[str, str]] | None
    match config.bootstrap.mode:
        case Mode.GUIDE:
            reason = "The guide trusts the whole account: whoever there may call sts:AssumeRole"
            condition = mfa or None
        case Mode.LEAST:
            reason = "Only this user" + (", with a code of its MFA device" if mfa else "")
            condition = {"ArnEquals": {"aws:PrincipalArn": names.user_arn(config, account)}, **mfa}
        case Mode.KEYLESS:
            reason = (
                "Only who signed in with this permission set; the end of its role's name changes when the set is"
                " assigned again"
            )
            condition = {"ArnLike": {"aws:PrincipalArn": sso_role_pattern(config, account, sso_role_name)}}
    account_trust = Statement(
        "TrustAccount", reason, ("sts:AssumeRole",), (), principal={"AWS": root}, condition=condition
    )
    return Document((account_trust, *_job_trust(config, account)))


def mfa_serial(config: Config, account: Account) -> str | None:
    """The device of the user in ``account``: a device belongs to one account's user."""
    serial = config.bootstrap.mfa_serial
    return serial if serial is not None and f"::{account.id}:" in serial else None


def _job_trust(config: Config, account: Account) -> tuple[Statement, ...]:
    """The CI jobs that may become the deployer: audience and subject are compared word for word.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html (2026-11-25)
    """
    oidc = config.bootstrap.oidc
    if oidc is None:
        return ()
    claims = {f"{oidc.issuer}:aud": OIDC_AUDIENCE, f"{oidc.issuer}:sub": oidc.subject}
    return (
        Statement(
            "TrustJobs",
            "Only CI jobs of this one branch or environment, with a token made for AWS",
            ("sts:AssumeRoleWithWebIdentity",),
            (),
            principal={"Federated": names.provider_arn(config, account, oidc.issuer)},
            condition={"StringEquals": claims},
        ),
    )


def sso_role_pattern(config: Config, account: Account, sso_role_name: str | None) -> str:
    """Pattern of the ARN of the role that IAM Identity Center makes for the permission set.

    ``sso_role_name`` is that role's name where it is known (``AWSReservedSSO_SET_HEX``); only its set counts. The
    path has the region in it, except in us-east-1.
    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html (2026-11-24)
    """
    chosen = config.sign_in.permission_set or _set_of(sso_role_name) or DEFAULT_PERMISSION_SET
    return names.role_arn(config, account, f"aws-reserved/sso.amazonaws.com*/AWSReservedSSO_{chosen}_*")


def _set_of(sso_role_name: str | None) -> str | None:
    if sso_role_name is None:
        return None
    return sso_role_name.rsplit("/", 1)[-1].removeprefix("AWSReservedSSO_").rsplit("_", 1)[0]
