"""Change sets: what they show, and what executing them does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.sandbox.cloudformation.conftest import Aws, broken, bucket, refused, role, stack_of

EMPTY = "The submitted information didn't contain changes. Submit different information to create a change set."


def propose(
    aws: Aws, name: str, template: Mapping[str, Any] | None, change_set: str = "c", **given: Any
) -> dict[str, Any]:
    """Create a change set and describe it."""
    body = {"UsePreviousTemplate": True} if template is None else {"TemplateBody": json.dumps(template)}
    given.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
    values = given.pop("IncludePropertyValues", False)
    made = aws.cfn.create_change_set(StackName=name, ChangeSetName=change_set, **body, **given)
    found: dict[str, Any] = aws.cfn.describe_change_set(ChangeSetName=made["Id"], IncludePropertyValues=values)
    return found


def shown(described: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    """(Action, LogicalResourceId, Replacement) of each change."""
    changes = [change["ResourceChange"] for change in described["Changes"]]
    return [(change["Action"], change["LogicalResourceId"], change.get("Replacement")) for change in changes]


def test_a_new_stack_is_in_review_until_its_change_set_is_executed(aws: Aws, name: str) -> None:
    described = propose(aws, name, stack_of(Bucket=bucket(), Role=role()), ChangeSetType="CREATE")

    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert sorted(shown(described)) == [("Add", "Bucket", None), ("Add", "Role", None)]
    assert aws.stack(name)["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert aws.resources(name) == {}
    assert aws.cfn.get_template(StackName=name, ChangeSetName="c")["TemplateBody"]["Resources"].keys() == {
        "Bucket",
        "Role",
    }

    aws.cfn.execute_change_set(StackName=name, ChangeSetName="c")
    assert aws.wait(name)["StackStatus"] == "CREATE_COMPLETE"
    assert aws.lines(name)[:2] == [f"{name} REVIEW_IN_PROGRESS", f"{name} CREATE_IN_PROGRESS"]
    executed = aws.cfn.describe_change_set(StackName=name, ChangeSetName="c")
    assert executed["ExecutionStatus"] == "EXECUTE_COMPLETE"
    assert aws.stack(name)["ChangeSetId"] == executed["ChangeSetId"]
    code, message = refused(lambda: aws.cfn.execute_change_set(StackName=name, ChangeSetName="c"))
    assert code == "InvalidChangeSetStatus"
    assert message.endswith("cannot be executed in its current execution status of [EXECUTE_COMPLETE]")


def test_the_ordinary_waiters_work(aws: Aws, name: str) -> None:
    given = {"StackName": name, "ChangeSetName": "c"}
    aws.cfn.create_change_set(**given, ChangeSetType="CREATE", TemplateBody=json.dumps(stack_of(Bucket=bucket())))
    aws.cfn.get_waiter("change_set_create_complete").wait(**given)
    aws.cfn.execute_change_set(**given)
    aws.cfn.get_waiter("stack_create_complete").wait(StackName=name)
    aws.cfn.delete_stack(StackName=name)
    aws.cfn.get_waiter("stack_delete_complete").wait(StackName=name)


def test_a_change_set_without_changes_fails_as_clients_expect(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role()))
    described = propose(aws, name, stack_of(Role=role()))

    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"] == EMPTY
    code, message = refused(lambda: aws.cfn.execute_change_set(StackName=name, ChangeSetName="c"))
    assert code == "InvalidChangeSetStatus"
    assert message == f"ChangeSet [{described['ChangeSetId']}] cannot be executed in its current status of [FAILED]"


def test_changes_say_what_is_added_modified_replaced_and_removed(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Same=role(), Changed=role(Description="old"), Moved=role(Path="/old/"), Gone=role()))
    new = stack_of(Same=role(), Changed=role(Description="new"), Moved=role(Path="/new/"), Made=bucket())
    described = propose(aws, name, new, IncludePropertyValues=True)

    assert sorted(shown(described)) == [
        ("Add", "Made", "True"),
        ("Modify", "Changed", "False"),
        ("Modify", "Moved", "True"),
        ("Remove", "Gone", None),
    ]
    changes = {
        change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"] for change in described["Changes"]
    }
    assert changes["Changed"]["Scope"] == ["Properties"]
    assert changes["Changed"]["Details"] == [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": "Description",
                "RequiresRecreation": "Never",
                "Path": "/Properties/Description",
                "BeforeValue": "old",
                "AfterValue": "new",
                "AttributeChangeType": "Modify",
            },
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
    ]
    assert changes["Moved"]["Details"][0]["Target"]["RequiresRecreation"] == "Always"
    assert changes["Moved"]["PolicyAction"] == "ReplaceAndDelete"
    assert changes["Gone"]["PhysicalResourceId"] == aws.resources(name)["Gone"]
    assert json.loads(changes["Changed"]["BeforeContext"])["Properties"]["Description"] == "old"
    # Nothing has happened yet.
    assert aws.client("iam").get_role(RoleName=aws.resources(name)["Changed"])["Role"]["Description"] == "old"


def test_what_hangs_on_a_replaced_resource_is_conditional(aws: Aws, name: str) -> None:
    def template(path: str) -> dict[str, Any]:
        name_of = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": {"Fn::Sub": f"/{name}/${{Role}}"},
                "Type": "String",
                "Value": {"Fn::GetAtt": ["Role", "Arn"]},
            },
        }
        return stack_of(Role=role(Path=path), Pointer=name_of)

    aws.create(name, template("/old/"))
    described = propose(aws, name, template("/new/"))

    assert sorted(shown(described)) == [("Modify", "Pointer", "Conditional"), ("Modify", "Role", "True")]
    pointer = next(
        c["ResourceChange"] for c in described["Changes"] if c["ResourceChange"]["LogicalResourceId"] == "Pointer"
    )
    details = {
        (d["Target"]["Name"], d["Evaluation"], d["ChangeSource"], d.get("CausingEntity")) for d in pointer["Details"]
    }
    assert ("Name", "Dynamic", "ResourceReference", "Role") in details
    assert ("Value", "Dynamic", "ResourceAttribute", "Role.Arn") in details
    aws.cfn.execute_change_set(StackName=name, ChangeSetName="c")
    assert aws.wait(name)["StackStatus"] == "UPDATE_COMPLETE"


def test_a_changed_parameter_is_named_as_the_cause(aws: Aws, name: str) -> None:
    template = stack_of(Role=role(Description={"Ref": "Words"})) | {"Parameters": {"Words": {"Type": "String"}}}
    aws.create(name, template, Parameters=[{"ParameterKey": "Words", "ParameterValue": "a"}])
    described = propose(aws, name, None, Parameters=[{"ParameterKey": "Words", "ParameterValue": "b"}])

    details = described["Changes"][0]["ResourceChange"]["Details"]
    assert ("Static", "ParameterReference", "Words") in [
        (detail["Evaluation"], detail["ChangeSource"], detail.get("CausingEntity")) for detail in details
    ]
    assert described["Parameters"] == [{"ParameterKey": "Words", "ParameterValue": "b"}]


def test_a_change_of_stack_tags_shows_as_tags(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role()))
    described = propose(aws, name, None, Tags=[{"Key": "team", "Value": "blue"}])

    change = described["Changes"][0]["ResourceChange"]
    assert (change["Scope"], change["Replacement"]) == (["Tags"], "False")
    assert described["Tags"] == [{"Key": "team", "Value": "blue"}]


def test_a_change_sets_name_counts_once_in_a_stack_and_nowhere_else(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role()))
    first = propose(aws, name, stack_of(Role=role(), Bucket=bucket()))

    assert refused(lambda: propose(aws, name, stack_of(Role=role())))[0] == "AlreadyExistsException"
    assert [s["ChangeSetName"] for s in aws.cfn.list_change_sets(StackName=name)["Summaries"]] == ["c"]
    message = refused(lambda: aws.cfn.describe_change_set(ChangeSetName="c"))[1]
    assert message == "StackName must be specified if ChangeSetName is not specified as an ARN."
    aws.cfn.delete_change_set(ChangeSetName=first["ChangeSetId"])
    assert refused(lambda: aws.cfn.describe_change_set(StackName=name, ChangeSetName="c")) == (
        "ChangeSetNotFound",
        "ChangeSet [c] does not exist",
    )
    aws.cfn.delete_change_set(StackName=name, ChangeSetName="c")


def test_updates_need_a_stack_and_creations_a_free_name(aws: Aws, name: str) -> None:
    template = stack_of(Role=role())
    assert refused(lambda: propose(aws, name, template))[1] == f"Stack [{name}] does not exist"
    aws.create(name, template)
    assert refused(lambda: propose(aws, name, template, ChangeSetType="CREATE"))[1] == (
        f"Stack [{name}] already exists and cannot be created again with the changeSet [c]."
    )


def test_other_change_sets_are_obsolete_once_one_is_executed(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role()))
    propose(aws, name, stack_of(Role=role(Description="1")), "one")
    propose(aws, name, stack_of(Role=role(Description="2")), "two")
    aws.cfn.execute_change_set(StackName=name, ChangeSetName="one")
    aws.wait(name)

    assert aws.cfn.describe_change_set(StackName=name, ChangeSetName="two")["ExecutionStatus"] == "OBSOLETE"


def test_on_stack_failure_says_what_a_failed_creation_leaves(aws: Aws, name: str) -> None:
    template = stack_of(Bucket=bucket(), Bad=broken("Bucket"))
    made = propose(aws, name, template, ChangeSetType="CREATE", OnStackFailure="DELETE")
    aws.cfn.execute_change_set(StackName=name, ChangeSetName="c")
    assert aws.wait(made["StackId"])["StackStatus"] == "DELETE_COMPLETE"

    propose(aws, name, template, ChangeSetType="CREATE", OnStackFailure="DO_NOTHING")
    aws.cfn.execute_change_set(StackName=name, ChangeSetName="c")
    assert aws.wait(name)["StackStatus"] == "CREATE_FAILED"

    second = f"{name}-b"
    propose(aws, second, template, ChangeSetType="CREATE")
    aws.cfn.execute_change_set(StackName=second, ChangeSetName="c", DisableRollback=True)
    assert aws.wait(second)["StackStatus"] == "CREATE_FAILED"
    message = refused(lambda: propose(aws, second, template, OnStackFailure="DELETE"))[1]
    assert message == "OnStackFailure DELETE is only valid when ChangeSetType is CREATE."


def test_a_failed_execution_is_told_by_the_change_set(aws: Aws, name: str) -> None:
    aws.create(name, stack_of(Role=role()))
    propose(aws, name, stack_of(Role=role(), Bad=broken()))
    aws.cfn.execute_change_set(StackName=name, ChangeSetName="c")

    assert aws.wait(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.cfn.describe_change_set(StackName=name, ChangeSetName="c")["ExecutionStatus"] == "EXECUTE_FAILED"


def test_nested_stacks_and_imports_are_refused_by_name(aws: Aws, name: str) -> None:
    template = stack_of(Bucket=bucket())
    nested = refused(lambda: propose(aws, name, template, ChangeSetType="CREATE", IncludeNestedStacks=True))
    assert "the parameter IncludeNestedStacks of CreateChangeSet" in nested[1]
    assert "IMPORT" in refused(lambda: propose(aws, name, template, ChangeSetType="IMPORT"))[1]
