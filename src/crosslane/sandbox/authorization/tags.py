"""Tags of what the sandbox keeps itself, for ``aws:ResourceTag``: asked of the handlers that tell them to clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosslane.sandbox.authorization.context import request_tags
from crosslane.sandbox.authorization.world import TagReader
from crosslane.sandbox.request import Caller, Handler, Request, ServiceError

Key = tuple[str, str]


def readers(handlers: Mapping[Key, Handler], stack_tags: Callable[[str], Mapping[str, str]]) -> dict[str, TagReader]:
    """By prefix. ``stack_tags`` gives the tags of a stack by its ARN."""

    def told(service: str, operation: str, parameters: Callable[[str], Mapping[str, Any]]) -> TagReader:
        def read(arn: str, region: str, account: str) -> Mapping[str, str]:
            caller = Caller(account, "", "")
            request = Request(service, operation, parameters(arn), region, account, caller)
            try:
                answer = handlers[service, operation](request)
            except ServiceError:
                return {}  # there is no such thing
            projects = answer.get("projects")
            return request_tags(answer if projects is None else next(iter(projects), {}))

        return read

    return {
        "cloudformation": lambda arn, region, account: stack_tags(arn),
        "codebuild": told("codebuild", "BatchGetProjects", lambda arn: {"names": [arn.rpartition("/")[2]]}),
        "codecommit": told("codecommit", "ListTagsForResource", lambda arn: {"resourceArn": arn}),
        # Stages and actions of a pipeline have its tags.
        "codepipeline": told("codepipeline", "ListTagsForResource", lambda arn: {"resourceArn": arn.partition("/")[0]}),
    }
