"""The source action of CodeCommit: a commit of a branch becomes the output artifact.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html (2026-11-25). Messages for
a branch that is not there and missing permissions follow what users of AWS report; others are worded here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosslane.sandbox.pipeline.act import Act, failure_code
from crosslane.sandbox.pipeline.model import ActionFailure, Revision
from crosslane.sandbox.request import ServiceError

_MISSING = ("RepositoryDoesNotExistException", "CommitIdDoesNotExistException", "CommitDoesNotExistException")


def run(act: Act) -> None:
    """Raises ``ActionFailure``."""
    repository, branch = act.setting("RepositoryName"), act.setting("BranchName")
    wanted = act.configuration.get("OutputArtifactFormat", "CODE_ZIP")
    if wanted != "CODE_ZIP":
        raise ActionFailure("NotImplemented", f"The sandbox does not support OutputArtifactFormat {wanted}")
    codecommit = act.client("codecommit")
    try:
        commit_id = act.execution.overrides.get(act.run.name) or _tip(codecommit, repository, branch)
        commit = codecommit.get_commit(repositoryName=repository, commitId=commit_id)["commit"]
        data = act.resources.archive(act.role_account, act.region, act.access_key(), repository, commit_id)
    except (ClientError, BotoCoreError) as error:
        raise _failure(error, repository, branch) from error
    except ServiceError as error:
        told = ClientError({"Error": {"Code": error.code, "Message": error.message}}, "UploadArchive")
        raise _failure(told, repository, branch) from error
    revision = Revision(commit_id, commit["message"], _date(commit["committer"]["date"]), _page(act, commit_id))
    outputs = tuple(act.put(one["name"], data) for one in act.run.action["outputArtifacts"])
    act.tell(
        revision=revision,
        outputs=outputs,
        external_id=commit_id,
        external_url=revision.url,
        entity_url=_repository_page(act),
        summary=revision.summary.strip(),
        variables={
            "AuthorDate": _date(commit["author"]["date"]).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "BranchName": branch,
            "CommitId": commit_id,
            "CommitMessage": commit["message"],
            "CommitterDate": revision.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "RepositoryName": repository,
        },
    )


def _tip(codecommit: Any, repository: str, branch: str) -> str:
    return str(codecommit.get_branch(repositoryName=repository, branchName=branch)["branch"]["commitId"])


def _failure(error: Exception, repository: str, branch: str) -> ActionFailure:
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    if code == "BranchDoesNotExistException":
        message = (
            f"The action failed because no branch named {branch} was found in the selected AWS CodeCommit repository "
            f"{repository}. Make sure you are using the correct branch name, and then try again. Error: {error}"
        )
        return ActionFailure("ConfigurationError", message)
    if code in _MISSING:
        message = f"The action failed because of the AWS CodeCommit repository {repository}. Error: {error}"
        return ActionFailure("ConfigurationError", message)
    message = (
        "Insufficient permissions: The service role or action role doesn't have the permissions required to access the "
        f"AWS CodeCommit repository named {repository}. Update the IAM role permissions, and then try again. "
        f"Error: {error}"
    )
    found = failure_code(error)
    return ActionFailure(found, message if found == "PermissionError" else f"{repository}: {error}")


def _date(text: str) -> datetime:
    """CodeCommit's: seconds and time zone."""
    return datetime.fromtimestamp(int(text.partition(" ")[0]), UTC)


def _repository_page(act: Act) -> str:
    name = act.configuration["RepositoryName"]
    return f"https://console.aws.amazon.com/codecommit/home?region={act.region}#/repository/{name}/browse"


def _page(act: Act, commit: str) -> str:
    name = act.configuration["RepositoryName"]
    return f"https://console.aws.amazon.com/codecommit/home?region={act.region}#/repository/{name}/commit/{commit}"
