"""The permissions boundary: the most that user, deployer and the stacks' roles of an account can ever do.

A boundary grants nothing. It has one document of one policy's size, so it names services and the pipeline's own
things rather than single actions; the narrow part is in the policies. What it rules out for good is a principal that
gives itself, or a role it makes, more than that: see docs/bootstrap-modes.md.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html (2026-11-24)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crosslane.config.model import Account, Config, Mode
from crosslane.desired import artifacts, names
from crosslane.desired.bootstrap import storage
from crosslane.desired.bootstrap.made import Made, made_by, passed_roles
from crosslane.desired.model import Document, Stack, Statement
from crosslane.desired.topology import Target, is_tools, source_account, targets


def boundary_document(config: Config, account: Account, stacks: Sequence[Stack]) -> Document:
    """The boundary of ``account``, whose stacks are ``stacks``."""
    made = {resources.type: resources.names for resources in made_by(stacks)}
    target = next((one for one in targets(config) if one.account.id == account.id), None)
    return Document(
        (
            _own_things(config, account, stacks),
            _find(made, target),
            *_key(config, account, made),
            *_roles(config, account, stacks, made.get("AWS::IAM::Role", ()), target),
            *_assumptions(config, account),
            *(() if target is None else (_app(config, target),)),
            *_user(config, account),
            *_denials(config, account),
        )
    )


def _own_things(config: Config, account: Account, stacks: Sequence[Stack]) -> Statement:
    """Whole services, on the pipeline's own things."""
    made = {resources.type: resources.names for resources in made_by(stacks)}
    bucket = names.bucket_arn(config)
    actions = ["cloudformation:*", "s3:*"]
    resources = [names.stack_arns(config, account, stack.name) for stack in stacks] + [bucket, f"{bucket}/*"]
    if projects := made.get("AWS::CodeBuild::Project"):
        actions.append("codebuild:*")
        resources += [names.arn(config, "codebuild", account, f"project/{name}") for name in projects]
    if "AWS::CodePipeline::Pipeline" in made:
        actions.append("codepipeline:*")
        resources.append(names.pipeline_arn(config))
    if rules := made.get("AWS::Events::Rule"):
        actions.append("events:*")
        resources += [names.arn(config, "events", account, f"rule/{name}") for name in rules]
        resources.append(names.arn(config, "events", config.tools, "event-bus/default"))
    if groups := made.get("AWS::Logs::LogGroup"):
        actions.append("logs:*")
        resources += [names.arn(config, "logs", account, f"log-group:{name}*") for name in groups]
    if account.id == source_account(config).id:
        actions.append("codecommit:*")
        resources.append(names.repository_arn(config))
    return Statement(
        "OwnThings",
        "The stacks, artifact bucket, build project, pipeline, rules, logs and repository of this pipeline only",
        tuple(sorted(actions)),
        tuple(resources),
    )


def _find(made: Mapping[str, tuple[str, ...]], target: Target | None) -> Statement:
    """What knows no resource, so that it cannot be narrowed: reads, and the bus policy of tools."""
    actions = [
        "cloudformation:DescribeStackDriftDetectionStatus",
        "cloudformation:ListStacks",
        "cloudformation:ValidateTemplate",
        "tag:GetResources",
    ]
    if "AWS::KMS::Alias" in made:
        actions.append("kms:ListAliases")
    if "AWS::Events::EventBusPolicy" in made:
        actions += ["events:PutPermission", "events:RemovePermission"]
    if "AWS::Logs::LogGroup" in made or target is not None:
        actions += ["logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"]
    return Statement(
        "Find", "Reads, and the bus policy's two actions, that know no resource", tuple(sorted(actions)), ("*",)
    )


def _key(config: Config, account: Account, made: Mapping[str, tuple[str, ...]]) -> list[Statement]:
    keys = names.arn(config, "kms", config.tools, "key/*")
    use = Statement(
        "UseKey",
        "The stacks' roles encrypt and decrypt artifacts; the key's own policy says which of them",
        artifacts.WRITE_WITH_KEY,
        (keys,),
    )
    if "AWS::KMS::Key" not in made:
        return [use]
    aliases = tuple(names.arn(config, "kms", account, name) for name in made.get("AWS::KMS::Alias", ()))
    same = [one for one in storage.key(config, account, Made("AWS::KMS::Key", ())) if one.condition]
    look_after = Statement(
        "LookAfterKey",
        "Reads the key, turns rotation on, gives it its alias",
        ("kms:*Alias", "kms:EnableKeyRotation", "kms:Get*", "kms:ListResourceTags"),
        (keys, *aliases),
    )
    return [use, look_after, *same]


