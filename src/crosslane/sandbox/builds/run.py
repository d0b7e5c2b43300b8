"""Runs a build: its phases in CodeBuild's order, each with its outcome.

A failed install or pre_build ends the commands; post_build and the upload of artifacts follow build in any case; a
phase's ``on-failure`` changes that (https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html,
https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html, 2026-11-25).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosslane.sandbox.builds import environment
from crosslane.sandbox.builds.buildspec import PHASES, Artifact, Buildspec, BuildspecError, Phase, parse_buildspec
from crosslane.sandbox.builds.files import NoFilesError, pack
from crosslane.sandbox.builds.logs import BuildLog
from crosslane.sandbox.builds.model import Build, Located, PhaseRun, Variable
from crosslane.sandbox.builds.shell import Shell, Stopped, TimedOut
from crosslane.sandbox.builds.sources import Checkout, Client, PhaseFailure, fetch
from crosslane.sandbox.git.environment import variables as git_settings
from crosslane.sandbox.identities import Identity
from crosslane.sandbox.request import ServiceError

_FINAL_SECONDS = 10
"""For what is asked of the shell after the last command."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where and as whom a build runs. ``machine`` is what it gets of this machine's environment; ``deadline`` is in
    seconds of ``time.monotonic``."""

    folder: Path
    endpoint: str
    machine: Mapping[str, str]
    role: Callable[[], Identity]
    client: Client
    checkout: Checkout
    clock: Callable[[], datetime]
    deadline: float


@dataclass(slots=True)
class Running:
    """A build under way. ``shell`` is there while commands can run."""

    build: Build
    site: Site
    log: BuildLog | None = None
    shell: Shell | None = None
    spec: Buildspec | None = None
    secondary: Mapping[str, Path] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        """``CODEBUILD_SRC_DIR``."""
        return self.site.folder / "src"

    def stop(self) -> None:
        """Ends the commands; the build then ends as STOPPED."""
        self.build.stopping = True
        if self.shell is not None:
            self.shell.end()


def run(running: Running) -> None:
    """The whole build. Whatever happens, it ends with a status."""
    build = running.build
    failed: PhaseFailure | None = None
    try:
        _prepare(running)
        failed = _commands(running)
    except PhaseFailure as failure:
        failed = failure
    except Exception as error:
        failed = PhaseFailure("INTERNAL_SERVICE_ERROR", f"{type(error).__name__}: {error}", "FAULT")
    if running.shell is not None:
        running.shell.close()
    now = running.site.clock()
    build.phases.append(PhaseRun("FINALIZING", now, now, "SUCCEEDED"))
    if running.log is not None:
        running.log.close()
    build.phases.append(PhaseRun("COMPLETED", running.site.clock()))
    build.status = "STOPPED" if build.stopping else failed.status if failed else "SUCCEEDED"
    build.end = running.site.clock()


def _prepare(running: Running) -> None:
    """Everything before the first command."""
    build, site = running.build, running.site
    now = site.clock()
    build.phases += [PhaseRun(name, build.start, now, "SUCCEEDED") for name in ("SUBMITTED", "QUEUED")]
    with _phase(running, "PROVISIONING"):
        _provision(running)
    with _phase(running, "DOWNLOAD_SOURCE"):
        _say(running, f"Phase is DOWNLOAD_SOURCE, source type {build.order.source['type']}")
        fetched = fetch(build.order, site.client, site.checkout, running.source, site.folder / "sources")
        build.resolved, running.secondary = fetched.revision, fetched.secondary
        running.spec = _spec(running)
        running.shell = _open_shell(running, running.spec)


def _provision(running: Running) -> None:
    build, site = running.build, running.site
    order = build.order
    for name in ("src", "home", "tmp", "control"):
        (site.folder / name).mkdir(parents=True, mode=0o700)
    try:
        site.role()
    except (ClientError, ServiceError) as error:
        told = f"CodeBuild is not authorized to perform: sts:AssumeRole on service role {order.role}: {error}"
        raise PhaseFailure("ACCESS_DENIED", told) from error
    running.log = BuildLog(site.client("logs") if order.group else None, order.group or "", order.stream, site.clock)
    try:
        running.log.open()
        build.logged = order.group is not None
    except (ClientError, BotoCoreError) as error:
        told = (
            f"Service role {order.role} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for "
            f"build {order.arn}. Error message: {error}"
        )
        running.log = None
        raise PhaseFailure("ACCESS_DENIED", told) from error


def _spec(running: Running) -> Buildspec:
    """The build's buildspec: inline in the project, or a file of the source."""
    given = running.build.order.buildspec
    if given is not None and ("\n" in given or given.lstrip().startswith("version")):
        text = given
    else:
        file = running.source / (given or "buildspec.yml")
        if not file.is_file():
            raise PhaseFailure("YAML_FILE_ERROR", f"YAML file does not exist: {given or 'buildspec.yml'}")
        text = file.read_text(encoding="utf-8", errors="replace")
    try:
        spec = parse_buildspec(text)
    except BuildspecError as error:
        raise PhaseFailure("YAML_FILE_ERROR", str(error)) from error
    for note in spec.notes:
        _say(running, f"[sandbox] {note}")
    return spec


