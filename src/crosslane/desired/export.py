"""The desired state as files, for whoever deploys by other means: templates, policies, and the commands in order."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

from crosslane.desired.model import BootstrapState, Desired, OutputOf, Stack, Tags


def export_files(desired: Desired, profiles: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Relative path -> text: ``README.md``, ``bootstrap/ACCOUNT/…`` and ``stacks/ACCOUNT/STACK/…``.

    ``profiles`` gives the sign-in profile of an account where it is not called as the account is. The same desired
    state gives the same bytes. No secret is among them.
    """
    profiles = profiles or {}
    files = {"README.md": _readme(desired, profiles)}
    for state in desired.bootstraps:
        folder = f"bootstrap/{state.account}"
        for policy in state.policies:
            files[f"{folder}/{policy.name}.json"] = _pretty(policy.document.to_json())
        files[f"{folder}/trust-policy.json"] = _pretty(state.role.trust.to_json())
    for stack in desired.stacks:
        folder = _stack_folder(stack)
        files[f"{folder}/template.json"] = _pretty(json.loads(stack.template))
        files[f"{folder}/parameters.json"] = _pretty(
            {parameter.name: _shown(parameter.value) for parameter in stack.parameters}
        )
    return files


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _shown(value: str | OutputOf) -> object:
    match value:
        case OutputOf(account, stack, key):
            return {"OutputOf": {"account": account, "stack": stack, "output": key}}
        case _:
            return value


def _stack_folder(stack: Stack) -> str:
    return f"stacks/{stack.account}/{stack.name}"


def _readme(desired: Desired, profiles: Mapping[str, str]) -> str:
    parts = [
        f"# {desired.pipeline_name}\n",
        "What `crosslane up` would make, as files, with the AWS CLI commands that make it. Run them in this folder, in"
        " this order, in a POSIX shell. A user, role or policy that is new may take some seconds until it counts.\n",
    ]
    deploying = {stack.account: profiles.get(stack.account, stack.account) for stack in desired.stacks}
    for state in desired.bootstraps:
        parts.append(f"## Bootstrap of {state.account}\n\n```sh\n{_bootstrap(state)}\n```\n")
        deploying[state.account] = state.session_profile.name
    repository = desired.repository
    profile = deploying[repository.account]
    command = _command(
        "codecommit",
        "create-repository",
        **{"repository-name": repository.name, "tags": _map(repository.tags)},
        region=repository.region,
        profile=profile,
    )
    parts.append(f"## Repository, unless it is there\n\n```sh\n{command}\n```\n")
    for level in sorted({stack.level for stack in desired.stacks}):
        commands = "\n".join(
            _deploy(stack, deploying[stack.account]) for stack in desired.stacks if stack.level == level
        )
        parts.append(f"## Stacks, level {level}\n\n```sh\n{commands}\n```\n")
        parts.append(_outputs(desired, level, deploying))
    parts.append(_cautions(desired))
    return "\n".join(part for part in parts if part)


