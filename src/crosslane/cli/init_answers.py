"""The answers that ``crosslane init`` needs: from flags, from questions on a terminal, or from defaults."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from crosslane.config.build import APP, default_names
from crosslane.config.model import Account, Bootstrap, Config, Mode, Pipeline, Source, Stage
from crosslane.config.rules import (
    ACCOUNT_ID,
    ACCOUNT_NAME,
    BRANCH,
    PIPELINE,
    PROFILE,
    REPOSITORY,
    Rule,
    broken,
    broken_region,
)
from crosslane.config.tables import nearest, quoted
from crosslane.errors import UsageError

GUIDE_ACCOUNTS = ("tools", "dev", "test", "prod")
GUIDE_STAGES = ("test=test", "production=prod:approval")
"""What the guide and its script set up."""
GUIDE_PIPELINE = "sample-lambda"
GUIDE_REGION = "eu-west-1"

Check = Callable[[str], str | None]
"""Why an answer will not do, or None."""


@dataclass(slots=True)
class Questions:
    """Gets each answer from its flag, else by asking, else from its default; notes which flags are missing."""

    on_terminal: bool
    missing: list[str] = field(default_factory=list)

    def answer(
        self,
        given: str | None,
        question: str,
        *,
        flag: str,
        check: Check,
        default: str | None = None,
        suggestion: str | None = None,
    ) -> str:
        """The answer; "" if there is none, noted in ``missing``.

        ``default`` is taken where nobody can be asked; ``suggestion`` is only offered to who is asked.
        """
        if given is not None:
            return given
        if self.on_terminal:

            def checked(value: str) -> str:
                value = value.strip()
                if why := check(value):
                    raise click.UsageError(why)
                return value

            answer: str = click.prompt(question, default=default or suggestion, value_proc=checked, err=True)
            return answer
        if default is None:
            self.missing.append(flag)
        return default or ""


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line says; None or empty for what it leaves open. ``path`` is absolute."""

    path: Path
    pipeline_name: str | None
    region: str | None
    accounts: tuple[Account, ...]
    stages: tuple[Stage, ...]
    source_account: str | None
    repository: str | None
    branch: str | None
    mode: str | None
    app: str | None


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """What the machine's own AWS settings suggest: a ``region``, and which profiles sign in with SSO."""

    region: str | None = None
    sso_profiles: frozenset[str] = frozenset()


def config_from(flags: Flags, questions: Questions, *, aws: AwsSettings, sandbox: bool) -> Config:
    """The config that the flags and answers describe; not validated as a whole yet.

    With ``sandbox`` everything has a default. Raises ``UsageError`` if something is left open.
    """
    folder = flags.path.parent
    name = questions.answer(
        flags.pipeline_name,
        "Name of the pipeline",
        flag="--pipeline-name",
        check=_keeps(PIPELINE),
        default=GUIDE_PIPELINE if sandbox else None,
        suggestion=GUIDE_PIPELINE if broken(PIPELINE, folder.name) else folder.name,
    )
    region = questions.answer(
        flags.region,
        "Region",
        flag="--region",
        check=_is_region,
        default=GUIDE_REGION if sandbox else None,
        suggestion=aws.region or GUIDE_REGION,
    )
    accounts = _accounts(questions, flags.accounts, sandbox)
    names = [account.name for account in accounts]
    source = _source(questions, flags, names, name)
    stages = flags.stages or _stages(questions, names, source.account)
    mode = _mode(questions, flags.mode, accounts, aws)
    if questions.missing:
        raise UsageError(
            f"not all is said, and there is nobody to ask: give {', '.join(questions.missing)}",
            "MissingAnswers",
            next="give these flags, or try it with --sandbox, where everything has a default",
        )
    return Config(
        path=flags.path,
        pipeline=Pipeline(name, region, source, Path(os.path.realpath(folder / (flags.app or APP)))),
        accounts=accounts,
        stages=stages,
        bootstrap=Bootstrap(mode=Mode(mode)),
        names=default_names(name),
    )


def _source(questions: Questions, flags: Flags, names: Sequence[str], pipeline_name: str) -> Source:
    account = questions.answer(
        flags.source_account,
        "Account of the CodeCommit repository",
        flag="--source-account",
        check=lambda value: _unknown(value, names),
        default="dev" if "dev" in names else [*names[1:], *names][0],
    )
    repository = questions.answer(
        flags.repository,
        "Name of the repository",
        flag="--repository",
        check=_keeps(REPOSITORY),
        default=pipeline_name,
    )
    branch = questions.answer(flags.branch, "Branch", flag="--branch", check=_keeps(BRANCH), default="main")
    return Source(account, repository, branch)


