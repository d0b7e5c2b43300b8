"""Shortens pauses of the Python process that finds this on its path: ``BENCH_PACE`` is the factor.

The AWS CLI looks at a change set every 5 seconds and at a stack every 30, and has no option for it. Where the
waiting of AWS itself is scaled down, these pauses (and crosslane's own) have to shrink with it, or the ratio would
be one of pauses.
"""

import os
import threading
import time
from typing import Any

_factor = float(os.environ.get("BENCH_PACE", "1"))

if _factor != 1:
    _sleep, _wait = time.sleep, threading.Event.wait

    def sleep(seconds: Any) -> None:
        _sleep(seconds * _factor)

    def wait(self: threading.Event, timeout: float | None = None) -> bool:
        return _wait(self, timeout if timeout is None else timeout * _factor)

    time.sleep = sleep
    threading.Event.wait = wait  # type: ignore[method-assign]
