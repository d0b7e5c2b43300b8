"""The environment of the sandbox's process. Imports nothing: moto and botocore read settings while imported."""

from __future__ import annotations

import os
from collections.abc import Mapping

_PASSED = frozenset(
    [
        "ALL_PROXY",
        "GOPROXY",
        "HOME",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "LANG",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "NODE_EXTRA_CA_CERTS",
        "NO_PROXY",
        "NPM_CONFIG_REGISTRY",
        "PATH",
        "REQUESTS_CA_BUNDLE",
        "SYSTEMROOT",
        "TEMP",
        "TMP",
        "TMPDIR",
        "TZ",
        "USER",
        "VIRTUAL_ENV",
    ]
)
_PASSED_KINDS = ("LC_", "PIP_", "PYTHON", "SSL_CERT_", "UV_", "XDG_")


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """What the sandbox's process is given of a person's environment: what programs need to run and builds to find
    packages. Code that runs in the sandbox may read it (``/proc``), so that it holds none of the person's secrets."""
    return {
        name: value
        for name, value in environment.items()
        if name.upper() in _PASSED or name.upper().startswith(_PASSED_KINDS)
    }


def clean_environment() -> None:
    """Takes out what would steer moto or botocore from outside, keeps them from the person's AWS files, and closes
    moto to web pages of other origins. To be called before moto is imported."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "MOTO_", "BOTO_")) or name in ("TEST_SERVER_MODE", "TEST_PROXY_MODE"):
            del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
