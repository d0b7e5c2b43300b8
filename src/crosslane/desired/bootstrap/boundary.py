"""The permissions boundary: the most that user, deployer and the stacks' roles of an account can ever do.

A boundary grants nothing. It has one document of one policy's size, so it names services and the pipeline's own
things rather than single actions; the narrow part is in the policies. What it rules out for good is a principal that
gives itself, or a role it makes, more than that: see docs/bootstrap-modes.md.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html (2026-11-24)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crosslane.config.model import Account, Config, Mode
from crosslane.desired import artifacts, names
from crosslane.desired.bootstrap.deployer import DRIFT_READS
from crosslane.desired.bootstrap.made import made_by, passed_roles
from crosslane.desired.model import PIPELINE_TAG, Document, Stack, Statement
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
    actions = ["cloudformation:*", "s3:*"] if stacks else ["s3:*"]
    resources = [names.stack_arns(config, account, stack.name) for stack in stacks]
    resources += [bucket] if bucket.endswith("*") else [bucket, f"{bucket}/*"]
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
    actions = list(DRIFT_READS)
    if "AWS::KMS::Key" in made:
        actions.append("tag:GetResources")
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
    if "AWS::KMS::Key" not in made:
        writes = account.id == source_account(config).id
        return [
            Statement(
                "UseKey",
                f"The stacks' roles {'write' if writes else 'read'} artifacts; the key's own policy says which of them",
                artifacts.WRITE_WITH_KEY if writes else artifacts.READ_WITH_KEY,
                (keys,),
            )
        ]
    aliases = tuple(names.arn(config, "kms", account, name) for name in made.get("AWS::KMS::Alias", ()))
    return [
        Statement(
            "UseKey",
            "Reads the key, turns rotation on, gives it its alias; the stacks' roles use it, as its own policy says",
            (
                *artifacts.WRITE_WITH_KEY,
                "kms:*Alias",
                "kms:EnableKeyRotation",
                "kms:Get*",
                "kms:ListResourceTags",
            ),
            (keys, *aliases),
        ),
        *_changing_keys(config, keys),
    ]


def _changing_keys(config: Config, keys: str) -> list[Statement]:
    """As for the deployer, in shorter words: only a key with this pipeline's tag is made, changed or deleted."""
    ours = config.pipeline.name
    making = {"StringEquals": {f"aws:RequestTag/{PIPELINE_TAG}": ours}}
    return [
        Statement("MakeKey", "Only with this pipeline's tag", ("kms:CreateKey",), ("*",), condition=making),
        Statement("TagKey", "Only with this pipeline's tag", ("kms:TagResource",), (keys,), condition=making),
        Statement(
            "ChangeKey",
            "Only a key that carries this pipeline's tag",
            (
                "kms:Disable*",
                "kms:EnableKey",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ),
            (keys,),
            condition={"StringEquals": {f"aws:ResourceTag/{PIPELINE_TAG}": ours}},
        ),
    ]


def _roles(
    config: Config, account: Account, stacks: Sequence[Stack], made: tuple[str, ...], target: Target | None
) -> list[Statement]:
    """The stacks' roles and the app's: rights only together with this boundary, and to known services only."""
    app = () if target is None else (f"{_app_name(config)}*",)
    arns = tuple(names.role_arn(config, account, role) for role in _not_covered((*made, *app)))
    if not arns:
        return []
    passed = passed_roles(stacks)
    services = {service for _, service in passed} | ({"cloudformation", "lambda"} if app else set())
    chosen = names.names_of(config)
    passable = {role for role, _ in passed} | ({chosen.execution_role, *app} if app else set())
    statements = [
        Statement(
            "Roles",
            "Makes, reads, changes and removes these roles; NoUnboundRoles below says on what condition",
            (
                "iam:*RolePolicy",
                "iam:CreateRole",
                "iam:DeleteRole",
                "iam:PutRolePermissionsBoundary",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateRole*",
            ),
            arns,
        )
    ]
    if passable:
        statements.append(
            Statement(
                "PassRoles",
                "Hands roles to the services that work with them here, and to no others",
                ("iam:PassRole",),
                tuple(names.role_arn(config, account, role) for role in _not_covered(sorted(passable))),
                condition={
                    "StringEquals": {
                        "iam:PassedToService": [f"{service}.amazonaws.com" for service in sorted(services)]
                    }
                },
            )
        )
    return statements


