"""``crosslane run``: started once, followed to its end, told as it was; the exit code says whether it succeeded."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.pipeline_at_work import ARNS, BUILD, COMMIT, Remote
from tests.fakes.pipeline_command import DEPLOYER, Desk, desk_in

from crosslane.errors import UsageError
from crosslane.pipeline.follow import ON_AWS
from crosslane.report.schema import Printed

OTHER = "f" * 40
TO_TEST = ("DeployToTest/CreateChangeSetTest", "DeployToTest/DeployChangeSetTest")
TO_PRODUCTION = ("DeployToProduction/CreateChangeSetProduction", "DeployToProduction/DeployChangeSetProduction")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = desk_in(tmp_path, monkeypatch)
    desk.remote.ran()
    return desk


def succeeds(remote: Remote) -> None:
    """Each execution that starts goes through in a minute."""

    def course(execution: str) -> None:
        remote.run(execution, "Source/App")
        remote.at(3, lambda: remote.succeed(execution, "Source/App"))
        remote.at(4, lambda: remote.run(execution, "Build/Build", externalExecutionId=BUILD))
        remote.at(45, lambda: remote.run(execution, "Build/Build", "Succeeded", externalExecutionId=BUILD))
        remote.at(50, lambda: remote.succeed(execution, *TO_TEST, "ApproveDeployProd/ApproveDeployProd"))
        remote.at(55, lambda: remote.succeed(execution, *TO_PRODUCTION))
        remote.at(56, lambda: remote.end(execution, "Succeeded"))

    remote.on_start = course


def fails_to_build(remote: Remote) -> None:
    def course(execution: str) -> None:
        remote.succeed(execution, "Source/App")
        remote.log = [(1.0, f"\x1b[31mline {number}\x1b[0m\n") for number in range(40)]
        remote.built("FAILED", "Error while executing command: pytest. Reason: exit status 1")
        remote.at(1, lambda: remote.run(execution, "Build/Build", externalExecutionId=BUILD))
        remote.at(20, lambda: remote.run(execution, "Build/Build", "Failed", **broken()))
        remote.at(20, lambda: remote.end(execution, "Failed"))

    remote.on_start = course


def broken() -> dict[str, object]:
    message = "Build terminated with state: FAILED"
    details = {"code": "JobFailed", "message": message}
    return {"externalExecutionId": BUILD, "externalExecutionUrl": "https://console.example/b", "errorDetails": details}


def waits_for_a_person(remote: Remote) -> None:
    """It stands at the gate; approved, it goes through."""

    def course(execution: str) -> None:
        remote.succeed(execution, "Source/App", "Build/Build", *TO_TEST)
        remote.at(5, lambda: remote.wait_for_approval(execution))

    def answered(stage: str, status: str) -> None:
        if status == "Approved":
            (execution,) = remote.executions
            remote.at(5, lambda: remote.succeed(execution, *TO_PRODUCTION))
            remote.at(6, lambda: remote.end(execution, "Succeeded"))

    remote.on_start, remote.on_answer = course, answered


def test_a_run_that_succeeds(desk: Desk) -> None:
    succeeds(desk.remote)

    result = desk.run("run")

    assert result.code == 0
    assert "Succeeded after 55 s" in result.out
    assert f"source     {COMMIT[:8]} Say hello" in result.out
    told = result.err.splitlines()
    assert told[0].startswith("started execution")
    assert "Build/Build: InProgress" in told
    assert "Build/Build: Succeeded (41 s)" in told
    assert told.index("Source/App: Succeeded (3.0 s)") < told.index("Build/Build: InProgress")
    assert len(told) == len(set(told))


def test_its_document(desk: Desk) -> None:
    succeeds(desk.remote)

    document = desk.document(Printed.EXECUTION, "run")

    execution = document["execution"]
    assert execution["status"] == "Succeeded"
    assert [stage["name"] for stage in execution["stages"]] == [name for name, _ in desk.remote.stages]
    assert [one["name"] for one in execution["stages"][2]["actions"]] == [path.split("/")[1] for path in TO_TEST]
    assert execution["revisions"][0]["id"] == COMMIT
    assert execution["seconds"] == 55
    assert f"/executions/{execution['id']}/" in execution["console"]
    assert document["failure"] is None
    assert document["approved"] == []


def test_a_commit_and_a_branch_say_what_runs(desk: Desk) -> None:
    succeeds(desk.remote)
    desk.remote.branches["topic"] = OTHER

    assert desk.run("run", "--commit", COMMIT.upper(), "--no-follow").code == 0
    assert desk.run("run", "--branch", "topic", "--no-follow").code == 0
    assert desk.run("run", "--new", "--no-follow").code == 0

    commits = [one["revisions"] and one["revisions"][0]["revisionValue"] for one in desk.remote.started]
    assert commits == [COMMIT, OTHER, None]
    assert ("GetBranch", "dev") in desk.callers


def test_an_unknown_branch_starts_nothing(desk: Desk) -> None:
    result = desk.run("run", "--branch", "topic")

    assert result.code == 1
    assert "no branch topic" in result.err
    assert not desk.remote.started


@pytest.mark.parametrize(
    "wrong",
    [
        ("--commit", "abc"),
        ("--commit", COMMIT, "--branch", "main"),
        ("--approve", "--until-approval"),
        ("--approve", "--no-follow"),
        ("--until-approval", "--no-follow"),
        ("--comment", "x"),
        ("--approve", "--comment", "x" * 513),
        ("--timeout", "-1"),
    ],
)
def test_options_that_make_no_sense_start_nothing(desk: Desk, wrong: tuple[str, ...]) -> None:
    assert desk.run("run", *wrong).code == UsageError.exit_code
    assert not desk.remote.calls


def test_a_failed_build_is_told_with_its_reason_its_log_and_a_link(desk: Desk) -> None:
    fails_to_build(desk.remote)

    result = desk.run("run")

    assert result.code == 1
    assert "failed     Build/Build: JobFailed: Build terminated with state: FAILED" in result.out
    assert "build      Error while executing command: pytest. Reason: exit status 1" in result.out
    assert "  | line 39" in result.out
    assert "line 20\n" not in result.out
    assert "\x1b" not in result.out
    assert "link       https://console.example/log" in result.out
    assert "next: crosslane logs Build/Build --execution" in result.err


def test_a_failed_builds_document(desk: Desk) -> None:
    fails_to_build(desk.remote)

    document = desk.document(Printed.EXECUTION, "run", code=1)

    assert document["error"]["code"] == "ExecutionFailed"
    assert document["failure"]["log"][-1] == "line 39"
    assert document["failure"]["problems"]
    assert document["failure"]["url"] == "https://console.example/log"


def test_a_failed_stack_is_told_with_its_first_failing_resource(desk: Desk) -> None:
    remote = desk.remote

    def course(execution: str) -> None:
        remote.event("test", "Old", "UPDATE_FAILED", "of the run before")
        remote.at(10, lambda: remote.succeed(execution, "Source/App", "Build/Build", TO_TEST[0]))
        remote.at(11, lambda: remote.run(execution, TO_TEST[1]))
        remote.at(12, lambda: remote.event("test", "app", "UPDATE_IN_PROGRESS"))
        remote.at(13, lambda: remote.event("test", "Other", "UPDATE_FAILED", "Resource update cancelled"))
        remote.at(13, lambda: remote.event("test", "Function", "UPDATE_FAILED", "The runtime is unknown"))
        remote.at(14, lambda: remote.event("test", "app", "UPDATE_ROLLBACK_COMPLETE"))
        details = {"code": "JobFailed", "message": "Stack sample-lambda-test is in UPDATE_ROLLBACK_COMPLETE state"}
        remote.at(15, lambda: remote.run(execution, TO_TEST[1], "Failed", errorDetails=details))
        remote.at(15, lambda: remote.end(execution, "Failed"))

    remote.on_start = course

    document = desk.document(Printed.EXECUTION, "run", code=1)

    assert document["failure"]["event"] == "Function (AWS::Lambda::Function) UPDATE_FAILED: The runtime is unknown"
    assert document["failure"]["action"] == "DeployChangeSetTest"
    assert ("DescribeStackEvents", "test") in desk.callers


def test_evidence_that_may_not_be_read_does_not_hide_the_failure(desk: Desk) -> None:
    fails_to_build(desk.remote)
    desk.remote.denied.add(("tools", "BatchGetBuilds"))

    document = desk.document(Printed.EXECUTION, "run", code=1)

    assert document["failure"]["reason"] == "JobFailed: Build terminated with state: FAILED"
    assert "BatchGetBuilds" in document["failure"]["unread"]


def test_an_action_that_left_no_lines_is_not_told_to_have_a_log(desk: Desk) -> None:
    remote = desk.remote

    def course(execution: str) -> None:
        details = {"code": "JobFailed", "message": "File [test.json] does not exist in artifact [BuildOutput]"}
        remote.succeed(execution, "Source/App", "Build/Build")
        remote.run(execution, TO_TEST[0], "Failed", errorDetails=details)
        remote.end(execution, "Failed")

    remote.on_start = course

    assert "next: correct the cause and push, or crosslane run\n" in desk.run("run").err


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_that_nothing_can_update_any_more_is_told_to_be_deleted(desk: Desk, status: str) -> None:
    remote = desk.remote

    def course(execution: str) -> None:
        details = {"code": "JobFailed", "message": f"Stack sample-lambda-test is {status}. Reason: Function: denied"}
        remote.succeed(execution, "Source/App", "Build/Build", TO_TEST[0])
        remote.run(execution, TO_TEST[1], "Failed", errorDetails=details)
        remote.end(execution, "Failed")

    remote.on_start = course

    dead = "aws cloudformation delete-stack --stack-name sample-lambda-test" in desk.run("run").err
    assert dead == (status == "ROLLBACK_COMPLETE")


@pytest.mark.parametrize(
    ("status", "code"),
    [("Stopped", "ExecutionStopped"), ("Superseded", "ExecutionSuperseded"), ("Cancelled", "ExecutionCancelled")],
)
def test_stopped_and_superseded_are_no_success(desk: Desk, status: str, code: str) -> None:
    remote = desk.remote
    remote.on_start = lambda execution: remote.at(9, lambda: remote.end(execution, status, statusSummary="because"))

    document = desk.document(Printed.EXECUTION, "run", code=1)

    assert document["error"]["code"] == code
    assert "because" in document["error"]["message"]
    expected = "crosslane status --region eu-west-2 shows the newer execution" if status == "Superseded" else None
    assert (
        desk.document(Printed.EXECUTION, "run", "--new", "--region", "eu-west-2", code=1)["error"]["next"] == expected
    )


def test_at_a_gate_it_says_how_and_goes_on(desk: Desk) -> None:
    remote = desk.remote
    waits_for_a_person(remote)
    remote.at(600, lambda: desk_approves(remote))

    result = desk.run("run")

    assert result.code == 0
    assert result.err.count("crosslane approve ApproveDeployProd") == 1
    assert "ApproveDeployProd/ApproveDeployProd: waits for approval" in result.err


def desk_approves(remote: Remote) -> None:
    """Somebody else approves."""
    result = {"summary": "", "status": "Approved"}
    asked = {"stageName": "ApproveDeployProd", "token": remote.tokens["ApproveDeployProd"], "result": result}
    remote._PutApprovalResult("tools", asked)


def test_a_rejected_run_says_by_whom(desk: Desk) -> None:
    remote = desk.remote
    waits_for_a_person(remote)

    def rejects() -> None:
        result = {"summary": "the numbers are wrong", "status": "Rejected"}
        asked = {"stageName": "ApproveDeployProd", "token": remote.tokens["ApproveDeployProd"], "result": result}
        remote._PutApprovalResult("tools", asked)

    remote.at(60, rejects)

    result = desk.run("run")

    assert result.code == 1
    told = " ".join(result.out.split())
    assert f"ApproveDeployProd/ApproveDeployProd: by {ARNS['tools']}: the numbers are wrong" in told
    assert "Rejected" in result.out


def test_until_approval_is_done_at_the_gate(desk: Desk) -> None:
    waits_for_a_person(desk.remote)

    document = desk.document(Printed.EXECUTION, "run", "--until-approval")

    assert document["execution"]["status"] == "InProgress"
    assert document["waiting"][0]["stage"] == "ApproveDeployProd"
    assert desk.remote.elapsed < 15
    assert desk.remote.tokens


def test_a_run_that_needs_no_approval_is_followed_to_its_end(desk: Desk) -> None:
    succeeds(desk.remote)

    assert desk.document(Printed.EXECUTION, "run", "--until-approval")["execution"]["status"] == "Succeeded"


def test_approve_approves_as_the_sign_in_and_says_so_everywhere(desk: Desk) -> None:
    desk.has_a_deployer()
    waits_for_a_person(desk.remote)

    document = desk.document(Printed.EXECUTION, "run", "--approve")

    (given,) = document["approved"]
    assert given["stage"] == "ApproveDeployProd"
    assert given["by"] == ARNS["tools"]
    assert "without a person" in given["comment"]
    assert {who for operation, who in desk.callers if operation == "PutApprovalResult"} == {"tools"}
    assert desk.remote.count("PutApprovalResult") == 1


def test_approve_on_a_terminal_says_what_it_does_before(desk: Desk) -> None:
    waits_for_a_person(desk.remote)

    result = desk.run("run", "--approve", "--comment", "nightly")

    assert result.code == 0
    assert f"approving ApproveDeployProd/ApproveDeployProd as {ARNS['tools']}" in result.err
    assert "ApproveDeployProd/ApproveDeployProd: Succeeded (" in result.err
    assert "nightly" in result.out


def test_somebody_who_approves_first_does_not_end_the_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    remote, identity = desk.remote, desk.remote._GetCallerIdentity
    waits_for_a_person(remote)

    def meanwhile(account: str, asked: object) -> object:
        if remote.tokens:
            desk_approves(remote)
        return identity(account, asked)

    monkeypatch.setattr(remote, "_GetCallerIdentity", meanwhile)

    document = desk.document(Printed.EXECUTION, "run", "--approve")

    assert document["execution"]["status"] == "Succeeded"
    assert document["approved"] == []


def test_who_may_not_approve_ends_with_the_gate_still_waiting(desk: Desk) -> None:
    waits_for_a_person(desk.remote)
    desk.remote.denied.add(("tools", "PutApprovalResult"))

    document = desk.document(Printed.EXECUTION, "run", "--approve", code=1)

    assert document["error"]["code"] == "AccessDeniedException"
    assert "you may not approve" in document["error"]["message"]
    assert document["waiting"]
    assert document["approved"] == []


def test_the_deployer_starts_and_reads_where_it_may(desk: Desk) -> None:
    desk.has_a_deployer()
    succeeds(desk.remote)

    assert desk.run("run").code == 0

    assert {profile for account, profile, _, _ in desk.remote.calls if account == "tools"} == {DEPLOYER}


def test_the_sign_in_does_what_the_deployer_may_not(desk: Desk) -> None:
    desk.has_a_deployer()
    succeeds(desk.remote)
    desk.remote.denied.add((DEPLOYER, "StartPipelineExecution"))

    assert desk.run("run").code == 0

    assert ("StartPipelineExecution", "tools") in desk.callers
    assert ("ListActionExecutions", DEPLOYER) in desk.callers
    assert len(desk.remote.started) == 1


def test_a_sign_in_of_another_account_starts_nothing(desk: Desk) -> None:
    desk.remote.misplaced = True

    result = desk.run("run")

    assert result.code == 3
    assert "is in account 999999999999" in result.err
    assert not desk.remote.started


def test_out_of_time_it_says_how_to_go_on(desk: Desk) -> None:
    waits_for_a_person(desk.remote)

    document = desk.document(Printed.EXECUTION, "run", "--timeout", "2", code=1)

    assert document["error"]["code"] == "StillRunning"
    assert document["error"]["next"] == f"crosslane status --follow --execution {document['execution']['id']}"
    assert document["execution"]["status"] == "InProgress"
    assert desk.remote.elapsed == 120


def test_ctrl_c_leaves_it_running_and_says_how_to_go_on(desk: Desk) -> None:
    succeeds(desk.remote)
    desk.remote.at(10, interrupt)

    result = desk.run("run")

    assert result.code == 130
    (execution,) = desk.remote.executions
    assert "the pipeline goes on" in result.err
    assert f"next: crosslane status --follow --execution {execution}" in result.err
    assert desk.remote.executions[execution]["status"] == "InProgress"


def test_ctrl_c_gives_a_document_too(desk: Desk) -> None:
    succeeds(desk.remote)
    desk.remote.at(10, interrupt)

    assert desk.document(Printed.EXECUTION, "run", code=130)["execution"]["status"] == "InProgress"


def interrupt() -> None:
    raise KeyboardInterrupt


def test_an_ended_sign_in_says_how_to_go_on(desk: Desk) -> None:
    succeeds(desk.remote)
    desk.remote.at(10, lambda: desk.remote.expired.add("tools"))

    document = desk.document(Printed.EXECUTION, "run", code=3)

    assert document["error"]["code"] == "ExpiredToken"
    assert document["error"]["next"].startswith("sign in again; crosslane status --follow --execution ")


def test_a_lost_connection_is_told_and_waited_for(desk: Desk) -> None:
    succeeds(desk.remote)
    desk.remote.at(10, lambda: setattr(desk.remote, "lost", 3))

    result = desk.run("run")

    assert result.code == 0
    assert result.err.count("no answer, trying again") == 3


def test_a_connection_that_stays_lost_ends_with_how_to_go_on(desk: Desk) -> None:
    succeeds(desk.remote)
    desk.remote.at(10, lambda: setattr(desk.remote, "lost", 10**6))

    result = desk.run("run")

    assert result.code == 3
    assert "crosslane status --follow --execution" in result.err
    assert desk.remote.elapsed < 10 + ON_AWS.outage + 30


def test_a_sandbox_that_ends_in_the_middle_is_told_at_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    desk.offline = True
    succeeds(desk.remote)
    desk.remote.at(10, lambda: setattr(desk.remote, "lost", 10**6))

    document = desk.document(Printed.EXECUTION, "run", code=1)

    assert document["error"]["code"] == "NoSandbox"
    assert document["error"]["message"] == "the sandbox was stopped, and the pipeline with it"
    assert desk.remote.elapsed < 12


def test_a_closed_transition_is_named(desk: Desk) -> None:
    remote = desk.remote
    remote.closed["DeployToTest"] = "a freeze"
    remote.on_start = lambda execution: remote.succeed(execution, "Source/App", "Build/Build")

    result = desk.run("run", "--timeout", "5")

    assert result.code == 1
    assert result.err.count("nothing enters DeployToTest: its transition is disabled (a freeze)") == 1
    assert remote.count("GetPipelineState") < 8


def behind_another(remote: Remote, commit: str) -> str:
    """An execution of that commit waits for approval, and the next one comes as far as that; returns the first."""
    earlier = remote.begin(artifactRevisions=[{"name": "SourceOutput", "revisionId": commit, "revisionSummary": "Old"}])
    remote.wait_for_approval(earlier)
    remote.on_start = lambda execution: remote.succeed(execution, "Source/App", "Build/Build", *TO_TEST)
    return earlier


def test_an_execution_that_waits_behind_another_says_which_and_what_it_waits_for(desk: Desk) -> None:
    earlier = behind_another(desk.remote, OTHER)

    result = desk.run("run", "--timeout", "5")

    assert result.code == 1
    assert f"waits until execution {earlier} ({OTHER[:8]} Old) has left ApproveDeployProd" in result.err
    assert result.err.count(f"crosslane approve ApproveDeployProd --execution {earlier}, or reject") == 1
    assert f"crosslane approve ApproveDeployProd --execution {earlier}" in result.out


def test_approve_does_not_answer_for_another_commit(desk: Desk) -> None:
    earlier = behind_another(desk.remote, OTHER)

    document = desk.document(Printed.EXECUTION, "run", "--approve", code=1)

    assert document["error"]["code"] == "BehindAnother"
    assert f"crosslane approve ApproveDeployProd --execution {earlier}" in document["error"]["next"]
    assert document["standing"]["behind"] == earlier
    assert desk.remote.tokens
    assert desk.remote.elapsed < 10


def test_approve_answers_for_an_earlier_execution_of_the_same_commit(desk: Desk) -> None:
    remote = desk.remote
    earlier = behind_another(remote, COMMIT)

    def answered(stage: str, status: str) -> None:
        if remote.count("PutApprovalResult") == 1:
            remote.end(earlier, "Succeeded")
            remote.wait_for_approval(remote.started[0]["id"])
        else:
            remote.end(remote.started[0]["id"], "Succeeded")

    remote.on_answer = answered

    document = desk.document(Printed.EXECUTION, "run", "--new", "--approve")

    assert [one["execution"] for one in document["approved"]] == [earlier, remote.started[0]["id"]]


def test_until_approval_is_done_behind_another_executions_gate_too(desk: Desk) -> None:
    earlier = behind_another(desk.remote, OTHER)

    document = desk.document(Printed.EXECUTION, "run", "--until-approval")

    assert document["standing"]["gates"] == ["ApproveDeployProd/ApproveDeployProd"]
    assert document["standing"]["behind"] == earlier
    assert desk.remote.elapsed < 10


def test_a_commit_that_is_under_way_is_followed_and_not_started_again(desk: Desk) -> None:
    pushed = desk.remote.begin(trigger={"triggerType": "CloudWatchEvent", "triggerDetail": "a rule"})
    desk.remote.at(20, lambda: desk.remote.end(pushed, "Succeeded"))

    result = desk.run("run")

    assert result.code == 0
    assert f"execution {pushed} runs commit {COMMIT[:8]} already (started by CloudWatchEvent); --new" in result.err
    assert not desk.remote.started


def test_new_starts_another_one_all_the_same(desk: Desk) -> None:
    desk.remote.begin()

    assert desk.run("run", "--new", "--no-follow").code == 0

    assert len(desk.remote.started) == 1


def test_right_after_a_push_the_execution_that_it_starts_is_waited_for(desk: Desk) -> None:
    remote = desk.remote
    remote.branches["main"] = OTHER

    def arrives() -> None:
        pushed = remote.begin(artifactRevisions=[])
        revision = {"name": "SourceOutput", "revisionId": OTHER, "revisionSummary": "New"}
        remote.at(20, lambda: remote.executions[pushed].update(artifactRevisions=[revision]))
        remote.at(40, lambda: remote.end(pushed, "Succeeded"))

    remote.at(5, arrives)

    result = desk.run("run")

    assert result.code == 0
    assert f"commit {OTHER[:8]} has not run; waiting for the execution that its push starts" in result.err
    assert not remote.started


def test_a_push_that_starts_nothing_is_started_by_hand(desk: Desk) -> None:
    succeeds(desk.remote)
    desk.remote.branches["main"] = OTHER

    assert desk.run("run").code == 0

    assert len(desk.remote.started) == 1
    assert ON_AWS.starts <= desk.remote.elapsed < ON_AWS.starts + 70


def test_who_may_not_read_the_branch_can_still_run_it(desk: Desk) -> None:
    succeeds(desk.remote)
    desk.remote.denied.add(("dev", "GetBranch"))

    assert desk.run("run").code == 0


def test_only_starting_asks_nothing_more(desk: Desk) -> None:
    document = desk.document(Printed.EXECUTION, "run", "--no-follow")

    assert document["execution"]["status"] == "InProgress"
    assert desk.remote.count("ListActionExecutions") == 0


def test_offline_there_are_no_links(desk: Desk) -> None:
    desk.offline = True
    fails_to_build(desk.remote)

    document = desk.document(Printed.EXECUTION, "run", code=1)

    assert document["pipeline"]["console"] is None
    assert document["failure"]["url"] is None
    assert "https://" not in desk.run("run").out


def test_without_a_sandbox_nothing_is_started_for_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    sample = Path(__file__).parents[2] / "examples" / "sample-lambda" / "crosslane.toml"

    result = desk.run("run", "--sandbox", "--config", str(sample))

    assert result.code == 1
    assert (
        f"crosslane sandbox start --config {sample} --detach, then crosslane up --config {sample} --sandbox"
        in result.err
    )
    assert not desk.remote.calls