def _roles(
    config: Config, account: Account, stacks: Sequence[Stack], made: tuple[str, ...], target: Target | None
) -> list[Statement]:
    """The stacks' roles and the app's: rights only together with this boundary, and to known services only."""
    app = () if target is None else tuple(f"{names.app_prefix(config, stage)}*" for stage in target.stages)
    arns = tuple(names.role_arn(config, account, role) for role in (*made, *app))
    if not arns:
        return []
    passed = passed_roles(stacks)
    services = {service for _, service in passed} | ({"cloudformation", "lambda"} if app else set())
    chosen = names.names_of(config)
    passable = {role for role, _ in passed} | ({chosen.execution_role, *app} if app else set())
    boundary = names.boundary_arn(config, account)
    statements = [
        Statement(
            "Roles",
            "Makes roles and gives them rights only while they carry this boundary",
            (
                "iam:*RolePolicy",
                "iam:CreateRole",
                "iam:PutRolePermissionsBoundary",
                "iam:UpdateAssumeRolePolicy",
            ),
            arns,
            condition={"ArnEquals": {"iam:PermissionsBoundary": boundary}},
        ),
        Statement(
            "RoleUpkeep",
            "None of this gives a role rights",
            (
                "iam:DeleteRole",
                "iam:Get*",
                "iam:List*",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ),
            arns,
        ),
    ]
    if passable:
        statements.append(
            Statement(
                "PassRoles",
                "Hands roles to the services that work with them here, and to no others",
                ("iam:PassRole",),
                tuple(names.role_arn(config, account, role) for role in sorted(passable)),
                condition={
                    "StringEquals": {
                        "iam:PassedToService": [f"{service}.amazonaws.com" for service in sorted(services)]
                    }
                },
            )
        )
    return statements


def _assumptions(config: Config, account: Account) -> list[Statement]:
    """Which roles may be assumed: the deployer by the user, the action roles by the pipeline."""
    chosen = names.names_of(config)
    roles: list[str] = []
    if config.bootstrap.mode is Mode.LEAST:
        roles.append(names.deployer_arn(config, account))
    if is_tools(config, account):
        roles.append(names.role_arn(config, source_account(config), chosen.source_role))
        # However many accounts there are, the boundary has to fit: the pipeline's own policy names each of them.
        roles.append(f"arn:{config.partition}:iam::*:role/{chosen.action_role}")
    if not roles:
        return []
    return [
        Statement(
            "Assume",
            "The user assumes the deployer, the pipeline its action roles, and nobody any other role",
            ("sts:AssumeRole",),
            tuple(roles),
        )
    ]


def _app(config: Config, target: Target) -> Statement:
    """What execution role and functions of the app may do at most, under the names of the app's stacks."""
    account = target.account
    things = [names.transform_arn(config)]
    for stage in target.stages:
        prefix = names.app_prefix(config, stage)
        things += [
            names.stack_arns(config, account, names.app_stack(config, stage)),
            names.arn(config, "lambda", account, f"function:{prefix}*"),
            names.arn(config, "dynamodb", account, f"table/{prefix}*"),
            names.arn(config, "logs", account, f"log-group:/aws/lambda/{prefix}*"),
            names.arn(config, "logs", account, f"log-group:{prefix}*"),
            names.arn(config, "cloudwatch", account, f"alarm:{prefix}*"),
        ]
    here = f"arn:{config.partition}:apigateway:{config.pipeline.region}::"
    things += [here + path for path in ("/apis*", "/restapis*", "/tags/*")]
    return Statement(
        "App",
        "The app's own stacks, functions, tables, logs and alarms, by name; API Gateway's ids are random",
        ("apigateway:*", "cloudformation:*", "cloudwatch:*", "dynamodb:*", "lambda:*", "logs:*"),
        tuple(things),
    )


def _user(config: Config, account: Account) -> list[Statement]:
    own = (
        names.deployer_arn(config, account),
        f"{names.policy_arn(config, account, config.bootstrap.policy)}*",
        names.boundary_arn(config, account),
    )
    reads = Statement(
        "ReadBootstrap",
        "Plan and verify read what the bootstrap made",
        ("iam:Get*", "iam:List*"),
        own if config.bootstrap.mode is Mode.KEYLESS else (names.user_arn(config, account), *own),
    )
    if config.bootstrap.mode is not Mode.LEAST:
        return [reads]
    return [
        reads,
        Statement(
            "OwnKeys",
            "The user renews its own access key; nobody else makes one for it",
            ("iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:UpdateAccessKey"),
            (names.user_arn(config, account),),
            condition={"StringEquals": {"aws:username": config.bootstrap.user}},
        ),
    ]


def _denials(config: Config, account: Account) -> list[Statement]:
    """What no policy anywhere in the account can give back to the principals that carry this boundary."""
    itself = [
        names.deployer_arn(config, account),
        f"{names.policy_arn(config, account, config.bootstrap.policy)}*",
        names.boundary_arn(config, account),
    ]
    denials = [
        Statement(
            "NotItself",
            "The deployer changes neither itself nor its policies nor this boundary",
            (
                "iam:Attach*",
                "iam:Create*",
                "iam:Delete*",
                "iam:Detach*",
                "iam:PassRole",
                "iam:Put*",
                "iam:Set*",
                "iam:Tag*",
                "iam:Untag*",
                "iam:Update*",
            ),
            tuple(itself),
            effect="Deny",
        ),
        Statement(
            "KeepBoundary",
            "A boundary, once set, stays",
            ("iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"),
            (names.iam_arn(config, account, "role/*"), names.iam_arn(config, account, "user/*")),
            effect="Deny",
        ),
    ]
    if config.bootstrap.mode is Mode.LEAST:
        denials.append(
            Statement(
                "NotTheUser",
                "Nobody with this boundary changes the user, its policies or its ways to sign in; its access keys"
                " are its own",
                (
                    "iam:*LoginProfile",
                    "iam:*MFADevice",
                    "iam:*ServiceSpecificCredential",
                    "iam:AttachUserPolicy",
                    "iam:DeleteUser*",
                    "iam:DetachUserPolicy",
                    "iam:PutUser*",
                    "iam:TagUser",
                    "iam:UntagUser",
                    "iam:UpdateUser",
                ),
                (names.user_arn(config, account),),
                effect="Deny",
            )
        )
    return denials
