"""Why a right that no call of the good run needs is kept. A survivor without a reason here fails the full form.

Reasons that follow from data are looked up: the CloudFormation registry's schemas say what AWS's handlers call, the
stacks' roles' own policies what a boundary has to let through. Only what neither knows is written down, with its page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from crosslane.desired.model import Desired
from crosslane.desired.written import Written
from crosslane.iam.wildcard import compile_pattern
from tests.mutants.edits import Denied, WithoutAction
from tests.mutants.generate import InOrganization, InPolicy, InSession, Mutant

_CALLER_IDENTITY = "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"
_REGISTRY = "https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html"


@dataclass(frozen=True, slots=True)
class Reason:
    """``kind`` is the heading it stands under: ``real AWS``, ``another run`` or ``no right``."""

    kind: str
    text: str
    url: str | None = None


def reason_of(mutant: Mutant, desired: Desired, written: Sequence[Written]) -> Reason | None:
    """The reason to keep what the mutant shows nobody to need; None if there is none."""
    change = mutant.change
    action = _action(mutant)
    if action == "sts:GetCallerIdentity":
        return Reason("no right", "needs no permission, so nothing can deny it", _CALLER_IDENTITY)
    if not isinstance(change, InPolicy):
        return None
    if change.written.stack is not None and action is None:
        return Reason("another run", "belongs to statements that the run of the sample app uses in part")
    if action is None:
        return _of_condition(change)
    types = _types(desired, change.written)
    found = _handlers(action, types)
    if found:
        return Reason("real AWS", f"called by CloudFormation's handlers: {', '.join(found)}", _REGISTRY)
    if change.written.stack is not None:
        return Reason("another run", "a right of the pipeline's roles that the sample app's run does not use")
    if change.written.kind == "permissions boundary":
        for role in _asked_by_roles(action, change.written.account, written):
            return Reason("another run", f"{role} asks for it; the boundary only lets it through")
    for (sid, pattern), (text, url) in WRITTEN_DOWN.items():
        edit = change.edit
        if isinstance(edit, WithoutAction) and edit.sid == sid and compile_pattern(pattern.lower())(action.lower()):
            return Reason("real AWS", text, url)
    return None


def _action(mutant: Mutant) -> str | None:
    match mutant.change:
        case InPolicy(edit=WithoutAction(action=action) | Denied(action=action)):
            return action
        case InOrganization(action=action) | InSession(action=action):
            return action
        case _:
            return None


def _of_condition(change: InPolicy) -> Reason | None:
    """Conditions of statements whose actions are all judged one by one have the reason of the statement."""
    found = BY_STATEMENT.get(getattr(change.edit, "sid", ""))
    return None if found is None else Reason("real AWS", *found)


def _types(desired: Desired, written: Written) -> frozenset[str]:
    """The resource types that the policy is for: those of the account's stacks, and those that its reasons name."""
    made = {
        str(resource["Type"])
        for stack in desired.stacks
        if stack.account == written.account and written.stack is None
        for resource in json.loads(stack.template)["Resources"].values()
    }
    told = " ".join(statement.reason for statement in written.document.statements)
    return frozenset(made | set(re.findall(r"AWS::\w+::\w+", told)))


def _handlers(action: str, types: frozenset[str]) -> tuple[str, ...]:
    """``AWS::S3::Bucket (read)``: the handlers of these resource types that call the action."""
    covers = compile_pattern(action.lower())
    found: dict[str, list[str]] = {}
    for type_name in sorted(types):
        for handler, calls in _permissions(type_name).items():
            if any(covers(call) for call in calls):
                found.setdefault(type_name, []).append(handler)
    return tuple(f"{type_name} ({', '.join(handlers)})" for type_name, handlers in found.items())


@lru_cache(maxsize=64)
def _permissions(type_name: str) -> Mapping[str, frozenset[str]]:
    """What each handler calls, by the registry's schema as cfn-lint carries it; in lower case."""
    import cfnlint

    schemas = Path(str(cfnlint.__file__)).parent / "data" / "schemas"
    digests: dict[str, str] = json.loads((schemas / "providers" / "us-east-1.json").read_text(encoding="utf-8"))
    if type_name not in digests:
        return {}
    return _read(json.loads((schemas / "resources" / f"{digests[type_name]}.json").read_text(encoding="utf-8")))


def _read(schema: Mapping[str, object]) -> Mapping[str, frozenset[str]]:
    handlers = schema.get("handlers")
    if not isinstance(handlers, Mapping):
        return {}
    tagging = schema.get("tagging")
    handlers = {**handlers, "tagging": tagging if isinstance(tagging, Mapping) else {}}
    return {name: frozenset(str(one).lower() for one in told.get("permissions", ())) for name, told in handlers.items()}


def _asked_by_roles(action: str, account: str, written: Sequence[Written]) -> Iterator[str]:
    covers = compile_pattern(action.lower())
    for one in written:
        if one.account != account or one.stack is None or one.kind != "inline policy":
            continue
        for statement in one.document.statements:
            for asked in statement.actions:
                if covers(asked.lower()) or compile_pattern(asked.lower())(re.sub(r"\*", "x", action.lower())):
                    yield one.of
                    break


_STACKS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_"

WRITTEN_DOWN: Mapping[tuple[str, str], tuple[str, str]] = {
    ("LongTemplates", "s3:*Object"): (
        "only a template of more than 51,200 bytes is put into the bucket, and this set-up's are shorter",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html",
    ),
    ("Stacks", "cloudformation:ContinueUpdateRollback"): (
        "repairs a stack whose rollback failed; the good run fails nowhere",
        f"{_STACKS}ContinueUpdateRollback.html",
    ),
    ("Stacks", "cloudformation:RollbackStack"): (
        "repairs a stack whose update failed; the good run fails nowhere",
        f"{_STACKS}RollbackStack.html",
    ),
    ("Stacks", "cloudformation:DeleteChangeSet"): (
        "removes a change set that failed, is empty, or would replace what is protected",
        f"{_STACKS}DeleteChangeSet.html",
    ),
    ("EmptyBucket", "s3:AbortMultipartUpload"): (
        "a bucket with unfinished uploads is emptied of them first; the good run leaves none",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html",
    ),
}
"""By (statement, pattern of actions): what only AWS itself, or a run in trouble, needs; with AWS's page."""

BY_STATEMENT: Mapping[str, tuple[str, str]] = {}
"""The same for conditions, by statement."""
