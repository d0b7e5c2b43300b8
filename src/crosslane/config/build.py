"""From a parsed TOML file to a ``Config``: keys, types, names, and what has to fit together."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from crosslane.config import rules
from crosslane.config.fit import check_fit
from crosslane.config.model import Account, Bootstrap, Config, KeyStore, Mode, Names, Pipeline, SignIn, Source, Stage
from crosslane.config.oidc import Oidc, OidcError, parse_oidc
from crosslane.config.rules import BOOTSTRAP_RULES, NAMES_RULES, broken, broken_region
from crosslane.config.tables import (
    Problem,
    Table,
    boolean,
    dotted,
    nearest,
    quoted,
    refuse_unknown_keys,
    ruled,
    string,
    strings,
    subtable,
    tables,
    type_name,
    whole_number,
)

VERSION = 1
APP = "app"
"""The app's folder where the file names none."""
LONGEST_KEY_DAYS = 3650

KEYS = ("version", "pipeline", "accounts", "stages", "bootstrap", "sign_in", "names")
PIPELINE_KEYS = tuple(field.name for field in fields(Pipeline))
SOURCE_KEYS = tuple(field.name for field in fields(Source))
ACCOUNT_KEYS = ("id", "profile")
STAGE_KEYS = tuple(field.name for field in fields(Stage))
BOOTSTRAP_KEYS = tuple(field.name for field in fields(Bootstrap))
NAMES_KEYS = tuple(NAMES_RULES)
SIGN_IN_KEYS = tuple(field.name for field in fields(SignIn))


E = TypeVar("E", bound=StrEnum)

AccountNames = list[str] | None
"""The names that may be referred to; None where the file has no accounts at all, which is said once."""


def build_config(document: dict[str, object], path: Path, region: str | None) -> tuple[Config | None, list[Problem]]:
    """The config that ``document``, read from ``path``, describes, or None and what is wrong with it.

    ``region`` overrides the file's.
    """
    root = Table((), document)
    _check_version(root)
    refuse_unknown_keys(root, KEYS)
    accounts = _accounts(root)
    names = [account.name for account in accounts] or None
    pipeline = _pipeline(root, names, path, region)
    stages = _stages(root, names)
    config = Config(
        path=_real(path),
        pipeline=pipeline,
        accounts=accounts,
        stages=stages,
        bootstrap=_bootstrap(root, names, pipeline),
        sign_in=_sign_in(root),
        names=_names(root, pipeline.name),
    )
    check_fit(root, config)
    return (None if root.problems else config), root.problems


def _check_version(root: Table) -> None:
    version = root.values.get("version")
    if version is None:
        root.note("version", "MissingKey", f"there is no version; write version = {VERSION} as the first line")
    elif not isinstance(version, int) or isinstance(version, bool):
        message = f"version must be the number {VERSION}, not {type_name(version)}"
        root.note("version", "WrongType", message)
    elif version != VERSION:
        message = f"this crosslane reads version {VERSION} of the config only"
        root.note("version", "UnsupportedVersion", message, "install a newer crosslane, or correct the version")


def _accounts(root: Table) -> tuple[Account, ...]:
    """The accounts in the file's order, those that are wrong included as far as they can be read."""
    table = subtable(root, "accounts", None, required="there is no [accounts]; it names at least tools")
    found = []
    by_id: dict[str, str] = {}
    for name in table.values:
        if why := broken(rules.ACCOUNT_NAME, name):
            table.note(name, "BadName", f"accounts: {quoted(name)} {why}")
        entry = subtable(table, name, ACCOUNT_KEYS)
        id_ = _account_id(entry)
        if id_ and id_ in by_id:
            message = (
                f"{dotted(('accounts', by_id[id_]))} and {dotted(entry.key)} have the same id {id_}; each name "
                "stands for an account of its own, because what is proven is that accounts are kept apart"
            )
            hint = f"keep one, and name it in both places, as in account = {quoted(by_id[id_])}"
            entry.note("id", "DuplicateAccountId", message, hint)
        elif id_:
            by_id[id_] = name
        found.append(Account(name, id_ or "", ruled(entry, "profile", rules.PROFILE)))
    if "tools" not in table.values and not table.stand_in:
        message = "accounts has no tools: the account of that name holds the pipeline, its key and its artifacts"
        table.note("tools", "MissingTools", message)
    return tuple(found)


