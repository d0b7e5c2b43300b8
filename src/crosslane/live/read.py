"""Reads what is live. Only describe, get and list calls are made here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from crosslane.aws.errors import DENIED_CODES, AwsError
from crosslane.aws.gateway import Gateway
from crosslane.desired.model import BootstrapState, Desired, Repository, Retired, Tags
from crosslane.errors import EnvironmentFailure
from crosslane.live.model import (
    Absent,
    AccessKey,
    Grants,
    Live,
    LiveData,
    LiveIdentity,
    LivePolicy,
    LiveProvider,
    LiveRepository,
    LiveRole,
    LiveStack,
    LiveUser,
    LocalProfile,
    Reading,
    Unreadable,
    Who,
    canonical,
    canonical_text,
)

V = TypeVar("V")
K = TypeVar("K")

ABSENT_CODES = frozenset(
    {
        "NoSuchEntity",
        "NoSuchBucket",
        "ChangeSetNotFound",
        "RepositoryDoesNotExistException",
        "BranchDoesNotExistException",
        "PipelineNotFoundException",
    }
)
READERS = 12
"""Reads under way at once: enough to hide latency over four accounts, far below any API's rate limit."""


def reading(read: Callable[[], V]) -> Reading[V]:
    """The value of a read, ``Absent`` for AWS's not-found answers, ``Unreadable`` for everything else."""
    try:
        return read()
    except AwsError as error:
        return Absent() if is_absent(error) else Unreadable(str(error), error.code)
    except EnvironmentFailure as error:
        return Unreadable(str(error), error.code)


def is_absent(error: AwsError) -> bool:
    """Whether the error is AWS's way to say that a thing is not there (CloudFormation has no code of its own)."""
    return error.code in ABSENT_CODES or (error.code == "ValidationError" and "does not exist" in error.text)


def side_by_side(reads: Mapping[K, Callable[[], V]]) -> dict[K, V]:
    """The results of independent reads, made in parallel."""
    if len(reads) < 2:
        return {key: read() for key, read in reads.items()}
    with ThreadPoolExecutor(max_workers=min(READERS, len(reads))) as pool:
        futures = {key: pool.submit(read) for key, read in reads.items()}
        return {key: future.result() for key, future in futures.items()}


def read_identity(gateway: Gateway) -> LiveIdentity:
    """Whose credentials the gateway has; needs no permission.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    answer = gateway.call("sts", "GetCallerIdentity")
    return LiveIdentity(answer["Account"], answer["Arn"])


def read_policy(gateway: Gateway, arn: str) -> LivePolicy:
    """The managed policy and the document of its default version."""
    policy = gateway.call("iam", "GetPolicy", {"PolicyArn": arn})["Policy"]
    version = {"PolicyArn": arn, "VersionId": policy["DefaultVersionId"]}
    document = gateway.call("iam", "GetPolicyVersion", version)["PolicyVersion"]["Document"]
    return LivePolicy(arn, canonical(document), _tags(policy.get("Tags", [])), policy.get("UpdateDate"))


def read_user(gateway: Gateway, name: str) -> LiveUser:
    """The user with its attached policies and access keys."""
    asked = {"UserName": name}
    user = gateway.call("iam", "GetUser", asked)["User"]
    attached = gateway.pages("iam", "ListAttachedUserPolicies", "AttachedPolicies", asked)
    keys = gateway.pages("iam", "ListAccessKeys", "AccessKeyMetadata", asked)
    return LiveUser(
        arn=user["Arn"],
        attached=tuple(sorted(policy["PolicyArn"] for policy in attached)),
        boundary=user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        access_keys=tuple(AccessKey(key["AccessKeyId"], key["Status"] == "Active", key["CreateDate"]) for key in keys),
        tags=_tags(user.get("Tags", [])),
        created=user.get("CreateDate"),
    )


def read_role(gateway: Gateway, name: str) -> LiveRole:
    """The role with its trust policy and attached policies."""
    role = gateway.call("iam", "GetRole", {"RoleName": name})["Role"]
    attached = gateway.pages("iam", "ListAttachedRolePolicies", "AttachedPolicies", {"RoleName": name})
    return LiveRole(
        arn=role["Arn"],
        trust=canonical(role["AssumeRolePolicyDocument"]),
        attached=tuple(sorted(policy["PolicyArn"] for policy in attached)),
        boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        max_session_seconds=role.get("MaxSessionDuration", 3600),
        description=role.get("Description", ""),
        tags=_tags(role.get("Tags", [])),
        created=role.get("CreateDate"),
    )


def read_provider(gateway: Gateway, arn: str) -> LiveProvider:
    """The OIDC identity provider."""
    found = gateway.call("iam", "GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": arn})
    return LiveProvider(arn, tuple(sorted(found.get("ClientIDList", []))), _tags(found.get("Tags", [])))


def read_user_grants(gateway: Gateway, name: str) -> Grants:
    """The user's inline policies and groups."""
    named = {"UserName": name}
    groups = gateway.pages("iam", "ListGroupsForUser", "Groups", named)
    return Grants(_names(gateway, "ListUserPolicies", named), tuple(sorted(group["GroupName"] for group in groups)))


