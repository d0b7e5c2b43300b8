"""CloudFormation: stacks by name are ``stack/NAME/*``; a template's macros are resources too.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html,
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html (2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crosslane.sandbox.authorization.operations.derived import condition_keys
from crosslane.sandbox.authorization.operations.model import Facts, Row, Use, Values, arn
from crosslane.sandbox.request import Request

_STACK_NAME = ("StackName", "StackId", "StackARN")
_TRANSFORM = re.compile(r"AWS::(Serverless-2016-10-31|Include|LanguageExtensions|SecretsManager-\S+?|CodeDeploy\w+)")


def _on_stack(request: Request, facts: Facts) -> Iterator[Use]:
    action = f"cloudformation:{request.operation}"
    context = _context(action, request.parameters)
    resource = _stack(request, facts)
    if resource is None:
        # DescribeStacks, ListChangeSets and the like without a name are for all stacks.
        yield Use(action, arn(facts, request, "cloudformation", "stack/*/*"), context=context)
        return
    yield Use(action, resource, context=context)
    if request.operation == "DetectStackDrift":
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html (2026-11-25)
        yield Use("cloudformation:DetectStackResourceDrift", resource)
    if request.operation in ("CreateChangeSet", "CreateStack", "UpdateStack"):
        for name in transforms_of(str(request.parameters.get("TemplateBody") or "")):
            transform = f"arn:{facts.partition}:cloudformation:{request.region}:aws:transform/{name}"
            # AWS's own macros have no account; rights to them are the caller's account's to give.
            yield Use("cloudformation:CreateChangeSet", transform, account=request.caller.account)


def _on_nothing(request: Request, facts: Facts) -> Iterator[Use]:
    """Operations for templates and lists: no resource. A summary may be of a stack."""
    action = f"cloudformation:{request.operation}"
    stack = _stack(request, facts)
    yield Use(action, stack or "*", context=_context(action, request.parameters))


def transforms_of(template: str) -> list[str]:
    """AWS's own macros that a template's text names in its ``Transform``."""
    return list(dict.fromkeys(_TRANSFORM.findall(template))) if "Transform" in template else []


def _stack(request: Request, facts: Facts) -> str | None:
    for name in _STACK_NAME:
        given = request.parameters.get(name)
        if given:
            text = str(given)
            return text if text.startswith("arn:") else arn(facts, request, "cloudformation", f"stack/{text}/*")
    change_set = str(request.parameters.get("ChangeSetName") or "")
    if change_set.startswith("arn:"):
        return facts.stack_of_change_set(change_set) or change_set
    return None


def _context(action: str, given: Mapping[str, Any]) -> dict[str, Values]:
    keys = condition_keys(action)
    context: dict[str, Values] = {}
    for key, name in (
        ("cloudformation:TemplateUrl", "TemplateURL"),
        ("cloudformation:StackPolicyUrl", "StackPolicyURL"),
        ("cloudformation:RoleArn", "RoleARN"),
        ("cloudformation:ChangeSetName", "ChangeSetName"),
    ):
        if key in keys and given.get(name):
            context[key] = (
                str(given[name]).rpartition("changeSet/")[2].partition("/")[0]
                if _is_id(given[name])
                else (str(given[name]))
            )
    if "cloudformation:ResourceTypes" in keys and given.get("ResourceTypes"):
        context["cloudformation:ResourceTypes"] = tuple(given["ResourceTypes"])
    imported = [one.get("ResourceType", "") for one in given.get("ResourcesToImport") or ()]
    if "cloudformation:ImportResourceTypes" in keys and imported:
        context["cloudformation:ImportResourceTypes"] = tuple(imported)
    return context


def _is_id(value: Any) -> bool:
    return ":changeSet/" in str(value)


_ON_STACK = (
    "CancelUpdateStack",
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "CreateStack",
    "DeleteChangeSet",
    "DeleteStack",
    "DescribeChangeSet",
    "DescribeChangeSetHooks",
    "DescribeStackEvents",
    "DescribeStackResource",
    "DescribeStackResourceDrifts",
    "DescribeStackResources",
    "DescribeStacks",
    "DetectStackDrift",
    "DetectStackResourceDrift",
    "ExecuteChangeSet",
    "GetStackPolicy",
    "GetTemplate",
    "ListChangeSets",
    "ListStackResources",
    "RollbackStack",
    "SetStackPolicy",
    "SignalResource",
    "UpdateStack",
    "UpdateTerminationProtection",
)
_ON_NOTHING = (
    "EstimateTemplateCost",
    "GetTemplateSummary",
    "ListExports",
    "ListImports",
    "ListStacks",
    "ValidateTemplate",
)

ROWS: Mapping[tuple[str, str], Row] = {
    **{
        ("cloudformation", operation): _on_stack
        for operation in _ON_STACK
        if operation != "DescribeStackDriftDetectionStatus"
    },
    **{("cloudformation", operation): _on_nothing for operation in (*_ON_NOTHING, "DescribeStackDriftDetectionStatus")},
}
