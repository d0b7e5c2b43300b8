"""CodePipeline, CodeBuild, Logs and CloudFormation of four accounts in memory, as far as a pipeline shows in them.

Requests and answers are held against botocore's models, so that neither side can invent a member. What happens is
scripted: ``at`` some seconds after the beginning, which pass by ``sleep`` alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from crosslane.aws.errors import AccessDenied, AwsError, CredentialsFailure, Unreachable

NAME = "sample-lambda-pipeline"
BUILD = "sample-lambda:0f2c"
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
IDS = {"tools": "111111111111", "dev": "222222222222", "test": "333333333333", "prod": "444444444444"}
ARNS = {name: f"arn:aws:sts::{id_}:assumed-role/SignIn/me" for name, id_ in IDS.items()}
_SESSION = botocore.session.get_session()
_MODELS: dict[str, Any] = {}


def model_of(service: str) -> Any:
    """botocore's model of the service."""
    if service not in _MODELS:
        _MODELS[service] = _SESSION.get_service_model(service)
    return _MODELS[service]


def action(name: str, category: str, provider: str, account: str | None = None, **settings: str) -> dict[str, Any]:
    """An action as GetPipeline has it."""
    order = 2 if settings.get("ActionMode") == "CHANGE_SET_EXECUTE" else 1
    found: dict[str, Any] = {
        "name": name,
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "runOrder": order,
        "configuration": settings,
    }
    return found | ({} if account is None else {"roleArn": f"arn:aws:iam::{IDS[account]}:role/Acts"})


def deploy(stage: str, account: str) -> list[dict[str, Any]]:
    stack = {"StackName": f"sample-lambda-{stage.lower()}", "ChangeSetName": "change"}
    made = {"ActionMode": "CHANGE_SET_REPLACE", **stack}
    executed = {"ActionMode": "CHANGE_SET_EXECUTE", **stack}
    return [
        action(f"DeployChangeSet{stage}", "Deploy", "CloudFormation", account, **executed),
        action(f"CreateChangeSet{stage}", "Deploy", "CloudFormation", account, **made),
    ]


STAGES: list[tuple[str, list[dict[str, Any]]]] = [
    ("Source", [action("App", "Source", "CodeCommit", "dev", RepositoryName="sample-lambda", BranchName="main")]),
    ("Build", [action("Build", "Build", "CodeBuild", ProjectName="sample-lambda")]),
    ("DeployToTest", deploy("Test", "test")),
    ("ApproveDeployProd", [action("ApproveDeployProd", "Approval", "Manual")]),
    ("DeployToProduction", deploy("Production", "prod")),
]


