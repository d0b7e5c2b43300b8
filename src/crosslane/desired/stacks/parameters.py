"""The parameters that the stacks of levels 2 and 3 share, under the script's names."""

from __future__ import annotations

from crosslane.config.model import Account, Config
from crosslane.desired import names
from crosslane.desired.model import OutputOf, Parameter
from crosslane.desired.stacks.prerequisites import BUCKET_OUTPUT, KEY_OUTPUT
from crosslane.desired.template import BOUNDARY_PARAMETER, Json, account_parameter, string_parameter
from crosslane.desired.topology import has_boundary


def artifact_parameters() -> Json:
    """Key and bucket, known only when the stack ``pre-reqs`` is there: the key's ARN is random."""
    return {
        "CMKARN": string_parameter("ARN of the key in tools; an alias would not work from another account"),
        "S3Bucket": string_parameter("Name of the artifact bucket in tools"),
    }


def shared_parameters() -> Json:
    return {"ToolsAccount": account_parameter("Id of the account tools"), **artifact_parameters()}


def artifact_values(config: Config) -> tuple[Parameter, ...]:
    stack = names.names_of(config).prerequisites_stack
    return (
        Parameter("CMKARN", OutputOf(config.tools.name, stack, KEY_OUTPUT)),
        Parameter("S3Bucket", OutputOf(config.tools.name, stack, BUCKET_OUTPUT)),
    )


def shared_values(config: Config) -> tuple[Parameter, ...]:
    return (Parameter("ToolsAccount", config.tools.id), *artifact_values(config))


def boundary_value(config: Config, account: Account) -> Parameter:
    """The boundary for roles of stacks in ``account``: empty where the bootstrap makes none."""
    value = names.boundary_arn(config, account) if has_boundary(config, account) else ""
    return Parameter(BOUNDARY_PARAMETER, value)
