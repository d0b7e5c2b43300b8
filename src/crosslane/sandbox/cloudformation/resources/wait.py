"""CloudFormation's own: wait condition handles, which need no call to any service.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-waitconditionhandle.html
(2026-11-24)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from crosslane.sandbox.cloudformation.resources.model import Context, Live, Properties, ResourceType


def _create(context: Context, properties: Properties) -> Mapping[str, Any]:
    host = f"cloudformation-waitcondition-{context.region}.s3.{context.region}.amazonaws.com"
    url = f"https://{host}/{quote(context.stack_id, safe='')}/{context.logical_id}"
    context.made(url)
    return {"Id": url}


def _update(context: Context, live: Live, new: Properties) -> Mapping[str, Any]:
    return live.attributes


def _delete(context: Context, live: Live) -> None:
    """Nothing exists outside the stack."""


def _read(context: Context, live: Live) -> Properties | None:
    return {}


TYPES = (
    ResourceType(
        name="AWS::CloudFormation::WaitConditionHandle",
        shape={},
        create=_create,
        update=_update,
        delete=_delete,
        read=_read,
        attributes=frozenset({"Id"}),
    ),
)
