"""The web pages: each module adds its own to the table of ``gateway.web.routes``."""

from gateway.web.pages import calendar, lists, mailing_list, message, raw, recent, thread, threads

__all__ = ["calendar", "lists", "mailing_list", "message", "raw", "recent", "thread", "threads"]
