"""Opens the world of a command: AWS, or the sandbox, with everybody who calls there."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from crosslane.apply.hands import no_mfa_code
from crosslane.apply.journal import Journal
from crosslane.aws.gateway import Cloud, Place
from crosslane.cli.options import Invocation
from crosslane.cli.recovery import SignInAgain
from crosslane.cli.sessions import key_metadata, session_metadata, tokens
from crosslane.cli.state import state_folder
from crosslane.cli.world import World, desired_of, system_time
from crosslane.config.model import KeyStore
from crosslane.credentials.profile import HELD_KEY
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.ring import UNUSABLE, Ring, open_ring
from crosslane.credentials.session_cache import SessionCache
from crosslane.desired.model import Caution


@contextlib.contextmanager
def opened(invocation: Invocation) -> Iterator[World]:
    """The world of this invocation: AWS, or the sandbox that is kept for its config or made for it.

    Raises ConfigError, EnvironmentFailure for profile files that AWS tools cannot read, and with ``--sandbox`` what
    starting one raises.
    """
    config = invocation.load_config()
    desired = desired_of(config)
    if not invocation.sandbox:
        files = ProfileFiles.from_environment(os.environ, Path.home())
        state = state_folder(config.path)
        journal, sessions = Journal(state / "journal.jsonl"), SessionCache(state / "sessions")
        cloud = Cloud(Place(config.pipeline.region), now=system_time)
        yield _provided(World(config, desired, cloud, files, journal, sessions, None, system_time), invocation)
        return
    # Imported here: moto and the rest of the extra are not there for those who only use AWS.
    from crosslane.sandbox.folder import folder_of
    from crosslane.sandbox.lifecycle import attached, clock_of

    with attached(config) as running:
        kept = running.directory == folder_of(config)
        place = Place(config.pipeline.region, running.endpoint, running.credentials_file, running.config_file)
        files = ProfileFiles(running.credentials_file, running.config_file)
        journal, sessions = Journal(running.directory / "journal.jsonl"), SessionCache(running.directory / "sessions")
        now = clock_of(running.clock_file)
        world = World(config, desired, Cloud(place, now=now), files, journal, sessions, kept, now)
        yield _provided(world, invocation)


def _provided(world: World, invocation: Invocation) -> World:
    """The world with its keyring and tokens, whose cloud asks us for the keys and sessions that we hold."""
    world.files.refuse_unreadable()
    if world.kept_sandbox is not False:
        world.cloud.recover = SignInAgain(invocation)
    world = replace(world, mfa_code=partial(_mfa_code, invocation))
    world = replace(_with_ring(world), tokens=tokens(world.desired, world.config, os.environ))
    for name in world.keys.values() if (world.ring or world.left_ring) is not None else ():
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
    """The world with the keyring, if it is wanted, or has secrets from when it was; one that is wanted and cannot be
    used is told, and the file serves."""
    wanted = world.config.bootstrap.key_store is KeyStore.KEYRING and bool(world.keys)
    if world.kept_sandbox is False or not (wanted or _left_in_ring(world)):
        return world
    place = f" (sandbox {world.journal.path.parent.name})" if world.sandboxed else ""
    ring = open_ring(f"crosslane {world.mark}{place}")
    if not wanted:
        return replace(world, left_ring=ring if isinstance(ring, Ring) else None)
    if isinstance(ring, Ring):
        return replace(world, ring=ring)
    told = Caution(UNUSABLE, None, f"{ring.reason}: the key's secret is kept in the file; {ring.next}")
    return replace(world, desired=replace(world.desired, cautions=(*world.desired.cautions, told)))


def _left_in_ring(world: World) -> bool:
    """Whether a profile of ours says that its key's secret is in the keyring."""
    gone = [name for one in world.desired.retired for name in one.profiles]
    found = [world.files.profile(name) for name in (*world.keys.values(), *gone)]
    return any(one is not None and one.owner == world.mark and one.text(HELD_KEY) is not None for one in found)