def _bootstrap(state: BootstrapState) -> str:
    """The commands of the guide, with what it leaves out: region, tags, boundary.

    The region chooses the partition too: without it, IAM's endpoint is that of the partition ``aws``.
    https://docs.aws.amazon.com/general/latest/gr/iam-service.html (2026-11-25)
    """
    session, region = state.session_profile, state.session_profile.region
    person = session.name.removesuffix("_admin_deployer")
    folder = f"file://bootstrap/{state.account}"
    lines = []
    for policy in state.policies:
        lines.append(
            _command(
                "iam",
                "create-policy",
                **{
                    "policy-name": policy.name,
                    "policy-document": f"{folder}/{policy.name}.json",
                    "description": policy.description,
                    "tags": _pairs(policy.tags),
                },
                region=region,
                profile=person,
            )
        )
    user, role = state.user, state.role
    if user is not None:
        bound = {} if user.boundary is None else {"permissions-boundary": user.boundary}
        options = {"user-name": user.name, **bound, "tags": _pairs(user.tags)}
        lines.append(_command("iam", "create-user", **options, region=region, profile=person))
        for arn in user.attached:
            options = {"user-name": user.name, "policy-arn": arn}
            lines.append(_command("iam", "attach-user-policy", **options, region=region, profile=person))
    bound = {} if role.boundary is None else {"permissions-boundary": role.boundary}
    options = {
        "role-name": role.name,
        "assume-role-policy-document": f"{folder}/trust-policy.json",
        "description": role.description,
        "max-session-duration": str(role.max_session_seconds),
        **bound,
        "tags": _pairs(role.tags),
    }
    lines.append(_command("iam", "create-role", **options, region=region, profile=person))
    for arn in role.attached:
        options = {"role-name": role.name, "policy-arn": arn}
        lines.append(_command("iam", "attach-role-policy", **options, region=region, profile=person))
    if user is not None and state.key_profile is not None:
        lines.append(_command("iam", "create-access-key", **{"user-name": user.name}, region=region, profile=person))
        lines.append(f"aws configure --profile {shlex.quote(state.key_profile.name)}   # key, secret, region, json")
    options = {
        "role-arn": session.role_arn,
        "role-session-name": session.session_name,
        "duration-seconds": str(session.seconds),
    }
    lines.append(_command("sts", "assume-role", **options, region=region, profile=session.source or person))
    lines.append(f"# the three values go into ~/.aws/credentials under [{session.name}]")
    return "\n".join(lines)


def _deploy(stack: Stack, profile: str) -> str:
    folder = _stack_folder(stack)
    values = [
        f'{parameter.name}="${_variable(parameter.value)}"'
        if isinstance(parameter.value, OutputOf)
        else shlex.quote(f"{parameter.name}={parameter.value}")
        for parameter in stack.parameters
    ]
    overrides = f" --parameter-overrides {' '.join(values)}" if values else ""
    capabilities = f" --capabilities {' '.join(stack.capabilities)}" if stack.capabilities else ""
    tags = " ".join(shlex.quote(f"{key}={value}") for key, value in stack.tags)
    return (
        f"aws cloudformation deploy --stack-name {shlex.quote(stack.name)}"
        f" --template-file {shlex.quote(f'{folder}/template.json')}{overrides}{capabilities} --tags {tags}"
        f" --region {stack.region} --profile {shlex.quote(profile)}"
    )


def _outputs(desired: Desired, level: int, deploying: Mapping[str, str]) -> str:
    """Commands that put the outputs of this level's stacks, which later stacks take, into variables."""
    wanted = sorted(
        {
            (parameter.value.account, parameter.value.stack, parameter.value.key)
            for stack in desired.stacks
            for parameter in stack.parameters
            if isinstance(parameter.value, OutputOf)
        }
    )
    here = {(stack.account, stack.name): stack.region for stack in desired.stacks if stack.level == level}
    lines = []
    for account, stack, key in wanted:
        if (account, stack) not in here:
            continue
        profile = deploying[account]
        query = f"Stacks[0].Outputs[?OutputKey=='{key}'].OutputValue"
        command = _command(
            "cloudformation",
            "describe-stacks",
            **{"stack-name": stack, "query": query, "output": "text"},
            region=here[account, stack],
            profile=profile,
        )
        lines.append(f"{_variable(OutputOf(account, stack, key))}=$({command})")
    joined = "\n".join(lines)
    return f"```sh\n{joined}\n```\n" if lines else ""


def _variable(output: OutputOf) -> str:
    """A shell variable for an output; outputs of different stacks have different names here."""
    return output.key


def _command(service: str, operation: str, /, **options: str) -> str:
    """An AWS CLI command; a value that holds several words for the CLI is already quoted."""
    words = [f"--{name} {value if name == 'tags' else shlex.quote(value)}" for name, value in options.items()]
    return f"aws {service} {operation} {' '.join(words)}"


def _pairs(tags: Tags) -> str:
    return " ".join(shlex.quote(f"Key={key},Value={value}") for key, value in tags)


def _map(tags: Tags) -> str:
    return shlex.quote(",".join(f"{key}={value}" for key, value in tags))


def _cautions(desired: Desired) -> str:
    lines = [f"- {caution.account or 'all'}: {caution.message}" for caution in desired.cautions]
    return "## Cautions\n\n" + "\n".join(lines) + "\n" if lines else ""
