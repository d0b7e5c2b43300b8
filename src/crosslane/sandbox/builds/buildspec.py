"""Reads a buildspec, version 0.2, and refuses what is wrong in it before anything runs.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html (2026-11-25)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELLS = ("sh", "bash", "/bin/sh", "/bin/bash")
_TOP = ("version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache", "mode")
_ENV = ("shell", "variables", "parameter-store", "secrets-manager", "exported-variables", "git-credential-helper")
_PHASE = ("run-as", "on-failure", "runtime-versions", "commands", "finally", "steps")
_ARTIFACTS = (
    "files",
    "name",
    "discard-paths",
    "base-directory",
    "exclude-paths",
    "enable-symlinks",
    "s3-prefix",
    "secondary-artifacts",
)


@dataclass(frozen=True, slots=True)
class Phase:
    """Commands of a phase; ``finally_`` run after them in any case."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    on_failure: str | None = None
    """ABORT, CONTINUE, or None for CodeBuild's own order of phases."""
    runtime_versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Artifact:
    """Files to hand on; paths are relative to ``base_directory`` (a pattern) in the source folder."""

    files: tuple[str, ...]
    base_directory: str | None = None
    discard_paths: bool = False
    exclude_paths: tuple[str, ...] = ()
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Buildspec:
    """A buildspec; ``notes`` say what of it the sandbox leaves undone."""

    phases: Mapping[str, Phase]
    shell: str = "sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameter_store: Mapping[str, str] = field(default_factory=dict)
    secrets_manager: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    git_credentials: bool = False
    artifact: Artifact | None = None
    secondary: Mapping[str, Artifact] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class BuildspecError(Exception):
    """The buildspec is wrong, or asks for what the sandbox does not do; the text is for its author."""


def parse_buildspec(text: str) -> Buildspec:
    """The buildspec in this YAML. Raises ``BuildspecError``."""
    try:
        whole = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise BuildspecError(f"the buildspec is no YAML{where}: {getattr(error, 'problem', error)}") from None
    if not isinstance(whole, dict):
        raise BuildspecError("wrong type: a buildspec is a mapping")
    _known("buildspec", whole, _TOP)
    if "version" not in whole:
        raise BuildspecError("version is missing")
    version = str(whole["version"])
    if version == "0.1":
        raise BuildspecError("the sandbox does not support buildspec version 0.1, only 0.2")
    if version != "0.2":
        raise BuildspecError(f"unknown version {version}: it is 0.2")
    _refuse_user("", whole)
    env = _mapping("env", whole.get("env"))
    _known("env", env, _ENV)
    phases = {name: _phase(name, value) for name, value in _phases(whole).items()}
    artifacts = _mapping("artifacts", whole.get("artifacts"))
    ignored = [name for name in ("proxy", "batch", "reports", "cache") if whole.get(name)]
    return Buildspec(
        phases=phases,
        shell=_shell(env),
        variables=_strings("env/variables", env.get("variables")),
        parameter_store=_strings("env/parameter-store", env.get("parameter-store")),
        secrets_manager=_strings("env/secrets-manager", env.get("secrets-manager")),
        exported=_exported(env),
        git_credentials=_flag("env/git-credential-helper", env.get("git-credential-helper")),
        artifact=_artifact("artifacts", artifacts) if artifacts.get("files") or _primary(artifacts) else None,
        secondary=_secondary(artifacts),
        notes=tuple(f"{name} of the buildspec is ignored here" for name in ignored),
    )


