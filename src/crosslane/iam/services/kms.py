"""AWS KMS.

Key policies decide alone: "No AWS principal, including the account root user or key creator, has any permissions to a
KMS key unless they are explicitly allowed, and never denied, in a key policy, IAM policy, or grant", and identity
policies count only where the key policy lets them, that is, names the account:
https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html (2026-11-24).

Grants are left out: a call that only a grant allows is decided as denied.
"""

from __future__ import annotations

from crosslane.iam.request import Request


def needs_key_policy(request: Request) -> bool:
    """Whether the request is for a KMS key, so that the key policy must allow it. Aliases and "*" have none."""
    return request.action.startswith("kms:") and request.parts[-1].startswith("key/")
