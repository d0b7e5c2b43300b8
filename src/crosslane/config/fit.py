"""What has to fit together in a config whose single values are right: names that meet, profiles that clash."""

from __future__ import annotations

from crosslane.config.model import Config
from crosslane.config.rules import NAMES_RULES, STACK, broken
from crosslane.config.tables import KeyPath, Problem, Table, dotted, quoted


def check_fit(root: Table, config: Config) -> None:
    """Note in ``root`` what does not fit together in ``config``, which was read from it.

    Values that could not be read are empty in ``config`` and are passed over: they have been noted already.
    """
    if config.pipeline.name:
        _check_derived_names(root, config)
    _check_distinct_names(root, config)
    _check_distinct_profiles(root, config)
    _check_added_profiles(root, config)


def _app_stack(pipeline_name: str, stage_name: str) -> str:
    """The name of the stack that a stage deploys the app as."""
    return f"{pipeline_name}-{stage_name}"


def _check_derived_names(root: Table, config: Config) -> None:
    """Names that the file leaves to us may become too long with this pipeline's name and these stages'."""
    for name, rule in NAMES_RULES.items():
        value = getattr(config.names, name)
        if not _in_file(root, ("names", name)) and value is not None and (why := broken(rule, value)):
            message = f"names.{name} would be {quoted(value)}, which {why}"
            hint = f"shorten pipeline.name or set names.{name}"
            root.problems.append(Problem(("pipeline", "name"), "BadName", message, hint))
    for index, stage in enumerate(config.stages):
        stack = _app_stack(config.pipeline.name, stage.name)
        if stage.name and (why := broken(STACK, stack)):
            message = f"the app's stack of this stage would be {quoted(stack)}, which {why}"
            hint = "shorten pipeline.name or the stage's name"
            root.problems.append(Problem(("stages", index, "name"), "BadName", message, hint))


def _check_distinct_names(root: Table, config: Config) -> None:
    """Any two stacks or roles may meet in one account, so all of them need names of their own.

    IAM does not tell names apart by case
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, looked up 2026-11-24); for stacks we
    are as strict, for the sake of the reader.
    """
    bootstrap = config.bootstrap
    policies: list[tuple[KeyPath, str]] = [
        (("bootstrap", "policy"), bootstrap.policy),
        (("bootstrap", "boundary"), bootstrap.boundary),
    ]
    roles: list[tuple[KeyPath, str]] = [(("bootstrap", "role"), bootstrap.role)]
    stacks: list[tuple[KeyPath, str]] = []
    for name in NAMES_RULES:
        key: KeyPath = ("names", name)
        if name.endswith("_role"):
            roles.append((key, getattr(config.names, name)))
        elif name.endswith("_stack"):
            stacks.append((key, getattr(config.names, name)))
    for index, stage in enumerate(config.stages):
        if stage.name and config.pipeline.name:
            stacks.append((("stages", index, "name"), _app_stack(config.pipeline.name, stage.name)))
    for what, things in (("policies", policies), ("roles", roles), ("stacks", stacks)):
        _check_distinct(root, what, things)


def _check_distinct(root: Table, what: str, things: list[tuple[KeyPath, str]]) -> None:
    owner: dict[str, KeyPath] = {}
    for key, value in things:
        first = owner.setdefault(value.lower(), key)
        twin_stages = first[0] == key[0] == "stages"  # noted already, as duplicate stages
        if first is not key and not twin_stages:
            message = f"two {what} would have the name {quoted(value)}: {dotted(first)} and {dotted(key)}"
            place = key if _in_file(root, key) else first
            root.problems.append(Problem(place, "DuplicateName", message, "choose another name for one of them"))


def _check_distinct_profiles(root: Table, config: Config) -> None:
    owner: dict[str, str] = {}
    for account in config.accounts:
        if account.profile is None:
            continue
        first = owner.setdefault(account.profile, account.name)
        if first != account.name:
            message = (
                f"{dotted(('accounts', first))} and {dotted(('accounts', account.name))} have the same profile "
                f"{quoted(account.profile)}; a profile signs in to one account"
            )
            key = ("accounts", account.name, "profile")
            root.problems.append(Problem(key, "DuplicateProfile", message))


def _check_added_profiles(root: Table, config: Config) -> None:
    """The bootstrap adds the profiles ``X_admin`` and ``X_admin_deployer``; no sign-in may go by these names."""
    owner = {account.profile: account.name for account in config.accounts if account.profile}
    for account in config.accounts:
        if account.name not in config.bootstrap.accounts:
            continue
        base = account.profile or account.name
        for added in (f"{base}_admin", f"{base}_admin_deployer"):
            if added in owner:
                message = (
                    f"{dotted(('accounts', owner[added], 'profile'))}: {quoted(added)} is the name of a profile that "
                    f"the bootstrap of {dotted((account.name,))} writes"
                )
                key = ("accounts", owner[added], "profile")
                root.problems.append(Problem(key, "ProfileClash", message, "use another profile for one of them"))


def _in_file(root: Table, key: KeyPath) -> bool:
    """Whether the file itself has ``key``, so that a problem can be shown there."""
    value: object = root.values
    for part in key:
        match value, part:
            case dict(), str() if part in value:
                value = value[part]
            case list(), int() if part < len(value):
                value = value[part]
            case _:
                return False
    return True
