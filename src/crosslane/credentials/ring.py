"""Access keys' secrets in the system's keyring: one entry for each key, found by the key's id.

The ``keyring`` package is an extra and is imported only when a config asks for it.
https://pypi.org/project/keyring/ (2026-11-25)
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from importlib.util import find_spec

from crosslane.credentials.secret import Keys, Secret
from crosslane.errors import EnvironmentFailure

NOT_THERE = "KeyNotInKeyring"
"""The error code where the keyring has no secret of a key: another machine made it, or somebody removed it."""

UNUSABLE = "keyring-unusable"
"""The id of the caution that a wanted keyring cannot be used: secrets are then in the file, which every run says."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """There is no keyring to use; ``reason`` says why, ``next`` what would help."""

    reason: str
    next: str


@dataclass(frozen=True, slots=True)
class Ring:
    """The entries of one pipeline, under the name ``service``. What fails raises ``EnvironmentFailure``."""

    service: str

    def load(self, access_key_id: str) -> Keys:
        """The key with its secret; code ``KeyNotInKeyring`` if the keyring has none."""
        import keyring
        from keyring.errors import KeyringError

        try:
            secret = keyring.get_password(self.service, access_key_id)
        except KeyringError as error:
            raise _failed("read", error) from None
        if secret is None:
            raise EnvironmentFailure(
                f"the keyring has no secret of the access key {access_key_id}",
                code=NOT_THERE,
                next="crosslane up makes a new key",
            )
        return Keys(access_key_id, Secret(secret))

    def keep(self, keys: Keys) -> None:
        """Store the secret, and see that it can be read back: some keyrings take everything and keep nothing."""
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(self.service, keys.access_key_id, keys.secret_access_key.reveal())
        except KeyringError as error:
            raise _failed("written", error) from None
        if self.load(keys.access_key_id) != keys:
            raise EnvironmentFailure("the keyring does not give back what it was given", code="KeyringFailed")

    def forget(self, access_key_id: str) -> None:
        """Remove the secret, if it is there; a keyring that refuses keeps it: it is no use once the key is gone."""
        import keyring
        from keyring.errors import KeyringError

        with contextlib.suppress(KeyringError):
            keyring.delete_password(self.service, access_key_id)


def open_ring(service: str) -> Ring | Unusable:
    """The keyring of this machine, or why there is none that keeps secrets."""
    if find_spec("keyring") is None:
        return Unusable("the keyring package is not installed", "pip install 'crosslane[keyring]'")
    import keyring

    backend = keyring.get_keyring()
    try:
        usable = float(backend.priority) > 0
    except (RuntimeError, TypeError, ValueError):  # what a backend raises that does not work here
        usable = False
    if not usable:
        return Unusable(
            "this machine has no keyring that can be used", "python -m keyring --list-backends shows what there is"
        )
    return Ring(service)


def _failed(doing: str, error: Exception) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"the keyring cannot be {doing}: {type(error).__name__}",
        code="KeyringFailed",
        next='unlock it, or set key_store = "file" under [bootstrap]',
    )
