"""What somebody broke is found by plan and verify, and put right by up, whatever the deployer itself may still do."""

from __future__ import annotations

import json

from tests.end_to_end.place import Place

ROLE = "aws-refarch-cross-account-pipeline-service-role"
PREFIX = "arn:aws:iam::111111111111:policy/aws-refarch-cross-account-pipeline"
DENY_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}


def test_a_deployer_that_may_do_nothing_any_more_is_repaired_with_the_sign_in(place: Place) -> None:
    place.up()
    iam = place.aws("tools", "iam")
    iam.create_policy_version(PolicyArn=f"{PREFIX}-boundary", PolicyDocument=json.dumps(DENY_ALL), SetAsDefault=True)
    iam.detach_role_policy(RoleName=ROLE, PolicyArn=f"{PREFIX}-sts-and-cloudformation-policy")
    iam.update_role(RoleName=ROLE, Description="changed")

    verify, plan = place.run("verify", "--json", "--no-drift"), place.run("plan", "--json")

    assert verify.code == 1
    assert {"drift.policy", "drift.attachment", "drift.role"} <= {one["id"] for one in verify.document["findings"]}
    assert plan.document["unreadable"] == []
    assert {(one["op"], one["kind"]) for one in plan.document["actions"]} == {
        ("update", "policy"),
        ("update", "role"),
        ("create", "attachment"),
    }

    place.up("--yes")

    assert place.up().document["calls"]["mutating"] == 0
    assert place.run("verify", "--no-drift").code == 0


def test_drift_inside_a_stack_is_found_by_verify(place: Place) -> None:
    place.up()
    iam = place.aws("prod", "iam")
    iam.put_role_policy(
        RoleName="ToolsAcctCodePipelineCloudFormationRole", PolicyName="by-hand", PolicyDocument=json.dumps(DENY_ALL)
    )
    iam.update_role(RoleName="cloudformationdeployer-role", Description="by hand")

    verify = place.run("verify", "--json")

    assert verify.code == 1
    drifted = [one for one in verify.document["findings"] if one["id"] == "drift.resource"]
    assert {one["account"] for one in drifted} == {"prod"}
    assert all(one["url"] for one in drifted)


def test_what_verify_may_not_look_at_is_a_finding_that_says_what_to_grant(place: Place) -> None:
    place.up()
    denied = ["iam:ListRolePolicies", "kms:DescribeKey"]
    deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": denied, "Resource": "*"}}
    place.aws("tools", "iam").put_role_policy(RoleName=ROLE, PolicyName="deny", PolicyDocument=json.dumps(deny))

    verify = place.run("verify", "--json")

    assert verify.code == 1
    errors = [one for one in verify.document["findings"] if one["severity"] == "error"]
    assert {one["id"] for one in errors} == {"principal.unknown", "drift.unknown"}
    assert all("not verified" in one["evidence"] for one in errors)
    fixes = {one["subject"]: one["fix"] for one in errors}
    assert "iam:ListRolePolicies" in fixes[f"role {ROLE}"]
    assert "kms:DescribeKey on arn:aws:kms:" in fixes["KMSKey of stack pre-reqs"]

    deny["Statement"]["Action"] = ["cloudformation:DetectStackDrift"]  # type: ignore[index]
    place.aws("tools", "iam").put_role_policy(RoleName=ROLE, PolicyName="deny", PolicyDocument=json.dumps(deny))
    unknown = [one for one in place.run("verify", "--json").document["findings"] if one["id"] == "drift.unknown"]

    assert {one["subject"] for one in unknown} == {"stack pre-reqs", "stack sample-lambda-pipeline"}
