"""The IAM policies inside a CloudFormation template in JSON.

Which properties hold a policy:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html. Intrinsic
functions are not evaluated: what they would give is not known here, and rules leave it alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crosslane.iam.lint.subject import Kind
from crosslane.iam.lint.unknown import unknown
from crosslane.iam.locate import escape
from crosslane.iam.repeated import Repeated

_PROPERTIES: dict[str, tuple[tuple[str, Kind], ...]] = {
    "AWS::IAM::Role": (("AssumeRolePolicyDocument", Kind.TRUST), ("Policies/*/PolicyDocument", Kind.IDENTITY)),
    "AWS::IAM::User": (("Policies/*/PolicyDocument", Kind.IDENTITY),),
    "AWS::IAM::Group": (("Policies/*/PolicyDocument", Kind.IDENTITY),),
    "AWS::IAM::Policy": (("PolicyDocument", Kind.IDENTITY),),
    "AWS::IAM::ManagedPolicy": (("PolicyDocument", Kind.IDENTITY),),
    "AWS::IAM::RolePolicy": (("PolicyDocument", Kind.IDENTITY),),
    "AWS::IAM::UserPolicy": (("PolicyDocument", Kind.IDENTITY),),
    "AWS::IAM::GroupPolicy": (("PolicyDocument", Kind.IDENTITY),),
    "AWS::S3::BucketPolicy": (("PolicyDocument", Kind.BUCKET),),
    "AWS::KMS::Key": (("KeyPolicy", Kind.KEY),),
    "AWS::KMS::ReplicaKey": (("KeyPolicy", Kind.KEY),),
    "AWS::SQS::QueuePolicy": (("PolicyDocument", Kind.RESOURCE),),
    "AWS::SNS::TopicPolicy": (("PolicyDocument", Kind.RESOURCE),),
    "AWS::SecretsManager::ResourcePolicy": (("ResourcePolicy", Kind.RESOURCE),),
    "AWS::ECR::Repository": (("RepositoryPolicyText", Kind.RESOURCE),),
    "AWS::EC2::VPCEndpoint": (("PolicyDocument", Kind.VPC_ENDPOINT),),
}
_NO_VALUE = {"Ref": "AWS::NoValue"}
_REFERENCE = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Embedded:
    """A policy in a template: its JSON value with intrinsic functions replaced, and what stands before its pointers."""

    pointer: str
    kind: Kind
    document: Any


def is_template(document: Any) -> bool:
    """Whether the JSON value is a CloudFormation template rather than a policy."""
    if not isinstance(document, Mapping) or "Statement" in document:
        return False
    resources = document.get("Resources")
    return isinstance(resources, Mapping) and any(
        isinstance(one, Mapping) and isinstance(one.get("Type"), str) for one in resources.values()
    )


def policies_in(template: Mapping[str, Any]) -> Iterator[Embedded]:
    """Every policy of the template's resources, in order."""
    for name, resource in template["Resources"].items():
        if not isinstance(resource, Mapping) or not isinstance(resource.get("Type"), str):
            continue
        for path, kind in _PROPERTIES.get(resource["Type"], ()):
            base = f"/Resources/{escape(str(name))}/Properties"
            for pointer, value in _at(resource.get("Properties"), path.split("/"), base):
                document = resolve(value)
                if isinstance(document, Mapping):
                    yield Embedded(pointer, kind, document)


def _at(value: Any, path: list[str], pointer: str) -> Iterator[tuple[str, Any]]:
    if not path:
        yield pointer, value
    elif path[0] == "*":
        for index, one in enumerate(value if isinstance(value, list | tuple) else ()):
            yield from _at(one, path[1:], f"{pointer}/{index}")
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:], f"{pointer}/{path[0]}")


def resolve(value: Any) -> Any:
    """``value`` with each intrinsic function replaced by a stand-in; other values keep their shape."""
    if isinstance(value, Mapping):
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name == "Ref" or (isinstance(name, str) and name.startswith("Fn::")):
                return _intrinsic(name, argument)
        out = Repeated((key, resolve(one)) for key, one in value.items() if one != _NO_VALUE)
        out.keys_again = value.keys_again if isinstance(value, Repeated) else ()
        return out if out.keys_again else dict(out)
    if isinstance(value, list | tuple):
        return [resolve(one) for one in value if one != _NO_VALUE]
    return value


def _intrinsic(name: str, argument: Any) -> Any:
    match name, argument:
        case "Ref", str():
            return "aws" if argument == "AWS::Partition" else unknown(argument)
        case "Fn::GetAtt", [str() as logical_id, str() as attribute]:
            return unknown(f"{logical_id}.{attribute}")
        case "Fn::GetAtt" | "Fn::ImportValue", str():
            return unknown(argument)
        case "Fn::Sub", str():
            return _substitute(argument)
        case "Fn::Sub", [str() as text, *_]:
            return _substitute(text)
        case "Fn::Join", [str() as separator, [*parts]]:
            texts = [resolve(part) for part in parts]
            return separator.join(one if isinstance(one, str) else unknown("Fn::Join") for one in texts)
        case "Fn::If", [str(), first, second]:
            first, second = resolve(first), resolve(second)
            return first if isinstance(first, str | list | dict) and first != unknown("AWS::NoValue") else second
        case _:
            return unknown(name)


def _substitute(text: str) -> str:
    """``Fn::Sub``: ``${!Literal}`` stays a policy variable, all else is not known but the partition."""

    def put(found: re.Match[str]) -> str:
        literal, name = found.groups()
        if literal:
            return f"${{{name}}}"
        return "aws" if name == "AWS::Partition" else unknown(name)

    end = text.rfind("}") + 1  # behind it nothing can match, and looking would take quadratic time
    return _REFERENCE.sub(put, text[:end]) + text[end:]
