"""The environment of a build's commands: CodeBuild's variables, the build role's credentials, and what package
installers need to find this machine's package index. Nothing else of the sandbox's own environment.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html (2026-11-25)
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from crosslane.sandbox.builds.model import Build
from crosslane.sandbox.identities import Credentials

_INDEXES = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST",
    "PIP_CERT",
    "PIP_FIND_LINKS",
    "PIP_NO_INDEX",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "NPM_CONFIG_REGISTRY",
    "npm_config_registry",
    "GOPROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "LANG",
    "LC_ALL",
    "TZ",
)
_PATH = "/usr/local/bin:/usr/bin:/bin"


def machine(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """What a build gets of this machine: a path with this interpreter's programs first (``python``, ``aws``), and where
    packages come from. ``home`` is the person's, for a pip configuration in it."""
    found = {name: environment[name] for name in _INDEXES if environment.get(name)}
    others = environment.get("no_proxy") or environment.get("NO_PROXY")
    found["NO_PROXY"] = found["no_proxy"] = ",".join(filter(None, ("127.0.0.1", others)))
    found["PATH"] = f"{Path(sys.executable).parent}:{environment.get('PATH') or _PATH}"
    settings = environment.get("PIP_CONFIG_FILE") or _pip_settings(home)
    if settings:
        found["PIP_CONFIG_FILE"] = settings
    return found


def _pip_settings(home: Path) -> str | None:
    """https://pip.pypa.io/en/stable/topics/configuration/, files of the user"""
    places = (home / ".config" / "pip" / "pip.conf", home / ".pip" / "pip.conf")
    return next((str(place) for place in places if place.is_file()), None)


def credentials(given: Credentials) -> dict[str, str]:
    """The build role's session, as AWS's clients read it."""
    return {
        "AWS_ACCESS_KEY_ID": given.access_key,
        "AWS_SECRET_ACCESS_KEY": given.secret_key,
        "AWS_SESSION_TOKEN": given.token or "",
    }


def codebuild(build: Build, endpoint: str, source: Path, secondary: Mapping[str, Path]) -> dict[str, str]:
    """The variables that CodeBuild sets, and the sandbox as the endpoint of AWS's clients."""
    order = build.order
    found = {
        "AWS_REGION": order.region,
        "AWS_DEFAULT_REGION": order.region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CI": "true",
        "CODEBUILD_BUILD_ARN": order.arn,
        "CODEBUILD_BUILD_ID": order.id,
        "CODEBUILD_BUILD_IMAGE": str(order.project["environment"].get("image", "")),
        "CODEBUILD_BUILD_NUMBER": str(order.number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_CI": "true",
        "CODEBUILD_INITIATOR": order.initiator,
        "CODEBUILD_KMS_KEY_ID": str(order.project["encryptionKey"]),
        "CODEBUILD_PROJECT_ARN": order.project_arn,
        "CODEBUILD_SRC_DIR": str(source),
        "CODEBUILD_START_TIME": str(int(build.start.timestamp() * 1000)),
    }
    if order.group is not None:
        found["CODEBUILD_LOG_PATH"] = order.stream
    if build.resolved:
        found["CODEBUILD_RESOLVED_SOURCE_VERSION"] = build.resolved
    if order.version:
        found["CODEBUILD_SOURCE_VERSION"] = order.version
    if order.source.get("location"):
        found["CODEBUILD_SOURCE_REPO_URL"] = str(order.source["location"])
    return found | {f"CODEBUILD_SRC_DIR_{name}": str(path) for name, path in secondary.items()}
