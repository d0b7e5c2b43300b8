"""A config, its desired state and a remote to declare things in; plans are made of the three."""

from __future__ import annotations

from dataclasses import replace

from crosslane.config.model import Config
from crosslane.desired.build import desired_state
from crosslane.desired.model import BootstrapState, KeyProfile, Stack, User
from crosslane.desired.retired import retired
from crosslane.plan.model import Op, Plan, Step
from crosslane.plan.up import Scope, plan_up
from tests.fakes.four_accounts import MARK, four_accounts, places_of
from tests.fakes.remote import NOW, Remote


class Situation:
    """Starts with nothing live but working sign-ins."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or four_accounts()
        desired = desired_state(self.config)
        self.desired = replace(desired, retired=retired(self.config, desired))
        self.places = places_of(self.config)
        self.remote = Remote(self.desired, self.places)

    @property
    def tools(self) -> BootstrapState:
        """The bootstrap of the tools account."""
        return next(state for state in self.desired.bootstraps if state.account == "tools")

    @property
    def user(self) -> User:
        if self.tools.user is None:
            raise LookupError("this mode has no user")
        return self.tools.user

    @property
    def key_profile(self) -> KeyProfile:
        if self.tools.key_profile is None:
            raise LookupError("this mode has no key")
        return self.tools.key_profile

    def stack(self, guide: str) -> Stack:
        """The stack that stands for that row of the script."""
        return next(stack for stack in self.desired.stacks if stack.guide == guide)

    def plan(self, *, adopt: bool = False, bootstrap: bool = True, deploy: bool = True) -> Plan:
        scope = Scope(bootstrap=bootstrap, deploy=deploy, adopt=adopt)
        live = self.remote.live()
        return plan_up(self.desired, live, places=self.places, mark=MARK, scope=scope, now=NOW)


def everything_exists(config: Config | None = None) -> Situation:
    """A situation in which all is as wanted."""
    situation = Situation(config)
    situation.remote.declare_everything_exists()
    return situation


def step_of(plan: Plan, kind: str, name: str, account: str = "tools") -> Step:
    """The one step about that thing which may change it."""
    (step,) = [
        one
        for one in plan.steps
        if (one.kind, one.name, one.account) == (kind, name, account) and one.op is not Op.VERIFY
    ]
    return step


def changes_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The changing steps of a plan with the paths of the properties that differ."""
    return {step.id: tuple(change.path for change in step.changes) for step in plan.changing}
