"""Following an execution: what is asked, how often, and over what failures."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from crosslane.aws.errors import AwsError, CredentialsFailure, Unreachable
from crosslane.errors import OutcomeError
from crosslane.pipeline.follow import OFFLINE, ON_AWS, Pace, TimedOut, Watch, first_look, follow
from crosslane.pipeline.model import ActionStatus, Execution, ExecutionStatus
from crosslane.pipeline.read import read_definition, read_execution
from tests.fakes.pipeline_at_work import NAME, As, Remote

BUILD_SECONDS = 60


def watch_of(remote: Remote, pace: Pace = ON_AWS, limit: float | None = None) -> Watch:
    return Watch(pace, remote.monotonic, remote.sleep, limit)


def seen(remote: Remote, execution: str, pace: Pace = ON_AWS, limit: float | None = None) -> list[Execution]:
    definition = read_definition(As(remote), NAME)
    watch = watch_of(remote, pace, limit)
    first = first_look(As(remote), definition, execution, watch, fresh=False)
    return list(follow(As(remote), definition, first, watch))


def builds_for_a_minute(remote: Remote) -> str:
    execution = remote.begin()
    remote.run(execution, "Source/App")
    remote.at(2, lambda: remote.run(execution, "Source/App", "Succeeded"))
    remote.at(3, lambda: remote.run(execution, "Build/Build", externalExecutionId="x:1"))
    remote.at(3 + BUILD_SECONDS, lambda: remote.run(execution, "Build/Build", "Succeeded"))
    remote.at(4 + BUILD_SECONDS, lambda: remote.end(execution, "Succeeded"))
    return execution


def test_it_ends_with_the_final_state() -> None:
    remote = Remote()

    states = seen(remote, builds_for_a_minute(remote))

    assert states[-1].status is ExecutionStatus.SUCCEEDED
    assert all(not state.status.final for state in states[:-1])
    statuses = {action.declared.path: action.status for action in states[-1].actions}
    assert statuses["Build/Build"] is ActionStatus.SUCCEEDED
    assert statuses["DeployToTest/CreateChangeSetTest"] is ActionStatus.NOT_RUN


def test_actions_that_ended_with_the_execution_are_shown_as_ended() -> None:
    """Everything may happen between two calls: the final state must not have an older action in it."""
    remote = Remote()
    execution = remote.begin()
    remote.run(execution, "Source/App", "Succeeded")
    real = remote._GetPipelineExecution

    def ends_meanwhile(account: str, asked: object) -> object:
        remote.run(execution, "Build/Build", "Failed")
        remote.end(execution, "Failed")
        return real(account, asked)

    definition = read_definition(As(remote), NAME)
    first = read_execution(As(remote), definition, execution)
    remote._GetPipelineExecution = ends_meanwhile  # type: ignore[method-assign]

    last = list(follow(As(remote), definition, first, watch_of(remote)))[-1]

    assert last.status is ExecutionStatus.FAILED
    assert last.first_failed is not None
    assert last.first_failed.declared.path == "Build/Build"


def test_it_looks_soon_after_a_change_and_calmly_while_nothing_happens() -> None:
    remote = Remote()
    execution = builds_for_a_minute(remote)
    looks: list[float] = []
    definition = read_definition(As(remote), NAME)
    first = read_execution(As(remote), definition, execution)

    for _ in follow(As(remote), definition, first, watch_of(remote)):
        looks.append(remote.elapsed)

    pauses = [later - before for before, later in pairwise(looks)]
    assert min(pauses) >= ON_AWS.first
    assert max(pauses) == ON_AWS.longest
    assert len(looks) < 22


def test_while_an_action_works_the_execution_itself_is_not_asked_for() -> None:
    remote = Remote()

    states = seen(remote, builds_for_a_minute(remote))

    assert remote.count("GetPipelineExecution") < len(states) / 2
    assert remote.count("GetPipeline") == 1
    assert remote.count("GetPipelineState") == 0


def test_an_execution_that_is_over_is_asked_for_once() -> None:
    remote = Remote()
    execution = remote.begin()
    remote.end(execution, "Succeeded")

    assert len(seen(remote, execution)) == 1
    assert len(remote.calls) == 3


def test_a_lost_connection_is_waited_for_and_told() -> None:
    remote = Remote()
    execution = builds_for_a_minute(remote)
    definition = read_definition(As(remote), NAME)
    lost: list[object] = []
    watch = Watch(ON_AWS, remote.monotonic, remote.sleep, None, lost.append)
    first = read_execution(As(remote), definition, execution)
    remote.at(10, lambda: setattr(remote, "lost", 6))

    states = list(follow(As(remote), definition, first, watch))

    assert states[-1].status is ExecutionStatus.SUCCEEDED
    assert len(lost) == 6


@pytest.mark.parametrize("pace", [ON_AWS, OFFLINE])
def test_a_connection_that_stays_lost_ends_it_in_time(pace: Pace) -> None:
    remote = Remote()
    execution = builds_for_a_minute(remote)
    remote.at(1, lambda: setattr(remote, "lost", 10**6))

    with pytest.raises(Unreachable):
        seen(remote, execution, pace)

    assert pace.outage <= remote.elapsed <= pace.outage + 1 + 3 * pace.longest


def test_throttling_is_waited_for() -> None:
    remote = Remote()
    execution = builds_for_a_minute(remote)
    fail_once(remote, "_ListActionExecutions", AwsError("slow down", "ThrottlingException", "tools"))

    assert seen(remote, execution)[-1].status is ExecutionStatus.SUCCEEDED


def test_an_ended_sign_in_is_no_lost_connection() -> None:
    remote = Remote()
    execution = builds_for_a_minute(remote)
    remote.at(5, lambda: remote.expired.add("tools"))

    with pytest.raises(CredentialsFailure):
        seen(remote, execution)

    assert remote.elapsed < 20


def test_it_stops_in_time_and_the_execution_goes_on() -> None:
    remote = Remote()
    execution = builds_for_a_minute(remote)

    with pytest.raises(TimedOut):
        seen(remote, execution, limit=30)

    assert remote.elapsed == 30
    assert remote.executions[execution]["status"] == "InProgress"


def test_a_new_execution_may_be_unknown_for_a_moment() -> None:
    remote = Remote()
    execution = remote.begin()
    error = AwsError("unknown", "PipelineExecutionNotFoundException", "tools")
    fail_once(remote, "_GetPipelineExecution", error)
    definition = read_definition(As(remote), NAME)

    found = first_look(As(remote), definition, execution, watch_of(remote), fresh=True)

    assert found.id == execution


def test_an_execution_that_is_not_there_is_an_error_at_once() -> None:
    remote = Remote()
    definition = read_definition(As(remote), NAME)

    with pytest.raises(OutcomeError, match="has no execution 0000"):
        first_look(As(remote), definition, "0000", watch_of(remote), fresh=False)

    assert remote.elapsed == 0


def test_of_a_retried_action_the_latest_run_counts() -> None:
    remote = Remote()
    execution = remote.begin()
    remote.run(execution, "Build/Build", "Failed")
    remote.sleep(5)
    remote.run(execution, "Build/Build")

    found = read_execution(As(remote), read_definition(As(remote), NAME), execution)

    assert found.first_failed is None
    assert next(one for one in found.actions if one.declared.name == "Build").status is ActionStatus.IN_PROGRESS


def test_an_action_that_left_the_definition_is_still_shown() -> None:
    remote = Remote()
    execution = remote.begin()
    remote.run(execution, "Build/Build", "Failed")
    remote.stages = [stage for stage in remote.stages if stage[0] != "Build"]

    found = read_execution(As(remote), read_definition(As(remote), NAME), execution)

    assert found.first_failed is not None
    assert found.first_failed.declared.is_build


def fail_once(remote: Remote, operation: str, error: Exception) -> None:
    """The next answer of that operation is an error."""
    real: Callable[..., object] = getattr(remote, operation)

    def failing(*given: object) -> object:
        setattr(remote, operation, real)
        raise error

    setattr(remote, operation, failing)
