"""A mutant on the real sandbox: a process of its own, the commands of the good run, until one of them fails."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any, assert_never
from unittest import mock

from crosslane.apply import waiting
from crosslane.aws.gateway import Gateway
from crosslane.cli import applying, world
from crosslane.config.load import load_config
from crosslane.config.model import Config
from crosslane.desired.build import desired_state
from crosslane.desired.model import BootstrapState, Desired, Document, Stack, Statement
from crosslane.desired.names import names_of
from crosslane.desired.stacks.stages import stage_names
from crosslane.desired.written import Written, written_policies
from crosslane.sandbox.lifecycle import MANAGEMENT_PROFILE
from tests.end_to_end.place import Place, Result, place_in
from tests.mutants.calls import Call
from tests.mutants.edits import Edit, edited
from tests.mutants.generate import STRANGER, Change, Expired, InOrganization, InPolicy, InSession, Mutant
from tests.mutants.judge import LOCKED_OUT, Failure, all_but
from tests.mutants.scenario import NOT_STARTED, acts_of, config_of


@dataclass(frozen=True, slots=True)
class Denial:
    """What the sandbox's own record says of a call that it refused."""

    principal: str
    action: str
    resource: str
    layer: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run against what was expected: the ``difference``, None if there is none; what was ``denied``; where the
    pipeline ``stopped``, if that is what failed."""

    difference: str | None
    denied: str
    stopped: str | None
    seconds: float

    @property
    def as_expected(self) -> bool:
        return self.difference in (None, WENT_ON)


@dataclass(frozen=True, slots=True)
class Seen:
    """How a run ended: the position of the last command, its result, and the calls that were refused."""

    act: int
    result: Result
    denials: tuple[Denial, ...] = ()
    told: str = field(default="", repr=False)
    """Everything that a person can read: output, errors, the reasons of failed resources."""
    stopped: str | None = None
    """``STAGE/ACTION`` of the pipeline's action that failed."""

    @property
    def failed(self) -> bool:
        return self.result.code != 0


def run(
    mutant: Mutant | None, mode: str, folder: Path, *, until: int | None = None, tolerated: frozenset[str] = frozenset()
) -> Seen:
    """The commands of the scenario, up to and including number ``until``, or the first that fails or is denied
    something. ``None`` is the set-up as it is; ``tolerated`` are actions whose denial the good run lives with."""
    audit, clock = folder / "audit.jsonl", folder / "clock"
    clock.write_text("0")
    with (
        place_in(folder, config=config_of(mode), audit=audit, clock_file=clock, minute_seconds=5) as place,
        _hasty(),
        _broken(place, None if mutant is None else mutant.change),
    ):
        for position, act in enumerate(acts_of(mode)):
            if mutant is not None and isinstance(mutant.change, Expired):
                clock.write_text(str(_hours(mutant.change, position) * 3600))
            result = act.do(place)
            denials = tuple(one for one in _denials(audit) if one.action not in tolerated)
            if denials or result.code != 0 or position == until:
                return Seen(position, result, denials, _told(place, result), _stopped(result))
    return Seen(position, result, denials, "")


def outcome(mutant: Mutant, mode: str, folder: Path, expected: Sequence[Failure], tolerated: frozenset[str]) -> Outcome:
    """Runs the mutant up to the command that has to fail, and compares."""
    began = time.monotonic()
    seen = run(mutant, mode, folder, until=expected[0].call.act, tolerated=tolerated)
    difference = agrees(seen, expected)
    should = stage_of(load_config(folder / "crosslane.toml"), expected[0].call)
    if difference is None and seen.stopped and should and not seen.stopped.startswith(f"{should}/"):
        difference = f"the pipeline stopped at {seen.stopped} instead of {should}"
    action = seen.denials[0].action if seen.denials else expected[0].code
    stopped = NOT_STARTED if NOT_STARTED in seen.told else seen.stopped
    return Outcome(difference, action, stopped, time.monotonic() - began)


def stage_of(config: Config, call: Call) -> str | None:
    """The stage of the pipeline that makes the call: a role belongs to one, the pipeline's own to what it calls."""
    chosen = names_of(config)
    account, role = call.account, call.principal.partition(":role/")[2]
    if call.action == "sts:AssumeRole" and (call.by_service or role == chosen.pipeline_role):
        account, role = call.owner, call.resource.partition(":role/")[2]
    if role == chosen.source_role:
        return "Source"
    if role == chosen.build_role or (role == chosen.pipeline_role and call.action.startswith("codebuild:")):
        return "Build"
    if role in (chosen.action_role, chosen.execution_role):
        return next(deploy for stage, _, deploy in stage_names(config) if config.account(stage.account).id == account)
    return None


def _stopped(result: Result) -> str | None:
    """From the pipeline's state as the scenario reads it, or from what ``crosslane run`` tells."""
    try:
        found = json.loads(result.out)
    except ValueError:
        return None
    for stage in found.get("stageStates", ()):
        for action in stage["actionStates"]:
            if action.get("latestExecution", {}).get("status") == "Failed":
                return f"{stage['stageName']}/{action['actionName']}"
    failure = found.get("failure")
    return f"{failure['stage']}/{failure['action']}" if isinstance(failure, dict) else None


