"""Joins the stages for a command: config → desired, AWS or sandbox → live, both → plan, plan → results."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

import click

from crosslane.apply.executor import execute
from crosslane.apply.hands import Hands, no_mfa_code
from crosslane.apply.journal import Journal
from crosslane.apply.outcome import StepResult
from crosslane.apply.progress import Progress
from crosslane.apply.rotation import metadata
from crosslane.apply.sessions import assume, assume_with_token, check_identity, not_bootstrapped, read_token
from crosslane.apply.tasks import carry_out
from crosslane.apply.waiting import Clock
from crosslane.aws.errors import DENIED_CODES, UNKNOWN_KEY_CODES, CredentialsFailure
from crosslane.aws.gateway import Cloud, Gateway, Place
from crosslane.cli.options import Invocation
from crosslane.cli.recovery import SignInAgain
from crosslane.cli.state import state_folder
from crosslane.config.app import app_problems, configured_stages
from crosslane.config.model import Config, KeyStore, Mode
from crosslane.credentials.key_place import held_id
from crosslane.credentials.profile import NEW_KEY, OLD_KEY, ProfileChange, key_values
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.ring import NOT_THERE, Ring, open_ring
from crosslane.credentials.secret import Keys
from crosslane.credentials.session_cache import SessionCache
from crosslane.desired.build import desired_state
from crosslane.desired.model import Caution, Desired, SessionProfile
from crosslane.desired.retired import retired
from crosslane.errors import CrosslaneError, EnvironmentFailure, OutcomeError
from crosslane.live.model import Live, LiveIdentity, LiveRole, LocalProfile, Reading, Unreadable, Who
from crosslane.live.read import denied_accounts, read_identity, read_live, reading, side_by_side
from crosslane.plan import up
from crosslane.plan.model import Plan, Step, VerifyIdentity
from crosslane.plan.profiles import has_session


@dataclass(frozen=True, slots=True)
class World:
    """One config joined with one place to call."""

    config: Config
    desired: Desired
    cloud: Cloud
    files: ProfileFiles
    journal: Journal
    sessions: SessionCache
    kept_sandbox: bool | None
    """None on AWS; else whether the sandbox outlives this command."""
    now: Callable[[], datetime]
    """The time where the calls go: the machine's, or the sandbox's own."""
    tokens: Mapping[str, Path] = field(default_factory=dict)
    """The accounts whose deployer this CI job becomes by the token in the file."""
    mfa_code: Callable[[str], str] = no_mfa_code
    ring: Ring | None = None
    """The keyring, where the config wants access keys' secrets in it and there is one."""
    without_session: frozenset[str] = frozenset()
    """Accounts in which the caller works as it is: see ``plan.bootstrap.has_session``. ``observe`` finds out."""

    @property
    def mark(self) -> str:
        """Our mark in the profile files: ``NAME@TOOLSID``."""
        return f"{self.config.pipeline.name}@{self.config.tools.id}"

    @property
    def places(self) -> tuple[up.Place, ...]:
        """The accounts that the plan is about, each with the profile of its sign-in."""
        used = {stack.account for stack in self.desired.stacks} | {self.desired.repository.account}
        used |= {state.account for state in self.desired.bootstraps}
        return tuple(
            up.Place(
                account.name,
                account.id,
                account.profile or (account.name if self.sandboxed and account.name not in self.tokens else None),
            )
            for account in self.config.accounts
            if account.name in used
        )

    @property
    def sandboxed(self) -> bool:
        return self.kept_sandbox is not None

    @property
    def keys(self) -> dict[str, str]:
        """The profile with the user's key, by account."""
        return {
            state.account: state.key_profile.name for state in self.desired.bootstraps if state.key_profile is not None
        }

    @property
    def deployers(self) -> dict[str, str]:
        """The profile with the deployer's session, by account."""
        return {
            state.account: state.session_profile.name
            for state in self.desired.bootstraps
            if state.account not in self.without_session
        }


