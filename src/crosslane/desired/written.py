"""Every policy that we write, each statement with its reason: for the docs, for ``policy``, for lint.

Templates carry no reasons: a changed wording would be a change of the stack. This is where the two meet, and a test
compares them.
"""

from __future__ import annotations

from dataclasses import dataclass

from crosslane.config.model import Config
from crosslane.desired import names
from crosslane.desired.model import BootstrapState, Desired, Document
from crosslane.desired.stacks import execution, pipeline, sharing, source, target
from crosslane.desired.stacks.events import events_trust
from crosslane.desired.stacks.trust import pipeline_trust
from crosslane.desired.topology import source_account, source_is_elsewhere, targets


@dataclass(frozen=True, slots=True)
class Written:
    """One policy document.

    ``account`` is the config's name of the account, ``stack`` the stack that makes it or None for the bootstrap,
    ``of`` what it belongs to (``role sample-lambda-CodeBuildRole``), ``kind`` what it is there (``trust policy``,
    ``inline policy``, ``managed policy``, ``permissions boundary``, ``key policy``, ``bucket policy``,
    ``event bus policy``).
    """

    account: str
    stack: str | None
    of: str
    kind: str
    document: Document


def written_policies(config: Config, desired: Desired) -> tuple[Written, ...]:
    """All of them: the bootstrap's first, then the stacks' by level. Stacks' values may be intrinsic functions."""
    return (
        *(policy for state in desired.bootstraps for policy in _of_bootstrap(config, state)),
        *_of_prerequisites(config),
        *_of_source(config),
        *_of_targets(config),
        *_of_pipeline(config),
    )


def _of_bootstrap(config: Config, state: BootstrapState) -> list[Written]:
    found = []
    for policy in state.policies:
        boundary = policy.name == config.bootstrap.boundary
        kind = "permissions boundary" if boundary else "managed policy"
        found.append(Written(state.account, None, f"policy {policy.name}", kind, policy.document))
    found.append(Written(state.account, None, f"role {state.role.name}", "trust policy", state.role.trust))
    return found


def _of_prerequisites(config: Config) -> list[Written]:
    account, stack = config.tools.name, names.names_of(config).prerequisites_stack
    found = [
        Written(account, stack, "the key", "key policy", sharing.key_policy(config)),
        Written(account, stack, "the artifact bucket", "bucket policy", sharing.bucket_policy(config)),
    ]
    if source_is_elsewhere(config):
        statement = Document((sharing.bus_statement(config),))
        found.append(Written(account, stack, "the default event bus", "event bus policy", statement))
    return found


def _of_source(config: Config) -> list[Written]:
    chosen = names.names_of(config)
    account, stack = source_account(config).name, chosen.source_stack
    found = _role(account, stack, chosen.source_role, pipeline_trust(config), source.source_policy(config))
    if source_is_elsewhere(config):
        trust = events_trust(names.source_rule(config))
        found += _role(account, stack, names.forward_role(config), trust, source.forward_policy())
    return found


def _of_targets(config: Config) -> list[Written]:
    chosen = names.names_of(config)
    found = []
    for one in targets(config):
        account, stack = one.account.name, chosen.target_stack
        trust = pipeline_trust(config)
        found += _role(account, stack, chosen.action_role, trust, target.action_policy(config, one))
        trust = target.execution_trust()
        found += _role(account, stack, chosen.execution_role, trust, execution.execution_policy(config, one))
    return found


def _of_pipeline(config: Config) -> list[Written]:
    chosen = names.names_of(config)
    account, stack = config.tools.name, chosen.pipeline_stack
    trust = events_trust(names.start_rule(config))
    return [
        *_role(account, stack, chosen.build_role, pipeline.build_trust(config), pipeline.build_policy(config)),
        *_role(
            account,
            stack,
            chosen.pipeline_role,
            pipeline.pipeline_service_trust(),
            pipeline.pipeline_policy(config),
        ),
        *_role(account, stack, names.start_role(config), trust, pipeline.start_policy()),
    ]


def _role(account: str, stack: str, name: str, trust: Document, policy: Document) -> list[Written]:
    of = f"role {name}"
    return [
        Written(account, stack, of, "trust policy", trust),
        Written(account, stack, of, "inline policy", policy),
    ]
