"""CodeBuild's builds, which are allowed by their project, and CodeCommit's branches, which a condition may name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html: a build has no resource but
its project; https://docs.aws.amazon.com/codecommit/latest/userguide/how-to-conditional-branch.html: the key
``codecommit:References`` (2026-11-25).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosslane.sandbox.authorization.operations.model import Facts, Row, Use, Values, arn
from crosslane.sandbox.request import Request


def _of_builds(request: Request, facts: Facts) -> Iterator[Use]:
    given = request.parameters
    builds = given.get("ids") or [given.get("id") or "*"]
    for project in dict.fromkeys(str(build).rpartition(":build/")[2].partition(":")[0] for build in builds):
        yield Use(f"codebuild:{request.operation}", arn(facts, request, "codebuild", f"project/{project}"))


def _of_branch(request: Request, facts: Facts) -> Iterator[Use]:
    given = request.parameters
    reference = given.get("reference") or (f"refs/heads/{given['branchName']}" if given.get("branchName") else None)
    context: dict[str, Values] = {"codecommit:References": str(reference)} if reference else {}
    resource = arn(facts, request, "codecommit", str(given.get("repositoryName") or "*"))
    yield Use(f"codecommit:{request.operation}", resource, context=context)


ROWS: Mapping[tuple[str, str], Row] = {
    **{("codebuild", operation): _of_builds for operation in ("BatchGetBuilds", "BatchDeleteBuilds", "StopBuild")},
    **{
        ("codecommit", operation): _of_branch
        for operation in ("CreateBranch", "CreateCommit", "DeleteBranch", "GitPush", "PutFile")
    },
}
