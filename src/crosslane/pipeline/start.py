"""Starting a pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable

from crosslane.aws.errors import AwsError, Unreachable
from crosslane.errors import OutcomeError, UsageError
from crosslane.pipeline.calling import Caller
from crosslane.pipeline.model import Declared, Definition

COMMIT = re.compile(r"[0-9a-f]{40}\Z")
TRIES = 3
"""Times that a start is sent if no answer comes; the token makes them one start."""


def check_commit(commit: str) -> str:
    """The id in lower case; ``UsageError`` unless it is a whole commit id, which is all that CodeCommit takes."""
    if not COMMIT.match(commit.lower()):
        raise UsageError(
            f"{commit!r} is no whole commit id of 40 hexadecimal digits",
            code="BadCommit",
            next="git rev-parse gives the whole id",
        )
    return commit.lower()


def tip_of(caller: Caller, repository: str, branch: str) -> str:
    """The commit that the branch is at. ``OutcomeError`` if there is no such branch or repository.

    https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetBranch.html
    """
    try:
        answer = caller.call("codecommit", "GetBranch", {"repositoryName": repository, "branchName": branch})
    except AwsError as error:
        if error.code not in ("BranchDoesNotExistException", "RepositoryDoesNotExistException"):
            raise
        what = "repository" if error.code.startswith("Repository") else f"branch {branch} in the repository"
        raise OutcomeError(
            f"there is no {what} {repository}",
            code=error.code,
            account=caller.account,
            next=f"push {branch} first, or name another branch",
        ) from error
    return str(answer["branch"]["commitId"])


def start(caller: Caller, definition: Definition, *, commit: str | None, token: Callable[[], str]) -> str:
    """Start an execution on the branch's tip, or on ``commit``; returns its id.

    Sent again with the same token if no answer came, so that it starts once. ``UsageError`` if the source takes no
    commit. https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StartPipelineExecution.html and, for
    overrides, API_SourceRevisionOverride.html (2026-11-24).
    """
    asked: dict[str, object] = {"name": definition.name, "clientRequestToken": token()}
    if commit is not None:
        source = _source(definition)
        override = {"actionName": source.name, "revisionType": "COMMIT_ID", "revisionValue": commit}
        asked["sourceRevisions"] = [override]
    for left in reversed(range(TRIES)):
        try:
            return str(caller.call("codepipeline", "StartPipelineExecution", asked)["pipelineExecutionId"])
        except Unreachable:
            if left == 0:
                raise
    raise AssertionError("it returned or raised")


def _source(definition: Definition) -> Declared:
    found = [action for action in definition.actions if action.category == "Source"]
    if len(found) != 1:
        raise UsageError(
            f"the pipeline {definition.name} has {len(found)} sources, so a commit alone does not say what to run",
            code="NotOneSource",
        )
    return found[0]
