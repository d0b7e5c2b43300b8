"""How a template gets to CloudFormation: in the call, or through the artifact bucket where it is too large."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping

from crosslane.apply.hands import Hands
from crosslane.aws.errors import AwsError
from crosslane.aws.gateway import Gateway
from crosslane.desired.model import Stack
from crosslane.errors import OutcomeError

LARGEST_BODY = 51_200
"""Bytes of a TemplateBody. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

PREFIX = "crosslane/templates"


@contextlib.contextmanager
def template_argument(stack: Stack, gateway: Gateway, hands: Hands) -> Iterator[Mapping[str, str]]:
    """``TemplateBody``, or a ``TemplateURL`` in the artifact bucket that is taken away again afterwards.

    Only the account that holds the bucket can take that way: another account's caller may not read it.
    """
    body = stack.template.encode()
    if len(body) <= LARGEST_BODY:
        yield {"TemplateBody": stack.template}
        return
    buckets = [
        value
        for output, value in hands.found.outputs.items()
        if output.key == "ArtifactBucket" and output.account == stack.account
    ]
    if not buckets:
        raise OutcomeError(
            f"the template of stack {stack.name} has {len(body):,} bytes, a call takes {LARGEST_BODY:,} at the most, "
            "and there is no artifact bucket in this account to send it through",
            code="TemplateTooLarge",
            account=stack.account,
            next="split the stages over several pipelines",
        )
    place = {"Bucket": buckets[0], "Key": f"{PREFIX}/{hashlib.sha256(body).hexdigest()}.json"}
    # S3's own encryption: the deployer has no use of the artifacts' key, and a template is no secret.
    stored = {"Body": body, "ContentType": "application/json", "ServerSideEncryption": "AES256"}
    gateway.call("s3", "PutObject", {**place, **stored})
    try:
        yield {"TemplateURL": _url(place["Bucket"], place["Key"], hands)}
    finally:
        with contextlib.suppress(AwsError):
            gateway.call("s3", "DeleteObject", place)


def _url(bucket: str, key: str, hands: Hands) -> str:
    place = hands.cloud.place
    if place.endpoint is not None:
        return f"{place.endpoint}/{bucket}/{key}"
    suffix = "amazonaws.com.cn" if place.region.startswith("cn-") else "amazonaws.com"
    return f"https://{bucket}.s3.{place.region}.{suffix}/{key}"
