"""Policy documents from JSON: any input whatever gives a ``Policy`` or a ``PolicyError``.

What is refused is what the grammar rules out, so that no meaning could be given to it:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html (2026-11-24). What IAM would merely
advise against (repeated Sids, a resource that is no ARN) is left to lint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crosslane.iam.document import (
    Clause,
    Condition,
    Effect,
    Policy,
    PolicyKind,
    PolicyPrincipal,
    PrincipalClause,
    PrincipalType,
    Statement,
)
from crosslane.iam.locate import escape, line_of
from crosslane.iam.operators import parse_operator
from crosslane.iam.problem import PolicyError, Problem
from crosslane.iam.repeated import Repeated, object_from_pairs
from crosslane.iam.values import condition_text

Source = str | bytes | bytearray | Mapping[str, Any]

TOP_ELEMENTS = frozenset({"Version", "Id", "Statement"})
STATEMENT_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
"""The names of a statement's elements; ``TOP_ELEMENTS`` are those of a document. They are case-sensitive."""
_EFFECTS = {"Allow": Effect.ALLOW, "Deny": Effect.DENY}
_PRINCIPAL_TYPES = {
    "AWS": PrincipalType.AWS,
    "Service": PrincipalType.SERVICE,
    "Federated": PrincipalType.FEDERATED,
    "CanonicalUser": PrincipalType.CANONICAL_USER,
}
WITH_PRINCIPAL = frozenset({PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.RCP, PolicyKind.VPC_ENDPOINT})
"""The kinds of policy whose statements name a principal."""
_MAY_LACK_RESOURCE = frozenset({PolicyKind.RESOURCE, PolicyKind.TRUST})
_SERVICE_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
_FULL_ACCESS_RCP = ("Allow", ("*",), ("*",))


def parse_policy(source: Source, kind: PolicyKind = PolicyKind.IDENTITY, name: str = "") -> Policy:
    """The policy in ``source``: JSON text, UTF-8 bytes, or the object that JSON text stands for.

    ``name`` is how decisions and errors call the policy. Raises ``PolicyError``, and nothing else, when the source is
    no policy of that ``kind``; the error carries every problem found.
    """
    policy, problems = read_policy(source, kind, name)
    if policy is None:
        raise PolicyError(problems, name)
    return policy


def read_policy(
    source: Source, kind: PolicyKind = PolicyKind.IDENTITY, name: str = ""
) -> tuple[Policy | None, tuple[Problem, ...]]:
    """As ``parse_policy``, with the problems as values: a policy and no problems, or no policy and at least one."""
    text: str | None = None
    document: Any = source
    if isinstance(source, bytes | bytearray):
        try:
            text = bytes(source).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return None, (Problem("", f"not UTF-8 at byte {error.start}", "JSON text in UTF-8", 1),)
    elif isinstance(source, str):
        text = source
    if text is not None:
        try:
            document = json.loads(text, object_pairs_hook=object_from_pairs)
        except json.JSONDecodeError as error:
            message = f"no JSON: {error.msg.lower()} at column {error.colno}"
            return None, (Problem("", message, "a JSON object", error.lineno),)
        except RecursionError:
            return None, (Problem("", "nested too deeply", "a policy document", 1),)
        except ValueError:
            return None, (Problem("", "no JSON: a number is too long", "a policy document", 1),)
    reader = _Reader(kind)
    policy = reader.policy(document, name, text)
    if not reader.problems:
        return policy, ()
    if text is None:
        return None, tuple(reader.problems)
    return None, tuple(
        Problem(p.pointer, p.message, p.expected, line_of(text, p.pointer)) for p in reader.problems[:50]
    )