def read_role_grants(gateway: Gateway, name: str) -> Grants:
    """The role's inline policies."""
    return Grants(_names(gateway, "ListRolePolicies", {"RoleName": name}), ())


def _names(gateway: Gateway, operation: str, named: Mapping[str, str]) -> tuple[str, ...]:
    found: list[Any] = gateway.pages("iam", operation, "PolicyNames", named)
    return tuple(sorted(str(name) for name in found))


def read_stack(gateway: Gateway, name: str) -> LiveStack:
    """The stack with its template; ``name`` may be an id, which finds deleted stacks too."""
    stack = gateway.call("cloudformation", "DescribeStacks", {"StackName": name})["Stacks"][0]
    template = ""
    if stack["StackStatus"] not in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE"):
        asked = {"StackName": stack["StackId"], "TemplateStage": "Original"}
        body = gateway.call("cloudformation", "GetTemplate", asked)["TemplateBody"]
        template = canonical_text(body) if isinstance(body, str) else canonical(body)
    return LiveStack(
        id=stack["StackId"],
        name=stack["StackName"],
        status=stack["StackStatus"],
        reason=stack.get("StackStatusReason"),
        template=template,
        parameters=tuple(
            (parameter["ParameterKey"], parameter.get("ParameterValue", ""))
            for parameter in stack.get("Parameters", [])
        ),
        outputs=tuple((output["OutputKey"], output["OutputValue"]) for output in stack.get("Outputs", [])),
        tags=_tags(stack.get("Tags", [])),
        updated=last_update(stack),
    )


def last_update(stack: Mapping[str, Any]) -> str | None:
    """When the stack (as DescribeStacks gives it) was last updated; None if it never was."""
    when = stack.get("LastUpdatedTime")
    return None if when is None else str(when)


def read_repository(gateway: Gateway, repository: Repository, branch: str) -> LiveRepository:
    """The CodeCommit repository, its tags, and whether ``branch`` exists."""
    asked = {"repositoryName": repository.name}
    arn = gateway.call("codecommit", "GetRepository", asked)["repositoryMetadata"]["Arn"]
    tags = gateway.call("codecommit", "ListTagsForResource", {"resourceArn": arn}).get("tags", {})
    found = reading(partial(gateway.call, "codecommit", "GetBranch", {**asked, "branchName": branch}))
    return LiveRepository(arn, tuple(sorted(tags.items())), has_branch=isinstance(found, dict))


def read_data(gateway: Gateway, ours: Tags) -> LiveData:
    """The buckets and keys that carry our tags, those that outlived their stack too.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html (2026-11-24)
    """
    asked = {
        "TagFilters": [{"Key": key, "Values": [value]} for key, value in ours],
        "ResourceTypeFilters": ["s3", "kms"],
    }
    found = gateway.pages("resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList", asked)
    arns = sorted(entry["ResourceARN"] for entry in found)
    keys = tuple(arn for arn in arns if ":kms:" in arn and _is_alive(gateway, arn))
    return LiveData(tuple(arn.rsplit(":", 1)[-1] for arn in arns if ":s3:" in arn), keys)


