"""The default rights of the execution role: what a usual serverless app needs, under the names of its stacks.

A default, not a derivation: an app with other resource types needs more, an app with fewer has too much. ``plan``
says so (see ``cautions.py``).
"""

from __future__ import annotations

from typing import Any

from crosslane.config.model import Config
from crosslane.desired import artifacts, names
from crosslane.desired.model import Document, Statement
from crosslane.desired.template import ref, sub
from crosslane.desired.topology import Target, has_boundary


def execution_policy(config: Config, target: Target) -> Document:
    """The policy, for all stages of the account together: one role serves them all.

    Actions are those that the handlers of the resource types call, in the CloudFormation registry's schemas
    (``handlers.*.permissions``, schemas of 2026-10-20), for the properties that SAM sets.
    """
    prefixes = [names.app_prefix(config, stage) for stage in target.stages]

    def named(service: str, kind: str, *, iam: bool = False) -> tuple[Any, ...]:
        place = "iam::${AWS::AccountId}" if iam else f"{service}:${{AWS::Region}}:${{AWS::AccountId}}"
        return tuple(sub(f"arn:${{AWS::Partition}}:{place}:{kind}{prefix}*") for prefix in prefixes)

    roles = named("iam", "role/", iam=True)
    return Document(
        (
            _expand(),
            *_functions(named("lambda", "function:")),
            *_apis(),
            _tables(named("dynamodb", "table/")),
            *_logs(named("logs", "log-group:/aws/lambda/") + named("logs", "log-group:")),
            _alarms(named("cloudwatch", "alarm:")),
            *_roles(config, target, roles),
            *_code(config),
        )
    )


def _expand() -> Statement:
    return Statement(
        "ExpandServerless",
        "CloudFormation expands the SAM template with this role",
        ("cloudformation:CreateChangeSet",),
        (sub("arn:${AWS::Partition}:cloudformation:${AWS::Region}:aws:transform/Serverless-2016-10-31"),),
    )


def _functions(functions: tuple[Any, ...]) -> tuple[Statement, ...]:
    return (
        Statement(
            "Functions",
            "AWS::Lambda::Function, Version, Alias and Permission of the app",
            (
                "lambda:AddPermission",
                "lambda:CreateAlias",
                "lambda:CreateFunction",
                "lambda:DeleteAlias",
                "lambda:DeleteFunction",
                "lambda:DeleteFunctionConcurrency",
                "lambda:GetAlias",
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionConfiguration",
                "lambda:GetFunctionRecursionConfig",
                "lambda:GetFunctionScalingConfig",
                "lambda:GetPolicy",
                "lambda:GetProvisionedConcurrencyConfig",
                "lambda:GetRuntimeManagementConfig",
                "lambda:ListTags",
                "lambda:ListVersionsByFunction",
                "lambda:PublishVersion",
                "lambda:PutFunctionConcurrency",
                "lambda:PutFunctionRecursionConfig",
                "lambda:PutRuntimeManagementConfig",
                "lambda:RemovePermission",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:UpdateAlias",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ),
            functions,
        ),
    )


def _apis() -> tuple[Statement, ...]:
    """API Gateway's ids are made up by AWS, so its ARNs cannot carry the app's name."""
    here = "arn:${AWS::Partition}:apigateway:${AWS::Region}::"
    return (
        Statement(
            "Apis",
            "AWS::ApiGatewayV2 (HTTP API) and AWS::ApiGateway (REST API) of the app; their ids are random",
            ("apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"),
            tuple(sub(here + path) for path in ("/apis", "/apis/*", "/restapis", "/restapis/*", "/tags/*")),
        ),
    )


def _tables(tables: tuple[Any, ...]) -> Statement:
    return Statement(
        "Tables",
        "AWS::DynamoDB::Table of the app: the table, not its items",
        (
            "dynamodb:CreateTable",
            "dynamodb:DeleteTable",
            "dynamodb:DescribeContinuousBackups",
            "dynamodb:DescribeContributorInsights",
            "dynamodb:DescribeKinesisStreamingDestination",
            "dynamodb:DescribeTable",
            "dynamodb:DescribeTimeToLive",
            "dynamodb:GetResourcePolicy",
            "dynamodb:ListTagsOfResource",
            "dynamodb:TagResource",
            "dynamodb:UntagResource",
            "dynamodb:UpdateContinuousBackups",
            "dynamodb:UpdateTable",
            "dynamodb:UpdateTimeToLive",
        ),
        tables,
    )


def _logs(groups: tuple[Any, ...]) -> tuple[Statement, ...]:
    return (
        Statement(
            "LogGroups",
            "AWS::Logs::LogGroup of the app's functions",
            (
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:DeleteRetentionPolicy",
                "logs:GetDataProtectionPolicy",
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
    )


def _alarms(alarms: tuple[Any, ...]) -> Statement:
    return Statement(
        "Alarms",
        "AWS::CloudWatch::Alarm of the app",
        (
            "cloudwatch:DeleteAlarms",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ),
        alarms,
    )


def _roles(config: Config, target: Target, roles: tuple[Any, ...]) -> tuple[Statement, ...]:
    """The functions' own roles. In an account with a boundary they must carry it, or they could exceed it."""
    bound = (
        {"ArnEquals": {"iam:PermissionsBoundary": sub(_boundary(config))}}
        if has_boundary(config, target.account)
        else None
    )
    why = "; only with the account's boundary" if bound else ""
    attach = {
        **(bound or {}),
        "ArnLike": {"iam:PolicyARN": sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambda*")},
    }
    return (
        Statement(
            "Roles",
            f"AWS::IAM::Role of the app's functions{why}",
            (
                "iam:CreateRole",
                "iam:DeleteRolePolicy",
                "iam:PutRolePolicy",
                "iam:UpdateAssumeRolePolicy",
            ),
            roles,
            condition=bound,
        ),
        Statement(
            "RolePolicies",
            f"SAM attaches AWS's own policies for Lambda to them; no others{why}",
            ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
            roles,
            condition=attach,
        ),
        Statement(
            "RoleUpkeep",
            "Reads, describes, tags and removes these roles",
            (
                "iam:DeleteRole",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ),
            roles,
        ),
        Statement(
            "PassFunctionRoles",
            "Hands these roles to Lambda, and to no other service",
            ("iam:PassRole",),
            roles,
            condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        ),
    )


def _boundary(config: Config) -> str:
    return f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{config.bootstrap.boundary}"


def _code(config: Config) -> tuple[Statement, ...]:
    """Lambda reads the code with this role when CloudFormation creates a function (aws/aws-cdk#3765)."""
    bucket = "arn:${AWS::Partition}:s3:::${S3Bucket}"
    return (
        artifacts.read_objects(
            (
                sub(f"{bucket}/{names.artifact_folder(config)}/*"),
                sub(f"{bucket}/{names.package_folder(config)}/*"),
            ),
            "Lambda reads a function's code with the rights of this role",
            "ReadCode",
        ),
        artifacts.decrypt(ref("CMKARN"), "The code is encrypted with this key"),
    )
