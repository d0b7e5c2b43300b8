"""Where a build's source comes from: artifacts of a pipeline, a repository, an object, or nowhere."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosslane.sandbox.builds.files import unpack
from crosslane.sandbox.builds.model import Located, Order

Client = Callable[[str], Any]
"""A client of a service that acts as the build role."""

Checkout = Callable[[str, str], bytes]
"""The files of a repository's commit as a ZIP file."""


@dataclass(eq=False, slots=True)
class PhaseFailure(Exception):
    """Ends a phase: CodeBuild's status code and a message for the build's owner."""

    code: str
    message: str
    status: str = "FAILED"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched: the commit, where it is known, and the folders of secondary sources by name."""

    revision: str | None
    secondary: Mapping[str, Path] = field(default_factory=dict)


def fetch(order: Order, client: Client, checkout: Checkout, source: Path, others: Path) -> Fetched:
    """Brings the source into the folder ``source``, secondary ones into folders of ``others``. Raises
    ``PhaseFailure``."""
    source.mkdir(parents=True, exist_ok=True)
    if order.handoff is not None:
        return _artifacts(order, client, source, others)
    kind, location = order.source["type"], str(order.source.get("location", ""))
    match kind:
        case "NO_SOURCE":
            return Fetched(None)
        case "CODECOMMIT":
            return _repository(order, client, checkout, location, source)
        case "S3":
            bucket, _, key = location.rpartition(":::")[2].partition("/")
            _object(client, Located("source", bucket, key), source)
            return Fetched(None)
    raise PhaseFailure("CLIENT_ERROR", f"the sandbox does not support sources of type {kind}")


def _artifacts(order: Order, client: Client, source: Path, others: Path) -> Fetched:
    assert order.handoff is not None
    secondary = {}
    for one in order.handoff.inputs:
        folder = source if one == order.handoff.primary else others / one.name
        _object(client, one, folder)
        if folder != source:
            secondary[one.name] = folder
    return Fetched(order.handoff.revision or None, secondary)


def _object(client: Client, where: Located, folder: Path) -> None:
    try:
        data = client("s3").get_object(Bucket=where.bucket, Key=where.key)["Body"].read()
        unpack(data, folder)
    except (ClientError, BotoCoreError) as error:
        told = f"{error} for primary source and source version arn:aws:s3:::{where.bucket}/{where.key}"
        raise PhaseFailure("CLIENT_ERROR", told) from error
    except (zipfile.BadZipFile, OSError) as error:
        told = f"{where.bucket}/{where.key} is no ZIP file that can be taken apart: {error}"
        raise PhaseFailure("CLIENT_ERROR", told) from error


def _repository(order: Order, client: Client, checkout: Checkout, location: str, source: Path) -> Fetched:
    name = location.rstrip("/").rpartition("/v1/repos/")[2].removesuffix(".git")
    codecommit = client("codecommit")
    try:
        wanted = (order.version or "").removeprefix("refs/heads/")
        if not wanted:
            wanted = codecommit.get_repository(repositoryName=name)["repositoryMetadata"].get("defaultBranch", "main")
        commit = _commit(codecommit, name, wanted)
    except (ClientError, BotoCoreError) as error:
        told = f"{error} for primary source and source version {order.version or ''}"
        raise PhaseFailure("CLIENT_ERROR", told.rstrip()) from error
    unpack(checkout(name, commit), source)
    return Fetched(commit)


def _commit(codecommit: Any, name: str, wanted: str) -> str:
    """The commit that a branch name or a commit id means."""
    try:
        return str(codecommit.get_branch(repositoryName=name, branchName=wanted)["branch"]["commitId"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "BranchDoesNotExistException" or len(wanted) != 40:
            raise
        return str(codecommit.get_commit(repositoryName=name, commitId=wanted)["commit"]["commitId"])
