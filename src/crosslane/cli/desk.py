"""What signing in and out works with: the places of AWS or of the sandbox, without the stages of a deployment."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslane.apply.sign_in import Desk, Wanted
from crosslane.aws.gateway import Cloud, Place, sso_cache_folder
from crosslane.cli.options import Invocation
from crosslane.cli.state import state_folder
from crosslane.config import rules
from crosslane.config.model import Config
from crosslane.credentials.portal import Wish, find_portal
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.session_cache import SessionCache
from crosslane.credentials.sso_cache import SsoCache, SsoSession
from crosslane.errors import UsageError


@dataclass(frozen=True, slots=True)
class Opened:
    """A config with its desk. ``sessions`` are the deployers' cached ones.

    ``kept_sandbox`` is None on AWS, else whether the sandbox outlives this command.
    """

    config: Config
    desk: Desk
    sessions: SessionCache
    start_url: str | None
    """The config's, or the sandbox's own."""
    kept_sandbox: bool | None


@contextlib.contextmanager
def opened_desk(invocation: Invocation, *, adopt: bool = False, static: bool = False) -> Iterator[Opened]:
    """The desk of this invocation. All profiles of a sandbox are its own, so they are always taken over."""
    config = invocation.load_config()
    mark, region = f"{config.pipeline.name}@{config.tools.id}", config.pipeline.region
    if not invocation.sandbox:
        desk = Desk(
            Cloud(Place(region)),
            ProfileFiles.from_environment(os.environ, Path.home()),
            SsoCache(Path.home() / ".aws" / "sso" / "cache"),
            mark,
            region,
            adopt,
            static,
        )
        sessions = SessionCache(state_folder(config.path) / "sessions")
        yield Opened(config, desk, sessions, config.sign_in.start_url, None)
        return
    from crosslane.sandbox.folder import folder_of
    from crosslane.sandbox.lifecycle import START_URL, attached

    with attached(config) as running:
        kept = running.directory == folder_of(config)
        desk = Desk(
            Cloud(Place(region, running.endpoint, running.credentials_file, running.config_file)),
            ProfileFiles(running.credentials_file, running.config_file),
            SsoCache(sso_cache_folder(running.credentials_file)),
            mark,
            region,
            True,
            static,
            running.endpoint,
        )
        start_url = config.sign_in.start_url or START_URL
        yield Opened(config, desk, SessionCache(running.directory / "sessions"), start_url, kept)


def wanted_accounts(opened: Opened, names: Sequence[str]) -> tuple[Wanted, ...]:
    """The named accounts, else all that have a profile. ``UsageError`` for unknown ones and those without profile."""
    config = opened.config
    known = {account.name: account for account in config.accounts}
    for name in names:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=1)
            raise UsageError(
                f"the config has no account {name}, but {', '.join(known)}",
                code="UnknownAccount",
                next=f"did you mean {near[0]}?" if near else "name one of these",
            )
    chosen = [known[name] for name in dict.fromkeys(names)] or list(config.accounts)
    found = [
        Wanted(account.name, account.id, profile)
        for account in chosen
        if (profile := account.profile or (account.name if invoked_offline(opened) else None))
    ]
    lacking = [account.name for account in chosen if account.name not in {one.name for one in found}]
    if lacking and (names or not found):
        raise UsageError(
            f"the config names no profile to write for {', '.join(lacking)}",
            code="NoProfile",
            next=f'add profile = "{lacking[0]}" to the account in the config',
        )
    return tuple(found)


def invoked_offline(opened: Opened) -> bool:
    """Whether this is a sandbox, where an account's profile is called like it if it has none."""
    return opened.kept_sandbox is not None


def portal_of(
    opened: Opened, *, start_url: str | None, sso_region: str | None, name: str | None
) -> SsoSession | tuple[str, ...]:
    """The portal that flags, config and the AWS config file lead to, or the sessions to choose from."""
    for flag, value, rule in (("--start-url", start_url, rules.START_URL), ("--sso-region", sso_region, rules.REGION)):
        if value is not None and (why := rules.broken(rule, value)):
            raise UsageError(f"{flag} {value!r} {why}", code="BadFlag")
    config = opened.config
    profiles = [
        found
        for account in config.accounts
        if account.profile and (found := opened.desk.files.profile(account.profile)) is not None
    ]
    wish = Wish(start_url or (None if name else opened.start_url), sso_region or config.sign_in.region, name)
    default = config.pipeline.region if invoked_offline(opened) else None
    return find_portal(wish, opened.desk.files.sso_sessions(), profiles, default_region=default)