def _is_alive(gateway: Gateway, key_arn: str) -> bool:
    state = gateway.call("kms", "DescribeKey", {"KeyId": key_arn})["KeyMetadata"]["KeyState"]
    return state not in ("PendingDeletion", "PendingReplicaDeletion")


def read_live(
    desired: Desired,
    *,
    branch: str,
    readers: Mapping[str, Gateway],
    identities: Mapping[tuple[str, Who], Reading[LiveIdentity]],
    profiles: Mapping[str, LocalProfile],
) -> Live:
    """All that the desired state is about, read side by side with each account's reader."""
    reads: dict[tuple[str, str, str], Callable[[], Reading[Any]]] = {}
    for state in desired.bootstraps:
        reads |= _bootstrap_reads(state, readers[state.account])
    for gone in desired.retired:
        reads |= _retired_reads(gone, readers[gone.account])
    for stack in desired.stacks:
        read = partial(read_stack, readers[stack.account], stack.name)
        reads["stack", stack.account, stack.name] = partial(reading, read)
    repository = desired.repository
    reads["repository", "", ""] = partial(
        reading, partial(read_repository, readers[repository.account], repository, branch)
    )
    found = side_by_side(reads)
    return Live(
        identities=identities,
        profiles=profiles,
        policies=_of_kind(found, "policy"),
        users=_of_kind(found, "user"),
        roles=_of_kind(found, "role"),
        stacks=_of_kind(found, "stack"),
        repository=found["repository", "", ""],
        providers=_of_kind(found, "provider"),
    )


def denied_accounts(live: Live, repository_account: str) -> frozenset[str]:
    """The accounts in which a read was denied to whoever read."""
    found: list[tuple[str, object]] = [(repository_account, live.repository)]
    for things in (live.policies, live.users, live.roles, live.providers, live.stacks):
        found += [(account, thing) for (account, _), thing in things.items()]
    return frozenset(
        account for account, thing in found if isinstance(thing, Unreadable) and thing.code in DENIED_CODES
    )


def _bootstrap_reads(state: BootstrapState, gateway: Gateway) -> dict[tuple[str, str, str], Callable[[], Reading[Any]]]:
    account = state.account
    reads: dict[tuple[str, str, str], Callable[[], Reading[Any]]] = {}
    for policy in state.policies:
        reads["policy", account, policy.name] = partial(reading, partial(read_policy, gateway, policy.arn))
    if state.user is not None:
        reads["user", account, state.user.name] = partial(reading, partial(read_user, gateway, state.user.name))
    if (provider := state.provider) is not None:
        reads["provider", account, provider.issuer] = partial(reading, partial(read_provider, gateway, provider.arn))
    reads["role", account, state.role.name] = partial(reading, partial(read_role, gateway, state.role.name))
    return reads


def _retired_reads(gone: Retired, gateway: Gateway) -> dict[tuple[str, str, str], Callable[[], Reading[Any]]]:
    reads: dict[tuple[str, str, str], Callable[[], Reading[Any]]] = {}
    for user in gone.users:
        reads["user", gone.account, user.name] = partial(reading, partial(read_user, gateway, user.name))
    for policy in gone.policies:
        reads["policy", gone.account, policy.name] = partial(reading, partial(read_policy, gateway, policy.arn))
    return reads


def _of_kind(found: Mapping[tuple[str, str, str], Any], kind: str) -> dict[tuple[str, str], Any]:
    return {(account, name): value for (is_kind, account, name), value in found.items() if is_kind == kind}


def _tags(tags: Iterable[Mapping[str, str]]) -> Tags:
    return tuple(sorted((tag["Key"], tag["Value"]) for tag in tags))
