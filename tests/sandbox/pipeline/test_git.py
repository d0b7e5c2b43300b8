"""Repositories by the ordinary git client and by CodeCommit's API."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import allow, code
from tests.sandbox.pipeline.conftest import Delivery


@pytest.fixture
def codecommit(delivery: Delivery) -> Any:
    return delivery.aws("dev", "codecommit")


@pytest.fixture
def url(codecommit: Any, name: str) -> str:
    """A new repository's."""
    return str(codecommit.create_repository(repositoryName=name)["repositoryMetadata"]["cloneUrlHttp"])


@pytest.fixture
def work(delivery: Delivery, url: str, tmp_path: Path) -> Path:
    """A clone with one pushed commit, whose tree has a folder and a program."""
    delivery.git(tmp_path, "clone", "-q", url, "clone")
    clone = tmp_path / "clone"
    (clone / "below").mkdir()
    (clone / "below" / "file.txt").write_text("text")
    (clone / "run.sh").write_text("#!/bin/sh\n")
    (clone / "run.sh").chmod(0o755)
    delivery.git(clone, "checkout", "-q", "-b", "main")
    _commit(delivery, clone, "first")
    delivery.git(clone, "push", "-q", "origin", "main")
    return clone


def _commit(delivery: Delivery, clone: Path, message: str) -> str:
    delivery.git(clone, "add", "-A")
    delivery.git(clone, "commit", "-q", "--allow-empty", "-m", message)
    return delivery.git(clone, "rev-parse", "HEAD").strip()


def test_what_was_pushed_is_cloned_and_told_by_the_api(
    delivery: Delivery, codecommit: Any, url: str, work: Path, name: str, tmp_path: Path
) -> None:
    head = delivery.git(work, "rev-parse", "HEAD").strip()
    delivery.git(tmp_path, "clone", "-q", url, "again")
    assert (tmp_path / "again" / "below" / "file.txt").read_text() == "text"
    found = codecommit.get_branch(repositoryName=name, branchName="main")["branch"]
    assert found == {"branchName": "main", "commitId": head}
    assert codecommit.get_repository(repositoryName=name)["repositoryMetadata"]["defaultBranch"] == "main"
    commit = codecommit.get_commit(repositoryName=name, commitId=head)["commit"]
    assert (commit["message"], commit["author"]["name"], commit["author"]["email"]) == (
        "first\n",
        "Dev",
        "dev@example.com",
    )
    file = codecommit.get_file(repositoryName=name, filePath="run.sh")
    assert (file["fileContent"], file["fileMode"]) == (b"#!/bin/sh\n", "EXECUTABLE")
    folder = codecommit.get_folder(repositoryName=name, folderPath="/")
    assert [one["relativePath"] for one in folder["subFolders"]] == ["below"]


def test_a_commit_made_by_the_api_is_pulled(delivery: Delivery, codecommit: Any, work: Path, name: str) -> None:
    head = delivery.git(work, "rev-parse", "HEAD").strip()
    made = codecommit.put_file(
        repositoryName=name, branchName="main", fileContent=b"new", filePath="below/new.txt", parentCommitId=head
    )
    delivery.git(work, "pull", "-q", "origin", "main")
    assert (work / "below" / "new.txt").read_text() == "new"
    assert (work / "below" / "file.txt").read_text() == "text"
    assert delivery.git(work, "rev-parse", "HEAD").strip() == made["commitId"]
    stale = code(
        lambda: codecommit.put_file(
            repositoryName=name, branchName="main", fileContent=b"", filePath="x", parentCommitId=head
        )
    )
    assert stale == "ParentCommitIdOutdatedException"


def test_branches_come_and_go_by_git_and_by_the_api(delivery: Delivery, codecommit: Any, work: Path, name: str) -> None:
    head = delivery.git(work, "rev-parse", "HEAD").strip()
    codecommit.create_branch(repositoryName=name, branchName="other", commitId=head)
    delivery.git(work, "push", "-q", "origin", "HEAD:refs/heads/third", "HEAD:refs/tags/v1")
    assert codecommit.list_branches(repositoryName=name)["branches"] == ["main", "other", "third"]
    delivery.git(work, "push", "-q", "origin", "--delete", "third")
    codecommit.delete_branch(repositoryName=name, branchName="other")
    assert codecommit.list_branches(repositoryName=name)["branches"] == ["main"]
    missing = code(lambda: codecommit.get_branch(repositoryName=name, branchName="other"))
    assert missing == "BranchDoesNotExistException"


def test_the_default_branch_is_not_deleted(delivery: Delivery, codecommit: Any, work: Path, name: str) -> None:
    refused = delivery.git(work, "push", "origin", "--delete", "main", check=False)
    assert "the default branch cannot be deleted" in refused
    assert codecommit.list_branches(repositoryName=name)["branches"] == ["main"]


