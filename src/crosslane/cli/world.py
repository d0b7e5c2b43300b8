"""What a command works on: a config, what is wanted by it, and the one place where its calls go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from crosslane.apply.hands import no_mfa_code
from crosslane.apply.journal import Journal
from crosslane.aws.gateway import Cloud
from crosslane.config.app import app_problems, configured_stages
from crosslane.config.model import Account, Config
from crosslane.credentials.profile_files import ProfileFiles
from crosslane.credentials.ring import Ring
from crosslane.credentials.session_cache import SessionCache
from crosslane.desired.build import desired_state
from crosslane.desired.model import Caution, Desired
from crosslane.desired.retired import retired
from crosslane.plan import up


@dataclass(frozen=True, slots=True)
class World:
    """One config, what is wanted by it, and the place where it is: AWS or a sandbox."""

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
    left_ring: Ring | None = None
    """The keyring that still has secrets, where the config wants them in the file now: ``up`` moves them."""
    without_session: frozenset[str] = frozenset()
    """Accounts in which the caller works as it is: see ``plan.profiles.has_session``. ``observe`` finds out."""

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
            up.Place(account.name, account.id, self.sign_in(account))
            for account in self.config.accounts
            if account.name in used
        )

    def sign_in(self, account: Account) -> str | None:
        """The profile of the account's sign-in; None is the ordinary chain. A sandbox names them as the accounts."""
        return account.profile or (account.name if self.sandboxed and account.name not in self.tokens else None)

    @property
    def sandboxed(self) -> bool:
        """Whether the calls go to a sandbox, kept or not."""
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


def desired_of(config: Config, sso_role_name: str | None = None) -> Desired:
    """The desired state, with what other modes left behind and cautions about what the app's folder lacks.

    ``sso_role_name`` is the role of a permission set, for deployers that trust it.
    """
    desired = desired_state(config, sso_role_name=sso_role_name, configured=configured_stages(config))
    missing = tuple(Caution("app-incomplete", None, problem) for problem in app_problems(config))
    return replace(desired, retired=retired(config, desired), cautions=(*desired.cautions, *missing))


def system_time() -> datetime:
    """The machine's time in UTC."""
    return datetime.now(UTC)
