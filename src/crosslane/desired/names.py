"""Names and ARNs that are known beforehand, computed from the config alone.

Every function takes the config for partition and region. Service principals are the same in all three partitions for
the services used here (CloudFormation, CodeBuild, CodePipeline, EventBridge, Lambda): ``SERVICE.amazonaws.com``.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (2026-11-24); that China
has no variant of its own for these five is unverified there.
"""

from __future__ import annotations

from dataclasses import replace

from crosslane.config.model import Account, Config, Names, Stage

TEMPLATE_PREFIX = "crosslane/templates"
"""Folder of the artifact bucket for templates that are too long to be sent in a request."""

ARTIFACT_BUCKET_LOGICAL_ID = "ArtifactBucket"

_FOLDER_LENGTH = 20
"""CodePipeline cuts the pipeline's name to this many characters for the folder in the artifact bucket.

https://repost.aws/questions/QUI91tw7A9SUOMohJurNqmgA (2026-11-24)
"""

_STACK_NAME_KEPT = 24
"""So much of a stack's name CloudFormation is assumed to keep in names that it makes up (observed; unverified)."""


def arn(config: Config, service: str, account: Account, resource: str) -> str:
    """The ARN of a regional resource in ``account``."""
    return f"arn:{config.partition}:{service}:{config.pipeline.region}:{account.id}:{resource}"


def iam_arn(config: Config, account: Account, resource: str) -> str:
    """The ARN of an IAM resource (``role/NAME``); IAM's ARNs have no region."""
    return f"arn:{config.partition}:iam::{account.id}:{resource}"


def role_arn(config: Config, account: Account, role: str) -> str:
    return iam_arn(config, account, f"role/{role}")


def root_arn(config: Config, account: Account) -> str:
    """The account principal: every principal of the account that IAM allows."""
    return iam_arn(config, account, "root")


def user_arn(config: Config, account: Account) -> str:
    """The ARN of the user that the guide makes."""
    return iam_arn(config, account, f"user/{config.bootstrap.user}")


def policy_arn(config: Config, account: Account, policy: str) -> str:
    return iam_arn(config, account, f"policy/{policy}")


def boundary_arn(config: Config, account: Account) -> str:
    return policy_arn(config, account, config.bootstrap.boundary)


def deployer_arn(config: Config, account: Account) -> str:
    return role_arn(config, account, config.bootstrap.role)


def provider_arn(config: Config, account: Account, issuer: str) -> str:
    """The ARN of the OIDC identity provider for ``issuer`` (without ``https://``)."""
    return iam_arn(config, account, f"oidc-provider/{issuer}")


def stack_arns(config: Config, account: Account, stack: str) -> str:
    """Pattern for a stack's ARN: the random id at its end is left open."""
    return arn(config, "cloudformation", account, f"stack/{stack}/*")


def transform_arn(config: Config) -> str:
    """The SAM transform, which whoever creates a change set of a SAM template needs too.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-permissions.html (2026-11-24)
    """
    return f"arn:{config.partition}:cloudformation:{config.pipeline.region}:aws:transform/Serverless-2016-10-31"


def bucket_pattern(config: Config) -> str:
    """The artifact bucket's name, or the pattern of the name that CloudFormation will make up for it.

    CloudFormation names a bucket STACK-LOGICALID-RANDOM in lower case and shortens what is too long.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html (2026-11-24)
    """
    bucket = names_of(config).bucket
    if bucket:
        return bucket
    stack = names_of(config).prerequisites_stack.lower()
    if len(stack) > _STACK_NAME_KEPT:
        return f"{stack[:_STACK_NAME_KEPT]}*"
    return f"{stack}-{ARTIFACT_BUCKET_LOGICAL_ID.lower()}-*"


def bucket_arn(config: Config) -> str:
    return f"arn:{config.partition}:s3:::{bucket_pattern(config)}"


def repository_arn(config: Config) -> str:
    source = config.pipeline.source
    return arn(config, "codecommit", config.account(source.account), source.repository)


def pipeline_name(config: Config) -> str:
    """The pipeline carries the name of its stack, as in the script."""
    return names_of(config).pipeline_stack


def pipeline_arn(config: Config) -> str:
    return arn(config, "codepipeline", config.tools, pipeline_name(config))


def artifact_folder(config: Config) -> str:
    """Pattern of the folder in which CodePipeline keeps this pipeline's artifacts."""
    name = pipeline_name(config)
    return name if len(name) <= _FOLDER_LENGTH else f"{name[:_FOLDER_LENGTH]}*"


def package_folder(config: Config) -> str:
    """The folder for what the build uploads itself (the Lambda code that ``sam package`` puts aside)."""
    return f"packages/{config.pipeline.name}"


def app_stack(config: Config, stage: Stage) -> str:
    """The app's stack of a stage; its change set has the same name."""
    return f"{config.pipeline.name}-{stage.name}"


def app_prefix(config: Config, stage: Stage) -> str:
    """What the names of the app's resources in a stage begin with when CloudFormation makes them up."""
    stack = app_stack(config, stage)
    return f"{stack}-" if len(stack) <= _STACK_NAME_KEPT else stack[:_STACK_NAME_KEPT]


def log_group(config: Config) -> str:
    """The build's log group, under the name that CodeBuild would choose itself."""
    return f"/aws/codebuild/{names_of(config).build_project}"


def source_rule(config: Config) -> str:
    """The rule that sees pushes: in the source account it forwards them, in tools it starts the pipeline."""
    return f"{_short(config)}-source"


def forward_role(config: Config) -> str:
    """The role with which the source account's rule puts events on the bus of tools."""
    return f"{_short(config)}-events-role"


def start_rule(config: Config) -> str:
    return f"{_short(config)}-start"


def start_role(config: Config) -> str:
    """The role with which the rule in tools starts the pipeline."""
    return f"{_short(config)}-start-role"


def _short(config: Config) -> str:
    """The pipeline's name, cut so that a role's name (64) and a rule's name (64) can be made from it."""
    return config.pipeline.name[:52].rstrip("-")


def names_of(config: Config) -> Names:
    """The config's names with ``{pipeline}`` filled in."""

    def filled(name: str) -> str:
        return name.replace("{pipeline}", config.pipeline.name)

    names = config.names
    return replace(
        names,
        prerequisites_stack=filled(names.prerequisites_stack),
        source_stack=filled(names.source_stack),
        target_stack=filled(names.target_stack),
        pipeline_stack=filled(names.pipeline_stack),
        source_role=filled(names.source_role),
        action_role=filled(names.action_role),
        execution_role=filled(names.execution_role),
        build_project=filled(names.build_project),
        build_role=filled(names.build_role),
        pipeline_role=filled(names.pipeline_role),
        key_alias=filled(names.key_alias),
        bucket=None if names.bucket is None else filled(names.bucket),
    )