def agrees(seen: Seen, expected: Sequence[Failure]) -> str | None:
    """None if the run failed where the policy engine says and in AWS's words, else what is different.

    ``expected`` are all calls of the good run that the mutant denies; accounts and resources of a stack are worked on
    side by side, so that the first that fails may be any of them that belongs to the same command.
    """
    first = expected[0]
    if seen.act != first.call.act:
        return f"command {seen.act} instead of {first.call.act}: {seen.told[-300:]}"
    same = [one for one in expected if one.call.act == first.call.act]
    if first.layer is None:
        told = first.message if first.code == LOCKED_OUT[0] else f"have expired ({first.code} on "
        return None if seen.failed and told in seen.told else f"not told: {told}"
    if not seen.denials:
        return "nothing was denied"
    keys = {(one.call.principal, one.call.action, normal(one.call.resource), one.layer): one for one in same}
    denial = seen.denials[0]
    found = keys.get((denial.principal, denial.action, normal(denial.resource), denial.layer))
    if found is None:
        return f"{denial} instead of {first.call.principal} {first.call.action} {first.call.resource} {first.layer}"
    if not seen.failed:
        return WENT_ON
    if _of_a_rule(found.call):
        return None if NOT_STARTED in seen.told else f"the pipeline was started: {seen.told[-300:]}"
    if not any(normal(_sentence(one)) in normal(seen.told) for one in same):
        return f"not told: {found.message}"
    return None


def _sentence(failure: Failure) -> str:
    """What is told: without who was denied, for the person's sign-in is asked next, and is the last to be denied.

    CodePipeline, CodeBuild and CloudFormation tell in words of their own that they may not become their role.
    """
    if failure.call.principal == "cloudformation.amazonaws.com":
        return f"Role {failure.call.resource} is invalid or cannot be assumed"
    if failure.call.principal == "codebuild.amazonaws.com":
        return "is not authorized to perform: sts:AssumeRole on service role"
    if failure.call.principal == "codepipeline.amazonaws.com":
        return f"is not authorized to perform AssumeRole on role {failure.call.resource}"
    return failure.message.partition(" is not authorized ")[2] or failure.message


def _of_a_rule(call: Call) -> bool:
    """A rule's target that may not be called is told to nobody: the event is lost, and only a metric counts it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html (2026-11-25)
    """
    return call.principal == "events.amazonaws.com" or ("/events-" in call.caller and "assumed-role" in call.caller)


WENT_ON = "denied as expected, and the command went on without"

_RANDOM = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # keys, stacks, change sets
    r"|(?<=/)crosslane-[0-9a-f]+|(?<=:token/)\S+|A[KS]IA[A-Z2-7]{16}"
    r"|(?<=[a-z])-[A-Za-z0-9]{12}\b"  # what CloudFormation names itself
    r"|(?<=Outp/)\w{7}\b|(?<=Outpu/)\w{7}\b|[0-9a-f]{32}"  # artifacts, packaged code
)


def normal(text: str) -> str:
    """A text without the ids that differ from run to run."""
    return _RANDOM.sub("…", text)


def _hours(change: Expired, position: int) -> int:
    """A sign-in has expired from the start; a session that crosslane made itself, between any two commands."""
    return 13 if "/aws-reserved/" in change.principal else 2 * position


def _denials(audit: Path) -> Iterator[Denial]:
    for line in audit.read_text().splitlines():
        told = json.loads(line)
        if told["decision"] != "allowed":
            who = told["userIdentity"]
            yield Denial(who["principalArn"] or who["arn"], told["action"], told["resources"][0]["ARN"], told["layer"])


def _told(place: Place, result: Result) -> str:
    parts = [result.out.replace('\\"', '"'), result.err]
    return "\n".join(parts)


# -- breaking the set-up ---------------------------------------------------------------------------------------------


@contextmanager
def _broken(place: Place, change: Change | None) -> Iterator[None]:
    with ExitStack() as stack:
        match change:
            case None | Expired():
                pass
            case InPolicy():
                other = _desiring(desired_state, change)
                stack.enter_context(mock.patch.object(world, "desired_state", other))
            case InOrganization():
                _attach(place, change)
            case InSession():
                stack.enter_context(_sessions_with(change))
            case _ as unreachable:
                assert_never(unreachable)
        yield


def _desiring(wanted: Callable[..., Desired], change: InPolicy) -> Callable[..., Desired]:
    def desired(*given: Any, **more: Any) -> Desired:
        found = wanted(*given, **more)
        config: Config = given[0]
        return with_change(found, replace(change, written=_as_written_now(config, found, change.written)))

    return desired


def _as_written_now(config: Config, desired: Desired, written: Written) -> Written:
    """The same policy of this desired state: the config may have changed since the mutants were made."""

    def place(one: Written) -> tuple[str, str | None, str, str]:
        return one.account, one.stack, one.of, one.kind

    return next(one for one in written_policies(config, desired) if place(one) == place(written))


