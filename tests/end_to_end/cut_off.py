"""Runs crosslane and cuts it off at an instant that can be chosen again: python -m … SIGNAL INSTANT NUMBER ARGUMENT…

INSTANT is ``before-call`` (the NUMBERth API call is about to be sent), ``after-call`` (its answer has arrived and
nobody has seen it yet) or ``before-rename`` (a file that was written is about to take its place).
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from typing import Any

import botocore.endpoint

from crosslane.cli.main import main


def arrange(number: int, which: str, instant: int) -> None:
    """Send this process the signal ``number`` at the instant."""
    count = itertools.count(1)
    lock = threading.Lock()
    send = botocore.endpoint.Endpoint.make_request

    def reached() -> bool:
        with lock:
            return next(count) == instant

    def cut() -> None:
        os.kill(os.getpid(), number)
        if number == signal.SIGKILL:
            time.sleep(60)

    def make_request(self: Any, *arguments: Any) -> Any:
        now = reached()
        if now and which == "before-call":
            cut()
        answer = send(self, *arguments)
        if now and which == "after-call":
            cut()
        return answer

    def on_event(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename" and reached():
            cut()

    if which == "before-rename":
        sys.addaudithook(on_event)
    else:
        botocore.endpoint.Endpoint.make_request = make_request  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    name, which_, instant_, *rest = sys.argv[1:]
    arrange(getattr(signal, name), which_, int(instant_))
    sys.argv = ["crosslane", *rest]
    main()