@contextlib.contextmanager
def opened(invocation: Invocation) -> Iterator[World]:
    """The world of this invocation: AWS, or the sandbox that is kept for its config or made for it."""
    config = invocation.load_config()
    desired = _desired(config)
    if not invocation.sandbox:
        files = ProfileFiles.from_environment(os.environ, Path.home())
        state = state_folder(config.path)
        journal, sessions = Journal(state / "journal.jsonl"), SessionCache(state / "sessions")
        cloud = Cloud(Place(config.pipeline.region), now=system_time)
        yield _provided(World(config, desired, cloud, files, journal, sessions, None, system_time), invocation)
        return
    from crosslane.sandbox.lifecycle import attached, clock_of, find

    kept = find(config) is not None
    with attached(config) as running:
        place = Place(config.pipeline.region, running.endpoint, running.credentials_file, running.config_file)
        files = ProfileFiles(running.credentials_file, running.config_file)
        journal, sessions = Journal(running.directory / "journal.jsonl"), SessionCache(running.directory / "sessions")
        now = clock_of(running.clock_file)
        world = World(config, desired, Cloud(place, now=now), files, journal, sessions, kept, now)
        yield _provided(world, invocation)


def system_time() -> datetime:
    """The machine's time in UTC."""
    return datetime.now(UTC)


def _desired(config: Config, sso_role_name: str | None = None) -> Desired:
    """The desired state, with what other modes left behind and what the app's folder lacks."""
    desired = desired_state(config, sso_role_name=sso_role_name, configured=configured_stages(config))
    missing = tuple(Caution("app-incomplete", None, problem) for problem in app_problems(config))
    return replace(desired, retired=retired(config, desired), cautions=(*desired.cautions, *missing))


def _provided(world: World, invocation: Invocation) -> World:
    """Let the deployers' sessions come from the cache, renewed by assuming the role before they end."""
    if world.kept_sandbox is not False:
        world.cloud.recover = SignInAgain(invocation)
    world = replace(world, mfa_code=partial(_mfa_code, invocation))
    world = replace(_with_ring(world), tokens=tokens(world.desired, world.config, os.environ))
    for name in world.keys.values() if world.ring is not None else ():
        world.cloud.provide(name, partial(key_metadata, world, name))
    for state in world.desired.bootstraps:
        profile = state.session_profile
        world.cloud.provide(profile.name, partial(session_metadata, world, profile))
        if state.account in world.tokens:
            world.cloud.provide_chain(state.account, partial(session_metadata, world, profile))
    return world


def _mfa_code(invocation: Invocation, serial: str) -> str:
    """The code that was given, else the one that is typed at the terminal, without echo."""
    if invocation.mfa_code is not None:
        return invocation.mfa_code
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return no_mfa_code(serial)
    code: str = click.prompt(f"code of the MFA device {serial.rpartition('/')[2]}", hide_input=True, err=True)
    return code.strip()


def _with_ring(world: World) -> World:
    """The world with the keyring, if it is wanted; one that cannot be used is told, and the file serves."""
    if world.config.bootstrap.key_store is not KeyStore.KEYRING or not world.keys or world.kept_sandbox is False:
        return world
    place = f" (sandbox {world.journal.path.parent.name})" if world.sandboxed else ""
    ring = open_ring(f"crosslane {world.mark}{place}")
    if isinstance(ring, Ring):
        return replace(world, ring=ring)
    told = Caution("keyring-unusable", None, f"{ring.reason}: the key's secret is kept in the file; {ring.next}")
    return replace(world, desired=replace(world.desired, cautions=(*world.desired.cautions, told)))


def key_metadata(world: World, name: str) -> dict[str, str]:
    """The key of the profile, with its secret from the keyring, in the form that the gateway takes."""
    return metadata(held_key(world, name))


def held_key(world: World, name: str) -> Keys:
    """The key of the profile, wherever its secret is; ``EnvironmentFailure`` if there is none."""
    found = world.files.profile(name)
    if found is not None and found.keys is not None:
        return found.keys
    identifier = None if found is None else held_id(found)
    if identifier is None or world.ring is None:
        raise EnvironmentFailure(f"profile {name} holds no access key", code=NOT_THERE, next="crosslane up makes one")
    return world.ring.load(identifier)


