"""The config as frozen values: everything validated, every default filled in.

``load`` makes these from ``crosslane.toml``; nothing past this room reads TOML or sees a raw mapping.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from crosslane.config.oidc import Oidc


class Mode(StrEnum):
    """How the deployer of an account comes to be; see docs/bootstrap-modes.md."""

    GUIDE = "guide"
    LEAST = "least"
    KEYLESS = "keyless"


class KeyStore(StrEnum):
    """Where the secret of the user's access key is kept."""

    FILE = "file"
    """In the AWS credentials file, as AWS's own tools have it."""
    KEYRING = "keyring"
    """In the system's keyring; the profile asks crosslane for it."""


@dataclass(frozen=True, slots=True)
class Account:
    """One AWS account. ``name`` is the config's own word for it, ``id`` its 12 digits."""

    name: str
    id: str
    profile: str | None = None
    """Profile of the person's sign-in; ``None`` means the ordinary AWS credential chain."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the app's code lives. Only CodeCommit repositories so far."""

    account: str
    repository: str
    branch: str = "main"
    provider: str = "codecommit"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """``app`` is the folder of the app, absolute, resolved against the config file."""

    name: str
    region: str
    source: Source
    app: Path


@dataclass(frozen=True, slots=True)
class Stage:
    """One deployment of the app, in order; ``approval`` puts a manual approval in front of it."""

    name: str
    account: str
    approval: bool = False


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Names and mode of the deployer that the guide creates by hand."""

    mode: Mode = Mode.LEAST
    accounts: tuple[str, ...] = ("tools",)
    user: str = "admin"
    policy: str = "aws-refarch-cross-account-pipeline-sts-and-cloudformation-policy"
    role: str = "aws-refarch-cross-account-pipeline-service-role"
    boundary: str = "aws-refarch-cross-account-pipeline-boundary"
    session_name: str = "AWSCLI-Session"
    key_max_age_days: int = 90
    key_store: KeyStore = KeyStore.FILE
    mfa_serial: str | None = None
    """The ARN of the user's MFA device: the deployer then trusts the user only with a code of it."""
    oidc: Oidc | None = None
    """Whose CI jobs may become the deployer too; only in mode ``keyless``."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """IAM Identity Center: ``start_url`` of the portal, its ``region``, the ``permission_set`` to use."""

    start_url: str | None = None
    region: str | None = None
    permission_set: str | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """Names of what the main script makes. ``{pipeline}`` in a default stands for ``pipeline.name``.

    The defaults are the public script's own names, so that an existing set-up is recognised.
    """

    prerequisites_stack: str = "pre-reqs"
    source_stack: str = "toolsacct-codepipeline-role"
    target_stack: str = "toolsacct-codepipeline-cloudformation-role"
    pipeline_stack: str = "{pipeline}-pipeline"
    source_role: str = "ToolsAcctCodePipelineCodeCommitRole"
    action_role: str = "ToolsAcctCodePipelineCloudFormationRole"
    execution_role: str = "cloudformationdeployer-role"
    build_project: str = "{pipeline}"
    build_role: str = "{pipeline}-CodeBuildRole"
    pipeline_role: str = "{pipeline}-codepipeline-role"
    key_alias: str = "codepipeline-crossaccounts"
    bucket: str | None = None
    """Fixed name of the artifact bucket; ``None`` lets CloudFormation choose one that is free."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole config. ``accounts`` keeps the file's order; ``tools`` is always among them."""

    path: Path
    pipeline: Pipeline
    accounts: tuple[Account, ...]
    stages: tuple[Stage, ...]
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    sign_in: SignIn = field(default_factory=SignIn)
    names: Names = field(default_factory=Names)

    def account(self, name: str) -> Account:
        """The account of that name; ``KeyError`` if the config has none (validation rules that out)."""
        for account in self.accounts:
            if account.name == name:
                return account
        raise KeyError(name)

    @property
    def tools(self) -> Account:
        """The account that holds the pipeline, the key and the artifacts."""
        return self.account("tools")

    @property
    def partition(self) -> str:
        """``aws``, ``aws-us-gov`` or ``aws-cn``, from the region."""
        return partition_of(self.pipeline.region)


def partition_of(region: str) -> str:
    """The partition that the region belongs to: ``aws``, ``aws-us-gov`` or ``aws-cn``."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