def _accounts(questions: Questions, given: tuple[Account, ...], sandbox: bool) -> tuple[Account, ...]:
    """The accounts of the flags, and tools if they lack it; without flags those that are named, the guide's four."""
    found = {account.name: account for account in given}
    if len(found) < len(given):
        raise UsageError("--account: the same name twice", "DuplicateAccount")
    wanted = [name for name in ("tools",) if name not in found]
    if not given:
        listed = questions.answer(
            None,
            "Accounts, by names of your own; tools holds the pipeline",
            flag="--account",
            check=_names_check,
            default=" ".join(GUIDE_ACCOUNTS),
        )
        wanted = listed.replace(",", " ").split()
    for name in wanted:
        taken = [account.id for account in found.values()]
        id_ = questions.answer(
            None,
            f"Account id of {name}",
            flag=f"--account {name}=ID",
            check=_free_id(taken),
            default=_example_id(taken) if sandbox else None,
        )
        profile = questions.answer(
            None, f"AWS profile of {name}, - for none", flag="--account", check=_keeps(PROFILE), default=name
        )
        found[name] = Account(name, id_, None if profile == "-" else profile)
    tools_first = sorted(found.values(), key=lambda account: account.name != "tools")
    return tuple(tools_first)


def _free_id(taken: Sequence[str]) -> Check:
    """A check for an account id that is none of ``taken``."""
    return lambda value: "another account has this id already" if value in taken else _keeps(ACCOUNT_ID)(value)


def _example_id(taken: Sequence[str]) -> str:
    """An id for the sandbox: 111111111111, 222222222222 and so on, passing over those that are taken."""
    ids = [str(digit) * 12 for digit in range(1, 10)] + [f"{number:012d}" for number in range(1, 1000)]
    return next(id_ for id_ in ids if id_ not in taken)


def _stages(questions: Questions, names: Sequence[str], source: str) -> tuple[Stage, ...]:
    """The stages that are asked for; by default the guide's, or one for each account that is neither end."""
    default = list(GUIDE_STAGES)
    if set(GUIDE_ACCOUNTS) != set(names):
        targets = [name for name in names if name not in ("tools", source)] or [source]
        default = [f"{'production' if name == 'prod' else name}={name}" for name in targets]
        if len(default) > 1:
            default[-1] += ":approval"
    answer = questions.answer(
        None,
        "Stages in order, as NAME=ACCOUNT or NAME=ACCOUNT:approval",
        flag="--stage",
        check=lambda value: _stages_check(value, names),
        default=" ".join(default),
    )
    return tuple(map(stage_of, answer.split()))


def _mode(questions: Questions, given: str | None, accounts: tuple[Account, ...], aws: AwsSettings) -> str:
    """The mode; ``keyless`` is recommended to who signs in with SSO."""
    sso = any(account.name == "tools" and account.profile in aws.sso_profiles for account in accounts)
    if sso and given is None:
        hint = "The profile of tools signs in with SSO; mode keyless then needs no user and no access key."
        click.echo(hint, err=True)
    return questions.answer(
        given,
        f"Mode of the bootstrap ({', '.join(Mode)})",
        flag="--mode",
        check=lambda value: None if value in list(Mode) else f"there is no mode {quoted(value)}",
        default=str(Mode.KEYLESS if sso and questions.on_terminal else Mode.LEAST),
    )


def aws_settings(environ: Mapping[str, str], home: Path) -> AwsSettings:
    """What the environment and the AWS config file suggest; no other file is read.

    A file that cannot be read suggests nothing.
    """
    from crosslane.credentials.profile_files import ProfileFiles
    from crosslane.credentials.section_text import read_profiles

    try:
        text = ProfileFiles.from_environment(environ, home).config_path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    profiles = read_profiles(text)
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or profiles.get("tools", {}).get("region")
    return AwsSettings(
        region if isinstance(region, str) and not broken_region(region) else None,
        frozenset(name for name, keys in profiles.items() if "sso_session" in keys or "sso_start_url" in keys),
    )


def account_of(flag: str) -> Account:
    """The account that ``--account`` gives; without a profile that of its own name, with an empty one none."""
    name, equals, rest = flag.partition("=")
    id_, colon, profile = rest.partition(":")
    if not (name and equals and id_):
        raise UsageError(f"--account {flag}: write NAME=ID or NAME=ID:PROFILE", "BadAccount")
    return Account(name, id_, (profile or None) if colon else name)


def stage_of(flag: str) -> Stage:
    """The stage that ``--stage`` gives."""
    name, equals, rest = flag.partition("=")
    account, colon, approval = rest.partition(":")
    if not (name and equals and account) or (colon and approval != "approval"):
        raise UsageError(f"--stage {flag}: write NAME=ACCOUNT or NAME=ACCOUNT:approval", "BadStage")
    return Stage(name, account, bool(colon))


def _keeps(rule: Rule) -> Check:
    return lambda value: f"this {why}" if (why := broken(rule, value)) else None


def _is_region(value: str) -> str | None:
    return f"{quoted(value)} {why}" if (why := broken_region(value)) else None


def _names_check(value: str) -> str | None:
    names = value.replace(",", " ").split()
    if "tools" not in names:
        return "tools must be among them"
    if len(set(names)) < len(names):
        return "the same name twice"
    return next((f"{name}: {why}" for name in names if (why := _keeps(ACCOUNT_NAME)(name))), None)


def _stages_check(value: str, names: Sequence[str]) -> str | None:
    try:
        stages = [stage_of(word) for word in value.split()]
    except UsageError as error:
        return error.message
    return next((why for stage in stages if (why := _unknown(stage.account, names))), None)


def _unknown(value: str, names: Sequence[str]) -> str | None:
    return None if value in names else f"there is no account {quoted(value)}{nearest(value, names)}"