def tokens(desired: Desired, config: Config, environ: Mapping[str, str]) -> dict[str, Path]:
    """The file with the CI job's token for each account that it leads into.

    Those are the bootstrapped accounts without a profile whose deployer trusts CI jobs: one token for all of them. Keys
    in the environment win, as in AWS's own tools; so does ``AWS_ROLE_ARN`` for its account, if it names another role.
    https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html (2026-11-25)
    """
    file = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if not file or environ.get("AWS_ACCESS_KEY_ID"):
        return {}
    role = environ.get("AWS_ROLE_ARN", "")
    return {
        state.account: Path(file)
        for state in desired.bootstraps
        if state.provider is not None
        and (account := config.account(state.account)).profile is None
        and (role == state.role.arn or f":{account.id}:" not in role)
    }


def session_metadata(world: World, profile: SessionProfile) -> dict[str, str]:
    """A session that lasts, in the form that the gateway takes; raises what assuming the role raises."""
    return metadata(current_session(world, profile))


def current_session(world: World, profile: SessionProfile) -> Keys:
    """The cached session of the profile, else a new one."""
    source = world.keys.get(profile.account)
    if source is None:
        source = next(place.profile for place in world.places if place.name == profile.account)

    if profile.account in world.keys and source is not None and world.files.profile(source) is None:
        raise not_bootstrapped(profile.account, source)

    def renew() -> Keys:
        if (file := world.tokens.get(profile.account)) is not None:
            token = read_token(file, profile.account)
            return assume_with_token(world.cloud.anonymous(profile.account), profile, token)
        code = None if profile.mfa_serial is None else world.mfa_code(profile.mfa_serial)
        try:
            return assume(world.cloud.gateway(profile.account, source), profile, code)
        except CredentialsFailure as error:
            if error.code not in UNKNOWN_KEY_CODES:
                raise
            # A rotation may just have replaced the key that was read: read it once more.
            return assume(world.cloud.gateway(profile.account, source, fresh=True), profile, code)

    return world.sessions.current(profile.name, renew, now=world.now)


def renewed_session(world: World, profile: SessionProfile) -> Keys:
    """A new session of the profile, cached, and stored where the profile holds static keys of ours."""
    world.sessions.remove(profile.name)
    keys = current_session(world, profile)
    found = world.files.profile(profile.name)
    if found is not None and found.owner == world.mark and found.keys is not None:
        world.files.store([ProfileChange(profile.name, credentials=key_values(keys), owner=world.mark)])
    return keys


def observe(world: World) -> tuple[World, Live]:
    """Everything live. Raises before anything else if a sign-in does not work or is in the wrong account.

    The world that comes back knows the sign-in's role: in mode ``keyless`` the deployer trusts its permission set.
    """
    local = _local_profiles(world)
    bases = {place.name: world.cloud.gateway(place.name, place.profile) for place in world.places}
    asked: dict[tuple[str, Who], Callable[[], Reading[LiveIdentity]]] = {
        (name, Who.BASE): partial(_outcome, partial(read_identity, gateway)) for name, gateway in bases.items()
    }
    for who, profiles in ((Who.KEY, world.keys), (Who.DEPLOYER, world.deployers)):
        for account, name in profiles.items():
            gives = name in local and (local[name].static or (who is Who.DEPLOYER or world.ring is not None))
            if gives and local[name].owner == world.mark and (local[name].access_key_id or local[name].process):
                asked[account, who] = partial(reading, partial(read_identity, world.cloud.gateway(account, name)))
    answers = side_by_side(asked)
    _refuse_bad_sign_ins(world, answers)
    if world.config.bootstrap.mode is Mode.KEYLESS and world.config.sign_in.permission_set is None:
        world = replace(world, desired=_desired(world.config, _sso_role_name(world, answers)))
    local = _local_profiles(world)  # again: asking a deployer may have renewed its session
    read = partial(
        read_live,
        world.desired,
        branch=world.config.pipeline.source.branch,
        identities=answers,
        profiles=local,
    )
    readers = {name: reader_of(world, name, answers) for name in bases}
    live = read(readers=readers)
    # A deployer whose rights were taken away must not hide from the sign-in what is to be repaired.
    blind = {
        name for name in denied_accounts(live, world.desired.repository.account) if readers[name] is not bases[name]
    }
    if blind:
        live = read(readers={**readers, **{name: bases[name] for name in blind}})
    world = _as_trusted(world, live)
    direct = {state.account for state in world.desired.bootstraps if not has_session(state, live)}
    return replace(world, without_session=frozenset(direct)), live


