"""What an action has while it runs: its configuration, its role, its artifacts, and a way to wait."""

from __future__ import annotations

import io
import secrets
import string
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosslane.sandbox.builds.engine import Builds
from crosslane.sandbox.builds.model import Located
from crosslane.sandbox.clients import Clients
from crosslane.sandbox.identities import Credentials
from crosslane.sandbox.pipeline.line import Line
from crosslane.sandbox.pipeline.model import IN_PROGRESS, ActionFailure, ActionRun, Execution, Given
from crosslane.sandbox.request import ServiceError

PRINCIPAL = "codepipeline.amazonaws.com"
_LETTERS = string.ascii_letters + string.digits
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")

Archive = Callable[[str, str, str, str, str], bytes]
"""A commit's files as a ZIP file, by (account, region, access key of who asks, repository, commit)."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What all actions need of the sandbox. ``minute`` is how many seconds a minute of a time limit lasts."""

    clients: Clients
    clock: Callable[[], datetime]
    builds: Builds
    archive: Archive
    minute: float = 60
    pause: float = 0.1
    """Seconds between two looks at something that is awaited."""


@dataclass(slots=True)
class Act:
    """One run of an action, under way."""

    resources: Resources
    line: Line
    execution: Execution
    run: ActionRun
    configuration: Mapping[str, str] = field(default_factory=dict)
    _credentials: Credentials | None = None
    _made: dict[str, Any] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """The pipeline's account."""
        return self.line.arn.split(":")[4]

    @property
    def region(self) -> str:
        """Where the action acts."""
        return str(self.run.action.get("region") or self.line.arn.split(":")[3])

    @property
    def role(self) -> str:
        """The role that the action acts with: its own, else the pipeline's."""
        return str(self.run.action.get("roleArn") or self.execution.definition["roleArn"])

    @property
    def role_account(self) -> str:
        """The account in which the action acts."""
        return self.role.split(":")[4]

    def setting(self, name: str) -> str:
        """A member of the configuration that has to be there."""
        value = self.configuration.get(name)
        if not value:
            raise ActionFailure("ConfigurationError", f"{name} is missing in the configuration of {self.run.name}")
        return value

    def client(self, service: str) -> Any:
        """A client that acts with the action's role: assumed by CodePipeline, or by the pipeline's role where the
        action has one of its own. Raises ``ActionFailure``."""
        if service not in self._made:
            self._made[service] = self._client(service)
        return self._made[service]

    def access_key(self) -> str:
        """Whose rights the action has, for what is no API call."""
        self.client("sts")
        if self._credentials is not None:
            return self._credentials.access_key
        return self._pipeline_session().access_key

    def _pipeline_session(self) -> Credentials:
        role = str(self.execution.definition["roleArn"])
        try:
            return self.resources.clients.session(role, self.execution.id, via=PRINCIPAL).credentials
        except (ServiceError, ClientError) as error:
            raise _not_assumable(role, error) from error

    def _client(self, service: str) -> Any:
        clients, pipeline_role = self.resources.clients, str(self.execution.definition["roleArn"])
        try:
            if self.role == pipeline_role:
                return clients.as_role(self.role, self.execution.id, service, self.region, via=PRINCIPAL)
            if self._credentials is None:
                sts = clients.as_role(pipeline_role, self.execution.id, "sts", self.region, via=PRINCIPAL)
                given = sts.assume_role(RoleArn=self.role, RoleSessionName=self.execution.id)["Credentials"]
                self._credentials = Credentials(
                    given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], given["Expiration"]
                )
            return clients.with_credentials(self._credentials, service, self.region)
        except (ServiceError, ClientError, BotoCoreError) as error:
            raise _not_assumable(self.role, error) from error

    def wait(self, look: Callable[[], bool], minutes: float, what: str) -> None:
        """Looks again and again until ``look`` says that it is so. Raises ``ActionFailure`` when the time is up, and
        ``Given`` when the action was abandoned."""
        limit = time.monotonic() + minutes * self.resources.minute
        while not look():
            self.check()
            if time.monotonic() > limit:
                raise ActionFailure("JobTimedOut", f"{what} took longer than {minutes:g} minutes")
            with self.line.changing:
                self.line.changing.wait(self.resources.pause)

    def check(self) -> None:
        """Raises ``Given`` if nobody waits for the action any more."""
        if self.run.status != IN_PROGRESS or self.line.deleted:
            raise Given

    def tell(self, **members: Any) -> None:
        """Notes what is known of the run by now."""
        with self.line.changing:
            for name, value in members.items():
                setattr(self.run, name, value)
            self.run.updated = self.execution.updated = self.resources.clock()
            self.line.changing.notify_all()

    def store(self) -> tuple[str, str | None]:
        """Bucket and key of the artifact store."""
        definition = self.execution.definition
        store = definition.get("artifactStore") or definition["artifactStores"].get(self.region)
        if store is None:
            message = f"The pipeline has no artifact store in {self.region}"
            raise ActionFailure("ConfigurationError", message)
        return str(store["location"]), store.get("encryptionKey", {}).get("id")

    def place(self, artifact: str) -> Located:
        """A new place for an output: pipeline and artifact, shortened, and seven random letters."""
        bucket, _ = self.store()
        pipeline = str(self.execution.definition["name"])
        name = "".join(secrets.choice(_LETTERS) for _ in range(7))
        return Located(artifact, bucket, f"{pipeline[:20]}/{artifact[:10]}/{name}")

    def put(self, artifact: str, data: bytes) -> Located:
        """Stores an output, encrypted with the store's key, by the action's role."""
        place = self.place(artifact)
        _, key = self.store()
        more: dict[str, str] = {"SSEKMSKeyId": key} if key else {}
        if self.role_account != self.account:
            more["ACL"] = "bucket-owner-full-control"
        s3 = self.client("s3")
        try:
            s3.put_object(Bucket=place.bucket, Key=place.key, Body=data, ServerSideEncryption="aws:kms", **more)
        except (ClientError, BotoCoreError) as error:
            message = (
                f"The provided role does not have permissions to perform this action. Underlying error: {error}. The "
                f"role is {self.role}, the object {place.key} in the bucket {place.bucket}."
            )
            raise ActionFailure(failure_code(error), message) from error
        return place

    def artifact(self, name: str) -> bytes:
        """Reads an input, by the action's role."""
        place = self.execution.artifacts.get(name)
        if place is None:
            raise ActionFailure("ConfigurationError", f"The input artifact {name} was not put out by any action")
        s3 = self.client("s3")
        try:
            data: bytes = s3.get_object(Bucket=place.bucket, Key=place.key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            message = (
                f"Unable to access the artifact with Amazon S3 object key '{place.key}' located in the Amazon S3 "
                f"artifact bucket '{place.bucket}'. The provided role does not have sufficient permissions. "
                f"Error: {error}"
            )
            raise ActionFailure(failure_code(error), message) from error
        return data

    def file(self, reference: str) -> str:
        """A text file of an input artifact, by ``ARTIFACT::PATH``."""
        artifact, separator, path = reference.partition("::")
        if not separator or artifact not in [one.name for one in self.run.inputs]:
            message = f"{reference} has to be INPUT_ARTIFACT::FILE, with an input artifact of the action"
            raise ActionFailure("ConfigurationError", message)
        try:
            with zipfile.ZipFile(io.BytesIO(self.artifact(artifact))) as archive:
                return archive.read(path).decode("utf-8")
        except KeyError:
            raise ActionFailure("JobFailed", f"File [{path}] does not exist in artifact [{artifact}]") from None
        except (zipfile.BadZipFile, UnicodeDecodeError) as error:
            raise ActionFailure("JobFailed", f"File [{path}] of artifact [{artifact}]: {error}") from error


def failure_code(error: Exception) -> str:
    """The code of an action that failed by a call: PermissionError for a denial."""
    found = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    return "PermissionError" if found in _DENIED else "JobFailed"


def _not_assumable(role: str, error: Exception) -> ActionFailure:
    message = f"AWS CodePipeline is not authorized to perform AssumeRole on role {role}. Error: {error}"
    return ActionFailure("PermissionError", message)
