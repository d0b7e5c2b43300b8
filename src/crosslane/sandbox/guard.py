"""Keeps a process from reaching anything but this machine, whatever its libraries try.

Python asks its audit hooks before it connects, sends or looks a host up; a hook that raises stops it
(https://docs.python.org/3/library/audit_events.html). moto would otherwise call what subscriptions and integrations
name.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

_SENDING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKING_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})


class NotLoopbackError(PermissionError):
    """Something in this process tried to reach another machine."""


def allow_loopback_only() -> None:
    """From now on and for good, this process connects to loopback addresses and local sockets only."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in _SENDING:
        target = arguments[-1]
    elif event in _LOOKING_UP:
        target = arguments[0]
    else:
        return
    host = target[0] if isinstance(target, tuple) else target
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if isinstance(target, (tuple, str)) and isinstance(host, str) and not is_loopback(host):
        raise NotLoopbackError(f"the sandbox reaches this machine only, and not {host}")


def is_loopback(host: str) -> bool:
    """Whether the host, a name or an address, is this machine; paths of local sockets are."""
    if host in ("", "localhost") or host.startswith(("/", "\0")):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
