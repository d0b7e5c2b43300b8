"""Stacks being changed."""

from __future__ import annotations

import json

from tests.sandbox.cloudformation.conftest import Aws, broken, bucket, refused, role, slow, stack_of, wait_for

NO_UPDATES = ("ValidationError", "No updates are to be performed.")


def test_a_change_in_place_keeps_the_resource(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role(Description="old")))
    before = aws.resources(name)
    stack = aws.update(name, stack_of(Role=role(Description="new")))

    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert aws.resources(name) == before
    assert aws.client("iam").get_role(RoleName=before["Role"])["Role"]["Description"] == "new"
    assert aws.lines(name)[-5:] == [
        f"{name} UPDATE_IN_PROGRESS",
        "Role UPDATE_IN_PROGRESS",
        "Role UPDATE_COMPLETE",
        f"{name} UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        f"{name} UPDATE_COMPLETE",
    ]


def test_an_update_that_changes_nothing_is_refused(aws: Aws, name: str) -> None:
    template = stack_of(Role=role()) | {"Parameters": {"P": {"Type": "String", "Default": "x"}}}
    aws.create(name, template)

    assert refused(lambda: aws.update(name, template)) == NO_UPDATES
    assert refused(lambda: aws.update(name)) == NO_UPDATES
    assert refused(lambda: aws.update(name, template | {"Description": "words only"})) == NO_UPDATES


def test_a_change_of_a_create_only_property_replaces_and_then_deletes_the_old(aws: Aws, name: str) -> None:
    policy = {
        "Type": "AWS::IAM::RolePolicy",
        "Properties": {
            "RoleName": {"Ref": "Role"},
            "PolicyName": "p",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
            },
        },
    }
    aws.create(name, stack_of(Role=role(Path="/old/"), Policy=policy))
    before = aws.resources(name)
    aws.update(name, stack_of(Role=role(Path="/new/"), Policy=policy))
    after = aws.resources(name)

    assert after["Role"] != before["Role"]
    assert aws.client("iam").get_role(RoleName=after["Role"])["Role"]["Path"] == "/new/"
    assert refused(lambda: aws.client("iam").get_role(RoleName=before["Role"]))[0] == "NoSuchEntity"
    # What refers to the replaced resource follows it.
    assert aws.client("iam").list_role_policies(RoleName=after["Role"])["PolicyNames"] == ["p"]
    assert aws.reason(name, "Role", "UPDATE_IN_PROGRESS") == (
        "Requested update requires the creation of a new physical resource; hence creating one."
    )
    lines = aws.lines(name)
    assert lines.index(f"{name} UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") < lines.index("Role DELETE_IN_PROGRESS")


def test_a_replaced_resource_is_kept_if_its_update_replace_policy_says_so(aws: Aws, name: str) -> None:
    retain = {"UpdateReplacePolicy": "Retain"}
    aws.create(name, stack_of(Role=role(Path="/old/") | retain))
    old = aws.resources(name)["Role"]
    aws.update(name, stack_of(Role=role(Path="/new/") | retain))

    assert "Role DELETE_SKIPPED" in aws.lines(name)
    aws.client("iam").get_role(RoleName=old)


def test_removed_resources_are_deleted_last_and_new_ones_made_first(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Old=role(), Kept=bucket()))
    old = aws.resources(name)["Old"]
    aws.update(name, stack_of(New=role(), Kept=bucket()))

    assert set(aws.resources(name)) == {"New", "Kept"}
    assert refused(lambda: aws.client("iam").get_role(RoleName=old))[0] == "NoSuchEntity"
    lines = aws.lines(name)
    assert lines.index("New CREATE_COMPLETE") < lines.index("Old DELETE_IN_PROGRESS")
    assert not [line for line in lines if line.startswith("Kept UPDATE")]


def test_a_condition_that_turns_false_deletes_the_resource(aws: Aws, name: str) -> None:
    template = stack_of(Always=bucket(), Sometimes=role() | {"Condition": "On"}) | {
        "Parameters": {"Switch": {"Type": "String"}},
        "Conditions": {"On": {"Fn::Equals": [{"Ref": "Switch"}, "on"]}},
        "Outputs": {"Name": {"Value": {"Ref": "Sometimes"}, "Condition": "On"}},
    }
    aws.create(name, template, Parameters=[{"ParameterKey": "Switch", "ParameterValue": "on"}])
    made = aws.resources(name)["Sometimes"]
    assert aws.outputs(name) == {"Name": made}
    aws.update(name, Parameters=[{"ParameterKey": "Switch", "ParameterValue": "off"}])

    assert set(aws.resources(name)) == {"Always"}
    assert aws.outputs(name) == {}
    assert refused(lambda: aws.client("iam").get_role(RoleName=made))[0] == "NoSuchEntity"