def _not_covered(roles: Iterable[str]) -> tuple[str, ...]:
    """``roles`` without those that a pattern among them stands for already."""
    roles = tuple(roles)
    patterns = tuple(role[:-1] for role in roles if role.endswith("*"))
    return tuple(role for role in roles if role.endswith("*") or not role.startswith(patterns))


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
    name = _app_name(config)
    things = [
        names.transform_arn(config),
        names.arn(config, "cloudformation", account, f"stack/{name}*"),
        names.arn(config, "lambda", account, f"function:{name}*"),
        names.arn(config, "dynamodb", account, f"table/{name}*"),
        names.arn(config, "logs", account, f"log-group:/aws/lambda/{name}*"),
        names.arn(config, "logs", account, f"log-group:{name}*"),
        names.arn(config, "cloudwatch", account, f"alarm:{name}*"),
    ]
    here = f"arn:{config.partition}:apigateway:{config.pipeline.region}::"
    things += [here + path for path in ("/apis*", "/restapis*", "/tags/*")]
    return Statement(
        "App",
        "The app's own stacks, functions, tables, logs and alarms, by name; API Gateway's ids are random",
        ("apigateway:*", "cloudformation:*", "cloudwatch:*", "dynamodb:*", "lambda:*", "logs:*"),
        tuple(things),
    )


def _app_name(config: Config) -> str:
    """What all names of the app begin with, whatever the stage: so the boundary's size does not grow with stages."""
    return min((names.app_prefix(config, stage) for stage in config.stages), key=len)[: len(config.pipeline.name) + 1]


def _user(config: Config, account: Account) -> list[Statement]:
    reads = Statement(
        "ReadIam",
        "Plan and verify read users, roles and policies of this account",
        ("iam:Get*", "iam:List*"),
        (names.iam_arn(config, account, "*"),),
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
    anything = names.iam_arn(config, account, "*")
    denials = [
        Statement(
            "NoUnboundRoles",
            "No role is made, or given rights or another trust, unless it carries this boundary; a request that names"
            " no boundary does not pass either",
            (
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
                "iam:UpdateAssumeRolePolicy",
            ),
            (anything,),
            effect="Deny",
            condition={"ArnNotEquals": {"iam:PermissionsBoundary": names.boundary_arn(config, account)}},
        ),
        Statement(
            "KeepBoundary",
            "A boundary, once set, stays",
            ("iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"),
            (anything,),
            effect="Deny",
        ),
        Statement(
            "NotItself",
            "The deployer changes neither itself nor its policies nor this boundary",
            (
                "iam:Attach*",
                "iam:Create*",
                "iam:Delete*",
                "iam:Detach*",
                "iam:P*",
                "iam:Set*",
                "iam:Tag*",
                "iam:U*",
            ),
            _itself(config, account),
            effect="Deny",
        ),
    ]
    return [*denials, *_hands_off_the_user(config, account)]


def _hands_off_the_user(config: Config, account: Account) -> list[Statement]:
    if config.bootstrap.mode is not Mode.LEAST:
        return []
    return [
        Statement(
            "NotTheUser",
            "Nobody with this boundary changes the user, its policies or its ways to sign in; its access keys are its"
            " own",
            (
                "iam:*LoginProfile",
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
    ]


def _itself(config: Config, account: Account) -> tuple[str, ...]:
    """The deployer, its policies however many they are, and the boundary."""
    return (
        names.deployer_arn(config, account),
        f"{names.policy_arn(config, account, config.bootstrap.policy)}*",
        names.boundary_arn(config, account),
    )
