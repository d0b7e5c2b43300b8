"""The environment of the sandbox's process. Imports nothing: moto and botocore read settings while imported."""

from __future__ import annotations

import os
from collections.abc import MutableMapping


def clean_environment(environment: MutableMapping[str, str] | None = None) -> None:
    """Takes out what would steer moto or botocore from outside, keeps them from the person's AWS files, and closes
    moto to web pages of other origins. To be called before moto is imported."""
    environment = os.environ if environment is None else environment
    for name in list(environment):
        if name.startswith(("AWS_", "MOTO_", "BOTO_")) or name in ("TEST_SERVER_MODE", "TEST_PROXY_MODE"):
            del environment[name]
    environment["AWS_EC2_METADATA_DISABLED"] = "true"
    environment["AWS_CONFIG_FILE"] = environment["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    environment["MOTO_DISABLE_GLOBAL_CORS"] = "true"