def _open_shell(running: Running, spec: Buildspec) -> Shell:
    build, site = running.build, running.site
    assert running.log is not None
    home, temporary = site.folder / "home", site.folder / "tmp"
    variables = {
        **site.machine,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PWD": str(running.source),
        **environment.codebuild(build, site.endpoint, running.source, running.secondary),
        **_variables(running, spec),
        **environment.credentials(site.role().credentials),
    }
    if spec.git_credentials:
        variables |= git_settings(site.endpoint, None, None)
    return Shell(running.source, site.folder / "control", variables, running.log.write, spec.shell)


def _variables(running: Running, spec: Buildspec) -> dict[str, str]:
    """Those of StartBuild win over the project's, and the project's over the buildspec's."""
    told = [Variable(name, value) for name, value in spec.variables.items()]
    told += [Variable(name, value, "PARAMETER_STORE") for name, value in spec.parameter_store.items()]
    told += [Variable(name, value, "SECRETS_MANAGER") for name, value in spec.secrets_manager.items()]
    by_name = {one.name: one for one in (*told, *running.build.order.variables)}
    values = {name: _value(running, one) for name, one in by_name.items()}
    assert running.log is not None
    running.log.hide([values[name] for name, one in by_name.items() if one.kind == "SECRETS_MANAGER"])
    return values


def _value(running: Running, variable: Variable) -> str:
    client = running.site.client
    try:
        match variable.kind:
            case "PARAMETER_STORE":
                found = client("ssm").get_parameter(Name=variable.value, WithDecryption=True)
                return str(found["Parameter"]["Value"])
            case "SECRETS_MANAGER":
                return _secret(client("secretsmanager"), variable.value)
        return variable.value
    except (ClientError, BotoCoreError, KeyError, ValueError) as error:
        where = "parameter" if variable.kind == "PARAMETER_STORE" else "secret"
        told = f"the {where} {variable.value} of the variable {variable.name} cannot be read: {error}"
        raise PhaseFailure("CLIENT_ERROR", told) from error


def _secret(secretsmanager: Any, reference: str) -> str:
    """``SECRET:KEY:STAGE:VERSION``, where SECRET may be an ARN."""
    head, rest = (reference, "")
    if reference.startswith("arn:"):
        parts = reference.split(":")
        head, rest = ":".join(parts[:7]), ":".join(parts[7:])
    else:
        head, _, rest = reference.partition(":")
    key, stage, version = (*rest.split(":"), "", "", "")[:3]
    chosen = {"VersionStage": stage, "VersionId": version}
    found = secretsmanager.get_secret_value(SecretId=head, **{name: one for name, one in chosen.items() if one})
    text = str(found["SecretString"])
    return str(json.loads(text)[key]) if key else text


def _commands(running: Running) -> PhaseFailure | None:
    """The buildspec's phases and the upload; the first failure counts. Raises it where nothing more is done."""
    assert running.spec is not None
    first: PhaseFailure | None = None
    for name in PHASES:
        phase = running.spec.phases.get(name, Phase())
        try:
            with _phase(running, name.upper()):
                _run_phase(running, phase)
        except PhaseFailure as failure:
            first = first or failure
            ends = name in ("install", "pre_build") and phase.on_failure != "CONTINUE"
            if ends or phase.on_failure == "ABORT" or failure.status != "FAILED":
                raise first from None
    _export(running)
    try:
        with _phase(running, "UPLOAD_ARTIFACTS"):
            _upload(running, running.spec)
    except PhaseFailure as failure:
        first = first or failure
    return first


def _run_phase(running: Running, phase: Phase) -> None:
    for language, version in phase.runtime_versions.items():
        here = ".".join(map(str, sys.version_info[:2]))
        if language != "python" or version not in (here, "latest", f"{sys.version_info[0]}.x"):
            what = f"Python {here}" if language == "python" else "what this machine has"
            _say(running, f"[sandbox] {language} {version} is asked for; {what} is used")
    failure: PhaseFailure | None = None
    try:
        _run_commands(running, phase.commands)
    except PhaseFailure as caught:
        failure = caught
    if failure is None or failure.status == "FAILED":
        _run_commands(running, phase.finally_)
    if failure is not None:
        raise failure