def with_change(desired: Desired, change: InPolicy) -> Desired:
    """The desired state with the changed policy. Raises AssertionError if nothing is changed by it."""
    written = change.written
    if written.stack is None:
        states = tuple(
            _changed_bootstrap(state, written, change.edit) if state.account == written.account else state
            for state in desired.bootstraps
        )
        assert states != desired.bootstraps, change.where
        return replace(desired, bootstraps=states)
    stacks = tuple(
        _changed_stack(one, written, change.edit)
        if (one.account, one.name) == (written.account, written.stack)
        else one
        for one in desired.stacks
    )
    assert stacks != desired.stacks, change.where
    return replace(desired, stacks=stacks)


def _changed_bootstrap(state: BootstrapState, written: Written, edit: Edit) -> BootstrapState:
    name = written.of.partition(" ")[2]
    if written.kind == "trust policy":
        return replace(
            state, role=replace(state.role, trust=_document(edited(state.role.trust.to_json(), edit), written.kind))
        )
    policies = tuple(
        replace(one, document=_document(edited(one.document.to_json(), edit), written.kind))
        if one.name == name
        else one
        for one in state.policies
    )
    return replace(state, policies=policies)


def _changed_stack(stack: Stack, written: Written, edit: Edit) -> Stack:
    template = json.loads(stack.template)
    before = json.loads(written.document.to_text())
    after = _never_empty(edited(before, edit), written.kind)
    kind, _, name = written.of.partition(" ")
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        if kind == "role" and properties.get("RoleName") != name:
            continue
        if written.kind == "event bus policy" and resource["Type"] == "AWS::Events::EventBusPolicy":
            statement = dict(after["Statement"][0])
            statement.pop("Sid", None)
            properties["Statement"] = statement
        else:
            resource["Properties"] = _replaced(properties, before, after)
    return replace(stack, template=json.dumps(template))


def _replaced(value: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> Any:
    if value == before:
        return after
    if isinstance(value, dict):
        return {key: _replaced(one, before, after) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, before, after) for one in value]
    return value


def _document(told: Mapping[str, Any], kind: str) -> Document:
    return Document(
        tuple(
            Statement(
                one["Sid"],
                "",
                tuple(one["Action"]),
                tuple(one.get("Resource", ())),
                one["Effect"],
                one.get("Principal"),
                one.get("Condition"),
            )
            for one in _never_empty(told, kind)["Statement"]
        )
    )


def _never_empty(told: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """A document has to have a statement: in place of its last one comes one that gives nothing to anybody here."""
    if told["Statement"]:
        return told
    nothing: dict[str, Any] = {"Sid": "Nothing", "Effect": "Allow"}
    if kind == "trust policy":
        nothing |= {"Principal": {"Service": "ec2.amazonaws.com"}, "Action": ["sts:AssumeRole"]}
    elif kind == "event bus policy":
        bus = {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"}
        nothing |= {"Principal": {"AWS": STRANGER}, "Action": ["events:PutEvents"], "Resource": [bus]}
    else:
        nothing |= {"Action": ["sts:GetCallerIdentity"], "Resource": ["*"]}
    return {**told, "Statement": [nothing]}


def _attach(place: Place, change: InOrganization) -> None:
    kind = {"SCP": "SERVICE_CONTROL_POLICY", "RCP": "RESOURCE_CONTROL_POLICY"}[change.kind]
    organizations = place.client_of(MANAGEMENT_PROFILE, "organizations")
    root = organizations.list_roots()["Roots"][0]
    if not any(one["Type"] == kind and one["Status"] == "ENABLED" for one in root["PolicyTypes"]):
        organizations.enable_policy_type(RootId=root["Id"], PolicyType=kind)
    principal = {"Principal": "*"} if change.kind == "RCP" else {}
    statement = {"Effect": "Deny", **principal, "Action": [change.action], "Resource": ["*"]}
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = organizations.create_policy(Content=content, Description="mutant", Name="mutant", Type=kind)
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=change.account)


@contextmanager
def _sessions_with(change: InSession) -> Iterator[None]:
    call = Gateway.call

    def narrowed(self: Gateway, service: str, operation: str, parameters: Any = None, *given: Any, **more: Any) -> Any:
        if operation == "AssumeRole" and parameters["RoleArn"] == change.principal:
            parameters = {**parameters, "Policy": all_but(change.action)}
        return call(self, service, operation, parameters, *given, **more)

    with mock.patch.object(Gateway, "call", narrowed):
        yield


@contextmanager
def _hasty() -> Iterator[None]:
    """Waiting for IAM to catch up takes no time: here it has, and a denial stays one."""

    class Hasty(waiting.Clock):
        def __init__(self, stop: Event) -> None:
            self.passed = 0.0
            super().__init__(stop, lambda: self.passed)

        def sleep(self, seconds: float) -> None:
            self.passed += seconds
            super().sleep(min(seconds, 0.03))

    with mock.patch.object(applying, "Clock", Hasty):
        yield
