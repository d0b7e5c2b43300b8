"""What delivers an app in the sandbox, put together: repositories, events, builds, pipelines."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crosslane.sandbox.builds.engine import Builds, Surroundings
from crosslane.sandbox.clients import Clients
from crosslane.sandbox.eventbridge.routing import Bus, Router
from crosslane.sandbox.git.folder import PREFIX, Repositories
from crosslane.sandbox.identities import Identities
from crosslane.sandbox.pipeline.act import Resources
from crosslane.sandbox.pipeline.engine import Engine
from crosslane.sandbox.request import Caller, Request, ServiceError
from crosslane.sandbox.services.codecommit import CodeCommit
from crosslane.sandbox.store import Environ, Store

Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Allowed = Callable[[Request], None]
"""Raises ``ServiceError`` for what the caller may not do."""


class Chosen(Protocol):
    """What the sandbox was started with."""

    @property
    def directory(self) -> Path | None: ...

    @property
    def minute_seconds(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """The parts; ``git`` puts git's requests in front of an application."""

    router: Router
    codecommit: CodeCommit
    builds: Builds
    pipelines: Engine
    identities: Identities
    allowed: Allowed

    def git(self, region: str, behind: Application) -> Application:
        """Serves the repositories at the sandbox's own port."""

        def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            if not environ.get("PATH_INFO", "").startswith(PREFIX):
                return behind(environ, start_response)
            # Imported with the first request of git: few commands get that far.
            from crosslane.sandbox.git.serving import GitServer

            codecommit = self.codecommit
            server = GitServer(codecommit.content, codecommit, self.identities, region, self.allowed)
            return server(environ, start_response)

        return answer


def assemble(
    store: Store, identities: Identities, clients: Clients, allowed: Allowed, endpoint: str, chosen: Chosen
) -> Delivery:
    """Everything from a push to a deployment."""
    directory = chosen.directory or Path(tempfile.mkdtemp(prefix="crosslane-sandbox-"))
    router = Router(store, clients, identities.clock, allowed)

    def publish(account: str, region: str, event: Mapping[str, Any]) -> None:
        router.publish(Bus(account, region), event)

    content = Repositories(directory / "repositories")
    codecommit = CodeCommit(store, identities.clock, content, publish, endpoint)

    def files(action: str) -> Callable[[str, str, str, str, str], bytes]:
        def of_commit(account: str, region: str, access_key: str, name: str, commit: str) -> bytes:
            return _archive(codecommit, identities, allowed, action, (account, region, access_key), name, commit)

        return of_commit

    around = Surroundings(
        clients, identities.clock, directory / "builds", endpoint, files("GitPull"), chosen.minute_seconds
    )
    builds = Builds(around)
    resources = Resources(clients, identities.clock, builds, files("UploadArchive"), chosen.minute_seconds)
    return Delivery(router, codecommit, builds, Engine(resources), identities, allowed)


def _archive(
    codecommit: CodeCommit,
    identities: Identities,
    allowed: Allowed,
    action: str,
    where: tuple[str, str, str],
    name: str,
    commit: str,
) -> bytes:
    """A commit's files for who has the access key. UploadArchive, with which CodePipeline fetches them, and GitPull are
    actions that have no API operation of their own
    (https://docs.aws.amazon.com/codecommit/latest/userguide/auth-and-access-control-permissions-reference.html)."""
    account, region, access_key = where
    identity = identities.find(access_key)
    caller = identity.caller if identity else Caller(account, "", "")
    allowed(Request("codecommit", action, {"repositoryName": name}, region, account, caller))
    place = next((one for one in codecommit.places(account, name) if one.region == region), None)
    if place is None:
        raise ServiceError("RepositoryDoesNotExistException", f"{name} does not exist")
    from crosslane.sandbox.git.repositories import archive

    with codecommit.content.opened(place.id) as repo:
        try:
            return archive(repo, commit)
        except KeyError:
            raise ServiceError("CommitDoesNotExistException", f"There is no commit {commit}") from None
