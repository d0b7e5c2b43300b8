"""Signing out: the session at the portal ended, cached tokens and temporary keys removed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslane.apply.sign_in import Desk
from crosslane.aws.identity_center import IdentityCenter
from crosslane.credentials.profile import Profile
from crosslane.credentials.session_cache import SessionCache
from crosslane.credentials.sign_in_profiles import without_temporary_keys
from crosslane.errors import EnvironmentFailure


@dataclass(frozen=True, slots=True)
class SignedOut:
    """What was removed. ``ended`` are portals whose session was ended there; ``warnings`` say what could not be."""

    tokens: tuple[Path, ...]
    ended: tuple[str, ...]
    profiles: tuple[str, ...]
    caches: tuple[str, ...]
    """Profiles whose cached temporary keys were removed, crosslane's own or the AWS CLI's."""
    warnings: tuple[str, ...] = ()


def sign_out(desk: Desk, start_urls: Sequence[str], sessions: SessionCache, cli_cache: Path | None) -> SignedOut:
    """End the sign-ins to these portals and remove all temporary keys that are this pipeline's; once more is no error.

    A session that cannot be ended at the portal is a warning: its tokens are removed here all the same. ``cli_cache``
    is the AWS CLI's folder of cached role credentials.
    """
    tokens: list[Path] = []
    ended: list[str] = []
    warnings: list[str] = []
    for start_url in start_urls:
        for path, token in desk.cache.tokens_of(start_url):
            try:
                IdentityCenter(desk.cloud, token.start_url, token.region).logout(token.access_token.reveal())
                ended.append(start_url)
            except EnvironmentFailure as error:
                if error.code != "UnauthorizedException":  # that one is over already
                    warnings.append(
                        f"{start_url}: the portal could not be told ({error.code}); its session ends by itself"
                    )
            desk.cache.remove(path)
            tokens.append(path)
    ours = [found for name in desk.files.names() if (found := desk.files.profile(name)) and found.owner == desk.mark]
    changes = without_temporary_keys(ours, desk.mark)
    if changes:
        desk.files.store(changes)
    caches = [profile.name for profile in ours if sessions.remove(profile.name)]
    caches += [profile.name for profile in ours if cli_cache and _remove_cli_cache(cli_cache, profile)]
    return SignedOut(
        tuple(tokens),
        tuple(dict.fromkeys(ended)),
        tuple(change.name for change in changes),
        tuple(dict.fromkeys(caches)),
        tuple(warnings),
    )


def _remove_cli_cache(folder: Path, profile: Profile) -> bool:
    """The AWS CLI's cached keys of the profile's role: named as in botocore's ``SSOCredentialFetcher`` (1.43)."""
    if profile.sso_session is None or profile.sso_account_id is None or profile.sso_role_name is None:
        return False
    purpose = {
        "roleName": profile.sso_role_name,
        "accountId": profile.sso_account_id,
        "sessionName": profile.sso_session,
    }
    text = json.dumps(purpose, sort_keys=True, separators=(",", ":"))
    path = folder / f"{hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()}.json"
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise EnvironmentFailure(
            f"cannot remove {path}: {error.strerror or error}", code="FileNotWritable", next=f"remove {path}"
        ) from error
    return True
