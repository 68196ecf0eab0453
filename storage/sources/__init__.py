"""What goes in: files and folders of mail as sources of messages, whatever their format.

``detect`` tells by its content which source a path is: ``mboxfile`` (an mbox that may grow, split by ``mbox``),
``whole`` (what is read from the beginning each time: compressed files, tar archives, single messages, standard
input), ``directory`` (a file a message, laid out as ``maildir``, ``mh`` or ``eml``), ``volumes`` (a file a month, as
``pipermail`` has them), ``blists`` (a web page a message) or ``public_inbox`` (a commit a message).
"""

from storage.sources.base import MAX_MESSAGE, SETTLED, Incoming, Rejected, Source
from storage.sources.detect import STANDARD_INPUT, expand, open_source
from storage.sources.names import list_id_name

__all__ = [
    "MAX_MESSAGE",
    "SETTLED",
    "STANDARD_INPUT",
    "Incoming",
    "Rejected",
    "Source",
    "expand",
    "list_id_name",
    "open_source",
]
