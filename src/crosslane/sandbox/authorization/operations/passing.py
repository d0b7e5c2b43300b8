"""``iam:PassRole``: where a call gives a role of the account to a service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html; each row has the page that says so
(2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crosslane.sandbox.authorization.operations.model import Facts, Use
from crosslane.sandbox.request import Request

_CLOUDFORMATION = ("cloudformation.amazonaws.com", ("RoleARN",))
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
_CODEBUILD = ("codebuild.amazonaws.com", ("serviceRole",))
# https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-permissions-reference.html
_LAMBDA = ("lambda.amazonaws.com", ("Role",))
# https://docs.aws.amazon.com/lambda/latest/dg/permissions-user-function.html
_EVENTS = ("events.amazonaws.com", ("RoleArn", "Targets.RoleArn"))
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-manage-iam-access.html
_PIPELINE = ("codepipeline.amazonaws.com", ("pipeline.roleArn",))
# https://docs.aws.amazon.com/codepipeline/latest/userguide/security-iam-permissions-console-logs.html

PASSED: Mapping[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    **{
        ("cloudformation", operation): _CLOUDFORMATION
        for operation in (
            "CreateStack",
            "UpdateStack",
            "DeleteStack",
            "CreateChangeSet",
            "ContinueUpdateRollback",
            "RollbackStack",
        )
    },
    ("cloudformation", "CreateStackSet"): ("cloudformation.amazonaws.com", ("AdministrationRoleARN",)),
    ("cloudformation", "UpdateStackSet"): ("cloudformation.amazonaws.com", ("AdministrationRoleARN",)),
    ("codebuild", "CreateProject"): _CODEBUILD,
    ("codebuild", "UpdateProject"): _CODEBUILD,
    ("codepipeline", "CreatePipeline"): _PIPELINE,
    ("codepipeline", "UpdatePipeline"): _PIPELINE,
    ("lambda", "CreateFunction"): _LAMBDA,
    ("lambda", "UpdateFunctionConfiguration"): _LAMBDA,
    ("events", "PutRule"): _EVENTS,
    ("events", "PutTargets"): _EVENTS,
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
    ("scheduler", "CreateSchedule"): ("scheduler.amazonaws.com", ("Target.RoleArn",)),
    ("scheduler", "UpdateSchedule"): ("scheduler.amazonaws.com", ("Target.RoleArn",)),
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
    ("stepfunctions", "CreateStateMachine"): ("states.amazonaws.com", ("roleArn",)),
    ("stepfunctions", "UpdateStateMachine"): ("states.amazonaws.com", ("roleArn",)),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/permissions-reference-cwl.html
    ("logs", "PutSubscriptionFilter"): ("logs.amazonaws.com", ("roleArn",)),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html
    ("iam", "AddRoleToInstanceProfile"): ("ec2.amazonaws.com", ("RoleName",)),
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
    ("s3", "PutBucketReplication"): ("s3.amazonaws.com", ("ReplicationConfiguration.Role",)),
    # https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html
    ("codedeploy", "CreateDeploymentGroup"): ("codedeploy.amazonaws.com", ("serviceRoleArn",)),
    ("codedeploy", "UpdateDeploymentGroup"): ("codedeploy.amazonaws.com", ("serviceRoleArn",)),
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
    ("apigateway", "PutIntegration"): ("apigateway.amazonaws.com", ("credentials",)),
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-iam-roles.html
    ("ecs", "RegisterTaskDefinition"): ("ecs-tasks.amazonaws.com", ("taskRoleArn", "executionRoleArn")),
}
"""By (service, operation): the service that gets the role, and the parameters that name it."""


def passed_roles(request: Request, facts: Facts) -> Iterator[Use]:
    """The uses of ``iam:PassRole``, once for each role."""
    found = PASSED.get((request.service, request.operation))
    if found is None:
        return
    service, paths = found
    seen: set[str] = set()
    for path in paths:
        for value in _at(request.parameters, path.split(".")):
            role = _role(value, request, facts)
            if role is not None and role not in seen:
                seen.add(role)
                yield Use("iam:PassRole", role, context={"iam:PassedToService": service})


def _role(value: str, request: Request, facts: Facts) -> str | None:
    if ":role/" in value:
        return value
    # CodeBuild and instance profiles take a bare name; API Gateway's "credentials" may be another kind of ARN.
    return None if value.startswith("arn:") else facts.entity(request.account, "role", value)


def _at(value: Any, path: list[str]) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _at(one, path)
    elif not path:
        if isinstance(value, str) and value:
            yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:])
