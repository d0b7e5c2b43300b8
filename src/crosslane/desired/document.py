"""``docs/what-is-created.md``, written from the desired state, so that it cannot fall behind the code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crosslane.config.model import Config
from crosslane.desired.model import BootstrapState, Desired, OutputOf, Stack, Statement
from crosslane.desired.stacks.stages import stage_names
from crosslane.desired.written import Written, written_policies

_HEAD = """# What is created

Everything that `crosslane up` makes for the config of the guide (tools, dev, test and prod; mode `{mode}`), with the
reason for every statement of every policy. This page is generated from the code; `crosslane plan` shows the same for
your config, and `crosslane plan --export DIR` writes it out. `*` stands for a part that AWS makes up.
"""


def what_is_created(config: Config, desired: Desired) -> str:
    """The page for ``config``, whose desired state is ``desired``, as Markdown."""
    policies = written_policies(config, desired)
    parts = [_HEAD.format(mode=config.bootstrap.mode.value), _principals(desired, policies)]
    for state in desired.bootstraps:
        own = [one for one in policies if one.account == state.account and one.stack is None]
        parts.append(_bootstrap(state, own))
    parts.append(_repository(desired))
    for stack in desired.stacks:
        own = [one for one in policies if one.account == stack.account and one.stack == stack.name]
        parts.append(_stack(config, stack, own))
    parts.append(_cautions(desired))
    return "\n".join(parts)


def readable(value: Any) -> str:
    """A policy's value for people: intrinsic functions as ``${NAME}``, lists joined."""
    match value:
        case str():
            return value
        case {"Fn::Sub": str() as text}:
            return text
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return f"${{{logical_id}.{attribute}}}"
        case list():
            return ", ".join(readable(item) for item in value)
        case Mapping():
            return ", ".join(f"{key}: {readable(item)}" for key, item in value.items())
        case _:
            return json.dumps(value)


def _principals(desired: Desired, policies: tuple[Written, ...]) -> str:
    lines = [
        "## Principals",
        "",
        "| account | principal | made by | trusted to be assumed by |",
        "| --- | --- | --- | --- |",
    ]
    for state in desired.bootstraps:
        if state.user is not None:
            lines.append(f"| {state.account} | user `{state.user.name}` | bootstrap | — (has an access key) |")
    for policy in policies:
        if policy.kind != "trust policy":
            continue
        trusted = "; ".join(_trusted(statement) for statement in policy.document.statements)
        kind, name = policy.of.split(" ", 1)
        made_by = "bootstrap" if policy.stack is None else f"stack `{policy.stack}`"
        lines.append(f"| {policy.account} | {kind} `{name}` | {made_by} | {trusted} |")
    return "\n".join([*lines, ""])


def _trusted(statement: Statement) -> str:
    who = readable(statement.principal)
    if not statement.condition:
        return f"`{who}`"
    return f"`{who}` if {_condition(statement)}"


def _condition(statement: Statement) -> str:
    return ", ".join(
        f"`{operator} {key}` is `{readable(value)}`"
        for operator, keys in (statement.condition or {}).items()
        for key, value in keys.items()
    )


def _bootstrap(state: BootstrapState, policies: list[Written]) -> str:
    lines = [f"## Bootstrap of {state.account}", ""]
    if state.user is not None and state.key_profile is not None:
        lines.append(f"- User `{state.user.name}` (G4), profile `{state.key_profile.name}` with its access key.")
    lines.append(
        f"- Role `{state.role.name}` (G7), profile `{state.session_profile.name}` with a session of"
        f" {state.session_profile.seconds // 60} minutes."
    )
    lines.append(f"- Policies: {', '.join(f'`{policy.name}`' for policy in state.policies)}.")
    lines.append("")
    return "\n".join([*lines, *(_policy(one) for one in policies)])


def _repository(desired: Desired) -> str:
    repository = desired.repository
    return (
        f"## Repository\n\nCodeCommit repository `{repository.name}` in {repository.account}: made if it is absent,"
        " used if it is there, never replaced.\n"
    )


def _stack(config: Config, stack: Stack, policies: list[Written]) -> str:
    row = f" ({stack.guide})" if stack.guide else ""
    lines = [f"## Stack `{stack.name}` in {stack.account}{row}, level {stack.level}", ""]
    lines += ["| resource | type |", "| --- | --- |"]
    resources = json.loads(stack.template)["Resources"]
    lines += [f"| `{logical_id}` | `{resource['Type']}` |" for logical_id, resource in resources.items()]
    lines += ["", "| parameter | value |", "| --- | --- |"]
    for parameter in stack.parameters:
        value = parameter.value
        shown = (
            f"output `{value.key}` of `{value.stack}` in {value.account}"
            if isinstance(value, OutputOf)
            else (f"`{value}`" if value else "(empty)")
        )
        lines.append(f"| `{parameter.name}` | {shown} |")
    lines.append("")
    if "Pipeline" in resources:
        lines += [_stages(config), ""]
    return "\n".join([*lines, *(_policy(one) for one in policies)])


def _stages(config: Config) -> str:
    names = ["Source", "Build"]
    for _, approval, deploy in stage_names(config):
        names += [deploy] if approval is None else [approval, deploy]
    return f"Stages of the pipeline: {', '.join(f'`{name}`' for name in names)}."


def _policy(policy: Written) -> str:
    kind, _, name = policy.of.partition(" ")
    of = f"{kind} `{name}`" if kind in ("role", "policy") else policy.of
    title = f"### {policy.kind.capitalize()}" + (f" `{name}`" if kind == "policy" else f" of {of}")
    lines = [title, ""]
    for statement in policy.document.statements:
        lines += _statement(statement)
    return "\n".join([*lines, ""])


def _statement(statement: Statement) -> list[str]:
    verb = "" if statement.effect == "Allow" else f" ({statement.effect})"
    lines = [f"- **{statement.sid}**{verb}: {statement.reason}."]
    if statement.principal is not None:
        lines.append(f"  - principal: `{readable(statement.principal)}`")
    lines.append(f"  - actions: {', '.join(f'`{action}`' for action in statement.actions)}")
    if statement.resources:
        lines.append(f"  - resources: {', '.join(f'`{readable(one)}`' for one in statement.resources)}")
    if statement.condition:
        lines.append(f"  - only if {_condition(statement)}")
    return lines


def _cautions(desired: Desired) -> str:
    lines = ["## Cautions that `plan` shows", ""]
    for caution in desired.cautions:
        place = f" ({caution.account})" if caution.account else ""
        lines.append(f"- `{caution.id}`{place}: {caution.message}.")
    return "\n".join([*lines, ""])
