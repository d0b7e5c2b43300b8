"""The log of a build: lines to CloudWatch Logs, by the build's role, while the build runs.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html (2026-11-25)
"""

from __future__ import annotations

import codecs
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_FLUSH_SECONDS = 0.25
_EVENTS = 5000
_BYTES = 200_000
_LINE = 100_000


class BuildLog:
    """Takes bytes as they come and sends whole lines. ``client`` is one of ``logs``; None keeps nothing."""

    def __init__(self, client: Any | None, group: str, stream: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._group = group
        self._stream = stream
        self._clock = clock
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._lines: list[tuple[int, str]] = []
        self._secrets: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._send_all, name="build log", daemon=True)

    def open(self) -> None:
        """Makes the stream, and the group if there is none. Raises botocore's ``ClientError``."""
        if self._client is None:
            return
        try:
            self._client.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            self._client.create_log_group(logGroupName=self._group)
            self._client.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
        self._thread.start()

    def hide(self, secrets: list[str]) -> None:
        """Values that are written as ``***`` from now on."""
        self._secrets = tuple(sorted(filter(None, secrets), key=len, reverse=True))

    def write(self, data: bytes) -> None:
        """Takes output; a line is sent when it is whole."""
        with self._lock:
            text = self._rest + self._decode.decode(data)
            *lines, self._rest = text.split("\n")
            if len(self._rest) > _LINE:
                lines.append(self._rest)
                self._rest = ""
            self._add(lines)

    def say(self, text: str) -> None:
        """A line of CodeBuild's own."""
        self.write(f"[Container] {self._clock():%Y/%m/%d %H:%M:%S.%f} {text}\n".encode())

    def close(self) -> None:
        """Sends what is left."""
        with self._lock:
            if self._rest:
                self._add([self._rest])
                self._rest = ""
            self._closed = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _add(self, lines: list[str]) -> None:
        if self._client is None:
            return
        now = int(self._clock().timestamp() * 1000)
        for line in lines:
            told = line.rstrip("\r")
            for secret in self._secrets:
                told = told.replace(secret, "***")
            self._lines.append((now, told[:_LINE] or " "))

    def _send_all(self) -> None:
        while True:
            self._wake.wait(_FLUSH_SECONDS)
            closed = self._closed
            if not self._send():
                return
            if closed:
                return

    def _send(self) -> bool:
        """Sends what there is; False where it cannot be sent, and then never again."""
        assert self._client is not None
        while batch := self._batch():
            events = [{"timestamp": when, "message": text} for when, text in batch]
            try:
                self._client.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=events)
            except (ClientError, BotoCoreError):
                return False
        return True

    def _batch(self) -> list[tuple[int, str]]:
        with self._lock:
            size = count = 0
            for _, text in self._lines[:_EVENTS]:
                size += len(text.encode()) + 26
                if count and size > _BYTES:
                    break
                count += 1
            batch, self._lines = self._lines[:count], self._lines[count:]
            return batch
