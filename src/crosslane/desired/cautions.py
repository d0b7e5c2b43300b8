"""What the person should know before saying yes."""

from __future__ import annotations

from typing import assert_never

from crosslane.config.model import Account, Config, Mode
from crosslane.desired import names
from crosslane.desired.bootstrap.policies import DEFAULT_PERMISSION_SET
from crosslane.desired.model import Caution
from crosslane.desired.topology import bootstrapped, has_boundary, source_account, targets


def cautions(config: Config) -> tuple[Caution, ...]:
    """The cautions of a config, in the order of its accounts."""
    found = [caution for account in bootstrapped(config) for caution in _of_mode(config, account)]
    busy = {account.id for account in (config.tools, source_account(config))}
    busy |= {target.account.id for target in targets(config)}
    found += [_idle(account) for account in bootstrapped(config) if account.id not in busy]
    for target in targets(config):
        found.append(_default_execution_policy(config, target.account))
        if has_boundary(config, target.account):
            found.append(_app_roles_need_boundary(config, target.account))
    return tuple(found)


def _of_jobs(config: Config, account: Account) -> list[Caution]:
    if config.bootstrap.oidc is None:
        return []
    told = f"whoever can make a job of {config.bootstrap.oidc} run becomes the deployer"
    return [Caution("oidc-jobs", account.name, told)]


def _of_mode(config: Config, account: Account) -> list[Caution]:
    """The risks that a mode leaves."""
    user, name = config.bootstrap.user, account.name
    match config.bootstrap.mode:
        case Mode.GUIDE:
            return [
                Caution(
                    "guide-wide-policy",
                    name,
                    f"the user {user} and the deployer may do anything with CloudFormation and KMS and assume any role"
                    " that trusts them; nothing keeps them from giving themselves more. Mode least avoids it",
                ),
                Caution(
                    "guide-account-trust",
                    name,
                    "every principal of the account that may call sts:AssumeRole can become the deployer",
                ),
                _long_lived_key(config, account),
            ]
        case Mode.LEAST:
            return [_long_lived_key(config, account)]
        case Mode.KEYLESS:
            jobs = _of_jobs(config, account)
            if config.sign_in.permission_set:
                return jobs
            return [
                *jobs,
                Caution(
                    "keyless-default-permission-set",
                    name,
                    f"[sign_in] permission_set is not given: the deployer trusts the sign-in's own permission set, else"
                    f" {DEFAULT_PERMISSION_SET}",
                ),
            ]
        case _ as unreachable:
            assert_never(unreachable)


def _long_lived_key(config: Config, account: Account) -> Caution:
    return Caution(
        "long-lived-key",
        account.name,
        f"the access key of {config.bootstrap.user} works until it is replaced (crosslane rotate) or deleted;"
        " mode keyless has none",
    )


def _idle(account: Account) -> Caution:
    return Caution(
        "nothing-to-deploy",
        account.name,
        "the account gets a deployer, but no stack of this pipeline: leave it out of [bootstrap] accounts",
    )


def _default_execution_policy(config: Config, account: Account) -> Caution:
    role = names.names_of(config).execution_role
    return Caution(
        "default-execution-policy",
        account.name,
        f"the execution role {role} has the default rights for a serverless app (Lambda, API Gateway, DynamoDB, logs,"
        f" alarms, the functions' roles), not rights derived from this app's template",
    )


def _app_roles_need_boundary(config: Config, account: Account) -> Caution:
    return Caution(
        "app-roles-need-boundary",
        account.name,
        "the app's roles are only made here if they carry the boundary: give every role of the app's template the"
        f" PermissionsBoundary {names.boundary_arn(config, account)}",
    )