def _run_commands(running: Running, commands: tuple[str, ...]) -> None:
    shell, site = running.shell, running.site
    assert shell is not None
    for command in commands:
        _say(running, f"Running command {command}")
        try:
            code = shell.run(command, site.deadline)
        except TimedOut:
            raise PhaseFailure("BUILD_TIMED_OUT", "Build has timed out.", "TIMED_OUT") from None
        except Stopped:
            raise PhaseFailure("", "Build was stopped", "STOPPED") from None
        if code != 0:
            told = f"Error while executing command: {command}. Reason: exit status {code}"
            raise PhaseFailure("COMMAND_EXECUTION_ERROR", told)


def _export(running: Running) -> None:
    """Notes what the variables hold that the pipeline is to know."""
    assert running.spec is not None
    assert running.shell is not None
    try:
        for name in running.spec.exported:
            running.build.exported[name] = running.shell.value(name, time.monotonic() + _FINAL_SECONDS)
    except (TimedOut, Stopped, OSError):
        _say(running, "the exported variables could not be read")


def _upload(running: Running, spec: Buildspec) -> None:
    handoff = running.build.order.handoff
    if handoff is None:
        return
    for output in handoff.outputs:
        _put(running, output, _artifact_of(spec, output, len(handoff.outputs)), handoff.key)


def _artifact_of(spec: Buildspec, output: Located, outputs: int) -> Artifact:
    """With one output artifact the buildspec's artifact is meant, with more each of its secondary ones
    (https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html, 2026-11-25)."""
    if output.name in spec.secondary:
        return spec.secondary[output.name]
    if outputs == 1 and spec.artifact is not None:
        return spec.artifact
    what = "no artifacts" if outputs == 1 else f"no secondary artifact {output.name}"
    raise PhaseFailure("CLIENT_ERROR", f"the buildspec has {what}, which the pipeline's action puts out")


def _put(running: Running, output: Located, artifact: Artifact, key: str | None) -> None:
    _say(running, f"Assembling files of {output.name}")
    try:
        data = pack(artifact, running.source, lambda line: _say(running, line))
    except (NoFilesError, OSError) as error:
        raise PhaseFailure("CLIENT_ERROR", str(error)) from error
    encryption = {"SSEKMSKeyId": key} if key else {}
    try:
        running.site.client("s3").put_object(
            Bucket=output.bucket, Key=output.key, Body=data, ServerSideEncryption="aws:kms", **encryption
        )
    except (ClientError, BotoCoreError) as error:
        raise PhaseFailure("CLIENT_ERROR", f"Error in UPLOAD_ARTIFACTS phase: {error}") from error
    partition = running.build.order.arn.split(":")[1]
    running.build.artifacts = f"arn:{partition}:s3:::{output.bucket}/{output.key}"


@contextmanager
def _phase(running: Running, name: str) -> Iterator[None]:
    """Keeps the record of a phase, and tells the log."""
    clock = running.site.clock
    phase = PhaseRun(name, clock())
    running.build.phases.append(phase)
    _say(running, f"Entering phase {name}")
    failure: PhaseFailure | None = None
    try:
        if running.build.stopping:
            raise PhaseFailure("", "Build was stopped", "STOPPED")
        yield
    except PhaseFailure as caught:
        failure = caught
        raise
    except Exception as error:
        failure = PhaseFailure("INTERNAL_SERVICE_ERROR", f"{type(error).__name__}: {error}", "FAULT")
        raise failure from error
    finally:
        phase.status = failure.status if failure else "SUCCEEDED"
        phase.code, phase.message = (failure.code, failure.message) if failure else ("", "")
        phase.end = clock()
        if running.shell is not None and failure is not None and failure.status == "FAILED":
            _tell_failing(running)
        _say(running, f"Phase complete: {name} State: {phase.status}")
        _say(running, f"Phase context status code: {phase.code} Message: {phase.message}")


def _tell_failing(running: Running) -> None:
    assert running.shell is not None
    try:
        running.shell.set({"CODEBUILD_BUILD_SUCCEEDING": "0"}, time.monotonic() + _FINAL_SECONDS)
    except (TimedOut, Stopped):
        return


def _say(running: Running, text: str) -> None:
    """A line of CodeBuild's, in order with what the commands print."""
    if running.log is None:
        return
    if running.shell is not None:
        now = running.site.clock()
        running.shell.note(f"[Container] {now:%Y/%m/%d %H:%M:%S.%f} {text}")
    else:
        running.log.say(text)
