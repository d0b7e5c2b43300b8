"""A repository whose CI jobs may become the deployer: ``github:OWNER/REPO@branch:main``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Forge(StrEnum):
    """Who signs the tokens of CI jobs. Self-managed instances have issuers of their own and are not supported."""

    GITHUB = "github"
    GITLAB = "gitlab"


ISSUERS = {Forge.GITHUB: "token.actions.githubusercontent.com", Forge.GITLAB: "gitlab.com"}
"""The issuer's URL without ``https://``: the ``iss`` of the tokens, and the name of the IAM identity provider.

https://docs.github.com/en/actions/reference/security/oidc,
https://docs.gitlab.com/ci/secrets/id_token_authentication/ (2026-11-25)
"""

_REPOSITORY = {
    Forge.GITHUB: r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+",
    Forge.GITLAB: r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)+",
}
_BRANCH = r"[A-Za-z0-9_](?:[A-Za-z0-9._/#+=,-]*[A-Za-z0-9_#+=-])?"
_ENVIRONMENT = r"[A-Za-z0-9_](?:[A-Za-z0-9._ -]*[A-Za-z0-9_-])?"
PATTERN = (
    rf"(?:github:{_REPOSITORY[Forge.GITHUB]}(?:@(?:branch:{_BRANCH}|environment:{_ENVIRONMENT}))?"
    rf"|gitlab:{_REPOSITORY[Forge.GITLAB]}(?:@branch:{_BRANCH})?)"
)
"""The whole value as a regular expression. No character of it means anything in a policy's condition: no wildcard and
no ``${``."""
LONGEST = 256


class OidcError(ValueError):
    """The text names no repository; the message says what is wrong, without the text itself."""


@dataclass(frozen=True, slots=True)
class Oidc:
    """The jobs of ``repository``: those on ``branch``, or those of the deployment ``environment``; one of them is None.

    Names are compared with regard to case. A GitHub repository made after 2026-06-18 has ids in its subject; its
    name is then ``OWNER-OWNERID/REPO-REPOID``, as its OIDC settings show.
    https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens (2026-11-25)
    """

    forge: Forge
    repository: str
    branch: str | None
    environment: str | None

    @property
    def issuer(self) -> str:
        """Without ``https://``."""
        return ISSUERS[self.forge]

    @property
    def subject(self) -> str:
        """The ``sub`` of the tokens that count: of one branch or environment, never of a whole repository."""
        match self.forge:
            case Forge.GITHUB if self.environment is not None:
                return f"repo:{self.repository}:environment:{self.environment}"
            case Forge.GITHUB:
                return f"repo:{self.repository}:ref:refs/heads/{self.branch}"
            case Forge.GITLAB:
                return f"project_path:{self.repository}:ref_type:branch:ref:{self.branch}"

    def __str__(self) -> str:
        """As in the config."""
        place = f"environment:{self.environment}" if self.environment is not None else f"branch:{self.branch}"
        return f"{self.forge}:{self.repository}@{place}"


def parse_oidc(text: str, *, branch: str) -> Oidc:
    """``github:OWNER/REPO`` or ``gitlab:GROUP/PROJECT``, with ``@branch:NAME`` or (GitHub) ``@environment:NAME``.

    Without either it is ``branch``. Raises ``OidcError``.
    """
    forge, _, rest = text.partition(":")
    if forge not in list(Forge) or not rest:
        raise OidcError("is not github:OWNER/REPO or gitlab:GROUP/PROJECT, with @branch:NAME or @environment:NAME")
    repository, at, place = rest.partition("@")
    kind, colon, name = place.partition(":")
    if at and (kind not in ("branch", "environment") or not colon):
        raise OidcError("has something other than branch:NAME or environment:NAME after the @")
    if kind == "environment" and forge == Forge.GITLAB:
        raise OidcError("names an environment, which is not in the subject of GitLab's tokens; name a branch")
    if len(text) > LONGEST or not re.fullmatch(_REPOSITORY[Forge(forge)], repository):
        raise OidcError("has a repository that is none: OWNER/REPO of letters, digits, hyphens, dots and underscores")
    if at and not re.fullmatch(_ENVIRONMENT if kind == "environment" else _BRANCH, name):
        raise OidcError(f"has {'an' if kind == 'environment' else 'a'} {kind} with characters that cannot be trusted")
    environment = name if kind == "environment" else None
    return Oidc(Forge(forge), repository, None if environment else name or branch, environment)
