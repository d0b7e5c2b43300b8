"""Identities and the deployer's session: rows G2, G3 and G12 to G16."""

from __future__ import annotations

from pathlib import Path

from crosslane.apply.hands import Hands
from crosslane.apply.outcome import Done, Outcome
from crosslane.apply.waiting import eventually
from crosslane.aws.errors import DENIED_CODES, UNKNOWN_KEY_CODES, AwsError
from crosslane.aws.gateway import Gateway
from crosslane.credentials.profile import NO_KEYS, ProfileChange, key_values
from crosslane.credentials.secret import Keys, Secret
from crosslane.desired.model import SessionProfile
from crosslane.errors import EnvironmentFailure, OutcomeError
from crosslane.live.model import Who
from crosslane.live.read import is_absent, read_identity
from crosslane.plan.model import (
    Op,
    OpenSession,
    PutSessionProfile,
    Step,
    VerifyIdentity,
    VerifyProfile,
    VerifyStackAccess,
)


def verify_profile(task: VerifyProfile, step: Step, hands: Hands) -> Done:
    """The profile of the sign-in is in the files (G2)."""
    found = hands.files.profile(task.profile)
    if found is None:
        raise EnvironmentFailure(
            f"profile {task.profile} is neither in {hands.files.credentials_path} nor in {hands.files.config_path}",
            code="ProfileNotFound",
            account=step.account,
            next="sign in to this account so that the profile is there, or correct `profile` in the config",
        )
    kind = "temporary keys" if found.keys and found.keys.session_token else "keys" if found.keys else "a sign-in"
    return Done(Outcome.VERIFIED, f"it holds {kind}")


def verify_identity(task: VerifyIdentity, step: Step, hands: Hands) -> Done:
    """The caller is in the right account, and is the right user or session (G3, G12, G15)."""
    account = step.account
    if task.who is not Who.BASE and task.profile is not None and hands.files.profile(task.profile) is None:
        raise not_bootstrapped(account, task.profile)
    match task.who:
        case Who.BASE:
            gateway = hands.base(account)
        case Who.KEY:
            gateway = hands.key(account, fresh=True)
        case Who.DEPLOYER:
            gateway = hands.deployer(account, fresh=True)
    identity = eventually(
        lambda: read_identity(gateway),
        retry=lambda error: account in hands.found.fresh and error.code in UNKNOWN_KEY_CODES,
        clock=hands.clock,
        waiting=lambda error: hands.progress.note(step, f"waits until AWS knows the new key ({error.code})"),
    )
    check_identity(task, identity.account_id, identity.arn, account)
    if task.who is Who.BASE:
        hands.found.arns[account] = identity.arn
    return Done(Outcome.VERIFIED, identity.arn)


def not_bootstrapped(account: str, profile: str) -> OutcomeError:
    """A profile that the bootstrap makes is not there."""
    return OutcomeError(
        f"there is no profile {profile} yet",
        code="NotBootstrapped",
        account=account,
        next="crosslane bootstrap makes it, as the first half of crosslane up",
    )


def check_identity(task: VerifyIdentity, account_id: str, arn: str, account: str) -> None:
    """Raise ``EnvironmentFailure`` unless the caller is as the task wants it."""
    who = f"profile {task.profile}" if task.profile else "the credential chain"
    if account_id != task.account_id:
        raise EnvironmentFailure(
            f"{who} is in account {account_id}, the config says {task.account_id}; nothing was changed",
            code="WrongAccount",
            account=account,
            next="sign in to the right account, or correct the id or the profile in the config",
        )
    if task.arn is not None and arn != task.arn:
        raise EnvironmentFailure(
            f"{who} is {arn}, wanted is {task.arn}",
            code="WrongIdentity",
            account=account,
            next="remove this profile from the files and run the same command again",
        )


def open_session(task: OpenSession, step: Step, hands: Hands) -> Done:
    """Assume the deployer role (G13), waiting for a new key or role to become known."""
    profile = task.profile
    if step.op is Op.KEEP:
        return Done(Outcome.UNCHANGED, step.reason)
    gateway = hands.key(profile.account)  # read anew by the step that verified it, whose connection serves again
    code = None if profile.mfa_serial is None else hands.mfa_code(profile.mfa_serial)
    keys = eventually(
        lambda: assume(gateway, profile, code),
        retry=lambda error: _is_propagating(error, profile.account, hands),
        clock=hands.clock,
        waiting=lambda error: hands.progress.note(step, f"waits until IAM knows the new role ({error.code})"),
    )
    hands.sessions.write(profile.name, keys)
    hands.found.sessions[profile.account] = keys
    until = keys.expires.astimezone().strftime("%H:%M") if keys.expires else "its end"
    had_one = hands.files.profile(profile.name) is not None
    return Done(Outcome.UPDATED if had_one else Outcome.CREATED, f"as {profile.session_name}, until {until}")


