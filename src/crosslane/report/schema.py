"""The JSON schemas of what commands print with ``--json``, as they ship with the package."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files


class Printed(StrEnum):
    """The documents that have a schema."""

    ERROR = "error"
    """Any command that fails before it has a result."""
    PLAN = "plan"
    RUN = "run"
    """``up``, ``bootstrap``, ``deploy``, ``destroy``."""
    VERIFY = "verify"
    EXECUTION = "execution"
    """``run``, ``status``."""
    APPROVAL = "approval"
    """``approve``, ``reject``."""
    LOGS = "logs"
    INIT = "init"
    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    REFRESH = "refresh"
    ROTATE = "rotate"
    CREDENTIALS = "credentials"
    """What AWS tools read from a ``credential_process``."""
    EXPORT = "export"
    """``plan --export``."""
    SANDBOX_START = "sandbox-start"
    SANDBOX_STOP = "sandbox-stop"
    SANDBOX_ENV = "sandbox-env"
    SANDBOX_INVOKE = "sandbox-invoke"
    IAM_DECIDE = "iam-decide"
    """One line of it."""
    IAM_LINT = "iam-lint"
    IAM_USED = "iam-used"
    IAM_WHO_CAN = "iam-who-can"


PRINTED_BY: Mapping[str, tuple[Printed, ...]] = {
    "init": (Printed.INIT,),
    "sign-in": (Printed.SIGN_IN,),
    "sign-out": (Printed.SIGN_OUT,),
    "plan": (Printed.PLAN, Printed.EXPORT),
    "up": (Printed.RUN,),
    "bootstrap": (Printed.RUN,),
    "deploy": (Printed.RUN,),
    "verify": (Printed.VERIFY,),
    "run": (Printed.EXECUTION,),
    "status": (Printed.EXECUTION,),
    "logs": (Printed.LOGS,),
    "approve": (Printed.APPROVAL,),
    "reject": (Printed.APPROVAL,),
    "destroy": (Printed.RUN, Printed.PLAN),
    "refresh": (Printed.REFRESH,),
    "rotate": (Printed.ROTATE,),
    "credentials": (Printed.CREDENTIALS,),
    "sandbox start": (Printed.SANDBOX_START,),
    "sandbox stop": (Printed.SANDBOX_STOP,),
    "sandbox env": (Printed.SANDBOX_ENV,),
    "sandbox invoke": (Printed.SANDBOX_INVOKE,),
    "iam decide": (Printed.IAM_DECIDE,),
    "iam lint": (Printed.IAM_LINT,),
    "iam used": (Printed.IAM_USED,),
    "iam who-can": (Printed.IAM_WHO_CAN,),
}
"""What each command prints with ``--json``; the second is that of ``--export``, or of ``--dry-run``."""


def schema_text(printed: Printed) -> str:
    """The schema (draft 2020-12) as JSON text. Programs must expect members that it does not name."""
    return files("crosslane.report").joinpath("schemas", f"{printed}.json").read_text(encoding="utf-8")
