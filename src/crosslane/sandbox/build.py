"""Puts the sandbox together: store, accounts, services, front layer, server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from moto.core.utils import service_name_from_moto_package_name

from crosslane.sandbox.authorization import assumption, tags
from crosslane.sandbox.authorization.audit import Audit, Listener, all_of
from crosslane.sandbox.authorization.authorizer import Authorizer
from crosslane.sandbox.authorization.context import Wire
from crosslane.sandbox.authorization.judge import Judge
from crosslane.sandbox.authorization.organization import Organizations
from crosslane.sandbox.authorization.policies import Policies
from crosslane.sandbox.authorization.world import StoreWorld
from crosslane.sandbox.builds.engine import Builds
from crosslane.sandbox.clients import Clients, MayAssume
from crosslane.sandbox.delivery import Delivery, assemble
from crosslane.sandbox.front import Front, Key, Routes
from crosslane.sandbox.functions.http_api import HttpApis
from crosslane.sandbox.functions.invocation import Invoker
from crosslane.sandbox.identities import Identities, Identity, Kind
from crosslane.sandbox.identity_center.accounts import PERMISSION_SET, Member, sign_in
from crosslane.sandbox.identity_center.oidc import Oidc
from crosslane.sandbox.identity_center.portal import Portal
from crosslane.sandbox.lifecycle import MANAGEMENT_PROFILE, START_URL
from crosslane.sandbox.propagation import Propagation, Thing
from crosslane.sandbox.request import Handler, Request
from crosslane.sandbox.server import Server
from crosslane.sandbox.services import (
    apigatewayv2,
    codebuild,
    codecommit,
    codepipeline,
    events,
    iam,
    iam_rules,
    kms,
    organizations,
    s3,
    sts,
    web_identity,
)
from crosslane.sandbox.services.iam_policies import AwsManagedPolicies
from crosslane.sandbox.services.isolation import own_resources
from crosslane.sandbox.services.organizations import Organization
from crosslane.sandbox.store import Store

if TYPE_CHECKING:
    from crosslane.sandbox.cloudformation.engine import Engine

Clock = Callable[[], datetime]

_SERVICES_OF_STACKS = ("iam", "kms", "s3", "events", "logs", "codebuild", "codepipeline")
"""What CloudFormation calls for most stacks, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a sandbox is started with. ``region`` is where its accounts' roles of the sign-in live."""

    members: Sequence[Member]
    region: str
    partition: str = "aws"
    port: int = 0
    propagation_seconds: float = 0
    seed: int = 0
    id: str = ""
    """Told to commands that look for this sandbox."""
    resource_seconds: Mapping[str, float] = field(default_factory=dict)
    """How long CloudFormation takes to create or update a resource, by type; nothing for those that are not named."""
    start_url: str = START_URL
    """The portal's."""
    permission_sets: Sequence[str] = (PERMISSION_SET,)
    """Assigned to the person in every account; the starting credentials are of the first."""
    enforce: bool = True
    """Whether signatures and policies count."""
    audit: Path | None = None
    """Where each decision is written down."""
    directory: Path | None = None
    """For repositories and builds; a temporary one if there is none."""
    minute_seconds: float = 60
    """How long a minute of a build's or an approval's time limit lasts."""
    issuers: Path | None = None
    """Key sets of OIDC issuers, whose tokens are then taken."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox that listens (``server.serve_forever`` makes it answer).

    ``sign_ins`` are sessions of administrators by account name; ``management`` is one of the organization's owner.
    """

    server: Server
    store: Store
    identities: Identities
    clients: Clients
    organization: Organization
    sign_ins: Mapping[str, Identity]
    management: Identity
    judge: Judge
    """Says of any request whether it would be allowed, as things stand."""
    builds: Builds
    """``builds.end()`` kills what still runs."""


def system_clock() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def build(options: Options, clock: Clock = system_clock, listener: Listener | None = None) -> Sandbox:
    """A sandbox bound to its port. ``listener`` hears of every decision. ``OSError`` if the port is in use or the audit
    file cannot be written."""
    owner = Member("management", organizations.management_account(options.members), MANAGEMENT_PROFILE)
    store = Store(options.partition, [member.id for member in (*options.members, owner)])
    propagation = Propagation(options.propagation_seconds, options.seed, clock)
    identities = Identities(clock, store.user_of_key, _hidden(store, propagation))
    organization = organizations.establish(store, options.members, owner.id, options.seed)

    def signed_in(member: Member) -> Identity:
        sessions = [
            sign_in(store, identities, member, options.region, options.seed, name) for name in options.permission_sets
        ]
        return sessions[0]

    server = Server(lambda environ, start: [], options.port)
    managed = AwsManagedPolicies(store)
    stacks = _Stacks()
    organizations_seen = Organizations(store, organization.management)
    world = StoreWorld(store, identities, organizations_seen, managed, stacks.of_change_set)
    judge = Judge(world, Policies())
    audit = Audit(options.audit, clock) if options.audit else None
    authorizer = Authorizer(judge, clock, all_of(one for one in (listener, audit) if one is not None))
    may_assume = assumption.rule(authorizer, options.region) if options.enforce else assumption.everybody
    clients = Clients(server.endpoint, store, identities, may_assume)

    def allowed(request: Request) -> None:
        """For what is asked for otherwise than by a call of the API."""
        if options.enforce:
            authorizer.check(request, identities.find(request.caller.access_key or ""), Wire(), "json")

    delivery = assemble(store, identities, clients, allowed, server.endpoint, options)
    issuers = web_identity.Issuers(options.issuers)
    seen = organizations_seen
    routes = _routes(store, identities, organization, propagation, managed, seen, may_assume, delivery, issuers)
    world.tag_readers |= tags.readers(routes.handlers, stacks.tags)
    late = {
        "cloudformation": _cloudformation(clients, clock, options, stacks),
        "lambda": _functions(store, clients, server.endpoint, clock),
        "kms": kms.prepare,
        "s3": s3.prepare,
    }
    front = Front(store, identities, routes, late, options.id, authorizer if options.enforce else None)
    portal = Portal(Oidc(clock, options.start_url), store, identities, options.members, front)
    http_apis = HttpApis(store, Invoker(clients, server.endpoint, clock), portal)
    server.application = delivery.git(options.region, http_apis)
    sign_ins = {member.name: signed_in(member) for member in options.members}
    return Sandbox(server, store, identities, clients, organization, sign_ins, signed_in(owner), judge, delivery.builds)


