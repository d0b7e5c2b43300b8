"""How conformance cases are written: a documented rule, its page, a request, and what AWS would answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crosslane.iam import Decision, Layers, Outcome, PolicyKind, Principal, Request, decide, parse_policy

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
OPERATORS = GUIDE + "reference_policies_elements_condition_operators.html"
MULTIVALUED = GUIDE + "reference_policies_condition-single-vs-multi-valued-context-keys.html"
LOGIC = GUIDE + "reference_policies_condition-logic-multiple-context-keys-or-values.html"
VARIABLES = GUIDE + "reference_policies_variables.html"
EVALUATION = GUIDE + "reference_policies_evaluation-logic_policy-eval-denyallow.html"
CROSS_ACCOUNT = GUIDE + "reference_policies_evaluation-logic-cross-account.html"
BOUNDARIES = GUIDE + "access_policies_boundaries.html"
PRINCIPAL = GUIDE + "reference_policies_elements_principal.html"
NOT_PRINCIPAL = GUIDE + "reference_policies_elements_notprincipal.html"
RESOURCE = GUIDE + "reference_policies_elements_resource.html"
ARNS = GUIDE + "reference-arns.html"
SCPS = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html"
RCPS = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html"
KEY_POLICIES = "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html"
BLOCK_PUBLIC_ACCESS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"

ONE, TWO = "111111111111", "222222222222"
USER = f"arn:aws:iam::{ONE}:user/bob"
ROLE = f"arn:aws:iam::{ONE}:role/app"
SESSION = f"arn:aws:sts::{ONE}:assumed-role/app/build"
FEDERATED = f"arn:aws:sts::{ONE}:federated-user/carl"
ROOT = f"arn:aws:iam::{ONE}:root"
OBJECT = "arn:aws:s3:::bucket/key"

Statement = dict[str, Any]


def allow(action: Any = "s3:*", resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:*", resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def document(*statements: Statement, version: str | None = "2012-10-17") -> dict[str, Any]:
    out: dict[str, Any] = {} if version is None else {"Version": version}
    return {**out, "Statement": list(statements)}


@dataclass(frozen=True)
class Situation:
    """A request and its policies, each layer as a list of statements. None means that there is no such policy."""

    principal: str | Principal = USER
    action: str = "s3:GetObject"
    resource: str = OBJECT
    account: str = ONE
    context: Mapping[str, Any] = field(default_factory=dict)
    identity: Sequence[Statement] = ()
    on_resource: Sequence[Statement] | None = None
    session: Sequence[Statement] | None = None
    boundary: Sequence[Statement] | None = None
    scps: Sequence[Sequence[Statement]] = ()
    rcps: Sequence[Sequence[Statement]] = ()
    endpoint: Sequence[Statement] | None = None
    block_public_access: bool = False
    version: str | None = "2012-10-17"

    def decide(self) -> Decision:
        trust = self.action.startswith("sts:")
        layers = Layers.of(
            identity=[self._policy(self.identity, PolicyKind.IDENTITY)] if self.identity else (),
            resource=None
            if self.on_resource is None
            else self._policy(self.on_resource, PolicyKind.TRUST if trust else PolicyKind.RESOURCE),
            session=None if self.session is None else [self._policy(self.session, PolicyKind.SESSION)],
            boundary=None if self.boundary is None else [self._policy(self.boundary, PolicyKind.BOUNDARY)],
            scps=[[self._policy(level, PolicyKind.SCP)] if level else [] for level in self.scps],
            rcps=[[self._policy(level, PolicyKind.RCP)] if level else [] for level in self.rcps],
            vpc_endpoint=None if self.endpoint is None else [self._policy(self.endpoint, PolicyKind.VPC_ENDPOINT)],
            block_public_access=self.block_public_access,
        )
        principal = Principal.parse(self.principal) if isinstance(self.principal, str) else self.principal
        return decide(Request(principal, self.action, self.resource, self.account, self.context), layers)

    def _policy(self, statements: Sequence[Statement], kind: PolicyKind) -> Any:
        return parse_policy(document(*statements, version=self.version), kind, kind.value)


@dataclass(frozen=True)
class Rule:
    """One case: what the page says, where, and the decision that follows."""

    says: str
    source: str
    situation: Situation
    outcome: Outcome

    @property
    def id(self) -> str:
        return self.says.replace(" ", "-")[:90]


ALLOWED, EXPLICIT, IMPLICIT = Outcome.ALLOWED, Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY


def condition_rule(says: str, source: str, operator: str, key: str, values: Any, given: Any, holds: bool) -> Rule:
    """A condition by itself: an Allow for everything that hangs on it. ``given`` None leaves the key out."""
    context = {} if given is None else {key: given}
    identity = [allow("*", Condition={operator: {key: values}})]
    return Rule(says, source, Situation(context=context, identity=identity), ALLOWED if holds else IMPLICIT)
