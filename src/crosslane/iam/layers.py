"""Every policy that bears on a request, compiled once and asked many times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crosslane.iam.document import Policy
from crosslane.iam.matching import StatementSet

LAYERS = ("identity", "resource", "session", "boundary", "scp", "rcp", "vpce")
"""The names of the layers, in the order in which results are listed."""


@dataclass(frozen=True, slots=True)
class Layers:
    """The policies that bear on requests of one principal for one resource. Make it with ``Layers.of``.

    None means that there is no such policy, which is not the same as one that allows nothing.
    """

    identity: StatementSet
    resource: StatementSet | None = None
    session: StatementSet | None = None
    boundary: StatementSet | None = None
    scps: tuple[StatementSet, ...] = ()
    """One entry a level, root first, account last; empty without an organization."""
    rcps: tuple[StatementSet, ...] = ()
    vpc_endpoint: StatementSet | None = None
    block_public_access: bool = False

    @classmethod
    def of(
        cls,
        identity: Iterable[Policy] = (),
        resource: Policy | None = None,
        session: Iterable[Policy] | None = None,
        boundary: Iterable[Policy] | None = None,
        scps: Sequence[Iterable[Policy]] = (),
        rcps: Sequence[Iterable[Policy]] = (),
        vpc_endpoint: Iterable[Policy] | None = None,
        block_public_access: bool = False,
    ) -> Layers:
        """Compiles the policies.

        ``identity`` are those of the user, its groups, or the role; ``resource`` the policy of the resource, which for
        ``sts:AssumeRole`` is the trust policy and for a KMS key its key policy; ``session`` those passed when the
        session was made; ``scps`` and ``rcps`` those of each level from the root down to the account (AWS's
        RCPFullAWSAccess need not be among them); ``vpc_endpoint`` that of the endpoint the request comes through;
        ``block_public_access`` whether S3 restricts public buckets.
        """
        return cls(
            StatementSet(identity),
            None if resource is None else StatementSet((resource,)),
            _or_none(session),
            _or_none(boundary),
            tuple([StatementSet(level) for level in scps]),
            tuple([StatementSet(level) for level in rcps]),
            _or_none(vpc_endpoint),
            block_public_access,
        )


def _or_none(policies: Iterable[Policy] | None) -> StatementSet | None:
    if policies is None:
        return None
    listed = tuple(policies)
    return StatementSet(listed) if listed else None