class _Loader(yaml.SafeLoader):
    """Leaves every scalar but null as text: 3.10 is a version and not 3.1, ``no`` is a word."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _phases(whole: Mapping[str, Any]) -> Mapping[str, Any]:
    if "phases" not in whole:
        raise BuildspecError("phases is missing")
    phases = _mapping("phases", whole["phases"])
    if not phases:
        raise BuildspecError("phases has no phase")
    for name in phases:
        if name not in PHASES:
            raise BuildspecError(f"unknown phase {name}: phases are {', '.join(PHASES)}")
    return phases


def _phase(name: str, value: Any) -> Phase:
    where = f"phases/{name}"
    given = _mapping(where, value)
    _known(where, given, _PHASE)
    _refuse_user(f"{where}/", given)
    if given.get("steps"):
        raise BuildspecError(f"the sandbox does not support {where}/steps")
    on_failure = given.get("on-failure")
    if on_failure is not None and on_failure not in ("ABORT", "CONTINUE"):
        if str(on_failure).startswith("RETRY"):
            raise BuildspecError(f"the sandbox does not support {where}/on-failure: {on_failure}")
        raise BuildspecError(f"{where}/on-failure is {on_failure}: it is ABORT or CONTINUE")
    versions = _strings(f"{where}/runtime-versions", given.get("runtime-versions"))
    if versions and name != "install":
        raise BuildspecError(f"{where}/runtime-versions is only allowed in the phase install")
    commands = _commands(f"{where}/commands", given.get("commands"))
    finally_ = _commands(f"{where}/finally", given.get("finally"))
    if not commands and not versions and not finally_:
        raise BuildspecError(f"{where}/commands is missing")
    return Phase(commands, finally_, on_failure, versions)


def _commands(where: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BuildspecError(f"wrong type: {where} is a list of commands")
    for position, command in enumerate(value):
        if not isinstance(command, str):
            kind = "mapping: put a command with a colon in quotes" if isinstance(command, dict) else "no text"
            raise BuildspecError(f"wrong type: {where}[{position}] is a {kind}")
    return tuple(value)


def _artifact(where: str, given: Mapping[str, Any]) -> Artifact:
    _known(where, given, _ARTIFACTS)
    if not given.get("files"):
        raise BuildspecError(f"{where}/files is missing")
    if _flag(f"{where}/enable-symlinks", given.get("enable-symlinks")):
        raise BuildspecError(f"the sandbox does not support {where}/enable-symlinks")
    if given.get("s3-prefix"):
        raise BuildspecError(f"the sandbox does not support {where}/s3-prefix")
    return Artifact(
        files=_texts(f"{where}/files", given["files"]),
        base_directory=str(given["base-directory"]) if given.get("base-directory") is not None else None,
        discard_paths=_flag(f"{where}/discard-paths", given.get("discard-paths")),
        exclude_paths=_texts(f"{where}/exclude-paths", given.get("exclude-paths")),
        name=str(given["name"]) if given.get("name") is not None else None,
    )


def _primary(artifacts: Mapping[str, Any]) -> bool:
    """Whether anything is said of the primary artifact, which then needs files."""
    return any(name != "secondary-artifacts" for name in artifacts)


def _secondary(artifacts: Mapping[str, Any]) -> Mapping[str, Artifact]:
    where = "artifacts/secondary-artifacts"
    given = _mapping(where, artifacts.get("secondary-artifacts"))
    for name, value in given.items():
        if "secondary-artifacts" in _mapping(f"{where}/{name}", value):
            raise BuildspecError(f"{where}/{name}/secondary-artifacts is unknown")
    return {name: _artifact(f"{where}/{name}", _mapping(f"{where}/{name}", value)) for name, value in given.items()}


def _shell(env: Mapping[str, Any]) -> str:
    shell = str(env.get("shell") or "sh")
    if shell not in _SHELLS:
        raise BuildspecError(f"the sandbox does not support env/shell: {shell}, only sh and bash")
    return shell.rpartition("/")[2]


def _exported(env: Mapping[str, Any]) -> tuple[str, ...]:
    names = _texts("env/exported-variables", env.get("exported-variables"))
    for name in names:
        _check_name("env/exported-variables", name)
    return names


def _refuse_user(where: str, given: Mapping[str, Any]) -> None:
    if given.get("run-as") not in (None, "root"):
        raise BuildspecError(f"the sandbox does not support {where}run-as: commands run as you")


def _known(where: str, given: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in given:
        if name not in names:
            raise BuildspecError(f"{where} has an unknown key {name}: its keys are {', '.join(names)}")


def _mapping(where: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BuildspecError(f"wrong type: {where} is a mapping")
    return {str(name): one for name, one in value.items()}


def _strings(where: str, value: Any) -> Mapping[str, str]:
    found = _mapping(where, value)
    for name, text in found.items():
        if not where.endswith("runtime-versions"):
            _check_name(where, name)
        if isinstance(text, (dict, list)):
            raise BuildspecError(f"wrong type: {where}/{name} is text")
    return {name: "" if text is None else str(text) for name, text in found.items()}


def _check_name(where: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BuildspecError(f"{where}: {name} cannot be the name of a variable")


def _texts(where: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    listed = value if isinstance(value, list) else [value]
    if any(isinstance(one, (dict, list)) or one is None for one in listed):
        raise BuildspecError(f"wrong type: {where} is a list of texts")
    return tuple(str(one) for one in listed)


def _flag(where: str, value: Any) -> bool:
    if value is None:
        return False
    if str(value).lower() in ("yes", "no", "true", "false"):
        return str(value).lower() in ("yes", "true")
    raise BuildspecError(f"{where} is {value}: it is yes or no")
