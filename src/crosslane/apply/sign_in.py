"""Signing in: the portal's token, the accounts' permission sets, their keys checked, their profiles written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from crosslane.apply.outcome import Outcome
from crosslane.aws.errors import AwsError
from crosslane.aws.gateway import Cloud
from crosslane.aws.identity_center import IdentityCenter
from crosslane.credentials import permission_sets
from crosslane.credentials.authorization import Person, cached_token, new_token
from crosslane.credentials.permission_sets import Ask
from crosslane.credentials.profile import Profile
from crosslane.credentials.profile_files import Change, ProfileFiles
from crosslane.credentials.secret import Keys, Secret
from crosslane.credentials.sign_in_profiles import keys_profile, serves, session_profile, session_section
from crosslane.credentials.sso_cache import SsoCache, SsoSession, SsoToken
from crosslane.errors import CrosslaneError, EnvironmentFailure, OutcomeError
from crosslane.live.model import LiveIdentity
from crosslane.live.read import read_identity, side_by_side


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a sign-in happens and what it may write. ``endpoint`` is a sandbox's, which its profiles then name.

    ``region`` is that of the profiles; with ``static`` they hold temporary keys instead of naming the session.
    """

    cloud: Cloud
    files: ProfileFiles
    cache: SsoCache
    mark: str
    region: str
    adopt: bool = False
    static: bool = False
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account to sign in to: the config's name for it, its id, and the profile to write."""

    name: str
    id: str
    profile: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What became of one account. ``expires`` is when its keys do, None where that is not known."""

    account: Wanted
    outcome: Outcome
    permission_set: str | None = None
    arn: str | None = None
    expires: datetime | None = None
    error: CrosslaneError | None = None


def sign_in(
    desk: Desk,
    session: SsoSession,
    accounts: Sequence[Wanted],
    *,
    permission_set: str | None,
    person: Person,
    ask: Ask | None,
) -> tuple[SsoToken, tuple[SignedIn, ...]]:
    """Sign in once and write the profiles of all accounts; one that fails does not hold the others back.

    Raises before anybody is asked if a profile is somebody else's, and ``UsageError`` where a permission set is to be
    chosen and ``ask`` is None.
    """
    before = {account.name: desk.files.profile(account.profile) for account in accounts}
    for account in accounts:
        _refuse_other_profile(desk, session, account, before[account.name], permission_set)
    center = IdentityCenter(desk.cloud, session.start_url, session.region)
    token, offered = _offered(desk, center, session, accounts, person)
    kept = {name: role for name, found in before.items() if found and (role := found.sso_role_name)}
    choices = permission_sets.choose(offered, wanted=permission_set, kept=kept, ask=ask)
    results = side_by_side(
        {account.name: partial(_enter, desk, center, token, account, choices[account.name]) for account in accounts}
    )
    _store(desk, session, [result for result in results.values() if result[1] is not None], before)
    checked = side_by_side(
        {name: partial(_settled, desk, result, keys, before[name]) for name, (result, keys) in results.items()}
    )
    return token, tuple(checked[account.name] for account in accounts)


def paste(desk: Desk, accounts: Sequence[Wanted], keys: Keys) -> SignedIn:
    """Store pasted keys in the profile of the account that AWS says they are of, one of ``accounts``.

    Nothing is stored before that. ``OutcomeError`` for keys of another account or a profile that is somebody else's.
    """
    try:
        identity = check_keys(desk.cloud, accounts[0].name if len(accounts) == 1 else "", keys)
    except AwsError as error:
        raise EnvironmentFailure(
            f"AWS does not accept the pasted keys ({error.code}); nothing was stored",
            code=error.code,
            next="copy the block again from the portal, whole and fresh, and paste it",
        ) from None
    account = next((one for one in accounts if one.id == identity.account_id), None)
    if account is None:
        names = " or ".join(f"{one.name} ({one.id})" for one in accounts)
        raise OutcomeError(
            f"the pasted keys are of {identity.arn}, not of {names}; nothing was stored",
            code="WrongAccount",
            account=accounts[0].name if len(accounts) == 1 else None,
            next="paste the block of the right account, or correct the id in the config",
        )
    found = desk.files.profile(account.profile)
    if found is not None and found.owner != desk.mark and not desk.adopt:
        raise _not_ours(account)
    desk.files.store([keys_profile(account.profile, keys, region=desk.region, mark=desk.mark, adopt=desk.adopt)])
    result = SignedIn(account, Outcome.VERIFIED, arn=identity.arn)
    static = replace(desk, static=True)
    settled = _settled(static, result, keys, found)
    if settled.error is not None:
        raise settled.error
    return settled


def check_keys(cloud: Cloud, account: str, keys: Keys) -> LiveIdentity:
    """Whose keys they are, asked of AWS with the keys themselves. Nothing is written."""
    metadata = {
        "access_key": keys.access_key_id,
        "secret_key": keys.secret_access_key.reveal(),
        "token": keys.session_token.reveal() if keys.session_token else "",
        "expiry_time": (keys.expires or datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }
    label = f"key {keys.access_key_id}"
    cloud.provide(label, lambda: metadata)
    return read_identity(cloud.gateway(account, label, fresh=True))


def _refuse_other_profile(
    desk: Desk, session: SsoSession, account: Wanted, found: Profile | None, permission_set: str | None
) -> None:
    """Somebody else's profile is only changed with ``adopt``; one that does the job already is used as it is."""
    if found is None or desk.adopt or found.owner == desk.mark:
        return
    if not desk.static and serves(found, session, account.id, permission_set):
        return
    raise _not_ours(account)


