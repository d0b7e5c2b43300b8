"""What authorization has to know of the sandbox's state: entities and their policies, resources and theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crosslane.iam import PolicyKind
from crosslane.sandbox.authorization.organization import Organizations
from crosslane.sandbox.authorization.policies import Named
from crosslane.sandbox.identities import Identities, Identity, Kind
from crosslane.sandbox.services.iam_policies import AwsManagedPolicies
from crosslane.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Entity:
    """The policies on a principal's own side. ``boundary`` and ``session`` are None where there are none."""

    identity: tuple[Named, ...] = ()
    boundary: tuple[Named, ...] | None = None
    session: tuple[Named, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Owned:
    """A resource as far as it is known: whether it is there, its policy, its tags, whether it keeps the public out."""

    exists: bool = True
    policy: Named | None = None
    kind: PolicyKind = PolicyKind.RESOURCE
    tags: Mapping[str, str] = field(default_factory=dict)
    block_public_access: bool = False


_NOTHING = Owned()

TagReader = Callable[[str, str, str], Mapping[str, str]]
"""From an ARN, its region and its account to the resource's tags."""


class StoreWorld:
    """The sandbox's own state. ``stack_of`` gives the stack of a change set."""

    def __init__(
        self,
        store: Store,
        identities: Identities,
        organizations: Organizations,
        managed: AwsManagedPolicies,
        stack_of: Callable[[str], str | None] = lambda arn: None,
    ) -> None:
        self.store = store
        self.identities = identities
        self.organizations = organizations
        self._managed = managed
        self._stack_of = stack_of
        self.tag_readers: dict[str, TagReader] = {}
        """By prefix: who knows the tags of what the sandbox keeps itself."""

    # -- what the operation map asks -------------------------------------------------------------------------------

    @property
    def partition(self) -> str:
        return self.store.partition

    def entity(self, account: str, kind: str, name: str) -> str:
        found = self._entity(account, kind, name)
        return str(found.arn) if found is not None else f"arn:{self.partition}:iam::{account}:{kind}/{name}"

    def boundary(self, account: str, kind: str, name: str) -> str | None:
        found = self._entity(account, kind, name)
        return None if found is None else _boundary_arn(found)

    def user_name(self, access_key: str | None) -> str | None:
        found = self.identities.find(access_key or "")
        return found.name if found is not None and found.kind is Kind.USER else None

    def bucket_owner(self, bucket: str) -> str | None:
        from moto.s3.models import s3_backends

        return s3_backends.bucket_accounts.get(bucket, (None, None))[1]

    def has_object(self, bucket: str, key: str) -> bool:
        found = self._bucket(bucket)
        return found is not None and key in found.keys

    def key(self, account: str, region: str, named: str) -> str | None:
        parts = named.split(":", 5)
        if len(parts) == 6:
            region, account = parts[3], parts[4]
        if account not in self.store.accounts:
            return None
        found = self.store.kms_key(account, region, named)
        return None if found is None else str(found.arn)

    def ciphertext_key(self, region: str, blob: bytes) -> str | None:
        key_id = blob[:36].decode("ascii", "replace")
        for account in self.store.accounts:
            found = self.store.backend("kms", account, region).keys.get(key_id)
            if found is not None:
                return str(found.arn)
        return None

    def stack_of_change_set(self, arn: str) -> str | None:
        return self._stack_of(arn)

    # -- what encryption asks ----------------------------------------------------------------------------------------

    def store_bucket(self, name: str) -> Any:
        """moto's bucket, None if there is none."""
        return self._bucket(name)

    def stored_object(self, bucket: str, key: str, version: str | None) -> Any:
        """moto's object with its encryption, None if there is none."""
        found = self._bucket(bucket)
        if found is None:
            return None
        if version is None:
            return found.keys.get(key)
        return next((one for one in found.keys.getlist(key, []) if str(one.version_id) == version), None)

    def key_state(self, arn: str) -> str:
        """KMS's word for the state of a key that exists."""
        parts = arn.split(":", 5)
        return str(self.store.backend("kms", parts[4], parts[3]).keys[parts[5].removeprefix("key/")].key_state)

    # -- principals --------------------------------------------------------------------------------------------------

    def policies_of(self, identity: Identity) -> Entity:
        """Everything attached to the principal, in force now."""
        if identity.kind is Kind.ROOT:
            return Entity()
        if identity.kind is Kind.USER:
            user = self.store.user(identity.principal_arn)
            if user is None:
                return Entity()
            held = [*_held(user), *self._of_groups(identity.account, user)]
            return Entity(tuple(held), self._boundary(identity.account, user), None, {**_tags(user), **identity.tags})
        # By its id, which a session's own id begins with: looking through all roles for the ARN takes longer.
        role = self.store.iam(identity.account).roles.get(identity.user_id.partition(":")[0])
        if role is None or role.arn != identity.principal_arn:
            role = self.store.role(identity.principal_arn)
        if role is None:
            return Entity()
        session = tuple(self._session(identity)) or None
        tags = {**_tags(role), **identity.tags}
        return Entity(tuple(_held(role)), self._boundary(identity.account, role), session, tags)

    def _of_groups(self, account: str, user: Any) -> Iterator[Named]:
        for group in list(self.store.iam(account).groups.values()):
            if user in group.users:
                yield from _held(group)

    def _session(self, identity: Identity) -> Iterator[Named]:
        if identity.policy:
            yield f"session policy of {identity.arn}", identity.policy
        for arn in identity.policy_arns:
            found = self._document(identity.account, arn)
            if found is not None:
                yield arn, found

    def _boundary(self, account: str, entity: Any) -> tuple[Named, ...] | None:
        arn = _boundary_arn(entity)
        if arn is None:
            return None
        found = self._document(account, arn)
        # A boundary whose policy is gone allows nothing.
        return () if found is None else ((arn, found),)

    def _document(self, account: str, arn: str) -> str | None:
        self._managed.require_arn(account, arn)
        policy = self.store.iam(account).managed_policies.get(arn)
        return None if policy is None else _default_document(policy)

    def _entity(self, account: str, kind: str, name: str) -> Any:
        iam = self.store.iam(account)
        held: Mapping[str, Mapping[str, Any]] = {"role": iam.roles, "user": iam.users, "group": iam.groups}
        entities = list(held[kind].values())
        return next((one for one in entities if one.name == name), None)

    # -- resources ---------------------------------------------------------------------------------------------------

    def owned(self, arn: str, account: str) -> Owned:
        """The resource of this ARN, as far as its kind is known here."""
        parts = arn.split(":", 5)
        if len(parts) < 6:
            return _NOTHING
        service, region, resource = parts[2], parts[3], parts[5]
        if service == "s3":
            return self._of_bucket(resource.partition("/")[0])
        if service == "kms" and resource.startswith("key/"):
            return self._of_key(account, region, resource[4:])
        if service == "iam" and resource.startswith(("role/", "user/", "policy/")):
            return self._of_iam(arn, account, resource)
        if service == "events" and resource.startswith("event-bus/"):
            return self._of_bus(account, region, resource[10:])
        return _NOTHING

    def tags(self, arn: str, account: str) -> Mapping[str, str]:
        """The tags of a resource of any service: those that the sandbox keeps itself, else moto's."""
        parts = arn.split(":", 5)
        if len(parts) < 6 or account not in self.store.accounts:
            return {}
        reader = self.tag_readers.get(parts[2])
        if reader is not None:
            return reader(arn, parts[3], account)
        try:
            backend = self.store.backend(parts[2], account, parts[3])
            tagged = list(backend.iter_tagged_resources())
        except (AttributeError, ImportError, KeyError, NotImplementedError, ValueError):
            return {}  # a service without tags, or without the region
        # Log groups' ARNs are told with and without what is below them.
        wanted = arn.partition(":log-stream:")[0]
        return next((dict(one.tags) for one in tagged if one.arn.removesuffix(":*") == wanted), {})

    def _of_bucket(self, name: str) -> Owned:
        bucket = self._bucket(name)
        if bucket is None:
            return Owned(exists=False)
        policy = None
        if bucket.policy:
            text = bucket.policy.decode() if isinstance(bucket.policy, bytes) else str(bucket.policy)
            policy = (f"bucket policy of {name}", text)
        block = bucket.public_access_block
        restricts = block is not None and str(block.restrict_public_buckets).lower() == "true"
        return Owned(policy=policy, block_public_access=restricts)

    def _of_key(self, account: str, region: str, key_id: str) -> Owned:
        if account not in self.store.accounts:
            return Owned(exists=False)
        key = self.store.backend("kms", account, region).keys.get(key_id)
        if key is None:
            return Owned(exists=False)
        return Owned(policy=(f"key policy of {key.arn}", str(key.policy)), tags=_pairs(self._key_tags(account, key)))

    def _key_tags(self, account: str, key: Any) -> Any:
        backend = self.store.backend("kms", account, key.region)
        return backend.tagger.get_tag_dict_for_resource(key.id)

    def _of_iam(self, arn: str, account: str, resource: str) -> Owned:
        if resource.startswith("role/"):
            role = self.store.role(arn)
            if role is None:
                return Owned(exists=False)
            trust = (f"trust policy of {arn}", str(role.assume_role_policy_document))
            return Owned(policy=trust, kind=PolicyKind.TRUST, tags=_tags(role))
        if resource.startswith("user/"):
            user = self.store.user(arn)
            return Owned(exists=False) if user is None else Owned(tags=_tags(user))
        policy = self.store.iam(account).managed_policies.get(arn)
        return Owned(exists=False) if policy is None else Owned(tags=_tags(policy))

    def _of_bus(self, account: str, region: str, name: str) -> Owned:
        if account not in self.store.accounts:
            return Owned(exists=False)
        bus = self.store.backend("events", account, region).event_buses.get(name)
        if bus is None:
            return Owned(exists=False)
        statements = [statement.describe() for statement in list(bus._statements.values())]
        if not statements:
            return _NOTHING
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        return Owned(policy=(f"policy of event bus {name}", document))

    def _bucket(self, name: str) -> Any:
        owner = self.bucket_owner(name)
        if owner is None:
            return None
        return self.store.backend("s3", owner, self.store.partition).buckets.get(name)


def _held(entity: Any) -> Iterator[Named]:
    """Managed policies by ARN, then inline ones."""
    for arn, policy in list(entity.managed_policies.items()):
        yield arn, _default_document(policy)
    for name, document in list(entity.policies.items()):
        yield f"inline policy {name} of {entity.arn}", document


def _default_document(policy: Any) -> str:
    """The text of the version in force."""
    for version in policy.versions:
        if version.is_default:
            return str(version.document)
    return str(policy.versions[-1].document)


def _boundary_arn(entity: Any) -> str | None:
    """moto keeps it on roles; the sandbox keeps it on users in the same shape."""
    found = getattr(entity, "permissions_boundary", None)
    return str(found["PermissionsBoundaryArn"]) if found else None


def _tags(entity: Any) -> Mapping[str, str]:
    """moto keeps tags as {KEY: {"Key", "Value"}}, or as a list of them."""
    return _pairs(getattr(entity, "tags", None))


def _pairs(found: Any) -> Mapping[str, str]:
    if not found:
        return {}
    if isinstance(found, Mapping):
        return {str(key): str(one["Value"] if isinstance(one, Mapping) else one) for key, one in found.items()}
    return {str(one["Key"]): str(one["Value"]) for one in found}
