"""The web pages: each module adds its own to the table of ``gateway.web.routes``."""

from gateway.web.pages import (
    calendar,
    charts,
    guide,
    lists,
    mailing_list,
    message,
    raw,
    recent,
    robots,
    search,
    thread,
    threads,
)

__all__ = [
    "calendar",
    "charts",
    "guide",
    "lists",
    "mailing_list",
    "message",
    "raw",
    "recent",
    "robots",
    "search",
    "thread",
    "threads",
]
