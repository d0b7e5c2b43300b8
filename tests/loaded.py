"""Imported once by the process whose forks are sandboxes and commands: loads their code, and each service's model.

None of it is state. ``crosslane.sandbox.states`` does the same with what one state needed.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
from functools import cache

from crosslane import cli, sandbox
from crosslane.sandbox.environment import clean_environment

SERVICES = (
    "codebuild",
    "codecommit",
    "codepipeline",
    "cloudformation",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "s3",
    "sts",
    "tagging",
)
"""Names that requests are signed for."""
MODULES = (
    "dulwich.repo",
    "moto.events.urls",
    "moto.iam.urls",
    "moto.kms.urls",
    "moto.logs.urls",
    "moto.moto_api._internal.managed_state_model",
    "moto.s3.urls",
    "moto.s3bucket_path.utils",
    "samtranslator.translator.translator",
)
"""What is imported in the middle of work."""


def load() -> None:
    """Before anything of moto is imported."""
    clean_environment()
    for room in (sandbox, cli):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            importlib.import_module(found.name)
    for name in MODULES:
        importlib.import_module(name)

    import botocore.loaders
    import botocore.session

    from crosslane.sandbox.states import load_service

    botocore.session.create_loader = cache(botocore.loaders.create_loader)
    session = botocore.session.Session()
    for service in SERVICES:
        load_service(service)
        if service != "tagging":
            session.create_client(service, "eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
    # It lives as long as the process does, and forks share what nobody touches.
    gc.collect()
    gc.freeze()


load()