class _Stacks:
    """The engine of CloudFormation, once there is one, as authorization sees it."""

    def __init__(self) -> None:
        self.engine: Engine | None = None

    def of_change_set(self, arn: str) -> str | None:
        """The ARN of the stack that the change set is for."""
        return None if self.engine is None else self.engine.stack_of_change_set(arn)

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a stack."""
        return {} if self.engine is None else self.engine.tags_of_stack(arn)


def _routes(
    store: Store,
    identities: Identities,
    organization: Organization,
    propagation: Propagation,
    managed: AwsManagedPolicies,
    seen: Organizations,
    may_assume: MayAssume,
    delivery: Delivery,
    issuers: web_identity.Issuers,
) -> Routes:
    """Everything that the sandbox answers itself or looks at first."""

    def known(arn: str) -> bool:
        return all(propagation.known(thing, arn) for thing in (Thing.USER, Thing.ROLE))

    owners, checks = organizations.routes(store, organization)
    return Routes(
        handlers={
            **sts.handlers(store, identities, known),
            **web_identity.handlers(store, identities, known, issuers),
            **iam.handlers(store, managed),
            **kms.handlers(store),
            **events.handlers(store, delivery.router),
            **codebuild.handlers(store, identities.clock, delivery.builds),
            **codecommit.handlers(delivery.codecommit),
            **codepipeline.handlers(store, identities, delivery.pipelines),
            **apigatewayv2.handlers(store),
        },
        checks={
            **checks,
            **iam_rules.checks(store, identities, managed, known),
            **kms.checks(store, identities, known),
            **s3.checks(store, known),
            **events.checks(store),
            **assumption.checks(may_assume),
        },
        owners={**owners, **kms.owners(store)},
        complete=frozenset({"cloudformation", "codebuild", "codecommit", "codepipeline", "sts"}),
        before=(own_resources,),
        after=(propagation.note(store), s3.new_buckets(store), seen.note),
    )


def _hidden(store: Store, propagation: Propagation) -> Callable[[Identity], bool]:
    """Credentials that do not count: keys that are too new, and sessions of roles that are gone."""

    def hidden(identity: Identity) -> bool:
        if identity.kind is Kind.USER:
            user = store.user(identity.principal_arn)
            new = not propagation.known(Thing.ACCESS_KEY, identity.credentials.access_key)
            return new or user is None or user.id != identity.user_id
        role = store.role(identity.principal_arn) if identity.kind is Kind.ROLE else None
        return identity.kind is Kind.ROLE and (role is None or role.id != identity.user_id.partition(":")[0])

    return hidden


def _cloudformation(
    clients: Clients, clock: Clock, options: Options, stacks: _Stacks
) -> Callable[[], Mapping[Key, Handler]]:
    """The engine, imported at the first request for it: most of a start's time would be spent on it.

    Who asks for stacks will soon make some: what that takes is got ready meanwhile.
    """

    def settle(type_name: str, act: str) -> None:
        if act != "delete":
            time.sleep(options.resource_seconds.get(type_name, 0))

    def prepare() -> None:
        clients.prepare(_SERVICES_OF_STACKS, options.region)
        service_name_from_moto_package_name("iam")  # its table of all names, which moto needs at its first error

    def load() -> Mapping[Key, Handler]:
        from crosslane.sandbox.cloudformation.engine import LINGER_SECONDS, Engine

        # Who asks for AWS's slowness wants AWS's answers too: DescribeStacks says at once what it sees.
        linger = 0 if options.resource_seconds else LINGER_SECONDS
        stacks.engine = Engine(clients, clock, settle=settle, linger=linger)
        threading.Thread(target=prepare, name="prepare", daemon=True).start()
        handlers: Mapping[Key, Handler] = stacks.engine.handlers()
        return handlers

    return load


def _functions(store: Store, clients: Clients, endpoint: str, clock: Clock) -> Callable[[], Mapping[Key, Handler]]:
    """Lambda, imported at the first request for it."""

    def load() -> Mapping[Key, Handler]:
        from crosslane.sandbox.functions.handlers import handlers

        return handlers(store, clients, endpoint, clock)

    return load
