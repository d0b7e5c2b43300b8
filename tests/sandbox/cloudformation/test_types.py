"""The table of resource types: against the published schemas, and each type made, changed, read and deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from crosslane.sandbox.cloudformation.resources.model import ResourceType
from crosslane.sandbox.cloudformation.resources.registry import TYPES
from tests.sandbox.cloudformation.conftest import ACCOUNT, REGION, Aws, role, stack_of, wait_for

SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
BUCKET_KEY = "BucketKeyEnabled"


def schema(name: str) -> dict[str, Any]:
    """The schema that AWS publishes for a type, as cfn-lint ships it."""
    found = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())[name]
    loaded: dict[str, Any] = json.loads((SCHEMAS / "resources" / f"{found}.json").read_text())
    return loaded


def top_level(paths: list[str] | None) -> set[str]:
    return {path.split("/")[2] for path in paths or () if path.count("/") == 2}


NOT_IN_SCHEMA = {
    # Fn::GetAtt values that the documentation lists and the schema has as ordinary properties.
    "AWS::Events::EventBus": {"Name"},
    "AWS::SNS::Topic": {"TopicName"},
    "AWS::SQS::Queue": {"QueueName"},
    "AWS::SSM::Parameter": {"Type", "Value"},
}


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.name)
def test_a_type_agrees_with_its_published_schema(kind: ResourceType) -> None:
    published = schema(kind.name)
    names = {name.rstrip("*") for name in kind.shape}
    required = {name.rstrip("*") for name in kind.shape if name.endswith("*")}

    assert names <= set(published["properties"])
    assert required == set(published.get("required", ())) & names
    replacing = top_level(published.get("createOnlyProperties")) | top_level(
        published.get("conditionalCreateOnlyProperties")
    )
    assert kind.create_only == replacing & names
    assert kind.attributes <= top_level(published.get("readOnlyProperties")) | NOT_IN_SCHEMA.get(kind.name, set())
    takes_tags = kind.tags is not None
    assert takes_tags == ("Tags" in names)


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.name)
def test_nested_properties_agree_with_the_published_schema(kind: ResourceType) -> None:
    published = schema(kind.name)
    _nested(kind.shape, published, published.get("definitions", {}), kind.name)


def _nested(shape: Any, node: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> None:
    while "$ref" in node:
        node = definitions[node["$ref"].rsplit("/", 1)[1]]
    if isinstance(shape, list):
        _nested(shape[0], node.get("items", {}), definitions, f"{path}/*")
    elif isinstance(shape, Mapping) and node.get("properties"):
        for name, item in shape.items():
            assert name.rstrip("*") in node["properties"], f"{path}/{name}"
            _nested(item, node["properties"][name.rstrip("*")], definitions, f"{path}/{name}")
        optional = {name for name in shape if not name.endswith("*")}
        assert not optional & set(node.get("required", ())), path


ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}]}
TAGS = [{"Key": "team", "Value": "blue"}]
OTHER_TAGS = [{"Key": "team", "Value": "red"}, {"Key": "more", "Value": "1"}]
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Admin", "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}],
}
OTHER_KEY_POLICY = json.loads(json.dumps(KEY_POLICY).replace('"Admin"', '"Other"'))
BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def project(**properties: Any) -> dict[str, Any]:
    return {
        "Artifacts": {"Type": "CODEPIPELINE"},
        "Environment": {
            "Type": "LINUX_CONTAINER",
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "Image": "aws/codebuild/x:1",
            "EnvironmentVariables": [{"Name": "A", "Value": "1"}],
        },
        "ServiceRole": {"Fn::GetAtt": ["Role", "Arn"]},
        "Source": {"Type": "CODEPIPELINE", "BuildSpec": "buildspec.yml"},
        "Tags": TAGS,
        **properties,
    }


def pipeline(branch: str, **properties: Any) -> dict[str, Any]:
    def action(name: str, category: str, provider: str, configuration: dict[str, Any], **more: Any) -> dict[str, Any]:
        kind = {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}
        return {"Name": name, "ActionTypeId": kind, "Configuration": configuration, **more}

    source = {"RepositoryName": "r", "BranchName": branch, "PollForSourceChanges": "false"}
    return {
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "PipelineType": "V2",
        "ArtifactStore": {"Type": "S3", "Location": "some-bucket"},
        "Stages": [
            {
                "Name": "Source",
                "Actions": [action("Source", "Source", "CodeCommit", source, OutputArtifacts=[{"Name": "S"}])],
            },
            {
                "Name": "Build",
                "Actions": [
                    action(
                        "Build",
                        "Build",
                        "CodeBuild",
                        {"ProjectName": "p"},
                        InputArtifacts=[{"Name": "S"}],
                        OutputArtifacts=[{"Name": "B"}],
                    )
                ],
            },
        ],
        "Tags": TAGS,
        **properties,
    }


def rule(**properties: Any) -> dict[str, Any]:
    return {
        "EventPattern": {"source": ["aws.codecommit"]},
        "Targets": [
            {
                "Id": "a",
                "Arn": f"arn:aws:events:{REGION}:222222222222:event-bus/default",
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            }
        ],
        "Tags": TAGS,
        **properties,
    }


def bus_policy(action: str) -> dict[str, Any]:
    bus = {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"}
    statement = {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": action, "Resource": bus}
    return {"StatementId": "dev", "Statement": statement}


def encrypted(bucket_key: bool) -> dict[str, Any]:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}
    return {"ServerSideEncryptionConfiguration": [{BUCKET_KEY: bucket_key, "ServerSideEncryptionByDefault": default}]}


def expiry(days: int) -> dict[str, Any]:
    return {
        "Rules": [
            {
                "Id": "old",
                "Status": "Enabled",
                "ExpirationInDays": days,
                "NoncurrentVersionExpiration": {"NoncurrentDays": days},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            }
        ]
    }


def trusting(service: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def function(**properties: Any) -> dict[str, Any]:
    return {
        "Code": {"ZipFile": "def handler(event, context): return 1"},
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.12",
        "Tags": TAGS,
        **properties,
    }


def alarm(**properties: Any) -> dict[str, Any]:
    return {
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 5,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        **properties,
    }


def table(**properties: Any) -> dict[str, Any]:
    return {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        **properties,
    }


BLOCKED = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
KEY = {"Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": KEY_POLICY}}}
OTHER_KEY = {"Other": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": KEY_POLICY}}}
ROLE = {"Role": role()}
BUCKET = {"Bucket": {"Type": "AWS::S3::Bucket"}}

RUNNER = {"Role": role(AssumeRolePolicyDocument=trusting("lambda.amazonaws.com"))}
FUNCTION = {**RUNNER, "Function": {"Type": "AWS::Lambda::Function", "Properties": function()}}
API = {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "a", "ProtocolType": "HTTP"}}}
CORS = {"AllowOrigins": ["https://example.com"], "AllowMethods": ["GET"], "MaxAge": 60}
INTEGRATION = {
    "IntegrationType": "AWS_PROXY",
    "IntegrationUri": {"Fn::GetAtt": ["Function", "Arn"]},
    "PayloadFormatVersion": "2.0",
}

# type: (resources it needs, properties, the same changed in place)
LIVES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "AWS::IAM::Role": (
        {},
        role(
            Description="a",
            MaxSessionDuration=3600,
            Policies=[{"PolicyName": "p", "PolicyDocument": ALLOW}],
            Tags=TAGS,
            PermissionsBoundary=BOUNDARY,
        )["Properties"],
        role(
            Description="b",
            MaxSessionDuration="7200",
            Policies=[{"PolicyName": "q", "PolicyDocument": DENY}],
            Tags=OTHER_TAGS,
            ManagedPolicyArns=[BOUNDARY],
        )["Properties"],
    ),
    "AWS::IAM::User": (
        {},
        {"Policies": [{"PolicyName": "p", "PolicyDocument": ALLOW}], "Tags": TAGS, "ManagedPolicyArns": [BOUNDARY]},
        {
            "Policies": [{"PolicyName": "p", "PolicyDocument": DENY}],
            "Tags": OTHER_TAGS,
            "PermissionsBoundary": BOUNDARY,
        },
    ),
    "AWS::IAM::Policy": (
        ROLE,
        {"PolicyName": "p", "PolicyDocument": ALLOW, "Roles": [{"Ref": "Role"}]},
        {"PolicyName": "q", "PolicyDocument": DENY, "Roles": [{"Ref": "Role"}]},
    ),
    "AWS::IAM::RolePolicy": (
        ROLE,
        {"PolicyName": "p", "PolicyDocument": ALLOW, "RoleName": {"Ref": "Role"}},
        {"PolicyName": "p", "PolicyDocument": DENY, "RoleName": {"Ref": "Role"}},
    ),
    "AWS::IAM::ManagedPolicy": (
        ROLE,
        {"PolicyDocument": ALLOW, "Roles": [{"Ref": "Role"}]},
        {"PolicyDocument": DENY, "Roles": []},
    ),
    "AWS::KMS::Key": (
        {},
        {"KeyPolicy": KEY_POLICY, "Description": "a", "EnableKeyRotation": True, "Tags": TAGS},
        {"KeyPolicy": OTHER_KEY_POLICY, "Description": "b", "EnableKeyRotation": "false", "Tags": OTHER_TAGS},
    ),
    "AWS::KMS::Alias": (
        KEY | OTHER_KEY,
        {"AliasName": "alias/types-test", "TargetKeyId": {"Ref": "Key"}},
        {"AliasName": "alias/types-test", "TargetKeyId": {"Fn::GetAtt": ["Other", "Arn"]}},
    ),
    "AWS::S3::Bucket": (
        KEY,
        {
            "BucketEncryption": encrypted(False),
            "VersioningConfiguration": {"Status": "Enabled"},
            "Tags": TAGS,
            "LifecycleConfiguration": expiry(30),
            "PublicAccessBlockConfiguration": BLOCKED,
        },
        {
            "BucketEncryption": encrypted(True),
            "VersioningConfiguration": {"Status": "Suspended"},
            "Tags": OTHER_TAGS,
            "LifecycleConfiguration": expiry(7),
            "PublicAccessBlockConfiguration": BLOCKED | {"BlockPublicAcls": "false"},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        },
    ),
    "AWS::S3::BucketPolicy": (
        BUCKET,
        {
            "Bucket": {"Ref": "Bucket"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:GetObject",
                        "Resource": {"Fn::Sub": "${Bucket.Arn}/*"},
                    }
                ],
            },
        },
        {
            "Bucket": {"Ref": "Bucket"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:PutObject",
                        "Resource": {"Fn::Sub": "${Bucket.Arn}/*"},
                    }
                ],
            },
        },
    ),
    "AWS::Events::Rule": (
        ROLE,
        rule(Description="a"),
        rule(State="DISABLED", Tags=OTHER_TAGS, Targets=[]),
    ),
    "AWS::Events::EventBus": ({}, {"Name": "types-test"}, {"Name": "types-test", "Tags": TAGS}),
    "AWS::Events::EventBusPolicy": ({}, bus_policy("events:PutEvents"), bus_policy("events:PutRule")),
    "AWS::CodeBuild::Project": (
        ROLE,
        project(Description="a", TimeoutInMinutes=10),
        project(
            TimeoutInMinutes="20",
            Tags=OTHER_TAGS,
            LogsConfig={"CloudWatchLogs": {"Status": "ENABLED", "GroupName": "g"}},
        ),
    ),
    "AWS::CodePipeline::Pipeline": (ROLE, pipeline("main"), pipeline("other", Tags=OTHER_TAGS)),
    "AWS::CodeCommit::Repository": (
        {},
        {"RepositoryName": "types-test", "RepositoryDescription": "a", "Tags": TAGS},
        {"RepositoryName": "types-test", "RepositoryDescription": "b", "Tags": OTHER_TAGS},
    ),
    "AWS::Logs::LogGroup": ({}, {"RetentionInDays": 7, "Tags": TAGS}, {"RetentionInDays": "30", "Tags": OTHER_TAGS}),
    "AWS::SNS::Topic": ({}, {"DisplayName": "a", "Tags": TAGS}, {"DisplayName": "b", "Tags": OTHER_TAGS}),
    "AWS::SSM::Parameter": (
        {},
        {"Type": "String", "Value": "a", "Tags": {"team": "blue"}},
        {"Type": "String", "Value": "b", "Tags": {"team": "red"}},
    ),
    "AWS::Lambda::Function": (
        RUNNER,
        function(
            Description="a",
            Timeout=10,
            KmsKeyArn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0",
            LoggingConfig={"LogGroup": "mine"},
            EphemeralStorage={"Size": 1024},
            TracingConfig={"Mode": "Active"},
            Environment={"Variables": {"A": "1"}},
            ReservedConcurrentExecutions=2,
        ),
        function(
            Code={"ZipFile": "def handler(event, context): return 2"},
            Architectures=["arm64"],
            Handler="index.other",
            Runtime="python3.13",
            MemorySize="256",
            Tags=OTHER_TAGS,
        ),
    ),
    "AWS::Lambda::Alias": (
        FUNCTION | {"Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}}},
        {"FunctionName": {"Ref": "Function"}, "Name": "live", "FunctionVersion": "$LATEST", "Description": "a"},
        {
            "FunctionName": {"Ref": "Function"},
            "Name": "live",
            "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
        },
    ),
    "AWS::ApiGatewayV2::Api": (
        {},
        {"Name": "a", "ProtocolType": "HTTP", "Description": "a", "CorsConfiguration": CORS, "Tags": {"team": "blue"}},
        {"Name": "b", "ProtocolType": "HTTP", "Version": "2", "Tags": {"team": "red", "more": "1"}},
    ),
    "AWS::ApiGatewayV2::Stage": (
        API,
        {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True, "Tags": {"team": "blue"}},
        {
            "ApiId": {"Ref": "Api"},
            "StageName": "$default",
            "Description": "b",
            "DefaultRouteSettings": {"ThrottlingBurstLimit": 20, "ThrottlingRateLimit": "10.5"},
            "StageVariables": {"Name": "x"},
            "Tags": {"team": "red", "more": "1"},
        },
    ),
    "AWS::ApiGatewayV2::Integration": (
        API | FUNCTION,
        {"ApiId": {"Ref": "Api"}, **INTEGRATION, "Description": "a"},
        {"ApiId": {"Ref": "Api"}, **INTEGRATION, "TimeoutInMillis": 5000},
    ),
    "AWS::ApiGatewayV2::Route": (
        API,
        {"ApiId": {"Ref": "Api"}, "RouteKey": "GET /a", "OperationName": "a"},
        {"ApiId": {"Ref": "Api"}, "RouteKey": "GET /b"},
    ),
    "AWS::CloudWatch::Alarm": (
        {},
        alarm(Threshold=1, AlarmDescription="a", Tags=TAGS),
        alarm(Threshold="2.5", TreatMissingData="notBreaching", DatapointsToAlarm=1, Tags=OTHER_TAGS),
    ),
    "AWS::DynamoDB::Table": (
        {},
        table(
            BillingMode="PAY_PER_REQUEST",
            Tags=TAGS,
            StreamSpecification={"StreamViewType": "NEW_IMAGE"},
            TimeToLiveSpecification={"AttributeName": "until", "Enabled": True},
        ),
        table(
            BillingMode="PROVISIONED",
            ProvisionedThroughput={"ReadCapacityUnits": 2, "WriteCapacityUnits": 1},
            StreamSpecification={"StreamViewType": "NEW_IMAGE"},
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-id",
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                    "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
                }
            ],
            Tags=OTHER_TAGS,
        ),
    ),
    "AWS::SQS::Queue": (
        {},
        {"QueueName": "named", "VisibilityTimeout": 60, "Tags": TAGS},
        {"QueueName": "named", "DelaySeconds": "5", "Tags": OTHER_TAGS},
    ),
}


NEVER_CHANGED = {
    # Types of which every property replaces the resource.
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
}


def test_every_type_has_a_life_here() -> None:
    assert set(TYPES) == set(LIVES) | NEVER_CHANGED


@pytest.mark.parametrize("type_name", LIVES)
def test_a_resource_is_made_changed_in_place_and_deleted(aws: Aws, name: str, type_name: str) -> None:
    needed, first, second = LIVES[type_name]
    kind = TYPES[type_name]
    shown = {"Ref": {"Value": {"Ref": "It"}}} | {
        attribute: {"Value": {"Fn::GetAtt": ["It", attribute]}} for attribute in kind.attributes
    }

    def template(properties: dict[str, Any]) -> dict[str, Any]:
        return stack_of(**needed, It={"Type": type_name, "Properties": properties}) | {"Outputs": shown}

    stack = aws.create(name, template(first))
    assert stack["StackStatus"] == "CREATE_COMPLETE", [e.get("ResourceStatusReason") for e in aws.events(name)]
    made = aws.resources(name)["It"]
    assert aws.outputs(name)["Ref"] == made
    assert all(aws.outputs(name).values())
    assert drifted(aws, name) == []

    stack = aws.update(name, template(second))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", [e.get("ResourceStatusReason") for e in aws.events(name)]
    assert aws.resources(name)["It"] == made
    assert "It UPDATE_COMPLETE" in aws.lines(name)
    assert drifted(aws, name) == []

    stack = aws.update(name, template(first))
    assert (stack["StackStatus"], drifted(aws, name)) == ("UPDATE_COMPLETE", [])
    stack = aws.delete(name)
    assert stack["StackStatus"] == "DELETE_COMPLETE", stack


def drifted(aws: Aws, name: str) -> list[Any]:
    """What drift detection finds: it reads each resource with calls of its own."""
    detection = aws.cfn.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    found = wait_for(
        lambda: aws.cfn.describe_stack_drift_detection_status(StackDriftDetectionId=detection),
        lambda answer: answer["DetectionStatus"] != "DETECTION_IN_PROGRESS",
    )
    assert found["DetectionStatus"] == "DETECTION_COMPLETE", found
    drifts = aws.cfn.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
    return [
        (d["LogicalResourceId"], d["PropertyDifferences"]) for d in drifts if d["StackResourceDriftStatus"] != "IN_SYNC"
    ]


def test_a_deleted_key_waits_for_its_deletion(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Key={"Type": "AWS::KMS::Key", "Properties": {"PendingWindowInDays": 7}}))
    key = aws.resources(name)["Key"]
    aws.delete(name)

    assert aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_a_managed_policy_keeps_within_five_versions(aws: Aws, name: str) -> None:
    def policy(number: int) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::b{number}/*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return stack_of(Policy={"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}})

    aws.create(name, policy(0))
    for number in range(1, 8):
        assert aws.update(name, policy(number))["StackStatus"] == "UPDATE_COMPLETE"
    arn = aws.resources(name)["Policy"]
    versions = aws.client("iam").list_policy_versions(PolicyArn=arn)["Versions"]
    assert len(versions) == 5
    assert [v["VersionId"] for v in versions if v["IsDefaultVersion"]] == ["v8"]


def test_statements_of_two_stacks_share_a_bus(aws: Aws, name: str) -> None:
    def policy(sid: str) -> dict[str, Any]:
        return {
            "Type": "AWS::Events::EventBusPolicy",
            "Properties": bus_policy("events:PutEvents") | {"StatementId": sid},
        }

    aws.create(name, stack_of(A=policy(f"{name}-a"), B=policy(f"{name}-b")))
    aws.create(f"{name}-2", stack_of(C=policy(f"{name}-c")))
    aws.delete(name)

    document = json.loads(aws.client("events").describe_event_bus()["Policy"])
    assert [s["Sid"] for s in document["Statement"] if s["Sid"].startswith(name)] == [f"{name}-c"]
    aws.delete(f"{name}-2")