class _Reader:
    """Walks one document; problems are collected so that all of them can be shown at once."""

    def __init__(self, kind: PolicyKind) -> None:
        self.kind = kind
        self.problems: list[Problem] = []

    def fail(self, pointer: str, message: str, expected: str) -> None:
        self.problems.append(Problem(pointer, message, expected))

    def policy(self, document: Any, name: str, text: str | None) -> Policy | None:
        if not isinstance(document, Mapping):
            self.fail("", f"a policy cannot be {_kind_of(document)}", "a JSON object with Version and Statement")
            return None
        self.known_keys(document, TOP_ELEMENTS, "")
        version = document.get("Version")
        if version not in ("2012-10-17", "2008-10-17") and "Version" in document:
            self.fail("/Version", f"unknown version {_show(version)}", '"2012-10-17" or "2008-10-17"')
        if self.kind is PolicyKind.RCP and version != "2012-10-17":
            self.fail("/Version", "a resource control policy needs the current version", '"2012-10-17"')
        identifier = document.get("Id")
        if "Id" in document and not isinstance(identifier, str):
            self.fail("/Id", f"Id cannot be {_kind_of(identifier)}", "a string")
        statements = self.statements(document)
        if self.problems:
            return None
        return Policy(self.kind, name, version, identifier, statements, text)

    def known_keys(self, element: Mapping[str, Any], known: frozenset[str], pointer: str) -> None:
        """Reports unknown members, slips of case, and keys that stood twice."""
        if not known.issuperset(element):
            by_lower = {name.lower(): name for name in known}
            for key in element:
                if key in known:
                    continue
                right = by_lower.get(key.lower()) if isinstance(key, str) else None
                where = f"{pointer}/{escape(str(key))}"
                if right is not None:
                    self.fail(where, f"unknown element {_show(key)}: element names are case-sensitive", right)
                else:
                    self.fail(where, f"unknown element {_show(key)}", "one of " + ", ".join(sorted(known)))
        if type(element) is Repeated:
            self.repeated(element, pointer)

    def repeated(self, element: Repeated, pointer: str) -> None:
        for key in element.keys_again:
            self.fail(f"{pointer}/{escape(key)}", f"key {_show(key)} stands more than once", "each key once")

    def statements(self, document: Mapping[str, Any]) -> tuple[Statement, ...]:
        if "Statement" not in document:
            self.fail("", "there is no Statement", "a Statement element: one statement or an array of them")
            return ()
        found = document["Statement"]
        if isinstance(found, Mapping):
            one = self.statement(found, 0, "/Statement")
            return () if one is None else (one,)
        if not isinstance(found, list | tuple):
            self.fail("/Statement", f"Statement cannot be {_kind_of(found)}", "a statement or an array of statements")
            return ()
        out = []
        for index, item in enumerate(found):
            pointer = f"/Statement/{index}"
            if not isinstance(item, Mapping):
                self.fail(pointer, f"a statement cannot be {_kind_of(item)}", "a JSON object")
                continue
            one = self.statement(item, index, pointer)
            if one is not None:
                out.append(one)
        return tuple(out)

    def statement(self, item: Mapping[str, Any], index: int, pointer: str) -> Statement | None:
        before = len(self.problems)
        self.known_keys(item, STATEMENT_ELEMENTS, pointer)
        sid = item.get("Sid")
        if "Sid" in item and not isinstance(sid, str):
            self.fail(f"{pointer}/Sid", f"Sid cannot be {_kind_of(sid)}", "a string")
        effect = _EFFECTS.get(item["Effect"]) if isinstance(item.get("Effect"), str) else None
        if effect is None:
            self.effect(item, pointer)
        action = self.clause(item, "Action", pointer)
        if action is not None:
            self.actions(action)
        resource = self.clause(item, "Resource", pointer)
        principal = self.principal(item, pointer)
        conditions = self.conditions(item, pointer) if "Condition" in item else ()
        self.required(item, pointer, action, resource, principal)
        if len(self.problems) > before or effect is None or action is None:
            return None
        statement = Statement(index, sid, effect, action, resource, principal, conditions, pointer)
        if self.kind is PolicyKind.RCP:
            self.resource_control(statement)
        return statement

    def effect(self, item: Mapping[str, Any], pointer: str) -> None:
        if "Effect" not in item:
            self.fail(pointer, "there is no Effect", '"Effect": "Allow" or "Deny"')
            return
        self.fail(f"{pointer}/Effect", f"unknown effect {_show(item['Effect'])}", '"Allow" or "Deny" (case-sensitive)')

    def clause(self, item: Mapping[str, Any], name: str, pointer: str) -> Clause | None:
        """``Action`` or ``NotAction`` (or the same of Resource), whichever is there."""
        element = name
        if name not in item:
            element = "Not" + name
            if element not in item:
                return None
        elif "Not" + name in item:
            self.fail(pointer, f"both {name} and Not{name}", f"only one of {name} and Not{name}")
        value = item[element]
        where = f"{pointer}/{element}"
        if type(value) is str:
            if value:
                return Clause(element, (value,), False, where)
            self.fail(where, f"{element} is empty", "a value or an array of values")
        elif isinstance(value, list | tuple):
            for index, one in enumerate(value):
                if not isinstance(one, str) or not one:
                    self.fail(f"{where}/{index}", f"a value of {element} cannot be {_kind_of(one)}", "a string")
            return Clause(element, tuple(value), True, where)
        else:
            self.fail(where, f"{element} cannot be {_kind_of(value)}", "a string or an array of strings")
        return None

    def actions(self, clause: Clause) -> None:
        for index, action in enumerate(clause.values):
            if action == "*" or not isinstance(action, str) or not action:
                continue
            service, colon, name = action.partition(":")
            if not colon or ":" in name:
                self.fail(clause.pointer_of(index), f"{_show(action)} is no action", '"service:Action" or "*"')
            elif not service or not _SERVICE_CHARACTERS.issuperset(service):
                message = f"{_show(action)} has no valid service prefix"
                self.fail(clause.pointer_of(index), message, "letters, digits and hyphens before the colon")

    def required(
        self,
        item: Mapping[str, Any],
        pointer: str,
        action: Clause | None,
        resource: Clause | None,
        principal: PrincipalClause | None,
    ) -> None:
        """The elements that a statement of this kind must have."""
        if action is None and "Action" not in item and "NotAction" not in item:
            self.fail(pointer, "there is no Action", "Action or NotAction")
        lacks_resource = "Resource" not in item and "NotResource" not in item
        if resource is None and lacks_resource and self.kind not in _MAY_LACK_RESOURCE:
            self.fail(pointer, "there is no Resource", "Resource or NotResource")
        lacks_principal = "Principal" not in item and "NotPrincipal" not in item
        if principal is None and lacks_principal and self.kind in WITH_PRINCIPAL:
            self.fail(pointer, f"there is no Principal, which {_article(self.kind)} needs", "Principal")

    def principal(self, item: Mapping[str, Any], pointer: str) -> PrincipalClause | None:
        element = "Principal"
        if "Principal" not in item:
            if "NotPrincipal" not in item:
                return None
            element = "NotPrincipal"
        elif "NotPrincipal" in item:
            self.fail(pointer, "both Principal and NotPrincipal", "only one of Principal and NotPrincipal")
        where = f"{pointer}/{element}"
        if self.kind not in WITH_PRINCIPAL:
            self.fail(where, f"{element} is not allowed in {_article(self.kind)}", f"no {element}")
            return None
        value = item[element]
        if value == "*":
            return PrincipalClause(element, (PolicyPrincipal(PrincipalType.ANYONE, "*", where),), where)
        if not isinstance(value, Mapping):
            self.fail(where, f"{element} cannot be {_show(value)}", '"*" or an object such as {"AWS": "..."}')
            return None
        if type(value) is Repeated:
            self.repeated(value, where)
        out: list[PolicyPrincipal] = []
        for key, names in value.items():
            self.principals(key, names, f"{where}/{escape(str(key))}", out)
        return PrincipalClause(element, tuple(out), where)

    def principals(self, key: str, names: Any, where: str, out: list[PolicyPrincipal]) -> None:
        kind = _PRINCIPAL_TYPES.get(key)
        if kind is None:
            self.fail(where, f"unknown principal type {_show(key)}", "AWS, Service, Federated or CanonicalUser")
            return
        listed = isinstance(names, list | tuple)
        for index, name in enumerate(names if listed else (names,)):
            at = f"{where}/{index}" if listed else where
            if not isinstance(name, str) or not name:
                self.fail(at, f"a principal cannot be {_kind_of(name)}", "a string")
            elif name == "*" and kind is PrincipalType.AWS:
                out.append(PolicyPrincipal(PrincipalType.ANYONE, name, at))
            else:
                out.append(PolicyPrincipal(kind, name, at))

    def conditions(self, item: Mapping[str, Any], pointer: str) -> tuple[Condition, ...]:
        where = f"{pointer}/Condition"
        block = item["Condition"]
        if not isinstance(block, Mapping):
            self.fail(where, f"Condition cannot be {_kind_of(block)}", 'an object such as {"Bool": {"key": "true"}}')
            return ()
        if type(block) is Repeated:
            self.repeated(block, where)
        out = []
        for name, keys in block.items():
            at = f"{where}/{escape(str(name))}"
            operator = parse_operator(name) if isinstance(name, str) else None
            if operator is None:
                self.fail(at, f"unknown condition operator {_show(name)}", "an operator such as StringEquals")
                continue
            if not isinstance(keys, Mapping):
                self.fail(at, f"{name} cannot be {_kind_of(keys)}", "an object of condition keys and values")
                continue
            if type(keys) is Repeated:
                self.repeated(keys, at)
            for key, values in keys.items():
                here = f"{at}/{escape(str(key))}"
                listed = isinstance(values, list | tuple)
                texts = self.condition_values(values if listed else (values,), listed, here)
                out.append(Condition(operator, str(key), texts, listed, here))
        return tuple(out)

    def condition_values(self, values: Any, listed: bool, where: str) -> tuple[str, ...]:
        out = []
        for index, value in enumerate(values):
            if type(value) is str:
                out.append(value)
            elif isinstance(value, bool | int | float | str):
                out.append(condition_text(value))
            else:
                at = f"{where}/{index}" if listed else where
                self.fail(at, f"a condition value cannot be {_kind_of(value)}", "a string, number or boolean")
        return tuple(out)

    def resource_control(self, statement: Statement) -> None:
        """What AWS asks of a resource control policy; its own RCPFullAWSAccess is the one that may allow.

        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
        """
        action, principal = statement.action, statement.principal
        if principal is None or principal.negated or [p.value for p in principal.principals] != ["*"]:
            self.fail(statement.pointer, "a resource control policy names everyone", '"Principal": "*"')
        if action.negated:
            self.fail(statement.pointer, "NotAction is not allowed in a resource control policy", "Action")
            return
        resources = statement.resource.values if statement.resource is not None else ()
        if (statement.effect, action.values, resources) == _FULL_ACCESS_RCP and not statement.conditions:
            return
        if statement.effect is not Effect.DENY:
            self.fail(f"{statement.pointer}/Effect", "a resource control policy can only deny", '"Deny"')
        if "*" in action.values:
            self.fail(action.pointer, '"*" is not allowed in a resource control policy', "actions with a service")


def _article(kind: PolicyKind) -> str:
    names = {
        PolicyKind.IDENTITY: "an identity policy",
        PolicyKind.RESOURCE: "a resource policy",
        PolicyKind.TRUST: "a trust policy",
        PolicyKind.SESSION: "a session policy",
        PolicyKind.BOUNDARY: "a permissions boundary",
        PolicyKind.SCP: "a service control policy",
        PolicyKind.RCP: "a resource control policy",
        PolicyKind.VPC_ENDPOINT: "a VPC endpoint policy",
    }
    return names[kind]


def _kind_of(value: Any) -> str:
    """What a JSON value is, for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string" if value else "an empty string"
    if isinstance(value, Mapping):
        return "an object"
    return "an array" if isinstance(value, list | tuple) else f"a {type(value).__name__}"


def _show(value: Any) -> str:
    """A value for a message, quoted and cut short."""
    if not isinstance(value, str):
        return _kind_of(value)
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:76] + '..."'
