"""One account's bootstrap: policies, user, role and profiles in the config's mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from crosslane.config.model import Account, Config, Mode
from crosslane.desired import names
from crosslane.desired.bootstrap.boundary import boundary_document
from crosslane.desired.bootstrap.deployer import deployer_document
from crosslane.desired.bootstrap.policies import (
    OIDC_AUDIENCE,
    deployer_trust,
    guide_document,
    mfa_serial,
    user_document,
    user_policy_name,
)
from crosslane.desired.model import (
    BootstrapState,
    Document,
    IdentityProvider,
    KeyProfile,
    ManagedPolicy,
    Role,
    SessionProfile,
    Stack,
    Tags,
    User,
)
from crosslane.desired.split import POLICY_CHARACTERS, characters, split
from crosslane.errors import UsageError

SESSION_SECONDS = 3600
"""One hour: the default of IAM, and the most that AWS grants to a session that assumes a role (role chaining).

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (2026-11-24)
"""


def bootstrap_state(
    config: Config, account: Account, stacks: Sequence[Stack], tags: Tags, sso_role_name: str | None
) -> BootstrapState:
    """The bootstrap of ``account``, whose stacks are ``stacks``."""
    mode = config.bootstrap.mode
    deployer = _deployer_policies(config, account, stacks, tags)
    arns = tuple(policy.arn for policy in deployer)
    boundary = None if mode is Mode.GUIDE else _boundary_policy(config, account, stacks, tags)
    before = () if boundary is None else (boundary,)
    match mode:
        case Mode.GUIDE:
            of_user: tuple[ManagedPolicy, ...] = ()
            user: User | None = _user(config, account, arns, None, tags)
        case Mode.LEAST:
            of_user = (_user_policy(config, account, tags),)
            user = _user(config, account, tuple(policy.arn for policy in of_user), boundary, tags)
        case Mode.KEYLESS:
            of_user = ()
            user = None
        case _ as unreachable:
            assert_never(unreachable)
    profile = account.profile or account.name
    region = config.pipeline.region
    return BootstrapState(
        account=account.name,
        policies=(*before, *of_user, *deployer),
        user=user,
        role=_role(config, account, arns, boundary, tags, sso_role_name),
        key_profile=None
        if user is None
        else KeyProfile(
            account.name, f"{profile}_admin", config.bootstrap.user, region, renews_itself=mode is not Mode.GUIDE
        ),
        session_profile=SessionProfile(
            account=account.name,
            name=f"{profile}_admin_deployer",
            source=None if user is None else f"{profile}_admin",
            role_arn=names.deployer_arn(config, account),
            session_name=config.bootstrap.session_name,
            seconds=SESSION_SECONDS,
            region=region,
            mfa_serial=mfa_serial(config, account),
        ),
        provider=_provider(config, account, tags),
    )


def _provider(config: Config, account: Account, tags: Tags) -> IdentityProvider | None:
    oidc = config.bootstrap.oidc
    if oidc is None:
        return None
    arn = names.provider_arn(config, account, oidc.issuer)
    return IdentityProvider(account.name, oidc.issuer, arn, OIDC_AUDIENCE, tags)


def _deployer_policies(
    config: Config, account: Account, stacks: Sequence[Stack], tags: Tags
) -> tuple[ManagedPolicy, ...]:
    """The guide's policy, and NAME-2, NAME-3 … behind it where one document cannot hold it all."""
    if config.bootstrap.mode is Mode.GUIDE:
        document = guide_document(config, account, stacks)
        description = "The guide's own policy, and what its main script needs beyond it"
    else:
        document = deployer_document(config, account, stacks)
        description = f"What deploying the pipeline {names.pipeline_name(config)} needs in this account"
    policies = []
    for number, part in enumerate(split(document), start=1):
        name = config.bootstrap.policy if number == 1 else f"{config.bootstrap.policy[:125]}-{number}"
        policies.append(_policy(config, account, name, description, part, "G5" if number == 1 else None, tags))
    return tuple(policies)


def _policy(
    config: Config,
    account: Account,
    name: str,
    description: str,
    document: Document,
    guide: str | None,
    tags: Tags,
) -> ManagedPolicy:
    return ManagedPolicy(
        account.name, name, names.policy_arn(config, account, name), description, document, guide, tags
    )


def _user_policy(config: Config, account: Account, tags: Tags) -> ManagedPolicy:
    document = user_document(config, account)
    description = "Lets the user become the deployer and renew its own access key"
    return _policy(config, account, user_policy_name(config), description, document, None, tags)


def _boundary_policy(config: Config, account: Account, stacks: Sequence[Stack], tags: Tags) -> ManagedPolicy:
    """Raises UsageError if it is too long: a principal has one boundary, so it cannot be split."""
    document = boundary_document(config, account, stacks)
    if characters(document) > POLICY_CHARACTERS:
        raise UsageError(
            f"the permissions boundary would have {characters(document)} characters; a policy has at most"
            f" {POLICY_CHARACTERS}",
            code="PolicyTooLong",
            account=account.name,
            next='shorten the names in [names], or leave the account out of [bootstrap] accounts, or use mode "guide"',
        )
    description = "The most that deployer and roles of the pipeline can ever do in this account"
    return _policy(config, account, config.bootstrap.boundary, description, document, None, tags)


def _user(
    config: Config, account: Account, attached: tuple[str, ...], boundary: ManagedPolicy | None, tags: Tags
) -> User:
    return User(
        account=account.name,
        name=config.bootstrap.user,
        arn=names.user_arn(config, account),
        attached=attached,
        boundary=None if boundary is None else boundary.arn,
        guide="G4",
        tags=tags,
    )


def _role(
    config: Config,
    account: Account,
    attached: tuple[str, ...],
    boundary: ManagedPolicy | None,
    tags: Tags,
    sso_role_name: str | None,
) -> Role:
    return Role(
        account=account.name,
        name=config.bootstrap.role,
        arn=names.deployer_arn(config, account),
        description=f"Deploys the pipeline {names.pipeline_name(config)} in this account",
        trust=deployer_trust(config, account, sso_role_name),
        attached=attached,
        boundary=None if boundary is None else boundary.arn,
        max_session_seconds=SESSION_SECONDS,
        guide="G7",
        tags=tags,
    )