def test_a_clone_with_the_url_of_codecommit_itself_comes_from_the_sandbox(
    delivery: Delivery, work: Path, name: str, tmp_path: Path
) -> None:
    real = f"https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/{name}"
    delivery.git(tmp_path, "clone", "-q", real, "real")
    assert (tmp_path / "real" / "run.sh").exists()


def test_a_big_push_and_a_shallow_clone_work(delivery: Delivery, url: str, work: Path, tmp_path: Path) -> None:
    for number in range(200):
        (work / f"file-{number}").write_bytes(str(number).encode() * 5000)
    _commit(delivery, work, "big")
    delivery.git(work, "push", "-q", "origin", "main")
    delivery.git(tmp_path, "clone", "-q", "--depth", "1", url, "shallow")
    assert (tmp_path / "shallow" / "file-199").stat().st_size == 15000


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (lambda user, password: (user, password[:-1] + ("0" if password[-1] != "0" else "1")), "403"),
        (lambda user, password: (user, "20200101T000000Z" + password[16:]), "403"),
        (lambda user, password: ("AKIAIOSFODNN7EXAMPLE", password), "403"),
        (lambda user, password: (user.partition("%")[0], password), "403"),
    ],
    ids=["wrong signature", "old signature", "unknown key", "no token"],
)
def test_bad_credentials_are_refused(
    delivery: Delivery, url: str, tmp_path: Path, spoil: Callable[[str, str], tuple[str, str]], status: str
) -> None:
    asked = f"protocol=http\nhost={url.split('/')[2]}\npath={url.split('/', 3)[3]}\n\n"
    given = subprocess.run(
        ["git", "credential", "fill"],
        input=asked,
        env=delivery.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    told = dict(line.split("=", 1) for line in given.splitlines())
    user, password = spoil(told["username"], told["password"])
    spoiled = url.replace("http://", f"http://{user.replace('%', '%25')}:{password}@")
    refused = delivery.git(tmp_path, "clone", spoiled, "spoiled", check=False)
    assert refused.startswith("128")
    assert status in refused or "Authentication failed" in refused


def test_a_repository_that_is_not_there_is_not_found(delivery: Delivery, url: str, tmp_path: Path) -> None:
    missing = delivery.git(tmp_path, "clone", f"{url}-gone", "gone", check=False)
    assert missing.startswith("128")
    assert "not found" in missing


def test_another_account_finds_no_such_repository(delivery: Delivery, url: str, work: Path, tmp_path: Path) -> None:
    refused = delivery.git(tmp_path, "clone", url, "other", profile="tools", check=False)
    assert refused.startswith("128")


def test_a_push_that_no_policy_allows_is_refused(delivery: Delivery, url: str, work: Path, name: str) -> None:
    """A user who may pull everything, and push to branches below ``free/`` only."""
    iam = delivery.aws("dev", "iam")
    iam.create_user(UserName=name)
    pull = allow("codecommit:GitPull")
    condition = '"Condition": {"StringLikeIfExists": {"codecommit:References": ["refs/heads/free/*"]}}'
    push = allow("codecommit:GitPush").replace('"Resource"', f'{condition}, "Resource"')
    iam.put_user_policy(UserName=name, PolicyName="pull", PolicyDocument=pull)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    with delivery.place.running.credentials_file.open("a") as file:
        file.write(
            f"[{name}]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
        )
    with delivery.place.running.config_file.open("a") as file:
        file.write(f"[profile {name}]\nregion = eu-west-1\n")
    _commit(delivery, work, "second")
    delivery.git(work, "pull", "-q", "origin", "main", profile=name)
    refused = delivery.git(work, "push", "origin", "main", profile=name, check=False)
    assert "403" in refused
    iam.put_user_policy(UserName=name, PolicyName="push", PolicyDocument=push)
    refused = delivery.git(work, "push", "origin", "main", profile=name, check=False)
    assert "remote rejected" in refused
    assert "is not authorized to perform: codecommit:GitPush" in refused
    delivery.git(work, "push", "-q", "origin", "main:free/one", profile=name)


def test_two_repositories_of_one_name_after_each_other_share_nothing(
    delivery: Delivery, codecommit: Any, url: str, work: Path, name: str
) -> None:
    codecommit.delete_repository(repositoryName=name)
    codecommit.create_repository(repositoryName=name)
    assert codecommit.list_branches(repositoryName=name)["branches"] == []
    delivery.git(work, "push", "-q", "origin", "main")
    assert codecommit.list_branches(repositoryName=name)["branches"] == ["main"]
