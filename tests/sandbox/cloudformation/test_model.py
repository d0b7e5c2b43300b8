"""Any sequence of updates leaves the account either as the new template says or as it was.

The claim is checked against a model: what the last successful operation declared. Resources are parameters of the
parameter store, which can be counted from outside.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.sandbox.cloudformation.conftest import Aws, broken, refused

_numbers = itertools.count(1)
LOGICAL_IDS = ("A", "B", "C", "D")


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    """Up to four parameters with values, names that force replacement, and needs; sometimes one resource fails."""
    chosen: list[str] = draw(st.lists(st.sampled_from(LOGICAL_IDS), unique=True, min_size=1))
    resources: dict[str, Any] = {}
    for index, logical_id in enumerate(chosen):
        properties: dict[str, Any] = {"Type": "String", "Value": draw(st.sampled_from(["1", "2", "3"]))}
        if draw(st.booleans()):
            properties["Name"] = {"Fn::Sub": f"/${{AWS::StackName}}/{logical_id}/{draw(st.sampled_from('xy'))}"}
        needs: list[str] = draw(st.lists(st.sampled_from(chosen[:index]), max_size=2, unique=True)) if index else []
        if len(needs) > 0 and draw(st.booleans()):
            properties["Description"] = {"Fn::Sub": f"${{{needs[0]}}} ${{{needs[0]}.Value}}"}
        resources[logical_id] = {"Type": "AWS::SSM::Parameter", "Properties": properties, "DependsOn": needs}
    if draw(st.booleans()):
        resources["Bad"] = broken(*draw(st.lists(st.sampled_from(chosen), max_size=2, unique=True)))
    return {"Resources": resources}


def values(aws: Aws, name: str) -> dict[str, str]:
    """Every parameter of the stack's in the account, by name: found by the stack's tag."""
    ssm = aws.client("ssm")
    found = ssm.describe_parameters(ParameterFilters=[{"Key": "tag:stack", "Values": [name]}], MaxResults=50)
    names = [item["Name"] for item in found["Parameters"]]
    return {item["Name"]: item["Value"] for item in ssm.get_parameters(Names=names)["Parameters"]} if names else {}


def declared(aws: Aws, name: str, template: dict[str, Any]) -> dict[str, str]:
    """What the template says should be there, by the physical ids that the stack tells."""
    physical = aws.resources(name)
    return {
        physical[logical_id]: resource["Properties"]["Value"]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::SSM::Parameter"
    }


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(templates(), min_size=2, max_size=4))
def test_an_operation_succeeds_whole_or_changes_nothing(aws: Aws, sequence: list[dict[str, Any]]) -> None:
    name = f"model-{next(_numbers)}"
    tags = [{"Key": "stack", "Value": name}]
    current: dict[str, Any] | None = None
    for template in sequence:
        fails = "Bad" in template["Resources"]
        if current is None:
            status = aws.create(name, template, Tags=tags)["StackStatus"]
            if fails:
                assert (status, values(aws, name)) == ("ROLLBACK_COMPLETE", {})
                aws.delete(name)
                continue
            assert status == "CREATE_COMPLETE"
        else:
            before = values(aws, name)
            if not fails and template == current:
                assert refused(partial(aws.update, name, template))[1] == "No updates are to be performed."
                continue
            try:
                status = aws.update(name, template)["StackStatus"]
            except ClientError as error:
                # Only the order of needs changed.
                assert "No updates are to be performed." in str(error)
                continue
            if fails:
                assert (status, values(aws, name)) == ("UPDATE_ROLLBACK_COMPLETE", before)
                assert declared(aws, name, current) == before
                continue
            assert status == "UPDATE_COMPLETE", aws.lines(name)
        current = template
        assert values(aws, name) == declared(aws, name, template)
        assert set(aws.resources(name)) == set(template["Resources"])
    if current is not None:
        assert aws.delete(name)["StackStatus"] == "DELETE_COMPLETE"
    assert values(aws, name) == {}
