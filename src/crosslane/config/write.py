"""A ``Config`` in, the text of a ``crosslane.toml`` out that a person likes to read: only what is not the default."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from crosslane.config.build import APP, VERSION, default_names
from crosslane.config.model import Account, Bootstrap, Config, Names, SignIn, Stage
from crosslane.config.oidc import Oidc

_HINT_COLUMN = 34


def config_text(config: Config) -> str:
    """The file's text; ``parse_config`` makes an equal ``config`` of it if the values keep the rules.

    The app's folder is written relative to the file where it lies beneath the file's folder.
    """
    parts = [
        "# What crosslane sets up. docs/config.md names every key with its default.\n"
        "# Try it offline with: crosslane up --sandbox\n"
        f"version = {VERSION}\n",
        _pipeline(config),
        _accounts(config),
        *(_stage(stage) for stage in config.stages),
        _bootstrap(config.bootstrap),
        _sign_in(config.sign_in),
        _names(config.names, default_names(config.pipeline.name)),
    ]
    return "\n".join(part for part in parts if part)


def toml_string(value: str) -> str:
    """``value`` as a basic string of TOML 1.0."""
    return '"' + re.sub(r'["\\\x00-\x1f\x7f]', lambda match: f"\\u{ord(match[0]):04x}", value) + '"'


def _pipeline(config: Config) -> str:
    pipeline = config.pipeline
    source = [f"account = {toml_string(pipeline.source.account)}"]
    if pipeline.source.repository != pipeline.name:
        source.append(f"repository = {toml_string(pipeline.source.repository)}")
    if pipeline.source.branch != "main":
        source.append(f"branch = {toml_string(pipeline.source.branch)}")
    lines = [
        "[pipeline]",
        f"name = {toml_string(pipeline.name)}",
        f"region = {toml_string(pipeline.region)}",
        f"source = {{ {', '.join(source)} }}",
    ]
    app = _relative(pipeline.app, config.path.parent)
    if app == APP:
        lines.append(_hint(f'# app = "{APP}"', "folder with template.yaml and buildspec.yml"))
    else:
        lines.append(_hint(f"app = {toml_string(app)}", "folder with template.yaml and buildspec.yml"))
    return _lines(lines)


def _accounts(config: Config) -> str:
    width = max(len(account.name) for account in config.accounts)
    lines = ["[accounts]", "# Without a profile the ordinary AWS chain (environment, web identity) serves the account."]
    return _lines([*lines, *(_account(account, width) for account in config.accounts)])


def _account(account: Account, width: int) -> str:
    profile = "" if account.profile is None else f", profile = {toml_string(account.profile)}"
    return f"{account.name:{width}} = {{ id = {toml_string(account.id)}{profile} }}"


def _stage(stage: Stage) -> str:
    lines = ["[[stages]]", f"name = {toml_string(stage.name)}", f"account = {toml_string(stage.account)}"]
    if stage.approval:
        lines.append(_hint("approval = true", "somebody has to approve before it is deployed"))
    return _lines(lines)


def _bootstrap(bootstrap: Bootstrap) -> str:
    default = Bootstrap()
    lines = []
    for name in (field.name for field in fields(Bootstrap)):
        value = getattr(bootstrap, name)
        if value != getattr(default, name):
            lines.append(f"{name} = {_value(value)}")
        elif name == "mode":
            lines.append(_hint(f"# mode = {_value(value)}", "or guide, keyless"))
    header = "[bootstrap]" if any(not line.startswith("#") for line in lines) else "# [bootstrap]"
    return _lines([header, *lines])


def _sign_in(sign_in: SignIn) -> str:
    lines = [f"{field.name} = {_value(value)}" for field in fields(SignIn) if (value := getattr(sign_in, field.name))]
    return _lines(["[sign_in]", *lines]) if lines else ""


def _names(names: Names, default: Names) -> str:
    lines = [
        f"{field.name} = {_value(value)}"
        for field in fields(Names)
        if (value := getattr(names, field.name)) != getattr(default, field.name)
    ]
    return _lines(["[names]", *lines]) if lines else ""


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    return toml_string(str(value)) if isinstance(value, str | Oidc) else str(value)


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _hint(line: str, hint: str) -> str:
    return f"{line:{_HINT_COLUMN}}# {hint}"


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
