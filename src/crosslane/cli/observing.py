"""Reads what is live, as whoever may read it; refuses sign-ins that do not work or are elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from crosslane.apply.sessions import check_identity
from crosslane.aws.errors import CredentialsFailure
from crosslane.aws.gateway import Gateway
from crosslane.cli.world import World, desired_of
from crosslane.config.model import Mode
from crosslane.credentials.key_place import held_id
from crosslane.credentials.profile import NEW_KEY, OLD_KEY
from crosslane.errors import CrosslaneError, EnvironmentFailure
from crosslane.live.model import Live, LiveIdentity, LiveRole, LocalProfile, Reading, Unreadable, Who
from crosslane.live.read import denied_accounts, read_identity, read_live, reading, side_by_side
from crosslane.plan.model import VerifyIdentity
from crosslane.plan.profiles import has_session

Identities = Mapping[tuple[str, Who], Reading[LiveIdentity]]
"""Who somebody is, by account and kind of caller."""


def observe(world: World, *, adopt: bool = False) -> tuple[World, Live]:
    """Everything live. Raises before anything else if a sign-in does not work or is in the wrong account.

    ``adopt`` asks also who the key is in a user's profile that nobody holds: it stays if it is the user's.
    The world that comes back knows the sign-in's role: in mode ``keyless`` the deployer trusts its permission set.
    """
    identities = _identities(world, adopt=adopt)
    _refuse_bad_sign_ins(world, identities)
    if world.config.bootstrap.mode is Mode.KEYLESS and world.config.sign_in.permission_set is None:
        world = replace(world, desired=desired_of(world.config, _sso_role_name(world, identities)))
    live = _read(world, identities)
    world = _as_trusted(world, live)
    direct = {state.account for state in world.desired.bootstraps if not has_session(state, live)}
    return replace(world, without_session=frozenset(direct)), live


def _identities(world: World, *, adopt: bool) -> Identities:
    """Who each sign-in is, and who each key and deployer is whose profile of ours has something to call with."""
    local = _local_profiles(world)
    asked: dict[tuple[str, Who], Callable[[], Reading[LiveIdentity]]] = {
        (place.name, Who.BASE): partial(
            _outcome, partial(read_identity, world.cloud.gateway(place.name, place.profile))
        )
        for place in world.places
    }
    for who, profiles in ((Who.KEY, world.keys), (Who.DEPLOYER, world.deployers)):
        for account, name in profiles.items():
            ring = world.ring or world.left_ring
            gives = name in local and (local[name].static or (who is Who.DEPLOYER or ring is not None))
            taken = adopt and who is Who.KEY and gives and local[name].owner is None
            ours = taken or (gives and local[name].owner == world.mark)
            if ours and (local[name].access_key_id or local[name].process):
                asked[account, who] = partial(reading, partial(read_identity, world.cloud.gateway(account, name)))
    return side_by_side(asked)


def _read(world: World, identities: Identities) -> Live:
    """What is live, read by the deployers that work. A deployer whose rights were taken away must not hide from the
    sign-in what is to be repaired: where one is denied something, the sign-in reads it all again."""
    read = partial(
        read_live,
        world.desired,
        branch=world.config.pipeline.source.branch,
        identities=identities,
        profiles=_local_profiles(world),  # read after the identities: asking a deployer may have renewed its session
    )
    sign_ins = {place.name: world.cloud.gateway(place.name, place.profile) for place in world.places}
    readers = {account: reader_of(world, account, identities) for account in sign_ins}
    live = read(readers=readers)
    denied = denied_accounts(live, world.desired.repository.account)
    blind = {account for account in denied if readers[account] is not sign_ins[account]}
    return read(readers={**readers, **{account: sign_ins[account] for account in blind}}) if blind else live


def reader_of(world: World, account: str, identities: Identities) -> Gateway:
    """Who reads in the account: the deployer where it exists and works, else the sign-in."""
    works = isinstance(identities.get((account, Who.DEPLOYER)), LiveIdentity)
    if works and account in world.deployers:
        return world.cloud.gateway(account, world.deployers[account])
    return world.cloud.gateway(account, world.sign_in(world.config.account(account)))


def _local_profiles(world: World) -> dict[str, LocalProfile]:
    """The profiles of keys, sessions and what another mode left behind, as they are in the files."""
    retired = {name for gone in world.desired.retired for name in gone.profiles}
    found = {}
    for name in {*world.keys.values(), *world.deployers.values(), *retired}:
        profile = world.files.profile(name)
        if profile is None:
            continue
        gives = profile.keys or world.sessions.read(name)
        found[name] = LocalProfile(
            name,
            profile.owner,
            access_key_id=held_id(profile),
            expires=None if gives is None else gives.expires,
            process=profile.credential_process,
            pending_key_id=profile.text(NEW_KEY),
            retired_key_id=profile.text(OLD_KEY),
            static=profile.keys is not None,
        )
    return found


def _sso_role_name(world: World, identities: Identities) -> str | None:
    """The role of the sign-in in the first bootstrapped account, if IAM Identity Center made it."""
    answer = identities.get((world.desired.bootstraps[0].account, Who.BASE))
    role = answer.arn.split("/")[1] if isinstance(answer, LiveIdentity) and ":assumed-role/" in answer.arn else ""
    return role if role.startswith("AWSReservedSSO_") else None


def _as_trusted(world: World, live: Live) -> World:
    """Where neither config nor sign-in says which permission set the deployer trusts (a CI job's does not), what it
    trusts now stays."""
    if world.config.bootstrap.mode is not Mode.KEYLESS or world.config.sign_in.permission_set is not None:
        return world
    if _sso_role_name(world, live.identities) is not None:
        return world
    first = world.desired.bootstraps[0]
    role = live.roles.get((first.account, first.role.name))
    trusted = re.search(r"AWSReservedSSO_[\w+=,.@-]+_\*", role.trust) if isinstance(role, LiveRole) else None
    return world if trusted is None else replace(world, desired=desired_of(world.config, trusted[0]))


def _outcome(read: Callable[[], LiveIdentity]) -> Reading[LiveIdentity]:
    """The identity, or an ``Unreadable`` that keeps the error for the person."""
    try:
        return read()
    except EnvironmentFailure as error:
        return _Refused(str(error), error.code, error)


@dataclass(frozen=True, slots=True)
class _Refused(Unreadable):
    error: CrosslaneError


def _refuse_bad_sign_ins(world: World, identities: Identities) -> None:
    """Raise for sign-ins that do not work or are in the wrong account: all of them in one error."""
    errors: dict[str, CrosslaneError] = {}
    for place in world.places:
        answer = identities[place.name, Who.BASE]
        if isinstance(answer, _Refused):
            errors[place.name] = answer.error
        elif isinstance(answer, LiveIdentity):
            task = VerifyIdentity(Who.BASE, place.profile, place.id, None)
            try:
                check_identity(task, answer.account_id, answer.arn, place.name)
            except EnvironmentFailure as error:
                errors[place.name] = error
    if not errors:
        return
    first = next(iter(errors.values()))
    first.next = _next_of(world, errors)
    if len(errors) == 1:
        raise first
    accounts: dict[str, list[str]] = {}
    for account, one in errors.items():
        accounts.setdefault(str(one), []).append(account)
    lines = "; ".join(f"{', '.join(names)}: {message}" for message, names in accounts.items())
    raise EnvironmentFailure(lines, code=first.code, next=first.next)


def _next_of(world: World, errors: Mapping[str, CrosslaneError]) -> str | None:
    """One command that signs in to all accounts where that helps; then what helps the others."""
    ended = [
        place.name
        for place in world.places
        if place.profile is not None and isinstance(errors.get(place.name), CredentialsFailure)
    ]
    others = [error.next for account, error in errors.items() if account not in ended and error.next]
    if not ended:
        return others[0] if others else None
    return f"crosslane sign-in {' '.join(ended)}, then run it again" + "".join(
        f"; {other}" for other in dict.fromkeys(others)
    )
