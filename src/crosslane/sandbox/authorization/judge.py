"""Whether a request is allowed: each of its uses, decided by ``crosslane.iam`` over every policy that bears on it.

Nothing here changes anything or knows of HTTP, so that a test can ask what the sandbox would say.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from crosslane.iam import Decision, Explanation, Layers, Policy, PolicyKind, Principal, decide, explain
from crosslane.iam import Request as Question
from crosslane.iam.matching import StatementSet
from crosslane.iam.services.kms import needs_key_policy
from crosslane.iam.services.sts import needs_trust_policy
from crosslane.sandbox.authorization import context as contexts
from crosslane.sandbox.authorization.context import Wire
from crosslane.sandbox.authorization.encryption import key_uses
from crosslane.sandbox.authorization.operations import Use, uses_of
from crosslane.sandbox.authorization.organization import RCP, SCP
from crosslane.sandbox.authorization.policies import Bearing, Compiled, Named, Policies
from crosslane.sandbox.authorization.world import Entity, Owned, StoreWorld
from crosslane.sandbox.identities import Identity, Kind
from crosslane.sandbox.request import Request

_KEPT = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Condition keys that all requests of a principal for a service have in common while nothing else changes. The same
    object has the same keys."""

    context: contexts.Context


class Asked(NamedTuple):
    """One use as a question, with all policies that bear on it."""

    question: Question
    layers: Layers
    exists: bool
    standing: Standing
    own: contexts.Context


@dataclass(frozen=True, slots=True)
class Judgement:
    """One use of a request, decided. ``decision`` has the question, the policies and the result of each layer.

    ``identity`` is None for an anonymous request and for a service that acts for itself.
    """

    request: Request
    identity: Identity | None
    use: Use
    decision: Decision
    exists: bool = True
    """Whether the resource is there; of one that is not, only the principal's own policies are asked."""
    standing: Standing | None = None
    """The part of the question's context that many have in common, if it is known."""
    own: contexts.Context | None = None
    """The rest of the context."""

    @property
    def allowed(self) -> bool:
        """Whether the request goes on."""
        return self.decision.allowed

    @property
    def explanation(self) -> Explanation:
        """The statements behind it; worked out when asked for."""
        return explain(self.decision)


Edit = Callable[[Policy], Policy | None]
"""Another policy to count in a policy's place; None for none."""


def again(found: Judgement, edit: Edit) -> Judgement:
    """The same use, decided with its policies edited: what a run that was heard would have come to with others.

    Pure: all policies that were asked are in the decision. A boundary or session policy that is gone limits nothing; a
    resource policy that is gone allows nobody.
    """
    policies = found.decision.policies
    layers = Layers(
        _edited(policies.identity, edit),
        _edited_or_none(policies.resource, edit),
        _edited_or_none(policies.session, edit),
        _edited_or_none(policies.boundary, edit),
        tuple([_edited(level, edit) for level in policies.scps]),
        tuple([_edited(level, edit) for level in policies.rcps]),
        policies.vpc_endpoint,
        policies.block_public_access,
    )
    return replace(found, decision=decide(found.decision.request, layers))


def _edited(statements: StatementSet, edit: Edit) -> StatementSet:
    made = [edit(policy) for policy in statements.policies]
    if all(new is old for new, old in zip(made, statements.policies, strict=True)):
        return statements
    return StatementSet([policy for policy in made if policy is not None])


def _edited_or_none(statements: StatementSet | None, edit: Edit) -> StatementSet | None:
    if statements is None:
        return None
    made = _edited(statements, edit)
    return made if made.policies else None


