"""The web pages: each module adds its own to the table of ``gateway.web.routes``."""

from gateway.web.pages import lists, mailing_list, message

__all__ = ["lists", "mailing_list", "message"]