def _not_ours(account: Wanted) -> OutcomeError:
    return OutcomeError(
        f"profile {account.profile} exists and was not made by this pipeline; nothing was changed",
        code="NotOurs",
        account=account.name,
        next="name another profile in the config, or run again with --adopt to take it over",
    )


def _offered(
    desk: Desk, center: IdentityCenter, session: SsoSession, accounts: Sequence[Wanted], person: Person
) -> tuple[SsoToken, dict[str, Sequence[str]]]:
    """A token that the portal takes, and the permission sets of each account; a revoked one is replaced, once."""
    token = cached_token(session, desk.cache, center, person.now())
    if token is not None:
        try:
            return token, _permission_sets(center, token, accounts)
        except AwsError as error:
            if error.code != "UnauthorizedException":
                raise
            desk.cache.forget_token(session)
    token = new_token(session, desk.cache, center, person)
    return token, _permission_sets(center, token, accounts)


def _permission_sets(center: IdentityCenter, token: SsoToken, accounts: Sequence[Wanted]) -> dict[str, Sequence[str]]:
    """By account; none where the person has no access at all."""
    access = token.access_token.reveal()
    mine = set(center.accounts(access))
    reads: dict[str, Callable[[], Sequence[str]]] = {
        account.name: partial(center.permission_sets, access, account.id) if account.id in mine else tuple
        for account in accounts
    }
    return side_by_side(reads)


def _enter(
    desk: Desk, center: IdentityCenter, token: SsoToken, account: Wanted, choice: str | CrosslaneError
) -> tuple[SignedIn, Keys | None]:
    """The keys of the account's role, once AWS has said whose they are."""
    if isinstance(choice, CrosslaneError):
        return SignedIn(account, Outcome.FAILED, error=choice), None
    try:
        given = center.role_keys(token.access_token.reveal(), account.id, choice)
        secret, token_of_session = Secret(given.secret_access_key), Secret(given.session_token)
        keys = Keys(given.access_key_id, secret, token_of_session, given.expires)
        identity = check_keys(desk.cloud, account.name, keys)
        _check(identity, account, choice)
    except EnvironmentFailure as error:
        error.account = account.name
        return SignedIn(account, Outcome.FAILED, choice, error=error), None
    return SignedIn(account, Outcome.VERIFIED, choice, identity.arn, keys.expires), keys


def _check(identity: LiveIdentity, account: Wanted, permission_set: str) -> None:
    """The role's name: https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html"""
    if identity.account_id != account.id or f":assumed-role/AWSReservedSSO_{permission_set}_" not in identity.arn:
        raise EnvironmentFailure(
            f"signed in as {identity.arn}, wanted is permission set {permission_set} in account {account.id}; "
            "nothing was stored",
            code="WrongIdentity",
            account=account.name,
            next="correct the account's id in the config, or report what it printed",
        )


def _store(
    desk: Desk,
    session: SsoSession,
    entered: Sequence[tuple[SignedIn, Keys | None]],
    before: Mapping[str, Profile | None],
) -> None:
    """All profiles in one go; somebody else's that does the job stays as it is."""
    changes: list[Change] = []
    for result, keys in entered:
        found = before[result.account.name]
        if keys is None or result.permission_set is None or _is_kept(desk, found):
            continue
        if desk.static:
            changes.append(
                keys_profile(result.account.profile, keys, region=desk.region, mark=desk.mark, adopt=desk.adopt)
            )
        else:
            changes.append(
                session_profile(
                    result.account.profile,
                    session,
                    account_id=result.account.id,
                    permission_set=result.permission_set,
                    region=desk.region,
                    mark=desk.mark,
                    adopt=desk.adopt,
                    endpoint=desk.endpoint,
                )
            )
    if changes and not desk.static and desk.files.sso_session(session.name) is None:
        changes.insert(0, session_section(session, adopt=desk.adopt))
    if changes:
        desk.files.store(changes)


def _is_kept(desk: Desk, found: Profile | None) -> bool:
    return found is not None and found.owner != desk.mark and not desk.adopt


def _settled(desk: Desk, result: SignedIn, keys: Keys | None, found: Profile | None) -> SignedIn:
    """The outcome, after the profile as it is in the files has shown that it leads where it should."""
    if keys is None:
        return result
    try:
        identity = read_identity(desk.cloud.gateway(result.account.name, result.account.profile, fresh=True))
        if identity.account_id != result.account.id:
            raise EnvironmentFailure(
                f"profile {result.account.profile} leads to {identity.arn}, not to account {result.account.id}",
                code="WrongAccount",
                account=result.account.name,
                next="look for other settings of this profile in the AWS files",
            )
    except EnvironmentFailure as error:
        return replace(result, outcome=Outcome.FAILED, error=error)
    outcome = Outcome.UPDATED
    if found is None:
        outcome = Outcome.CREATED
    elif found == desk.files.profile(result.account.profile):
        outcome = Outcome.UNCHANGED
    elif found.owner != desk.mark and desk.endpoint is None:
        outcome = Outcome.ADOPTED
    return replace(result, outcome=outcome, arn=identity.arn, expires=keys.expires if desk.static else None)
