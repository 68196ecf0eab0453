"""The addresses of other archives lead to the same messages here.

Each module adds the forms of one kind of archive; of those that fit an address the first that knows wins.
"""

from gateway.web.machine.redirects import pipermail  # isort: skip
from gateway.web.machine.redirects import hyperkitty  # isort: skip
from gateway.web.machine.redirects import public_inbox  # isort: skip
from gateway.web.machine.redirects import others  # isort: skip
from gateway.web.machine.redirects.forms import forwarded

__all__ = ["forwarded", "hyperkitty", "others", "pipermail", "public_inbox"]
