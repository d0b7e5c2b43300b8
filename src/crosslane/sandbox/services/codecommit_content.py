"""CodeCommit's operations on what is in a repository: branches, commits, files.

https://docs.aws.amazon.com/codecommit/latest/APIReference/API_Operations.html (2026-11-25)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from dulwich.repo import Repo

from crosslane.sandbox.git import repositories as git
from crosslane.sandbox.git.folder import Place, Update
from crosslane.sandbox.git.repositories import FileInfo, Person
from crosslane.sandbox.request import Handler, Request, ServiceError

if TYPE_CHECKING:
    from crosslane.sandbox.services.codecommit import CodeCommit, Repository

_MODES = {"NORMAL": 0o100644, "EXECUTABLE": 0o100755, "SYMLINK": 0o120000}
_MODE_NAMES = {mode: name for name, mode in _MODES.items()}


def handlers(codecommit: CodeCommit) -> dict[str, Handler]:
    """By operation."""
    answered = {
        "ListBranches": _list_branches,
        "GetBranch": _get_branch,
        "CreateBranch": _create_branch,
        "DeleteBranch": _delete_branch,
        "UpdateDefaultBranch": _update_default,
        "GetCommit": _get_commit,
        "GetFile": _get_file,
        "GetFolder": _get_folder,
        "PutFile": _put_file,
        "CreateCommit": _create_commit,
    }
    return {operation: partial(handle, codecommit) for operation, handle in answered.items()}


def _list_branches(codecommit: CodeCommit, request: Request) -> Mapping[str, Any]:
    with codecommit.content.opened(codecommit.named(request).id) as repo:
        return {"branches": list(git.branches(repo))}


def _get_branch(codecommit: CodeCommit, request: Request) -> Mapping[str, Any]:
    repository = codecommit.named(request)
    name = request.parameters.get("branchName")
    if not name:
        raise ServiceError("BranchNameRequiredException", "A branch name is required, but was not specified")
    with codecommit.content.opened(repository.id) as repo:
        commit = git.branches(repo).get(name)
    if commit is None:
        raise _no_branch(name)
    return {"branch": {"branchName": name, "commitId": commit}}


def _create_branch(codecommit: CodeCommit, request: Request) -> Mapping[str, Any]:
    repository = codecommit.named(request)
    name, commit = request.parameters["branchName"], request.parameters["commitId"]
    with codecommit.content.opened(repository.id) as repo:
        if name in git.branches(repo):
            raise ServiceError("BranchNameExistsException", f"Branch {name} already exists")
        if git.commit(repo, commit) is None:
            raise _no_commit(commit)
        update = git.set_branch(repo, name, commit)
    _changed(codecommit, request, repository, update)
    return {}


def _delete_branch(codecommit: CodeCommit, request: Request) -> Mapping[str, Any]:
    repository, name = codecommit.named(request), request.parameters["branchName"]
    if name == repository.default_branch:
        message = "The default branch for a repository cannot be deleted"
        raise ServiceError("DefaultBranchCannotBeDeletedException", message)
    with codecommit.content.opened(repository.id) as repo:
        commit = git.branches(repo).get(name)
        if commit is None:
            return {}
        update = git.set_branch(repo, name, None)
    _changed(codecommit, request, repository, update)
    return {"deletedBranch": {"branchName": name, "commitId": commit}}


def _update_default(codecommit: CodeCommit, request: Request) -> Mapping[str, Any]:
    repository, name = codecommit.named(request), request.parameters["defaultBranchName"]
    with codecommit.content.opened(repository.id) as repo:
        if name not in git.branches(repo):
            raise _no_branch(name)
    codecommit.set_default_branch(repository, name)
    return {}


def _get_commit(codecommit: CodeCommit, request: Request) -> Mapping[str, Any]:
    commit_id = request.parameters["commitId"]
    with codecommit.content.opened(codecommit.named(request).id) as repo:
        found = git.commit(repo, commit_id)
    if found is None:
        code = "CommitIdDoesNotExistException"
        raise ServiceError(code, f"The specified commit ID does not exist: {commit_id}")
    return {
        "commit": {
            "commitId": found.id,
            "treeId": found.tree,
            "parents": list(found.parents),
            "message": found.message,
            "author": _user(found.author),
            "committer": _user(found.committer),
            "additionalData": "",
        }
    }


def _get_file(codecommit: CodeCommit, request: Request) -> Mapping[str, Any]:
    repository, path = codecommit.named(request), request.parameters["filePath"]
    with codecommit.content.opened(repository.id) as repo:
        commit = _specified(repo, repository, request)
        found = git.file(repo, commit, path)
    if found is None:
        raise ServiceError("FileDoesNotExistException", f"The specified file does not exist: {path}")
    return {
        "commitId": commit,
        "blobId": found.blob,
        "filePath": found.path,
        "fileMode": _MODE_NAMES.get(found.mode, "NORMAL"),
        "fileSize": len(found.content),
        "fileContent": found.content,
    }


def _get_folder(codecommit: CodeCommit, request: Request) -> Mapping[str, Any]:
    repository, path = codecommit.named(request), str(request.parameters["folderPath"]).strip("/")
    with codecommit.content.opened(repository.id) as repo:
        commit = _specified(repo, repository, request)
        below = [one for one in git.files(repo, commit) if not path or one.path.startswith(f"{path}/")]
        info = git.commit(repo, commit)
    if path and not below:
        raise ServiceError("FolderDoesNotExistException", f"The specified folder does not exist: {path}")
    direct = [one for one in below if "/" not in _relative(one, path)]
    folders = sorted({_relative(one, path).partition("/")[0] for one in below if "/" in _relative(one, path)})
    prefix = f"{path}/" if path else ""
    return {
        "commitId": commit,
        "folderPath": path,
        "treeId": info.tree if info and not path else None,
        "subFolders": [{"absolutePath": prefix + name, "relativePath": name} for name in folders],
        "files": [
            {
                "blobId": one.blob,
                "absolutePath": one.path,
                "relativePath": _relative(one, path),
                "fileMode": _MODE_NAMES.get(one.mode, "NORMAL"),
            }
            for one in direct
        ],
    }


def _put_file(codecommit: CodeCommit, request: Request) -> Mapping[str, Any]:
    given = request.parameters
    mode = _MODES[given.get("fileMode", "NORMAL")]
    puts = {given["filePath"]: (bytes(given["fileContent"]), mode)}
    commit, repo_files, tree = _commit(codecommit, request, puts, [], given.get("name"), given.get("commitMessage"))
    return {"commitId": commit, "blobId": repo_files[given["filePath"].strip("/")], "treeId": tree}


def _create_commit(codecommit: CodeCommit, request: Request) -> Mapping[str, Any]:
    given = request.parameters
    if given.get("setFileModes") or any("sourceFile" in one for one in given.get("putFiles", ())):
        raise ServiceError("NotImplemented", "The sandbox does not support setFileModes and sourceFile")
    puts = {
        one["filePath"]: (bytes(one.get("fileContent", b"")), _MODES[one.get("fileMode", "NORMAL")])
        for one in given.get("putFiles", ())
    }
    deletes = [one["filePath"] for one in given.get("deleteFiles", ())]
    made = _commit(codecommit, request, puts, deletes, given.get("authorName"), given.get("commitMessage"))
    commit, blobs, tree = made
    added = [{"absolutePath": path, "blobId": blobs[path.strip("/")]} for path in puts]
    return {"commitId": commit, "treeId": tree, "filesAdded": added}


def _commit(
    codecommit: CodeCommit,
    request: Request,
    puts: Mapping[str, tuple[bytes, int]],
    deletes: list[str],
    name: str | None,
    message: str | None,
) -> tuple[str, Mapping[str, str], str]:
    """Makes a commit and moves the branch: the commit's id, its files' blobs by path, its tree."""
    repository, branch = codecommit.named(request), request.parameters["branchName"]
    parent = request.parameters.get("parentCommitId")
    caller = request.caller.arn.rpartition("/")[2]
    author = Person(name or caller, request.parameters.get("email", ""), codecommit.clock())
    for path in puts:
        if not path.strip("/") or re.search(r"(^|/)\.{1,2}(/|$)|//", path):
            raise ServiceError("InvalidPathException", f"The specified path is not valid: {path}")
    with codecommit.content.opened(repository.id) as repo:
        head = git.branches(repo).get(branch)
        if head is None and git.branches(repo):
            raise _no_branch(branch)
        if head is not None and parent is None:
            message_ = "A parent commit ID is required for all but the first commit"
            raise ServiceError("ParentCommitIdRequiredException", message_)
        if parent != head and parent is not None:
            message_ = f"The parent commit ID {parent} is not that of the tip of the branch"
            raise ServiceError("ParentCommitIdOutdatedException", message_)
        made = git.write_commit(repo, branch, puts, deletes, message or "", author)
        update = git.set_branch(repo, branch, made)
        blobs = {one.path: one.blob for one in git.files(repo, made)}
        info = git.commit(repo, made)
    _changed(codecommit, request, repository, update)
    return made, blobs, info.tree if info else ""


def _changed(codecommit: CodeCommit, request: Request, repository: Repository, update: Update) -> None:
    place = Place(request.account, request.region, request.parameters["repositoryName"], repository.id)
    codecommit.changed(place, request.caller, [update])


def _specified(repo: Repo, repository: Repository, request: Request) -> str:
    specifier = request.parameters.get("commitSpecifier") or repository.default_branch or ""
    found = git.resolve(repo, specifier)
    if found is None:
        raise _no_commit(specifier)
    return found


def _relative(found: FileInfo, folder: str) -> str:
    return found.path.removeprefix(f"{folder}/") if folder else found.path


def _user(person: Person) -> Mapping[str, str]:
    date = f"{int(person.when.timestamp())} {person.when:%z}"
    return {"name": person.name, "email": person.email, "date": date}


def _no_branch(name: str) -> ServiceError:
    return ServiceError("BranchDoesNotExistException", f"Branch {name} does not exist")


def _no_commit(commit: str) -> ServiceError:
    return ServiceError("CommitDoesNotExistException", f"The specified commit does not exist: {commit}")
