"""``crosslane status``: how it stands, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.pipeline_at_work import BUILD, COMMIT, Remote
from tests.fakes.pipeline_command import Desk, desk_in

from crosslane.report.schema import Printed

OTHER = "f" * 40


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return desk_in(tmp_path, monkeypatch)


def half_done(remote: Remote) -> str:
    execution = remote.begin()
    remote.succeed(execution, "Source/App")
    remote.run(execution, "Build/Build", externalExecutionId=BUILD)
    remote.sleep(75)
    return execution


def test_a_pipeline_that_never_ran(desk: Desk) -> None:
    assert desk.document(Printed.EXECUTION, "status")["execution"] is None
    assert "has not run yet; crosslane run starts it" in desk.run("status").out


def test_a_pipeline_that_is_not_there(desk: Desk) -> None:
    desk.remote.exists = False

    result = desk.run("status")

    assert result.code == 1
    assert "next: crosslane up" in result.err


def test_the_run_of_a_new_pipeline_that_finds_no_branch_is_explained(desk: Desk) -> None:
    execution = desk.remote.begin(trigger={"triggerType": "CreatePipeline", "triggerDetail": "me"})
    message = "The action failed because no branch named main was found in the selected AWS CodeCommit repository"
    desk.remote.run(execution, "Source/App", "Failed", errorDetails={"code": "ConfigurationError", "message": message})
    desk.remote.end(execution, "Failed")

    told = desk.run("status").out
    assert "the pipeline started itself when it was made\nnothing is on branch main yet; a push to it" in told
    followed = desk.run("status", "--follow", "--execution", execution)
    assert "next: push the app to branch main, which starts the pipeline" in followed.err


def test_one_that_runs(desk: Desk) -> None:
    execution = half_done(desk.remote)

    result = desk.run("status")

    assert result.code == 0
    assert f"execution  {execution} InProgress for 1 min 15 s" in result.out
    lines = result.out.splitlines()
    assert [line.split() for line in lines if line.startswith("  Build ")] == [
        ["Build", "InProgress", "1", "min", "15", "s"]
    ]
    assert lines[lines.index("DeployToTest") + 1].split() == ["CreateChangeSetTest", "-"]


def test_one_that_failed_is_told_with_code_0(desk: Desk) -> None:
    execution = half_done(desk.remote)
    desk.remote.log = [(0.0, "boom\n")]
    desk.remote.built("FAILED")
    desk.remote.run(execution, "Build/Build", "Failed", externalExecutionId=BUILD)
    desk.remote.end(execution, "Failed")

    result = desk.run("status")
    document = desk.document(Printed.EXECUTION, "status")

    assert result.code == 0
    assert "  | boom" in result.out
    assert document["execution"]["status"] == "Failed"
    assert document["failure"]["log"] == ["boom"]


def test_followed_it_has_the_code_of_run(desk: Desk) -> None:
    execution = half_done(desk.remote)
    desk.remote.built("FAILED")
    desk.remote.at(20, lambda: desk.remote.run(execution, "Build/Build", "Failed", externalExecutionId=BUILD))
    desk.remote.at(20, lambda: desk.remote.end(execution, "Failed"))

    result = desk.run("status", "--follow")

    assert result.code == 1
    assert "Build/Build: Failed (1 min 35 s)" in result.err


def test_the_latest_or_the_one_that_is_named(desk: Desk) -> None:
    first = half_done(desk.remote)
    desk.remote.end(first, "Superseded")
    second = half_done(desk.remote)

    assert desk.document(Printed.EXECUTION, "status")["execution"]["id"] == second
    assert desk.document(Printed.EXECUTION, "status", "--execution", first)["execution"]["status"] == "Superseded"


def test_right_after_a_push_status_follows_what_the_push_starts(desk: Desk) -> None:
    desk.remote.end(half_done(desk.remote), "Succeeded")
    desk.remote.branches["main"] = OTHER
    desk.remote.at(8, lambda: pushed(desk.remote))

    result = desk.run("status", "--follow")

    assert result.code == 0
    assert f"commit {OTHER[:8]} has not run; waiting" in result.err
    assert f"source     {OTHER[:8]} New" in result.out


def pushed(remote: Remote) -> None:
    revision = {"name": "SourceOutput", "revisionId": OTHER, "revisionSummary": "New"}
    execution = remote.begin(artifactRevisions=[revision])
    remote.at(20, lambda: remote.end(execution, "Succeeded"))


def test_a_push_that_starts_nothing_is_not_told_as_the_success_before_it(desk: Desk) -> None:
    desk.remote.end(half_done(desk.remote), "Succeeded")
    desk.remote.branches["main"] = OTHER

    document = desk.document(Printed.ERROR, "status", "--follow", code=1)

    assert document["error"]["code"] == "NoExecution"
    assert document["error"]["next"] == "crosslane run starts it"


def test_the_execution_of_a_commit(desk: Desk) -> None:
    first = half_done(desk.remote)
    desk.remote.end(first, "Succeeded")
    pushed(desk.remote)

    assert desk.document(Printed.EXECUTION, "status", "--commit", COMMIT)["execution"]["id"] == first
    assert desk.run("status", "--follow", "--commit", OTHER).code == 0
    assert desk.run("status", "--commit", "e" * 40).code == 1
    assert desk.run("status", "--commit", COMMIT, "--execution", first).code == 2


def test_status_approves_where_it_is_told_to(desk: Desk) -> None:
    execution = desk.remote.begin()
    desk.remote.wait_for_approval(execution)
    desk.remote.on_answer = lambda stage, status: desk.remote.end(execution, "Succeeded")

    document = desk.document(Printed.EXECUTION, "status", "--follow", "--approve")

    assert document["approved"][0]["execution"] == execution
    assert desk.run("status", "--approve").code == 2


def test_an_execution_that_is_not_there(desk: Desk) -> None:
    result = desk.run("status", "--follow", "--execution", "00000000-0000-0000-0000-00000000000f")

    assert result.code == 1
    assert "has no execution" in result.err


def test_what_waits_is_told_with_the_command_that_answers(desk: Desk) -> None:
    desk.remote.wait_for_approval(desk.remote.begin())

    result = desk.run("status")

    assert "crosslane approve ApproveDeployProd" in result.out
    assert desk.remote.count("GetPipelineState") == 0


def test_a_closed_transition_is_told(desk: Desk) -> None:
    execution = desk.remote.begin()
    desk.remote.succeed(execution, "Source/App")
    desk.remote.closed = {"Build": "a freeze", "DeployToProduction": "later"}

    result = desk.run("status")

    assert "nothing enters Build: its transition is disabled (a freeze)" in result.out
    assert "DeployToProduction: its" not in result.out


def test_it_fits_80_columns(desk: Desk) -> None:
    remote = desk.remote
    long = "a" * 100
    _, actions = remote.stages[2]
    remote.stages[2] = (long, [{**actions[0], "name": long}])
    execution = remote.begin(artifactRevisions=[{"name": "Out", "revisionId": "b" * 40, "revisionSummary": "c" * 200}])
    remote.run(execution, f"{long}/{long}", "Succeeded", externalExecutionSummary="word " * 60)
    desk.offline = True

    result = desk.run("status")

    assert max(map(len, result.out.splitlines())) <= 80


def test_what_a_commit_says_cannot_steer_the_terminal(desk: Desk) -> None:
    evil = "\x1b]0;title\x07\x1b[2Jhello\x00 \x9b31mworld"
    desk.remote.begin(artifactRevisions=[{"name": "Out", "revisionId": "b" * 40, "revisionSummary": evil}])

    result = desk.run("status")

    assert "hello" in result.out
    assert not {"\x1b", "\x07", "\x00", "\x9b"} & set(result.out)
