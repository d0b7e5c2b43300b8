"""What is live, declared thing by thing; whatever is not declared is absent, and every sign-in works."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from crosslane.desired.model import (
    BootstrapState,
    Desired,
    KeyProfile,
    ManagedPolicy,
    OutputOf,
    Role,
    SessionProfile,
    Stack,
    Tags,
    User,
)
from crosslane.live.model import (
    Absent,
    AccessKey,
    Live,
    LiveIdentity,
    LivePolicy,
    LiveRepository,
    LiveRole,
    LiveStack,
    LiveUser,
    LocalProfile,
    Reading,
    Unreadable,
    Who,
    canonical,
    canonical_text,
)
from crosslane.plan.profiles import assumed_role_arn
from crosslane.plan.up import Place
from tests.fakes.four_accounts import MARK

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEY_ID = "AKIAEXAMPLE0000000001"
Key = tuple[str, str]


class Remote:
    """Build one for a ``desired`` state, declare what exists, and take ``live()``."""

    def __init__(self, desired: Desired, places: Iterable[Place]) -> None:
        self.desired = desired
        self.identities: dict[tuple[str, Who], Reading[LiveIdentity]] = {
            (place.name, Who.BASE): LiveIdentity(place.id, f"arn:aws:sts::{place.id}:assumed-role/SignIn/me")
            for place in places
        }
        self.profiles: dict[str, LocalProfile] = {}
        self.policies: dict[Key, Reading[LivePolicy]] = {}
        self.users: dict[Key, Reading[LiveUser]] = {}
        self.roles: dict[Key, Reading[LiveRole]] = {}
        self.stacks: dict[Key, Reading[LiveStack]] = {(one.account, one.name): Absent() for one in desired.stacks}
        self.repository: Reading[LiveRepository] = Absent()
        for state in desired.bootstraps:
            self.policies |= {(state.account, policy.name): Absent() for policy in state.policies}
            self.roles[state.account, state.role.name] = Absent()
            if state.user is not None:
                self.users[state.account, state.user.name] = Absent()

    def live(self) -> Live:
        """What the plan is given."""
        return Live(
            identities=dict(self.identities),
            profiles=dict(self.profiles),
            policies=dict(self.policies),
            users=dict(self.users),
            roles=dict(self.roles),
            stacks=dict(self.stacks),
            repository=self.repository,
        )

    def declare_policy_exists(
        self, policy: ManagedPolicy, *, document: str | None = None, tags: Tags | None = None
    ) -> None:
        text = canonical(policy.document.to_json()) if document is None else canonical_text(document)
        found = LivePolicy(policy.arn, text, policy.tags if tags is None else tags)
        self.policies[policy.account, policy.name] = found

    def declare_user_exists(
        self,
        user: User,
        *,
        attached: tuple[str, ...] | None = None,
        boundary: str | None = "as wanted",
        tags: Tags | None = None,
        access_keys: tuple[str, ...] = (),
    ) -> None:
        self.users[user.account, user.name] = LiveUser(
            arn=user.arn,
            attached=user.attached if attached is None else attached,
            boundary=user.boundary if boundary == "as wanted" else boundary,
            access_keys=tuple(AccessKey(key, True, NOW - timedelta(days=1)) for key in access_keys),
            tags=user.tags if tags is None else tags,
        )

    def declare_role_exists(
        self,
        role: Role,
        *,
        trust: str | None = None,
        attached: tuple[str, ...] | None = None,
        boundary: str | None = "as wanted",
        max_session_seconds: int | None = None,
        description: str | None = None,
        tags: Tags | None = None,
    ) -> None:
        self.roles[role.account, role.name] = LiveRole(
            arn=role.arn,
            trust=canonical(role.trust.to_json()) if trust is None else canonical_text(trust),
            attached=role.attached if attached is None else attached,
            boundary=role.boundary if boundary == "as wanted" else boundary,
            max_session_seconds=role.max_session_seconds if max_session_seconds is None else max_session_seconds,
            description=role.description if description is None else description,
            tags=role.tags if tags is None else tags,
        )

    def declare_stack_exists(
        self,
        stack: Stack,
        *,
        status: str = "CREATE_COMPLETE",
        template: str | None = None,
        parameters: dict[str, str] | None = None,
        tags: Tags | None = None,
    ) -> None:
        """The stack with the wanted parameters, ``parameters`` over them, and every output that others take."""
        wanted = {one.name: _value(one.value) for one in stack.parameters}
        outputs = {
            one.value.key: _value(one.value)
            for other in self.desired.stacks
            for one in other.parameters
            if isinstance(one.value, OutputOf) and (one.value.account, one.value.stack) == (stack.account, stack.name)
        }
        self.stacks[stack.account, stack.name] = LiveStack(
            id=f"arn:aws:cloudformation:{stack.region}:000000000000:stack/{stack.name}/id",
            name=stack.name,
            status=status,
            reason=None,
            template=canonical_text(stack.template if template is None else template),
            parameters=tuple(sorted((wanted | (parameters or {})).items())),
            outputs=tuple(sorted(outputs.items())),
            tags=stack.tags if tags is None else tags,
        )

    def declare_repository_exists(self, *, tags: Tags | None = None) -> None:
        repository = self.desired.repository
        self.repository = LiveRepository(repository.arn, repository.tags if tags is None else tags, has_branch=True)

    def declare_key_works(self, profile: KeyProfile, user: User, *, owner: str | None = MARK) -> None:
        """The profile holds a key, and AWS says that it is the user's."""
        self.profiles[profile.name] = LocalProfile(profile.name, owner, KEY_ID, None)
        self.identities[profile.account, Who.KEY] = LiveIdentity(user.arn.split(":")[4], user.arn)

    def declare_session_works(
        self, profile: SessionProfile, *, left: timedelta = timedelta(minutes=59), owner: str | None = MARK
    ) -> None:
        """The profile holds a session of the role that lasts for ``left``."""
        self.profiles[profile.name] = LocalProfile(profile.name, owner, "ASIAEXAMPLE", NOW + left)
        identity = LiveIdentity(profile.role_arn.split(":")[4], assumed_role_arn(profile))
        self.identities[profile.account, Who.DEPLOYER] = identity

    def declare_unreadable(self, kind: str, key: Key | None = None, code: str = "AccessDenied") -> None:
        """A read of that kind (``policies``, ``users``, ``roles``, ``stacks``, ``repository``) is refused."""
        refused = Unreadable(f"{code}: not authorized", code)
        match kind:
            case "policies":
                self.policies[_given(key)] = refused
            case "users":
                self.users[_given(key)] = refused
            case "roles":
                self.roles[_given(key)] = refused
            case "stacks":
                self.stacks[_given(key)] = refused
            case "repository":
                self.repository = refused
            case _:
                raise ValueError(kind)

    def declare_bootstrap_exists(self, state: BootstrapState) -> None:
        """Everything that the guide makes in one account, as wanted."""
        for policy in state.policies:
            self.declare_policy_exists(policy)
        if state.user is not None and state.key_profile is not None:
            self.declare_user_exists(state.user, access_keys=(KEY_ID,))
            self.declare_key_works(state.key_profile, state.user)
        self.declare_role_exists(state.role)
        self.declare_session_works(state.session_profile)

    def declare_everything_exists(self) -> None:
        """All of the desired state, as wanted."""
        for state in self.desired.bootstraps:
            self.declare_bootstrap_exists(state)
        for stack in self.desired.stacks:
            self.declare_stack_exists(stack)
        self.declare_repository_exists()


def _given(key: Key | None) -> Key:
    if key is None:
        raise ValueError("which one?")
    return key


def _value(value: str | OutputOf) -> str:
    return value if isinstance(value, str) else f"the {value.key} of {value.account}"