def test_a_parameter_can_keep_its_previous_value(aws: Aws, name: str) -> None:
    template = stack_of(Role=role(Description={"Fn::Sub": "${A}-${B}"})) | {
        "Parameters": {"A": {"Type": "String"}, "B": {"Type": "String"}}
    }
    given = [{"ParameterKey": "A", "ParameterValue": "1"}, {"ParameterKey": "B", "ParameterValue": "2"}]
    aws.create(name, template, Parameters=given)
    kept = [{"ParameterKey": "A", "UsePreviousValue": True}, {"ParameterKey": "B", "ParameterValue": "3"}]
    aws.update(name, Parameters=kept)

    assert aws.client("iam").get_role(RoleName=aws.resources(name)["Role"])["Role"]["Description"] == "1-3"
    shown = {item["ParameterKey"]: item["ParameterValue"] for item in aws.stack(name)["Parameters"]}
    assert shown == {"A": "1", "B": "3"}


def test_changed_stack_tags_reach_the_resources(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role()), Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}])
    aws.update(name, Tags=[{"Key": "a", "Value": "2"}])

    found = aws.client("iam").get_role(RoleName=aws.resources(name)["Role"])["Role"]["Tags"]
    assert found == [{"Key": "a", "Value": "2"}]
    # Tags that an update does not mention stay; an empty list takes them away.
    aws.update(name, stack_of(Role=role(Description="d")))
    assert aws.stack(name)["Tags"] == [{"Key": "a", "Value": "2"}]
    aws.update(name, Tags=[])
    assert aws.stack(name)["Tags"] == []
    assert aws.client("iam").list_role_tags(RoleName=aws.resources(name)["Role"])["Tags"] == []


def test_a_failed_update_is_rolled_back_to_what_was(aws: Aws, name: str) -> None:
    old = stack_of(Changed=role(Description="old"), Moved=role(Path="/old/"), Removed=role())
    aws.create(name, old)
    before = aws.resources(name)
    new = stack_of(
        Changed=role(Description="new"),
        Moved=role(Path="/new/") | {"DependsOn": "Changed"},
        Made=role(),
        Bad=broken("Changed", "Moved", "Made"),
    )
    stack = aws.update(name, new)

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.resources(name) == before
    assert aws.client("iam").get_role(RoleName=before["Changed"])["Role"]["Description"] == "old"
    assert aws.client("iam").get_role(RoleName=before["Moved"])["Role"]["Path"] == "/old/"
    roles = [r["RoleName"] for page in aws.client("iam").get_paginator("list_roles").paginate() for r in page["Roles"]]
    assert sorted(r for r in roles if r.startswith(f"{name}-")) == sorted(before.values())
    assert (
        aws.reason(name, name, "UPDATE_ROLLBACK_IN_PROGRESS") == "The following resource(s) failed to create: [Bad]. "
    )
    lines = aws.lines(name)
    back = lines[lines.index(f"{name} UPDATE_ROLLBACK_IN_PROGRESS") :]
    assert back.index("Moved UPDATE_COMPLETE") < back.index("Changed UPDATE_IN_PROGRESS")
    assert f"{name} UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" in back
    assert aws.cfn.get_template(StackName=name)["TemplateBody"] == old
    # And it can be updated again.
    assert aws.update(name, stack_of(Changed=role(Description="newer")))["StackStatus"] == "UPDATE_COMPLETE"


def test_a_failed_replacement_leaves_the_old_resource(aws: Aws, name: str) -> None:
    taken = f"{name}-taken"
    trust = json.dumps(role()["Properties"]["AssumeRolePolicyDocument"])
    aws.client("iam").create_role(RoleName=taken, AssumeRolePolicyDocument=trust)
    aws.create(name, stack_of(Role=role()))
    before = aws.resources(name)
    stack = aws.update(name, stack_of(Role=role(RoleName=taken)))

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert (
        aws.reason(name, name, "UPDATE_ROLLBACK_IN_PROGRESS") == "The following resource(s) failed to update: [Role]. "
    )
    assert aws.resources(name) == before
    aws.client("iam").get_role(RoleName=before["Role"])
    aws.client("iam").get_role(RoleName=taken)


