"""Why a right that no call of the good run needs is kept. A survivor without a reason here fails the full form.

Reasons that follow from data are looked up: the CloudFormation registry's schemas say what AWS's handlers call, the
stacks' roles' own policies what a boundary has to let through. Only what neither knows is in ``reasons.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from crosslane.desired.model import Desired
from crosslane.desired.written import Written
from crosslane.iam.wildcard import compile_pattern
from tests.mutants.edits import Denied, WithoutAction
from tests.mutants.generate import InOrganization, InPolicy, InSession, Mutant
from tests.mutants.reasons import Kind, Reason, written_down

_CALLER_IDENTITY = "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"
_REGISTRY = "https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html"


def reason_of(mutant: Mutant, desired: Desired, written: Sequence[Written]) -> Reason | None:
    """The reason to keep what the mutant shows nobody to need; None if there is none."""
    change = mutant.change
    action = _action(mutant)
    if action == "sts:GetCallerIdentity":
        return Reason(Kind.NO_RIGHT, "needs no permission, so nothing can deny it", _CALLER_IDENTITY)
    if not isinstance(change, InPolicy):
        return None
    sid = getattr(change.edit, "sid", "")
    if sid == "Guide":
        return Reason(Kind.TO_THE_LETTER, "the guide's policy as it stands", "docs/bootstrap-modes.md")
    if action is not None and (found := _handlers(action, _types(desired, change.written, sid))):
        return Reason(Kind.REAL_AWS, f"called by CloudFormation's handlers of {', '.join(found)}", _REGISTRY)
    for reason in written_down(sid, action):
        return reason
    if action is not None and change.written.kind == "permissions boundary":
        for role in _asked_by_roles(action, change.written.account, written):
            return Reason(Kind.ANOTHER_RUN, f"only lets through what {role} may", "its own policy, above and below")
    return None


def _action(mutant: Mutant) -> str | None:
    match mutant.change:
        case InPolicy(edit=WithoutAction(action=action) | Denied(action=action)):
            return action
        case InOrganization(action=action) | InSession(action=action):
            return action
        case _:
            return None


OF_THE_APP = {
    "Apis": ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"),
    "Functions": ("AWS::Lambda::Alias", "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Version"),
}
"""The types that statements of the execution role are for, where their reasons do not spell all of them."""


def _types(desired: Desired, written: Written, sid: str) -> frozenset[str]:
    """The resource types that the policy is for: those of the account's stacks, and those that its reasons name."""
    made = {
        str(resource["Type"])
        for stack in desired.stacks
        if stack.account == written.account and written.stack is None
        for resource in json.loads(stack.template)["Resources"].values()
    }
    told = " ".join(statement.reason for statement in written.document.statements)
    return frozenset({*made, *re.findall(r"AWS::\w+::\w+", told), *OF_THE_APP.get(sid, ())})


def _handlers(action: str, types: frozenset[str]) -> tuple[str, ...]:
    """Those of the resource types whose handlers call the action."""
    covers = compile_pattern(action.lower())
    return tuple(
        one for one in sorted(types) if any(covers(call) for calls in _permissions(one).values() for call in calls)
    )


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
