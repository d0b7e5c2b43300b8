"""What makes all tests faster: sandboxes are forks of a process that has all loaded, and models are read once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from unittest import mock

import botocore.loaders
import botocore.session
import pytest
from hypothesis import HealthCheck, settings

from tests.forked import forking

# A busy machine makes any example slow; the tests' own timeout is what ends one that hangs.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def _fast() -> Iterator[None]:
    with forking(), mock.patch.object(botocore.session, "create_loader", cache(botocore.loaders.create_loader)):
        yield