def _account_id(entry: Table) -> str | None:
    value = entry.values.get("id")
    where = dotted((*entry.key, "id"))
    if isinstance(value, int) and not isinstance(value, bool):
        message = f"{where} must be a string: put its 12 digits in quotes (a number would lose its leading zeros)"
        entry.note("id", "BadAccountId", message)
        return None
    id_ = string(entry, "id", required=f"{where} is missing; it is the account's 12 digits, in quotes")
    if id_ is None:
        return None
    if why := broken(rules.ACCOUNT_ID, id_):
        entry.note("id", "BadAccountId", f"{where}: {quoted(id_)} {why}")
        return None
    return id_


def _account_reference(table: Table, name: str, names: AccountNames, missing: str) -> str:
    """The name of an account of this file, under the key ``name``."""
    value = string(table, name, required=missing)
    if value is not None and names is not None and value not in names:
        message = f"{dotted((*table.key, name))}: there is no account {quoted(value)}{nearest(value, names)}"
        table.note(name, "UnknownAccount", message)
    return value or ""


def _pipeline(root: Table, names: AccountNames, path: Path, region: str | None) -> Pipeline:
    table = subtable(root, "pipeline", PIPELINE_KEYS, required="there is no [pipeline]")
    name = ruled(table, "name", rules.PIPELINE, required="pipeline.name is missing")
    file_region = string(
        table,
        "region",
        required=None if region else 'no region: write pipeline.region, such as region = "eu-west-1", or pass --region',
    )
    if file_region is not None and (why := broken_region(file_region)):
        table.note("region", "BadRegion", f"pipeline.region: {quoted(file_region)} {why}")
    app = string(table, "app")
    if app is not None and (not app or "\0" in app):
        table.note("app", "BadPath", "pipeline.app must be the path of a folder")
        app = None
    return Pipeline(
        name=name or "",
        region=region or file_region or "",
        source=_source(table, names, name or ""),
        app=_real(path.parent / (app or APP)),
    )


def _real(path: Path) -> Path:
    """``path``, absolute and without links; unlike ``Path.resolve`` this takes any path whatever."""
    return Path(os.path.realpath(path))


def _source(pipeline: Table, names: AccountNames, pipeline_name: str) -> Source:
    missing = 'pipeline.source is missing; write source = { account = "dev" }'
    table = subtable(pipeline, "source", SOURCE_KEYS, required=missing)
    provider = string(table, "provider")
    if provider not in (None, "codecommit"):
        message = f'pipeline.source.provider: {quoted(provider)} is not supported; only "codecommit" is'
        table.note("provider", "UnknownProvider", message)
    account = _account_reference(table, "account", names, "pipeline.source.account is missing")
    return Source(
        account=account,
        repository=ruled(table, "repository", rules.REPOSITORY) or pipeline_name,
        branch=ruled(table, "branch", rules.BRANCH) or "main",
    )


def _stages(root: Table, names: AccountNames) -> tuple[Stage, ...]:
    found: list[Stage] = []
    seen: dict[str, str] = {}
    for table in tables(root, "stages", STAGE_KEYS):
        if table is None:
            found.append(Stage("", ""))  # keeps the positions of the others
            continue
        where = dotted(table.key)
        name = ruled(table, "name", rules.STAGE, required=f"{where} has no name")
        if name and (twin := seen.setdefault(name.replace("-", "").lower(), name)) is not name:
            message = f'{where}: there is already a stage "{twin}"'
            if twin != name:
                message += f', which "{name}" differs from in case or hyphens only'
            table.note("name", "DuplicateStage", message)
        account = _account_reference(table, "account", names, f"{where} has no account")
        found.append(Stage(name or "", account, boolean(table, "approval", False)))
    if root.values.get("stages") in (None, []):
        message = "there are no stages; write at least one [[stages]] with name and account"
        root.note("stages", "NoStages", message)
    count = 2 + len(found) + sum(stage.approval for stage in found)
    if count > rules.MOST_PIPELINE_STAGES:
        message = (
            f"the pipeline would have {count} stages (Source, Build, one for each of [[stages]] and for each "
            f"approval); CodePipeline takes {rules.MOST_PIPELINE_STAGES}"
        )
        root.note("stages", "TooManyStages", message)
    return tuple(found)