@dataclass
class Remote:
    """The four accounts. A test fills in what happens and looks at ``calls``."""

    stages: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=lambda: list(STAGES))
    exists: bool = True
    elapsed: float = 0.0
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    """Executions before those, oldest first; of them only the list tells."""
    runs: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    """Open approvals' tokens by stage."""
    closed: dict[str, str] = field(default_factory=dict)
    """Stages whose inbound transition is disabled, and why."""
    branches: dict[str, str] = field(default_factory=lambda: {"main": COMMIT})
    builds: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[tuple[float, str]] = field(default_factory=list)
    page: int = 3
    """Log lines in one answer."""
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Stack events by account, oldest first."""
    calls: list[tuple[str, str | None, str, dict[str, Any]]] = field(default_factory=list)
    """Account, profile, operation, parameters."""
    denied: set[tuple[str | None, str]] = field(default_factory=set)
    expired: set[str | None] = field(default_factory=set)
    lost: int = 0
    """How many further calls get no answer."""
    misplaced: bool = False
    """The sign-ins are in another account than the config says."""
    started: list[dict[str, Any]] = field(default_factory=list)
    script: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    on_start: Callable[[str], None] = lambda execution: None
    on_answer: Callable[[str, str], None] = lambda stage, status: None

    # the clock

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed

    def sleep(self, seconds: float) -> None:
        """Let time pass, and with it what is scripted."""
        end = self.elapsed + seconds
        while self.script and min(self.script, key=lambda one: one[0])[0] <= end:
            due = min(self.script, key=lambda one: one[0])
            self.script.remove(due)
            self.elapsed = max(self.elapsed, due[0])
            due[1]()
        self.elapsed = end

    def at(self, seconds: float, happens: Callable[[], None]) -> None:
        """Something happens that many seconds from now."""
        self.script.append((self.elapsed + seconds, happens))

    # what happens

    def begin(self, execution: str | None = None, **members: Any) -> str:
        """A new execution, its source named."""
        execution = execution or str(uuid.UUID(int=len(self.executions) + 1))
        self.executions[execution] = {
            "pipelineName": NAME,
            "pipelineVersion": 1,
            "pipelineExecutionId": execution,
            "status": "InProgress",
            "artifactRevisions": [
                {"name": "SourceOutput", "revisionId": COMMIT, "revisionSummary": "Say hello\n\nAt length"}
            ],
            "trigger": {"triggerType": "StartPipelineExecution", "triggerDetail": ARNS["tools"]},
            **members,
        }
        return execution

    def ran(self, commit: str = COMMIT, status: str = "Succeeded") -> None:
        """An execution of the commit is over since long."""
        execution = self.begin(str(uuid.uuid4()), status=status, artifactRevisions=[{"revisionId": commit}])
        self.history.append(self.executions.pop(execution))

    def run(self, execution: str, path: str, status: str = "InProgress", **result: Any) -> None:
        """An action begins, or if it is under way already, gets that status and result."""
        stage, name = path.split("/")
        under_way = [
            one
            for one in self.runs
            if (one["pipelineExecutionId"], one["stageName"], one["actionName"]) == (execution, stage, name)
            and one["status"] == "InProgress"
        ]
        begun = self.now()
        for one in under_way:
            begun = one["startTime"]
            self.runs.remove(one)
        declared = next(one for place, all_ in self.stages for one in all_ if (place, one["name"]) == (stage, name))
        self.runs.insert(
            0,
            {
                "pipelineExecutionId": execution,
                "actionExecutionId": str(uuid.uuid4()),
                "stageName": stage,
                "actionName": name,
                "startTime": begun,
                "lastUpdateTime": self.now(),
                "status": status,
                "input": {"actionTypeId": declared["actionTypeId"], "configuration": declared["configuration"]},
                **({"updatedBy": result.pop("by")} if "by" in result else {}),
                "output": {"executionResult": result} if result else {},
            },
        )

    def succeed(self, execution: str, *paths: str) -> None:
        for path in paths:
            self.run(execution, path, "Succeeded")

    def wait_for_approval(self, execution: str, stage: str = "ApproveDeployProd") -> None:
        self.run(execution, f"{stage}/{stage}")
        self.tokens[stage] = str(uuid.uuid4())

    def end(self, execution: str, status: str, **members: Any) -> None:
        self.executions[execution] |= {"status": status, **members}

    def built(self, status: str, problem: str | None = None) -> None:
        """The build as CodeBuild has it."""
        contexts = [] if problem is None else [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": problem}]
        self.builds[BUILD] = {
            "id": BUILD,
            "buildStatus": status,
            "currentPhase": "COMPLETED",
            "phases": [{"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": contexts}],
            "logs": {"groupName": "/aws/codebuild/x", "streamName": "0f2c", "deepLink": "https://console.example/log"},
        }

    def event(self, account: str, resource: str, status: str, reason: str = "") -> None:
        """An event of the account's stack, now."""
        stack = f"arn:aws:cloudformation:eu-west-1:{IDS[account]}:stack/app/1"
        self.events.setdefault(account, []).append(
            {
                "StackId": stack,
                "EventId": str(uuid.uuid4()),
                "StackName": "app",
                "LogicalResourceId": resource,
                "PhysicalResourceId": stack if resource == "app" else resource.lower(),
                "ResourceType": "AWS::CloudFormation::Stack" if resource == "app" else "AWS::Lambda::Function",
                "ResourceStatus": status,
                "Timestamp": self.now(),
                **({"ResourceStatusReason": reason} if reason else {}),
            }
        )

    # the API

    def call(self, account: str, profile: str | None, service: str, operation: str, asked: Mapping[str, Any]) -> Any:
        """One call, as that profile of that account."""
        shapes = model_of(service).operation_model(operation)
        _fit(asked, shapes.input_shape)
        self.calls.append((account, profile, operation, dict(asked)))
        if self.lost > 0:
            self.lost -= 1
            raise Unreachable(f"{service}:{operation} got no answer", "Unreachable", account, "check the network")
        if profile in self.expired:
            raise CredentialsFailure(
                f"the credentials of profile {profile} have expired", "ExpiredToken", account, "sign in again"
            )
        if (profile, operation) in self.denied:
            text = f"not authorized to perform: {service}:{operation}"
            raise AccessDenied(f"{operation} failed: {text}", "AccessDeniedException", account, text=text)
        answer = getattr(self, f"_{operation}")(account, asked)
        _fit(answer, shapes.output_shape)
        return answer

    def count(self, operation: str) -> int:
        """How often it was called."""
        return sum(name == operation for _, _, name, _ in self.calls)

    def _GetCallerIdentity(self, account: str, asked: Any) -> Any:  # noqa: N802
        return {"Account": "999999999999" if self.misplaced else IDS[account], "Arn": ARNS[account]}

    def _GetPipeline(self, account: str, asked: Any) -> Any:  # noqa: N802
        self._must(account == "tools" and self.exists and asked["name"] == NAME, "PipelineNotFoundException")
        stages = [{"name": name, "actions": actions} for name, actions in self.stages]
        return {"pipeline": {"name": NAME, "roleArn": "arn:aws:iam::111111111111:role/p", "stages": stages}}

    def _StartPipelineExecution(self, account: str, asked: Any) -> Any:  # noqa: N802
        token = asked.get("clientRequestToken")
        before = next((one for one in self.started if one["token"] == token), None)
        if before is None:
            before = {"token": token, "id": self.begin(), "revisions": asked.get("sourceRevisions")}
            self.started.append(before)
            self.on_start(before["id"])
        return {"pipelineExecutionId": before["id"]}

    def _ListPipelineExecutions(self, account: str, asked: Any) -> Any:  # noqa: N802
        newest = [*self.history, *self.executions.values()][::-1][: asked["maxResults"]]
        members = ("pipelineExecutionId", "status", "trigger")
        return {
            "pipelineExecutionSummaries": [
                {member: one[member] for member in members} | {"sourceRevisions": _as_listed(one)} for one in newest
            ]
        }

    def _GetPipelineExecution(self, account: str, asked: Any) -> Any:  # noqa: N802
        found = self.executions.get(asked["pipelineExecutionId"])
        self._must(found is not None, "PipelineExecutionNotFoundException")
        return {"pipelineExecution": found}

    def _ListActionExecutions(self, account: str, asked: Any) -> Any:  # noqa: N802
        """Two a page, so that pages are turned."""
        wanted = asked["filter"]["pipelineExecutionId"]
        runs = [one for one in self.runs if one["pipelineExecutionId"] == wanted]
        first = int(asked.get("nextToken", "0"))
        more = {"nextToken": str(first + 2)} if len(runs) > first + 2 else {}
        return {"actionExecutionDetails": runs[first : first + 2], **more}

    def _GetPipelineState(self, account: str, asked: Any) -> Any:  # noqa: N802
        self._must(self.exists, "PipelineNotFoundException")
        return {"pipelineName": NAME, "stageStates": [self._state(name, actions) for name, actions in self.stages]}

    def _state(self, stage: str, actions: list[dict[str, Any]]) -> dict[str, Any]:
        runs = [one for one in self.runs if one["stageName"] == stage]
        states = []
        for one in actions:
            run = next((run for run in runs if run["actionName"] == one["name"]), None)
            latest = {} if run is None else {"status": run["status"], "lastStatusChange": run["lastUpdateTime"]}
            if stage in self.tokens and latest:
                latest["token"] = self.tokens[stage]
            states.append({"actionName": one["name"], **({"latestExecution": latest} if latest else {})})
        entry: dict[str, Any] = {"enabled": stage not in self.closed}
        if stage in self.closed:
            entry["disabledReason"] = self.closed[stage]
        whole: dict[str, Any] = {"stageName": stage, "actionStates": states, "inboundTransitionState": entry}
        if runs:
            whole["latestExecution"] = {"pipelineExecutionId": runs[0]["pipelineExecutionId"], "status": "InProgress"}
        return whole

    def _PutApprovalResult(self, account: str, asked: Any) -> Any:  # noqa: N802
        stage, status = asked["stageName"], asked["result"]["status"]
        self._must(self.tokens.get(stage) == asked["token"], "InvalidApprovalTokenException")
        del self.tokens[stage]
        execution = next(one["pipelineExecutionId"] for one in self.runs if one["stageName"] == stage)
        summary = asked["result"]["summary"]
        if status == "Approved":
            self.run(execution, f"{stage}/{stage}", "Succeeded", externalExecutionSummary=summary, by=ARNS["tools"])
        else:
            self.run(execution, f"{stage}/{stage}", "Failed", externalExecutionSummary=summary, by=ARNS["tools"])
            self.end(execution, "Failed")
        self.on_answer(stage, status)
        return {"approvedAt": self.now()}

    def _GetBranch(self, account: str, asked: Any) -> Any:  # noqa: N802
        self._must(account == "dev", "RepositoryDoesNotExistException")
        self._must(asked["branchName"] in self.branches, "BranchDoesNotExistException")
        return {"branch": {"branchName": asked["branchName"], "commitId": self.branches[asked["branchName"]]}}

    def _BatchGetBuilds(self, account: str, asked: Any) -> Any:  # noqa: N802
        return {"builds": [self.builds[one] for one in asked["ids"] if one in self.builds]}

    def _GetLogEvents(self, account: str, asked: Any) -> Any:  # noqa: N802
        self._must(bool(self.log), "ResourceNotFoundException")
        there = [one for one in self.log if one[0] <= self.elapsed]
        events = [{"timestamp": int(START.timestamp() + at) * 1000, "message": text} for at, text in there]
        if not asked.get("startFromHead"):
            return {"events": events[-asked["limit"] :], "nextForwardToken": f"f/{len(events)}"}
        first = int(asked.get("nextToken", "f/0")[2:])
        piece = events[first : first + self.page]
        return {"events": piece, "nextForwardToken": f"f/{first + len(piece)}"}

    def _DescribeStackEvents(self, account: str, asked: Any) -> Any:  # noqa: N802
        """Newest first, two a page."""
        events = self.events.get(account, [])[::-1]
        if not events:
            text = f"Stack [{asked['StackName']}] does not exist"
            raise AwsError(text, "ValidationError", account, text=text)
        first = int(asked.get("NextToken", "0"))
        more = {"NextToken": str(first + 2)} if len(events) > first + 2 else {}
        return {"StackEvents": events[first : first + 2], **more}

    def _must(self, so: bool, code: str) -> None:
        if not so:
            raise AwsError(f"failed: {code}", code, "tools", text=code)


@dataclass
class As:
    """A caller: one profile in one account of the remote."""

    remote: Remote
    account: str = "tools"
    profile: str | None = "tools"

    def call(self, service: str, operation: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = self.remote.call(self.account, self.profile, service, operation, parameters or {})
        return answer


def _as_listed(execution: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An execution's revisions in the words of the list."""
    members = ("revisionId", "revisionSummary")
    return [
        {"actionName": "App", **{member: one[member] for member in members if member in one}}
        for one in execution["artifactRevisions"]
    ]


def _fit(value: Any, shape: Any) -> None:
    """Fail unless the value has only members of the shape, of the right types, and all that are required."""
    if shape is None:
        return
    report = ParamValidator().validate(dict(value), shape)
    assert not report.has_errors(), report.generate_report()
