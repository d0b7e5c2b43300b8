"""CloudFormation acts with its caller's rights or its service role's, and a denial is the failed resource's reason."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.sandbox.authorization.conftest import TOOLS, People, document
from tests.sandbox.conftest import error, trust

GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/x/NAME", "RetentionInDays": 7}}
STACK_RIGHTS = {"Action": "cloudformation:*"}
MAKING = ["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DescribeLogGroups", "logs:PutRetentionPolicy"]
CLOUDFORMATION = "cloudformation.amazonaws.com"


def _template(name: str) -> str:
    return json.dumps({"Resources": {"Group": GROUP}}).replace("NAME", name)


def _ended(client: Any, name: str) -> tuple[str, list[str]]:
    """The stack's last status, and the reasons of failed resources."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            events = client.describe_stack_events(StackName=name)["StackEvents"]
            return status, [one.get("ResourceStatusReason", "") for one in events if "FAILED" in one["ResourceStatus"]]
        time.sleep(0.05)
    raise AssertionError(status)


def test_a_missing_right_of_the_caller_rolls_the_stack_back_with_awss_words(people: People) -> None:
    user = people.user(document(STACK_RIGHTS, {"Action": MAKING[1:]}))
    mine = people.client(user, "cloudformation")
    mine.create_stack(StackName=people.name, TemplateBody=_template(people.name))
    status, reasons = _ended(mine, people.name)
    assert status == "ROLLBACK_COMPLETE"
    arn = f"arn:aws:iam::{TOOLS}:user/{people.name}"
    assert (
        f"User: {arn} is not authorized to perform: logs:CreateLogGroup on resource: "
        f"arn:aws:logs:eu-west-1:{TOOLS}:log-group:/x/{people.name}:log-stream: because no identity-based policy "
        "allows the logs:CreateLogGroup action"
    ) in reasons[-1]
    assert "HandlerErrorCode: AccessDenied" in reasons[-1]


def test_calls_of_a_stack_are_made_via_cloudformation(people: People) -> None:
    via = {"Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": [CLOUDFORMATION]}}}
    first = {"Condition": {"StringEquals": {"aws:CalledViaFirst": CLOUDFORMATION, "aws:CalledViaLast": CLOUDFORMATION}}}
    by_service = {"Condition": {"Bool": {"aws:ViaAWSService": "true"}}}
    parts = [{"Action": MAKING[0], **via}, {"Action": MAKING[1:3], **first}, {"Action": MAKING[3], **by_service}]
    user = people.user(document(STACK_RIGHTS, *parts))
    logs = people.client(user, "logs")
    assert error(lambda: logs.create_log_group(logGroupName=f"/x/{people.name}"))[0] == "AccessDeniedException"
    mine = people.client(user, "cloudformation")
    mine.create_stack(StackName=people.name, TemplateBody=_template(people.name))
    assert _ended(mine, people.name) == ("CREATE_COMPLETE", [])


def test_a_service_role_acts_by_itself_and_has_to_be_passed_and_to_trust(people: People) -> None:
    iam = people.accounts.client("tools", "iam")
    role = people.role(document({"Action": MAKING}), trust=trust(Service="ec2.amazonaws.com"))
    user = People(people.accounts, f"{people.name}-user")
    keys = user.user(document(STACK_RIGHTS))
    mine = people.client(keys, "cloudformation")
    given = {"StackName": people.name, "TemplateBody": _template(people.name), "RoleARN": role}
    assert "iam:PassRole" in error(lambda: mine.create_stack(**given))[1]
    passing = {"Action": "iam:PassRole", "Resource": role}
    condition = {"Condition": {"StringEquals": {"iam:PassedToService": CLOUDFORMATION}}}
    iam.put_user_policy(UserName=user.name, PolicyName="pass", PolicyDocument=document({**passing, **condition}))
    assert error(lambda: mine.create_stack(**given)) == (
        "ValidationError",
        f"Role {role} is invalid or cannot be assumed",
    )
    mine_alone = {"Condition": {"StringEquals": {"aws:SourceAccount": TOOLS}}}
    statement = {"Principal": {"Service": CLOUDFORMATION}, "Action": "sts:AssumeRole", **mine_alone}
    iam.update_assume_role_policy(RoleName=people.name, PolicyDocument=document(statement))
    mine.create_stack(**given)
    assert _ended(mine, people.name) == ("CREATE_COMPLETE", [])


def test_a_boundary_of_the_caller_limits_what_its_stacks_do(people: People) -> None:
    boundary = people.policy(document(STACK_RIGHTS, {"Action": [one for one in MAKING if "Retention" not in one]}))
    user = people.user(document({"Action": "*"}), PermissionsBoundary=boundary)
    mine = people.client(user, "cloudformation")
    mine.create_stack(StackName=people.name, TemplateBody=_template(people.name))
    status, reasons = _ended(mine, people.name)
    assert status == "ROLLBACK_COMPLETE"
    assert "because no permissions boundary allows the logs:PutRetentionPolicy action" in reasons[-1]


def test_rights_can_be_for_stacks_of_one_name(people: People) -> None:
    mine_only = f"arn:aws:cloudformation:*:*:stack/{people.name}/*"
    rights = {"Action": "cloudformation:*", "Resource": mine_only}
    mine = people.client(people.user(document(rights, {"Action": MAKING})), "cloudformation")
    mine.create_stack(StackName=people.name, TemplateBody=_template(people.name))
    assert _ended(mine, people.name)[0] == "CREATE_COMPLETE"
    other = {"StackName": f"{people.name}-other", "TemplateBody": _template("other")}
    assert error(lambda: mine.create_stack(**other))[0] == "AccessDenied"
    changed = _template(people.name).replace("7", "14")
    made = mine.create_change_set(StackName=people.name, ChangeSetName="c", TemplateBody=changed)
    deadline = time.monotonic() + 60
    while mine.describe_change_set(ChangeSetName=made["Id"])["Status"] != "CREATE_COMPLETE":
        assert time.monotonic() < deadline
    mine.execute_change_set(ChangeSetName=made["Id"])
    assert _ended(mine, people.name)[0] == "UPDATE_COMPLETE"