def test_with_rollback_disabled_a_failed_update_stays_and_can_be_repeated(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role(Description="old")))
    stack = aws.update(name, stack_of(Role=role(Description="new"), Bad=broken("Role")), DisableRollback=True)
    assert stack["StackStatus"] == "UPDATE_FAILED"
    physical = aws.resources(name)["Role"]
    assert aws.client("iam").get_role(RoleName=physical)["Role"]["Description"] == "new"

    aws.cfn.rollback_stack(StackName=name)
    assert aws.wait(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.client("iam").get_role(RoleName=physical)["Role"]["Description"] == "old"
    assert set(aws.resources(name)) == {"Role"}


def test_a_rollback_that_fails_can_be_continued_without_the_resource(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role(Description="old"), Kept=role(Description="old")))
    before = aws.resources(name)
    new = stack_of(
        Role=role(Description="new"), Kept=role(Description="new"), Slow=slow("Role", "Kept"), Bad=broken("Slow")
    )
    aws.cfn.update_stack(StackName=name, TemplateBody=json.dumps(new), Capabilities=["CAPABILITY_NAMED_IAM"])
    wait_for(lambda: aws.lines(name), lambda lines: "Slow CREATE_IN_PROGRESS" in lines)
    aws.client("iam").delete_role(RoleName=before["Role"])

    stack = aws.wait(name)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    assert stack["StackStatusReason"] == "The following resource(s) failed to update: [Role]. "
    assert refused(lambda: aws.update(name, new))[1].endswith(
        "is in UPDATE_ROLLBACK_FAILED state and can not be updated."
    )

    aws.cfn.continue_update_rollback(StackName=name)
    assert aws.wait(name)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    assert (
        "You can only skip resources in the UPDATE_FAILED state"
        in refused(lambda: aws.cfn.continue_update_rollback(StackName=name, ResourcesToSkip=["Kept"]))[1]
    )
    aws.cfn.continue_update_rollback(StackName=name, ResourcesToSkip=["Role"])
    assert aws.wait(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.client("iam").get_role(RoleName=before["Kept"])["Role"]["Description"] == "old"
    assert set(aws.resources(name)) == {"Role", "Kept"}


def test_an_update_can_be_cancelled(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role(Description="old")))
    new = stack_of(Role=role(Description="new"), Slow=slow("Role"), Late=role() | {"DependsOn": "Slow"})
    aws.cfn.update_stack(StackName=name, TemplateBody=json.dumps(new), Capabilities=["CAPABILITY_NAMED_IAM"])
    wait_for(lambda: aws.lines(name), lambda lines: "Slow CREATE_IN_PROGRESS" in lines)
    aws.cfn.cancel_update_stack(StackName=name)

    assert aws.wait(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Late CREATE_IN_PROGRESS" not in aws.lines(name)
    physical = aws.resources(name)["Role"]
    assert aws.client("iam").get_role(RoleName=physical)["Role"]["Description"] == "old"
    assert refused(lambda: aws.cfn.cancel_update_stack(StackName=name))[0] == "ValidationError"


def test_the_type_of_a_resource_cannot_change(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Thing=role()))

    message = refused(lambda: aws.update(name, stack_of(Thing=bucket())))[1]
    assert message == (
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: "
        "[Thing]"
    )


def test_outputs_alone_can_be_updated(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role()))
    stack = aws.update(name, stack_of(Role=role()) | {"Outputs": {"Name": {"Value": {"Ref": "Role"}}}})

    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert aws.outputs(name) == {"Name": aws.resources(name)["Role"]}
    assert "Role UPDATE_IN_PROGRESS" not in aws.lines(name)


def test_a_stack_policy_keeps_a_resource_from_being_changed(aws: Aws, name: str) -> None:
    policy = {
        "Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/Role"},
        ]
    }
    aws.create(name, stack_of(Role=role(Description="old"), Other=role()), StackPolicyBody=json.dumps(policy))
    assert json.loads(aws.cfn.get_stack_policy(StackName=name)["StackPolicyBody"]) == policy

    stack = aws.update(name, stack_of(Role=role(Description="new"), Other=role(Description="new")))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.reason(name, "Role", "UPDATE_FAILED") == (
        "Action denied by stack policy: Statement [#2] does not allow [Update:Modify] for resource "
        "[LogicalResourceId/Role];"
    )
    stack = aws.update(name, stack_of(Other=role()))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Action denied by stack policy" in aws.reason(name, "Role", "UPDATE_FAILED")

    stack = aws.update(name, stack_of(Role=role(Description="new"), Other=role()),
                       StackPolicyDuringUpdateBody=json.dumps({"Statement": policy["Statement"][:1]}))  # fmt: skip
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert refused(lambda: aws.cfn.set_stack_policy(StackName=name, StackPolicyBody="{}"))[1] == (
        "Error validating stack policy: Invalid stack policy"
    )