def assume(gateway: Gateway, profile: SessionProfile, mfa_code: str | None = None) -> Keys:
    """A new session of the profile's role, by the identity of ``gateway``, with a code of its MFA device if it has one.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (2026-11-24)
    """
    parameters = {
        "RoleArn": profile.role_arn,
        "RoleSessionName": profile.session_name,
        "DurationSeconds": profile.seconds,
    }
    if profile.mfa_serial is not None and mfa_code is not None:
        parameters |= {"SerialNumber": profile.mfa_serial, "TokenCode": mfa_code}
    given = gateway.call("sts", "AssumeRole", parameters)["Credentials"]
    return Keys(
        given["AccessKeyId"], Secret(given["SecretAccessKey"]), Secret(given["SessionToken"]), given["Expiration"]
    )


def assume_with_token(gateway: Gateway, profile: SessionProfile, token: Secret) -> Keys:
    """A new session of the profile's role for a CI job's token; ``gateway`` needs no credentials.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html (2026-11-25)
    """
    parameters = {
        "RoleArn": profile.role_arn,
        "RoleSessionName": profile.session_name,
        "WebIdentityToken": token.reveal(),
        "DurationSeconds": profile.seconds,
    }
    try:
        given = gateway.call("sts", "AssumeRoleWithWebIdentity", parameters)["Credentials"]
    except AwsError as error:
        if error.code == "ExpiredTokenException":
            error.message = f"the job's token has expired ({error.code} on {error.operation})"
            error.next = "get a new one: tokens of CI jobs last minutes; the session that comes of it lasts an hour"
        elif error.code in DENIED_CODES | {"InvalidIdentityToken"}:
            error.next = "compare the token's iss, aud and sub with [bootstrap] oidc, and run crosslane bootstrap first"
        raise
    return Keys(
        given["AccessKeyId"], Secret(given["SecretAccessKey"]), Secret(given["SessionToken"]), given["Expiration"]
    )


def read_token(path: Path, account: str) -> Secret:
    """The token in the file; ``EnvironmentFailure`` if there is none."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no token"
        raise EnvironmentFailure(
            f"cannot read the token in {path} (AWS_WEB_IDENTITY_TOKEN_FILE): {why}",
            code="TokenNotReadable",
            account=account,
            next="let the job write its token there, or unset AWS_WEB_IDENTITY_TOKEN_FILE",
        ) from error
    return Secret(token)


def put_session_profile(task: PutSessionProfile, step: Step, hands: Hands) -> Done:
    """Let the profile give the session (G14): through crosslane whenever it is asked, or as keys stored in it."""
    profile = task.profile
    keys = hands.found.sessions.get(profile.account) or hands.sessions.read(profile.name)
    if step.op is Op.KEEP or keys is None:
        return Done(Outcome.UNCHANGED, step.reason)
    config: dict[str, str | Secret | None] = {"region": profile.region, "output": "json"}
    # Static keys beside a credential_process would win over it, so the one form takes the other away.
    credentials = dict(NO_KEYS) if task.process else key_values(keys)
    change = ProfileChange(
        profile.name,
        credentials,
        {**config, "credential_process": task.process},
        hands.mark,
        hands.adopt,
    )
    hands.files.store([change])
    how = "through credential_process" if task.process else "with the session's keys"
    return Done(Outcome.CREATED if step.op is Op.CREATE else Outcome.UPDATED, f"region {profile.region}, {how}")


def verify_stack_access(task: VerifyStackAccess, step: Step, hands: Hands) -> Done:
    """The deployer's profile can do what it is given on for: it reads the first stack (G16)."""
    gateway = hands.deployer(step.account)
    found = eventually(
        lambda: _readable(gateway, task.stack),
        retry=lambda error: _is_propagating(error, step.account, hands),
        clock=hands.clock,
        waiting=lambda error: hands.progress.note(step, f"waits until IAM knows the new policy ({error.code})"),
    )
    return Done(Outcome.VERIFIED, f"reads stack {task.stack}: {found}")


def _readable(gateway: Gateway, stack: str) -> str:
    """The stack's status, or that it is not there yet; raises if it may not be read."""
    try:
        return str(gateway.call("cloudformation", "DescribeStacks", {"StackName": stack})["Stacks"][0]["StackStatus"])
    except AwsError as error:
        if is_absent(error):
            return "not there yet"
        raise


def _is_propagating(error: AwsError, account: str, hands: Hands) -> bool:
    """Whether the denial may pass by itself: this run has just changed IAM in the account."""
    return account in hands.found.fresh and error.code in DENIED_CODES | UNKNOWN_KEY_CODES