def _bootstrap(root: Table, names: AccountNames, pipeline: Pipeline) -> Bootstrap:
    table = subtable(root, "bootstrap", BOOTSTRAP_KEYS)
    default = Bootstrap()
    mode = _choice(table, "mode", Mode, "mode", "UnknownMode")
    store = _choice(table, "key_store", KeyStore, "store", "UnknownKeyStore")
    mfa_serial = ruled(table, "mfa_serial", rules.MFA_SERIAL)
    if mfa_serial is not None and (mode is Mode.KEYLESS or "oidc" in table.values):
        message = "bootstrap.mfa_serial is for the user's key, and in mode keyless there is none"
        table.note("mfa_serial", "MfaWithoutKey", message, "ask for MFA in IAM Identity Center instead")
    oidc = _oidc(table, pipeline.source.branch)
    if "oidc" in table.values and mode not in (None, Mode.KEYLESS):
        message = f'bootstrap.oidc goes with mode = "keyless", not {quoted(mode)}: it stands in place of user and key'
        table.note("mode", "OidcNeedsKeyless", message, "leave out mode: with oidc it is keyless")
    accounts = strings(table, "accounts", default.accounts)
    _check_bootstrap_accounts(table, names)
    chosen = {
        name: value
        for name, rule in BOOTSTRAP_RULES.items()
        if (value := ruled(table, name, rule, pipeline=pipeline.name or "x")) is not None
    }
    return replace(
        default,
        mode=mode or (Mode.KEYLESS if oidc else default.mode),
        accounts=accounts,
        key_max_age_days=whole_number(
            table, "key_max_age_days", default.key_max_age_days, least=1, most=LONGEST_KEY_DAYS
        ),
        key_store=store or default.key_store,
        mfa_serial=mfa_serial,
        oidc=oidc,
        **chosen,
    )


def _choice(table: Table, name: str, choices: type[E], word: str, code: str) -> E | None:
    """The member of ``choices`` under the key ``name``; ``word`` is what a message calls it."""
    value = string(table, name)
    known = [str(choice) for choice in choices]
    if value is None or value in known:
        return None if value is None else choices(value)
    message = f"{dotted((*table.key, name))}: there is no {word} {quoted(value)}{nearest(value, known)}"
    table.note(name, code, message)
    return None


def _oidc(table: Table, branch: str) -> Oidc | None:
    value = string(table, "oidc")
    if value is None:
        return None
    try:
        return parse_oidc(value, branch=branch)
    except OidcError as error:
        table.note("oidc", "BadOidc", f"bootstrap.oidc: {quoted(value)} {error}")
        return None


def _check_bootstrap_accounts(table: Table, names: AccountNames) -> None:
    given = table.values.get("accounts")
    if not isinstance(given, list):
        return
    if not given:
        message = 'bootstrap.accounts is empty; leave it out for ["tools"]'
        table.note("accounts", "NoBootstrapAccounts", message, "crosslane deploy goes without the bootstrap")
    for index, account in enumerate(given):
        key = (*table.key, "accounts", index)
        if not isinstance(account, str):
            continue
        if names is not None and account not in names:
            message = f"bootstrap.accounts: there is no account {quoted(account)}{nearest(account, names)}"
            table.problems.append(Problem(key, "UnknownAccount", message))
        elif account in given[:index]:
            message = f"bootstrap.accounts names {quoted(account)} twice"
            table.problems.append(Problem(key, "DuplicateAccount", message))


def _sign_in(root: Table) -> SignIn:
    table = subtable(root, "sign_in", SIGN_IN_KEYS)
    region = string(table, "region")
    if region is not None and (why := broken_region(region)):
        table.note("region", "BadRegion", f"sign_in.region: {quoted(region)} {why}")
    return SignIn(
        start_url=ruled(table, "start_url", rules.START_URL),
        region=region,
        permission_set=ruled(table, "permission_set", rules.PERMISSION_SET),
    )


def default_names(pipeline_name: str) -> Names:
    """The names that a config has which says nothing about names, ``{pipeline}`` replaced."""
    default = Names()
    return replace(
        default,
        **{
            name: value.replace("{pipeline}", pipeline_name)
            for name in NAMES_KEYS
            if (value := getattr(default, name)) is not None
        },
    )


def _names(root: Table, pipeline_name: str) -> Names:
    table = subtable(root, "names", NAMES_KEYS)
    chosen = {
        name: value
        for name, rule in NAMES_RULES.items()
        if (value := ruled(table, name, rule, pipeline=pipeline_name or "x")) is not None
    }
    return replace(default_names(pipeline_name), **chosen)