def test_an_update_succeeds_although_something_old_cannot_be_deleted(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Old=bucket(), Kept=role()))
    old = aws.resources(name)["Old"]
    aws.client("s3").put_object(Bucket=old, Key="k", Body=b"x")
    stack = aws.update(name, stack_of(Kept=role()))

    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert stack["StackStatusReason"] == "Update successful. One or more resources could not be deleted."
    assert "Old DELETE_FAILED" in aws.lines(name)
    assert set(aws.resources(name)) == {"Kept"}
    aws.client("s3").head_bucket(Bucket=old)


def test_a_removed_resource_is_kept_if_its_deletion_policy_says_so(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Old=bucket() | {"DeletionPolicy": "Retain"}, Kept=role()))
    old = aws.resources(name)["Old"]
    aws.update(name, stack_of(Kept=role()))

    assert "Old DELETE_SKIPPED" in aws.lines(name)
    aws.client("s3").head_bucket(Bucket=old)


MISSING = "arn:aws:iam::111111111111:policy/no-such-policy"


def test_an_update_that_failed_half_way_is_undone(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role(Description="old")))
    before = aws.resources(name)
    stack = aws.update(name, stack_of(Role=role(Description="new", ManagedPolicyArns=[MISSING])))

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.resources(name) == before
    assert aws.client("iam").get_role(RoleName=before["Role"])["Role"]["Description"] == "old"


def test_a_replacement_that_failed_half_way_is_deleted(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role(Path="/old/")))
    before = aws.resources(name)
    stack = aws.update(name, stack_of(Role=role(Path="/new/", ManagedPolicyArns=[MISSING])))

    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.resources(name) == before
    roles = [r["RoleName"] for page in aws.client("iam").get_paginator("list_roles").paginate() for r in page["Roles"]]
    assert [found for found in roles if found.startswith(f"{name}-")] == [before["Role"]]


def test_a_repeated_update_does_what_the_failed_one_left_undone(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role(Path="/old/", Description="old")))
    failed = stack_of(Role=role(Path="/new/", Description="new", ManagedPolicyArns=[MISSING]))
    assert aws.update(name, failed, DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    stack = aws.update(name, stack_of(Role=role(Path="/new/", Description="new")), DisableRollback=True)

    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    found = aws.client("iam").get_role(RoleName=aws.resources(name)["Role"])["Role"]
    assert (found["Path"], found["Description"]) == ("/new/", "new")
    roles = [r["RoleName"] for page in aws.client("iam").get_paginator("list_roles").paginate() for r in page["Roles"]]
    assert [role_name for role_name in roles if role_name.startswith(f"{name}-")] == [found["RoleName"]]


def test_a_rollback_restores_needs_and_policies_of_resources_that_did_not_change(aws: Aws, name: str) -> None:
    kept = bucket() | {"DeletionPolicy": "Retain"}
    aws.create(name, stack_of(Kept=kept, Role=role(Description="old") | {"DependsOn": "Kept"}))
    before = aws.resources(name)
    # Needs are turned round and the bucket is no longer to be kept; then the update fails.
    turned = stack_of(
        Kept=bucket() | {"DependsOn": "Role"}, Role=role(Description="new"), Slow=slow("Kept"), Bad=broken("Slow")
    )
    assert aws.update(name, turned)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Kept UPDATE_COMPLETE" not in aws.lines(name)

    stack_id = aws.delete(name)["StackId"]
    lines = aws.lines(stack_id)
    assert "Kept DELETE_SKIPPED" in lines
    assert lines.index("Role DELETE_COMPLETE") < lines.index("Kept DELETE_SKIPPED")
    aws.client("s3").head_bucket(Bucket=before["Kept"])
    assert refused(lambda: aws.client("iam").get_role(RoleName=before["Role"]))[0] == "NoSuchEntity"
