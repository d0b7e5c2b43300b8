"""Which portal to sign in to: from flags, the config, or what the AWS config file has already."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosslane.credentials.profile import Profile
from crosslane.credentials.section_text import Value
from crosslane.credentials.sso_cache import SsoSession, plain_url
from crosslane.errors import UsageError

_AWS_PORTAL = re.compile(r"https://(?P<label>[a-z0-9-]+)\.awsapps\.(?:com|cn)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What flags and config say; None for what they leave open. ``name`` is that of an ``sso-session``."""

    start_url: str | None = None
    region: str | None = None
    name: str | None = None


def find_portal(
    wish: Wish,
    sections: Mapping[str, Mapping[str, Value]],
    profiles: Sequence[Profile],
    *,
    default_region: str | None = None,
) -> SsoSession | tuple[str, ...]:
    """The session to use, known to the AWS config file or to be written there, or several names to choose from.

    ``sections`` are the ``sso-session`` sections, ``profiles`` those of the config's accounts as they are now. A start
    URL that is wished for wins; else the profiles' own session; else the only section there is. ``UsageError`` where
    start URL or region is said nowhere.
    """
    known = {name: found for name, keys in sections.items() if (found := _session(name, keys)) is not None}
    if wish.name is not None and wish.name in known:
        return _agreeing(known[wish.name], wish)
    if wish.start_url is not None:
        return _of_url(wish.start_url, wish, known, profiles, default_region)
    if wish.name is not None:
        raise UsageError(
            f"there is no sso-session {wish.name} in the AWS config file",
            code="NoSuchSsoSession",
            next=f"name one that is there ({', '.join(known)})" if known else "add --start-url and --sso-region",
        )
    used = dict.fromkeys(name for profile in profiles if (name := profile.sso_session) in known and name)
    if len(used) == 1:
        return known[next(iter(used))]
    older = {plain_url(url): url for profile in profiles if (url := profile.sso_start_url)}
    if not used and len(older) == 1:
        return _of_url(next(iter(older.values())), wish, known, profiles, default_region)
    candidates = tuple(used) or tuple(known)
    if len(candidates) == 1:
        return known[candidates[0]]
    if candidates:
        return candidates
    raise UsageError(
        "it is not said which portal to sign in to: neither the config nor the AWS config file has a start URL",
        code="NoStartUrl",
        next="add --start-url URL --sso-region REGION, or start_url and region under [sign_in] in the config",
    )


def _of_url(
    start_url: str,
    wish: Wish,
    known: Mapping[str, SsoSession],
    profiles: Sequence[Profile],
    default_region: str | None,
) -> SsoSession:
    """The known session of this start URL, else a new one; a region that was wished for has to be the same."""
    for session in known.values():
        same = plain_url(session.start_url) == plain_url(start_url) and wish.region in (None, session.region)
        if same and wish.name in (None, session.name):
            return session
    region = wish.region or _region_beside(start_url, profiles) or default_region
    if region is None:
        raise UsageError(
            f"the region of {start_url} is said nowhere",
            code="NoSsoRegion",
            next="add --sso-region REGION, or region under [sign_in] in the config",
        )
    name = wish.name or _free_name(_name_for(start_url), known)
    return SsoSession(name, start_url, region, ("sso:account:access",))


def _agreeing(session: SsoSession, wish: Wish) -> SsoSession:
    other_url = wish.start_url is not None and plain_url(wish.start_url) != plain_url(session.start_url)
    if other_url or wish.region not in (None, session.region):
        raise UsageError(
            f"sso-session {session.name} is {session.start_url} in {session.region}, which is not what is asked for",
            code="OtherSsoSession",
            next="leave --sso-session out, or name another",
        )
    return session


def _session(name: str, keys: Mapping[str, Value]) -> SsoSession | None:
    start_url, region = keys.get("sso_start_url"), keys.get("sso_region")
    if not isinstance(start_url, str) or not isinstance(region, str):
        return None
    scopes = keys.get("sso_registration_scopes")
    parsed = tuple(filter(None, map(str.strip, scopes.split(",")))) if isinstance(scopes, str) else None
    return SsoSession(name, start_url, region, parsed)


def _region_beside(start_url: str, profiles: Sequence[Profile]) -> str | None:
    """The region of a profile of the older form, which has both keys itself."""
    for profile in profiles:
        if profile.sso_start_url and plain_url(profile.sso_start_url) == plain_url(start_url):
            return profile.text("sso_region")
    return None


def _name_for(start_url: str) -> str:
    """The portal's own label: ``my-org`` of ``https://my-org.awsapps.com/start``, else the host's name."""
    found = _AWS_PORTAL.match(start_url)
    if found:
        return found["label"].lower()
    return re.sub(r"[^A-Za-z0-9.-]", "-", start_url.split("://", 1)[-1].split("/", 1)[0])


def _free_name(name: str, known: Mapping[str, SsoSession]) -> str:
    number, free = 1, name
    while free in known:
        number += 1
        free = f"{name}-{number}"
    return free
