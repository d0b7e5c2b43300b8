"""``crosslane logs``: all lines, each once, in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.pipeline_at_work import BUILD, Remote
from tests.fakes.pipeline_command import Desk, desk_in

from crosslane.pipeline.logs import harmless
from crosslane.report.schema import Printed

LINES = [f"line {number}" for number in range(10)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return desk_in(tmp_path, monkeypatch)


def built(remote: Remote, status: str = "SUCCEEDED") -> str:
    """An execution whose build wrote ten lines."""
    execution = remote.begin()
    remote.run(execution, "Build/Build", externalExecutionId=BUILD)
    remote.built(status)
    remote.log = [(0.0, f"{line}\n") for line in LINES]
    return execution


def test_the_log_of_the_latest_build_page_by_page(desk: Desk) -> None:
    built(desk.remote)

    result = desk.run("logs")

    assert result.code == 0
    assert result.out.splitlines() == LINES


@pytest.mark.parametrize("action", ["Build", "Build/Build"])
def test_an_action_may_be_named(desk: Desk, action: str) -> None:
    built(desk.remote)

    document = desk.document(Printed.LOGS, "logs", action)

    assert [line["text"] for line in document["lines"]] == LINES
    assert (document["stage"], document["action"], document["source"]) == ("Build", "Build", BUILD)


def test_a_build_may_be_named(desk: Desk) -> None:
    built(desk.remote)

    assert desk.run("logs", "--build", BUILD).out.splitlines() == LINES
    assert desk.document(Printed.LOGS, "logs", "--build", BUILD)["execution"] is None


def test_followed_it_goes_on_until_the_build_is_over(desk: Desk) -> None:
    remote = desk.remote
    built(remote, "IN_PROGRESS")
    remote.log = [(float(2 * number), line) for number, line in enumerate(LINES)]
    remote.at(25, lambda: remote.built("FAILED"))

    result = desk.run("logs", "--follow")

    assert result.code == 0
    assert result.out.splitlines() == LINES
    assert 25 <= remote.elapsed < 30


def test_not_followed_it_prints_what_is_there(desk: Desk) -> None:
    built(desk.remote, "IN_PROGRESS")
    desk.remote.log += [(60.0, "later")]

    assert desk.run("logs").out.splitlines() == LINES
    assert desk.remote.elapsed == 0


def test_followed_it_waits_for_a_log_that_is_not_there_yet(desk: Desk) -> None:
    remote = desk.remote
    built(remote, "IN_PROGRESS")
    remote.log = []
    remote.at(6, lambda: remote.log.append((6.0, "first")))
    remote.at(12, lambda: remote.built("SUCCEEDED"))

    assert desk.run("logs", "--follow").out.splitlines() == ["first"]


def test_no_line_yet_is_said(desk: Desk) -> None:
    built(desk.remote, "IN_PROGRESS")
    desk.remote.log = []

    result = desk.run("logs")

    assert (result.code, result.out) == (0, "")
    assert "nothing was said yet" in result.err


def test_colours_are_for_terminals_and_what_steers_one_goes(desk: Desk) -> None:
    assert harmless("\x1b[1;32mok\x1b[0m\x1b[2J\x1b]0;title\x1b\\\x9b") == "\x1b[1;32mok\x1b[0m"
    built(desk.remote)
    desk.remote.log = [(0.0, "\x1b[32mok\x1b[0m\tgood\r\n"), (0.0, "\x1b]0;title\x07\x1b[2Jcleared\x08\n")]

    assert desk.run("logs").out == "ok\tgood\ncleared\n"


def test_timestamps(desk: Desk) -> None:
    built(desk.remote)

    assert desk.run("logs", "--timestamps").out.startswith("2026-11-24T12:00:00.000000Z line 0\n")


def test_a_lost_connection_loses_no_line(desk: Desk) -> None:
    remote = desk.remote
    built(remote, "IN_PROGRESS")
    remote.log = [(float(2 * number), line) for number, line in enumerate(LINES)]
    remote.at(5, lambda: setattr(remote, "lost", 4))
    remote.at(25, lambda: remote.built("SUCCEEDED"))

    assert desk.run("logs", "--follow").out.splitlines() == LINES


def deployed(remote: Remote) -> None:
    """Two executions that each changed the stack in test."""
    for resource in ("Old", "New"):
        remote.sleep(60)
        execution = remote.begin()
        remote.run(execution, "DeployToTest/CreateChangeSetTest", "Succeeded")
        remote.sleep(10)
        remote.run(execution, "DeployToTest/DeployChangeSetTest")
        for number in range(5):
            remote.sleep(1)
            remote.event("test", f"{resource}{number}", "UPDATE_COMPLETE")
        remote.run(execution, "DeployToTest/DeployChangeSetTest", "Succeeded")


@pytest.mark.parametrize("name", ["DeployChangeSetTest", "DeployToTest"])
def test_of_a_stack_the_events_of_this_action_alone(desk: Desk, name: str) -> None:
    deployed(desk.remote)

    result = desk.run("logs", name)

    assert [line.split(" ")[0] for line in result.out.splitlines()] == [f"New{number}" for number in range(5)]
    assert ("DescribeStackEvents", "test") in desk.callers


def test_of_an_earlier_execution_no_later_event(desk: Desk) -> None:
    deployed(desk.remote)
    first = next(iter(desk.remote.executions))

    result = desk.run("logs", "DeployToTest", "--execution", first)

    assert [line.split(" ")[0] for line in result.out.splitlines()] == [f"Old{number}" for number in range(5)]


def test_a_deployment_is_followed_to_its_end(desk: Desk) -> None:
    remote = desk.remote
    execution = remote.begin()
    remote.run(execution, "DeployToTest/DeployChangeSetTest")
    for number in range(5):
        remote.at(3.0 * number, lambda number=number: remote.event("test", f"R{number}", "CREATE_COMPLETE"))  # type: ignore[misc]
    remote.at(14, lambda: remote.run(execution, "DeployToTest/DeployChangeSetTest", "Succeeded"))

    result = desk.run("logs", "DeployToTest", "--follow")

    assert [line.split(" ")[0] for line in result.out.splitlines()] == [f"R{number}" for number in range(5)]


def test_what_has_no_log_says_why(desk: Desk) -> None:
    built(desk.remote)

    never = desk.run("logs", "DeployToTest/CreateChangeSetTest")
    approval = desk.run("logs", "ApproveDeployProd/ApproveDeployProd")

    assert (never.code, approval.code) == (1, 1)
    assert "it has not begun" in never.err


def test_an_unknown_action_is_corrected(desk: Desk) -> None:
    built(desk.remote)

    result = desk.run("logs", "Biuld")

    assert result.code == 2
    assert "did you mean Build/Build?" in result.err


def test_an_unknown_build(desk: Desk) -> None:
    result = desk.run("logs", "--build", "sample-lambda:nothing")

    assert result.code == 1
    assert "there is no build sample-lambda:nothing" in result.err


def test_a_pipeline_that_never_ran_has_none(desk: Desk) -> None:
    result = desk.run("logs")

    assert result.code == 1
    assert "next: crosslane run" in result.err


def test_an_execution_that_has_built_nothing(desk: Desk) -> None:
    desk.remote.run(desk.remote.begin(), "Source/App")

    result = desk.run("logs")

    assert result.code == 1
    assert "has built nothing yet" in result.err


def test_build_and_action_exclude_each_other(desk: Desk) -> None:
    assert desk.run("logs", "Build", "--build", BUILD).code == 2
    assert not desk.remote.calls
