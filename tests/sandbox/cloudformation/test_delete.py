"""Stacks being deleted."""

from __future__ import annotations

import json

from tests.sandbox.cloudformation.conftest import Aws, bucket, refused, role, stack_of


def test_a_deleted_stack_is_found_by_its_id_only(aws: Aws, name: str) -> None:
    stack_id = aws.create(name, stack_of(Role=role(), Bucket=bucket()))["StackId"]
    stack = aws.delete(name)

    assert stack["StackStatus"] == "DELETE_COMPLETE"
    assert "DeletionTime" in stack
    assert refused(lambda: aws.stack(name)) == ("ValidationError", f"Stack with id {name} does not exist")
    assert refused(lambda: aws.events(name)) == ("ValidationError", f"Stack [{name}] does not exist")
    assert aws.lines(stack_id)[-1] == f"{name} DELETE_COMPLETE"
    deleted = aws.cfn.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert stack_id in [summary["StackId"] for summary in deleted]
    assert stack_id not in [found["StackId"] for found in aws.cfn.describe_stacks()["Stacks"]]


def test_deleting_what_is_not_there_succeeds(aws: Aws, name: str) -> None:
    aws.cfn.delete_stack(StackName=name)


def test_a_bucket_that_is_not_empty_fails_the_deletion(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Bucket=bucket(), Role=role()))
    physical = aws.resources(name)["Bucket"]
    aws.client("s3").put_object(Bucket=physical, Key="k", Body=b"x")
    stack = aws.delete(name)

    assert stack["StackStatus"] == "DELETE_FAILED"
    assert stack["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]. "
    reason = aws.reason(name, "Bucket", "DELETE_FAILED")
    assert "The bucket you tried to delete is not empty" in reason and "Status Code: 409" in reason
    assert "Role DELETE_COMPLETE" in aws.lines(name)

    aws.client("s3").delete_object(Bucket=physical, Key="k")
    assert aws.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_what_cannot_be_deleted_can_be_retained(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Bucket=bucket(), Role=role()))
    physical = aws.resources(name)["Bucket"]
    aws.client("s3").put_object(Bucket=physical, Key="k", Body=b"x")

    message = refused(lambda: aws.delete(name, RetainResources=["Bucket"]))[1]
    assert message.endswith(
        "When you delete a stack, specify which resources to retain only when the stack is in the DELETE_FAILED state."
    )
    assert aws.delete(name)["StackStatus"] == "DELETE_FAILED"
    stack = aws.delete(name, RetainResources=["Bucket"])
    assert stack["StackStatus"] == "DELETE_COMPLETE"
    assert "Bucket DELETE_SKIPPED" in aws.lines(stack["StackId"])
    aws.client("s3").head_bucket(Bucket=physical)


def test_forced_deletion_leaves_what_cannot_be_deleted(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Bucket=bucket()))
    aws.client("s3").put_object(Bucket=aws.resources(name)["Bucket"], Key="k", Body=b"x")
    aws.delete(name)
    stack = aws.delete(name, DeletionMode="FORCE_DELETE_STACK")

    assert stack["StackStatus"] == "DELETE_COMPLETE"
    assert aws.lines(stack["StackId"])[-2:] == ["Bucket DELETE_SKIPPED", f"{name} DELETE_COMPLETE"]


def test_deletion_policies(aws: Aws, name: str) -> None:
    template = stack_of(
        Kept=bucket() | {"DeletionPolicy": "Retain"},
        Also=bucket() | {"DeletionPolicy": "RetainExceptOnCreate"},
        Gone=bucket() | {"DeletionPolicy": "Delete"},
    )
    aws.create(name, template)
    physical = aws.resources(name)
    stack_id = aws.delete(name)["StackId"]

    lines = aws.lines(stack_id)
    assert {"Kept DELETE_SKIPPED", "Also DELETE_SKIPPED", "Gone DELETE_COMPLETE"} <= set(lines)
    names = [found["Name"] for found in aws.client("s3").list_buckets()["Buckets"]]
    assert physical["Kept"] in names and physical["Also"] in names and physical["Gone"] not in names


def test_resources_that_are_gone_already_do_not_fail_the_deletion(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role(), Bucket=bucket()))
    physical = aws.resources(name)
    aws.client("iam").delete_role(RoleName=physical["Role"])
    aws.client("s3").delete_bucket(Bucket=physical["Bucket"])

    assert aws.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_termination_protection(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role()), EnableTerminationProtection=True)

    assert refused(lambda: aws.delete(name)) == (
        "ValidationError",
        f"Stack [{name}] cannot be deleted while TerminationProtection is enabled",
    )
    aws.cfn.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    assert aws.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_an_export_in_use_keeps_its_stack(aws: Aws, name: str) -> None:
    export = f"{name}-role"
    outputs = {"Outputs": {"Role": {"Value": {"Ref": "Role"}, "Export": {"Name": export}}}}
    aws.create(name, stack_of(Role=role()) | outputs)
    aws.create(f"{name}-user", stack_of(Topic={"Type": "AWS::SNS::Topic", "Properties": {
        "DisplayName": {"Fn::ImportValue": export}}}))  # fmt: skip

    found = [item for item in aws.cfn.list_exports()["Exports"] if item["Name"] == export]
    assert found[0]["Value"] == aws.resources(name)["Role"]
    assert aws.cfn.list_imports(ExportName=export)["Imports"] == [f"{name}-user"]
    stack = aws.delete(name)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["StackStatusReason"] == (
        f"Delete canceled. Cannot delete export {export} as it is in use by {name}-user."
    )
    stack = aws.update(name, stack_of(Role=role()))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert f"Delete canceled. Cannot delete export {export} as it is in use by {name}-user" in (
        aws.reason(name, name, "UPDATE_ROLLBACK_IN_PROGRESS")
    )

    aws.delete(f"{name}-user")
    assert refused(lambda: aws.cfn.list_imports(ExportName=export))[1] == (
        f"Export '{export}' is not imported by any stack."
    )
    assert aws.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_an_export_has_one_stack(aws: Aws, name: str) -> None:
    outputs = {"Outputs": {"Role": {"Value": "x", "Export": {"Name": f"{name}-export"}}}}
    aws.create(name, stack_of(Role=role()) | outputs)
    stack = aws.create(f"{name}-b", stack_of(Role=role()) | outputs)

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert aws.reason(f"{name}-b", f"{name}-b", "ROLLBACK_IN_PROGRESS") == (
        f"Export with name {name}-export is already exported by stack {name}. Rollback requested by user."
    )


def test_a_stack_in_review_is_deleted_without_a_trace(aws: Aws, name: str) -> None:
    made = aws.cfn.create_change_set(
        StackName=name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=json.dumps(stack_of(B=bucket()))
    )
    aws.cfn.delete_stack(StackName=name)

    assert aws.wait(made["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert refused(lambda: aws.stack(name))[0] == "ValidationError"
