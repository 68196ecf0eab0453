"""Synthetic mailing-list archives of any size, with the truth about who answers whom.

The same options give the same octets. What is modelled: threads of which a third are single messages and few are
long; patch series that come in bursts; four styles of header; answers that quote the real text of what they answer, up
to three deep; dates that are a little off, or wildly; mail sent to several lists, every third of which puts its name
into the subject and a footer below; and every kind of damage in ``RATES``, flagged in the truth.

Flags: ``x`` sent to several lists, ``d`` a second time with the same text, ``D`` another mail's Message-ID, ``n`` no
Message-ID, ``i`` In-Reply-To only, ``s`` answers by subject only, ``g`` In-Reply-To without or beside an id, ``t``
References cut short, ``o`` answers what was never archived, ``m`` multipart, ``r`` encoded words, ``8`` raw 8-bit
header, ``b`` bad Date, ``B`` no Date, ``z`` nasty octets, ``f`` ``From `` in the body, ``S`` no Subject, ``e`` empty
body, ``c`` body in another character set.
"""

from tests.synthetic.archive import Generator, Truth
from tests.synthetic.options import MIME_SHARE, RATES, Options

__all__ = ["MIME_SHARE", "RATES", "Generator", "Options", "Truth"]