def _as_trusted(world: World, live: Live) -> World:
    """Where neither config nor sign-in says which permission set the deployer trusts (a CI job's does not), what it
    trusts now stays."""
    sign_in = world.config.sign_in
    if world.config.bootstrap.mode is not Mode.KEYLESS or sign_in.permission_set is not None:
        return world
    first = world.desired.bootstraps[0]
    caller = live.identities.get((first.account, Who.BASE))
    if isinstance(caller, LiveIdentity) and ":assumed-role/AWSReservedSSO_" in caller.arn:
        return world
    role = live.roles.get((first.account, first.role.name))
    trusted = re.search(r"AWSReservedSSO_[\w+=,.@-]+_\*", role.trust) if isinstance(role, LiveRole) else None
    return world if trusted is None else replace(world, desired=_desired(world.config, trusted[0]))


def _sso_role_name(world: World, answers: Mapping[tuple[str, Who], Reading[LiveIdentity]]) -> str | None:
    """The role of the sign-in in the first bootstrapped account, if IAM Identity Center made it."""
    answer = answers.get((world.desired.bootstraps[0].account, Who.BASE))
    role = answer.arn.split("/")[1] if isinstance(answer, LiveIdentity) and ":assumed-role/" in answer.arn else ""
    return role if role.startswith("AWSReservedSSO_") else None


def make_plan(world: World, live: Live, scope: up.Scope, *, static: bool | None = False) -> Plan:
    """The plan of ``up`` or one of its halves; ``static`` stores sessions' keys in their profiles, None leaves each
    profile in the form that it has."""
    processes_ = processes(world)
    if static is None:
        processes_ = {
            name: process
            for name, process in processes_.items()
            if name not in live.profiles or live.profiles[name].process is not None
        }
    return up.plan_up(
        world.desired,
        live,
        places=world.places,
        mark=world.mark,
        scope=scope,
        now=world.now(),
        processes={**({} if static else processes_), **key_processes(world)},
    )


def processes(world: World) -> dict[str, str]:
    """The ``credential_process`` of each session profile: this program, by its absolute path.

    A sandbox that goes with its command could not answer later: there the keys themselves are stored.
    """
    if world.kept_sandbox is False:
        return {}
    return {name: process_of(world, name) for name in world.deployers.values()}


def key_processes(world: World) -> dict[str, str]:
    """The same of the keys' profiles, where the keyring has the secrets."""
    return {name: process_of(world, name) for name in world.keys.values()} if world.ring is not None else {}


def process_of(world: World, profile: str) -> str:
    """The command that gives the profile's credentials."""
    program = [sys.executable, "-P", "-m", "crosslane"]
    found = shutil.which("crosslane", path=str(Path(sys.executable).parent)) or shutil.which("crosslane")
    if found is not None:
        program = [str(Path(found).absolute())]
    options = ["--config", str(world.config.path.absolute()), *(["--sandbox"] if world.sandboxed else [])]
    return shlex.join([*program, "credentials", profile, *options])


def hands_of(
    world: World, progress: Progress, *, adopt: bool = False, deployers: Mapping[str, str] | None = None
) -> Hands:
    """What the executor works with. ``deployers`` are the profiles with a session, if not all that are wanted."""
    return Hands(
        cloud=world.cloud,
        files=world.files,
        journal=world.journal,
        sessions=world.sessions,
        mfa_code=world.mfa_code,
        ring=world.ring,
        mark=world.mark,
        tags=world.desired.tags,
        bases={place.name: place.profile for place in world.places},
        keys=world.keys,
        deployers=world.deployers if deployers is None else deployers,
        adopt=adopt,
        clock=Clock(Event()),
        now=world.now,
        token=lambda: uuid.uuid4().hex,
        progress=progress,
    )


def apply_plan(plan: Plan, hands: Hands) -> tuple[StepResult, ...]:
    """Carry out the plan; refuses one with conflicts or blocks."""
    refuse(plan)
    return run_steps(plan.steps, hands)


def run_steps(steps: tuple[Step, ...], hands: Hands) -> tuple[StepResult, ...]:
    """Carry out steps, whatever plan they are from."""
    return execute(steps, lambda step: carry_out(step, hands), progress=hands.progress, clock=hands.clock)