class Judge:
    """Decides requests in a world. ``policies`` keeps what was compiled."""

    def __init__(self, world: StoreWorld, policies: Policies) -> None:
        self._world = world
        self._policies = policies
        self._principals: OrderedDict[tuple[str, str], Principal] = OrderedDict()
        self._kept: dict[tuple[object, ...], Standing] = {}

    def judge(self, request: Request, identity: Identity | None, wire: Wire, now: datetime) -> Iterator[Judgement]:
        """Each use in order, up to and including the first that is denied. Raises ``UnmappedError``."""
        via = identity.via if identity is not None else ()
        for use in self._uses(request):
            asked = self._question(request, identity, use, via, wire, now)
            decision = decide(asked.question, asked.layers)
            found = Judgement(request, identity, use, decision, asked.exists, asked.standing, asked.own)
            yield found
            if not found.allowed:
                return

    def expected(self, request: Request, identity: Identity | None, wire: Wire, now: datetime) -> Judgement | None:
        """The first use that would be denied, else None."""
        return next((one for one in self.judge(request, identity, wire, now) if not one.allowed), None)

    def assumption(self, service: str, role_arn: str, source: contexts.Context, request: Request) -> Judgement:
        """Whether a service may assume a role: its trust policy alone decides, with ``aws:SourceAccount`` and
        ``aws:SourceArn`` as ``source`` has them.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html (2026-11-24).
        """
        account = role_arn.split(":")[4]
        use = Use("sts:AssumeRole", role_arn)
        owned = self._world.owned(role_arn, account)
        context = {**Principal.service(service).context(), **source, "aws:ResourceAccount": account}
        question = Question(Principal.service(service), use.action, role_arn, account, context)
        layers = self._of_anyone(account, owned).layers
        return Judgement(request, None, use, decide(question, layers), owned.exists)

    # -- one question ------------------------------------------------------------------------------------------------

    def _uses(self, request: Request) -> Iterator[Use]:
        yield from uses_of(request, self._world)
        yield from key_uses(request, self._world)

    def _question(
        self, request: Request, identity: Identity | None, use: Use, via: tuple[str, ...], wire: Wire, now: datetime
    ) -> Asked:
        world = self._world
        parts = use.resource.split(":", 5)
        named = parts[4] if len(parts) == 6 else ""
        owner = use.account or (named if named.isdecimal() else "") or request.account
        if use.service == "organizations":
            owner = request.caller.account  # the organization's own rules on members come after this
        owned = world.owned(use.resource, owner)
        standing = self._standing(request, identity, use.service, use.via, owner, via, wire)
        own: contexts.Context = contexts.of_request(request, use, now)
        own |= use.context
        if identity is None:
            principal, bearing = Principal.anonymous(), self._of_anyone(owner, owned)
        else:
            principal, entity = self._principal(identity), world.policies_of(identity)
            for key, value in entity.tags.items():
                own[f"aws:PrincipalTag/{key}"] = value
            bearing = self._of_entity(identity, entity, owned, use, owner)
        own |= self._resource_tags(use, owner, owned, bearing)
        question = Question(principal, use.action, use.resource, owner, {**standing.context, **own})
        return Asked(question, bearing.layers, owned.exists, standing, own)

    def _standing(
        self,
        request: Request,
        identity: Identity | None,
        service: str,
        caller: str | None,
        owner: str,
        via: tuple[str, ...],
        wire: Wire,
    ) -> Standing:
        """``service`` is the action's prefix, ``caller`` the service that makes this call for the principal."""
        organizations = self._world.organizations
        region, account = request.region, request.caller.account
        who = None
        if identity is not None:
            temporary = identity.credentials.token is not None
            who = identity.arn, identity.user_id, identity.principal_arn, identity.source_identity, temporary
        key = who, service, caller, owner, via, wire, region, account, organizations.changes
        found = self._kept.get(key)
        if found is None:
            context = contexts.of_way(region, service, owner, wire, organizations, self._world.partition)
            context |= contexts.of_chain(via, service, caller, region, account, wire.source_ip)
            if identity is not None:
                context |= contexts.of_principal(identity, self._principal(identity), organizations)
            found = Standing(context)
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found

    def _resource_tags(self, use: Use, owner: str, owned: Owned, bearing: Compiled) -> contexts.Context:
        """The resource's tags; those that take a look-up are looked up where a policy speaks of tags."""
        tags = owned.tags
        if not tags and bearing.speak_of_tags:
            tags = self._world.tags(use.resource, owner)
        found: contexts.Context = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
        if tags and use.service == "iam":
            found |= {f"iam:ResourceTag/{key}": value for key, value in tags.items()}
        return found

    def _of_entity(self, identity: Identity, entity: Entity, owned: Owned, use: Use, owner: str) -> Compiled:
        resource = _resource(owned)
        if not owned.exists and owner == identity.account:
            bare = Question(Principal.anonymous(), use.action, use.resource, owner)
            if needs_key_policy(bare) or needs_trust_policy(bare):
                resource = PolicyKind.RESOURCE, (f"account {owner}", _OWNER_LETS_IAM_DECIDE % owner)
        levels = self._world.organizations.levels
        return self._policies.compiled(
            Bearing(
                entity.identity,
                resource,
                entity.session,
                entity.boundary,
                levels(identity.account, SCP),
                levels(owner, RCP),
                owned.block_public_access,
            )
        )

    def _of_anyone(self, owner: str, owned: Owned) -> Compiled:
        rcps = self._world.organizations.levels(owner, RCP)
        bearing = Bearing(resource=_resource(owned), rcps=rcps, block_public_access=owned.block_public_access)
        return self._policies.compiled(bearing)

    def _principal(self, identity: Identity) -> Principal:
        key = identity.arn, identity.user_id
        found = self._principals.get(key)
        if found is None:
            user_id = None if identity.kind is Kind.ROOT else identity.user_id
            found = self._principals[key] = Principal.parse(identity.arn, user_id)
            while len(self._principals) > _KEPT:
                self._principals.popitem(last=False)
        return found


def _resource(owned: Owned) -> tuple[PolicyKind, Named] | None:
    return None if owned.policy is None else (owned.kind, owned.policy)


_OWNER_LETS_IAM_DECIDE = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "%s"}, "Action": "*", '
    '"Resource": "*"}}'
)
"""Stands for the policy of a key or role of the account that does not exist: whether the caller may ask is decided by
its own policies, and the service then says that there is no such thing."""
