"""What a mutant is expected to do: the first recorded call that it denies, found by the policy engine alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import assert_never

from crosslane.iam import PolicyKind
from crosslane.sandbox.authorization.denial import deciding_layer
from crosslane.sandbox.identities import BadCredentials, refusal
from tests.mutants.calls import Call, Held, Policies, decision_of, message_of
from tests.mutants.edits import Edit, edited, has_statement
from tests.mutants.generate import Change, Expired, InOrganization, InPolicy, InSession, Mutant


@dataclass(frozen=True, slots=True)
class Failure:
    """The call that fails, with what its caller reads. ``layer`` is None where the credentials do not count."""

    call: Call
    position: int
    layer: str | None
    code: str
    message: str

    @property
    def key(self) -> tuple[str, str, str, str | None]:
        """What tells failures apart: who, what, on what, and which kind of policy is behind it."""
        return self.call.principal, self.call.action, self.call.resource, self.layer


def first_failure(mutant: Mutant, calls: Sequence[Call]) -> Failure | None:
    """The first call of the good run that the mutant denies, else None: it survives."""
    return next(iter(failures(mutant, calls, first=True)), None)


def failures(mutant: Mutant, calls: Sequence[Call], *, first: bool = False) -> list[Failure]:
    """All recorded calls that the mutant denies. Raises AssertionError if a call is denied without the change."""
    found = list(_locked_out(mutant.change, calls))
    if found and first:
        return found
    for position, call in enumerate(calls):
        failure = _failure(mutant.change, call, position)
        if failure is not None:
            found.append(failure)
            if first:
                break
    return found


LOCKED_OUT = (
    "MalformedPolicyDocumentException",
    "The new key policy will not allow you to update the key policy in the future.",
)
"""https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html, the lockout safety check (2026-11-25)"""


def _locked_out(change: Change, calls: Sequence[Call]) -> Iterator[Failure]:
    """No key is made under a policy that would keep whoever makes it from changing that policy."""
    if not isinstance(change, InPolicy) or change.written.kind != "key policy":
        return
    use = next(call for call in calls if any(change.is_of(one.name) for one in call.policies.resource or ()))
    for position, call in enumerate(calls):
        if call.action == "kms:CreateKey" and call.account == change.owner:
            everything = Policies((Held(PolicyKind.IDENTITY.value, "everything", all_but("none:Nothing")),))
            asked = replace(
                use,
                action="kms:PutKeyPolicy",
                principal=call.principal,
                caller=call.caller,
                user_id=call.user_id,
                policies=replace(everything, resource=use.policies.resource),
            )
            if not decision_of(asked, changed(change, asked)).allowed:
                yield Failure(call, position, None, *LOCKED_OUT)
            return


def _failure(change: Change, call: Call, position: int) -> Failure | None:
    if isinstance(change, Expired):
        if call.principal != change.principal or not call.temporary:
            return None
        told = refusal(BadCredentials.EXPIRED, call.service, call.protocol)
        return Failure(call, position, None, told.code, told.message)
    policies = changed(change, call)
    if policies is call.policies:
        return None
    decision = decision_of(call, policies)
    if decision.allowed:
        return None
    code, message = message_of(call, decision)
    return Failure(call, position, deciding_layer(decision), code, message)


def changed(change: Change, call: Call) -> Policies:
    """The policies that bear on the call once the set-up is changed; the same object where nothing is."""
    policies = call.policies
    match change:
        case InPolicy():
            return _with_policy(change, call)
        case InOrganization("SCP", account, action):
            level = (Held(PolicyKind.SCP.value, "mutant", _all_and_denying(action)),)
            return replace(policies, scps=(*policies.scps, level)) if call.account == account else policies
        case InOrganization(_, account, action):
            level = (Held(PolicyKind.RCP.value, "mutant", _denying(action, everyone=True)),)
            return replace(policies, rcps=(*policies.rcps, level)) if call.owner == account else policies
        case InSession(principal, action):
            held = Held(PolicyKind.SESSION.value, "mutant", all_but(action))
            mine = call.principal == principal and call.temporary
            return replace(policies, session=(held,)) if mine else policies
        case Expired():
            return policies
        case _ as unreachable:
            assert_never(unreachable)


def _with_policy(change: InPolicy, call: Call) -> Policies:
    def of(held: tuple[Held, ...] | None) -> tuple[Held, ...] | None:
        if held is None or not any(change.is_of(one.name) for one in held):
            return held
        return tuple(
            replace(one, text=edited_text(one.text, change.edit, change.sid)) if change.is_of(one.name) else one
            for one in held
        )

    policies = call.policies
    identity, resource, boundary = of(policies.identity), of(policies.resource), of(policies.boundary)
    if call.owner != change.owner:
        resource = policies.resource
    same = identity is policies.identity and resource is policies.resource and boundary is policies.boundary
    return policies if same else replace(policies, identity=identity or (), resource=resource, boundary=boundary)


@lru_cache(maxsize=8192)
def edited_text(text: str, edit: Edit, sid: str | None = None) -> str:
    """The text of a policy in force after the change; unchanged where it (not yet) holds the statement.

    ``sid`` is what the only statement is called in the rendered policy, where it has another name in force.
    """
    document = json.loads(text)
    if sid is not None:
        document["Statement"] = [{**one, "Sid": sid} for one in document["Statement"]]
    if not has_statement(document, edit):
        return text
    document = edited(document, edit)
    if not document["Statement"]:
        document["Statement"] = [_NOBODY if "Principal" in text else _NOTHING]
    return json.dumps(document)


def _denying(action: str, *, everyone: bool = False) -> str:
    principal = {"Principal": "*"} if everyone else {}
    statement = {"Effect": "Deny", **principal, "Action": [action], "Resource": ["*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _all_and_denying(action: str) -> str:
    """As AWS has it at every level once policies of this type are on: FullAWSAccess, and here the Deny."""
    everything = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
    deny = {"Effect": "Deny", "Action": [action], "Resource": ["*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [everything, deny]})


def all_but(action: str) -> str:
    """A policy that allows everything except one action."""
    statement = {"Effect": "Allow", "NotAction": [action], "Resource": ["*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


_NOTHING = {"Effect": "Deny", "Action": ["none:Nothing"], "Resource": ["*"]}
_NOBODY = {"Effect": "Deny", "Principal": {"AWS": "999999999999"}, "Action": ["none:Nothing"]}
"""Policies need a statement: one that says nothing about any call stands for a document that has lost its last."""