def is_denied(plan: Plan) -> bool:
    """Whether all that could not be read was denied; else AWS or the network failed."""
    return all(block.code in DENIED_CODES for block in plan.blocked)


def refuse(plan: Plan) -> None:
    """Raise if something in the plan's way cannot be read or is not ours."""
    if plan.blocked:
        first = plan.blocked[0]
        more = f" (and {len(plan.blocked) - 1} more)" if len(plan.blocked) > 1 else ""
        kind = OutcomeError if is_denied(plan) else EnvironmentFailure
        raise kind(
            f"{first.kind} {first.name} could not be read: {first.reason}{more}",
            code=first.code,
            account=first.account,
            next="use credentials that may read it; crosslane plan lists everything that could not be read",
        )
    if plan.conflicts:
        first_conflict = plan.conflicts[0]
        more = f" (and {len(plan.conflicts) - 1} more)" if len(plan.conflicts) > 1 else ""
        raise OutcomeError(
            f"{first_conflict.kind} {first_conflict.name}: {first_conflict.reason}{more}; nothing was changed",
            code="NotOurs",
            account=first_conflict.account,
            next="crosslane plan shows them all; --adopt takes over those that no pipeline holds"
            if all(conflict.adoptable for conflict in plan.conflicts)
            else "use other names in [names] and [bootstrap]",
        )


def working_deployers(world: World, live: Live) -> dict[str, str]:
    """The deployers' profiles whose session works now; in the other accounts the sign-in has to do."""
    return {
        account: profile
        for account, profile in world.deployers.items()
        if isinstance(live.identities.get((account, Who.DEPLOYER)), LiveIdentity)
    }


def _local_profiles(world: World) -> dict[str, LocalProfile]:
    """Our two kinds of profile as they are in the files."""
    found = {}
    retired_profiles = {name for gone in world.desired.retired for name in gone.profiles}
    for name in {*world.keys.values(), *world.deployers.values(), *retired_profiles}:
        profile = world.files.profile(name)
        if profile is not None:
            keys = profile.keys
            session = world.sessions.read(name)
            found[name] = LocalProfile(
                name,
                profile.owner,
                held_id(profile),
                keys.expires if keys else session.expires if session else None,
                profile.credential_process,
                profile.text(NEW_KEY),
                profile.text(OLD_KEY),
                keys is not None,
            )
    return found


def _outcome(read: Callable[[], LiveIdentity]) -> Reading[LiveIdentity]:
    """The identity, or an ``Unreadable`` that keeps the error for the person."""
    try:
        return read()
    except EnvironmentFailure as error:
        return _Refused(str(error), error.code, error)


@dataclass(frozen=True, slots=True)
class _Refused(Unreadable):
    error: CrosslaneError


def _refuse_bad_sign_ins(world: World, answers: dict[tuple[str, Who], Reading[LiveIdentity]]) -> None:
    """Raise for sign-ins that do not work or are in the wrong account: all of them in one error."""
    errors: list[CrosslaneError] = []
    for place in world.places:
        answer = answers[place.name, Who.BASE]
        if isinstance(answer, _Refused):
            errors.append(answer.error)
        elif isinstance(answer, LiveIdentity):
            task = VerifyIdentity(Who.BASE, place.profile, place.id, None)
            try:
                check_identity(task, answer.account_id, answer.arn, place.name)
            except EnvironmentFailure as error:
                errors.append(error)
    if not errors:
        return
    if len(errors) == 1:
        raise errors[0]
    lines = "; ".join(f"{error.account}: {error}" for error in errors)
    raise EnvironmentFailure(lines, code=errors[0].code, next=errors[0].next)


def reader_of(world: World, account: str, identities: Mapping[tuple[str, Who], Reading[LiveIdentity]]) -> Gateway:
    """Who reads in the account: the deployer where it exists and works, else the sign-in."""
    works = isinstance(identities.get((account, Who.DEPLOYER)), LiveIdentity)
    if works and account in world.deployers:
        return world.cloud.gateway(account, world.deployers[account])
    profile = next(place.profile for place in world.places if place.name == account)
    return world.cloud.gateway(account, profile)
