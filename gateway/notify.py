"""Telling the service manager how we are (sd_notify), and taking over the sockets that it or an earlier version opened."""

from __future__ import annotations

import contextlib
import os
import socket

__all__ = ["notify"]


def notify(*states: str) -> None:
    """Tell systemd, where it started us and wants to know: ``READY=1``, ``RELOADING=1``, ``STOPPING=1``, ``MAINPID=…``."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # in Linux's abstract namespace
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),  # who does not listen need not know
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way,
    ):
        way.sendto("\n".join(states).encode(), address)
