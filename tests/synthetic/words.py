# ruff: noqa: RUF001, SIM905  texts in many scripts; lists of words are easier to read as text
"""What made-up people are called and talk about."""

from __future__ import annotations

import base64
from typing import Final

__all__ = [
    "FIRST_NAMES",
    "FOREIGN_NAMES",
    "FOREIGN_SUBJECTS",
    "FOREIGN_TEXTS",
    "LAST_NAMES",
    "SYLLABLES",
    "WORDS",
    "encoded_word",
]

WORDS: Final = """
the to of a and is in that it this for be not on with as are we you if have but can i or from so
by an at will which do was when there all patch would one code should use then has just any only
think like what them some these also they more because now does need same no could other kernel
driver device memory function call return pointer lock page list error value set check case since
first two may before after new still see make time into out up using used data here already
instead read write add remove change fix get where while without being want means how than over
most even better way both each between again either however really actually probably maybe sure
right wrong thing problem issue bug test testing build version series commit branch tree merge
upstream stable review comment please thanks sorry agree fine good nice look looks sense simple
obvious possible bit flag mask field struct member type size length offset buffer queue ring entry
index table map node root parent child block file inode path name directory mount super cache
flush sync wait wake sleep timer interrupt irq thread task process cpu core numa node cgroup
namespace user space group policy label context security module hook access permission allow deny
audit key certificate signature hash digest verify trust boot firmware table platform bus clock
reset power suspend resume runtime state mode config option default parameter argument variable
local global static inline const volatile macro header source line compile compiler warning sparse
smatch gcc clang rust python script tool tests selftest unit coverage report syzbot crash oops
panic trace stack dump log message print debug info verbose network packet socket stream protocol
connection server client request response reply timeout retry failure success handle handler
register unregister probe init exit start stop enable disable create destroy alloc free release
reference count leak overflow underflow race deadlock recursion order barrier atomic acquire load
store copy move swap insert delete find search lookup walk iterate loop break continue goto label
switch branch condition statement document documentation description changelog subject tag link
reported tested reviewed signed behaviour semantics interface abi compatibility regression
performance latency throughput benchmark measure number percent difference slow fast slower faster
large small huge tiny maintainer subsystem series resend rebase conflict apply applied queued
pushed pulled dropped tomorrow today yesterday week month release candidate window later earlier
soon weekend mailing archive thread header newsgroup folder message digest quoting client server
mirror
""".split()

SYLLABLES: Final = """
ab ac ad al am an ar as at ba be bi bo bu ca ce ci co cu da de di do du el en er es fa fe fi fo ga
ge gi go ha he hi ho id il im in ir is it ka ke ki ko la le li lo lu ma me mi mo mu na ne ni no nu
ob od ol om on op or os pa pe pi po ra re ri ro ru sa se si so su ta te ti to tu ul um un ur us va
ve vi vo wa we wi xa xe ya yo za ze zo
""".split()

FIRST_NAMES: Final = """
Alan Boris Carla Dmitri Elena Felix Greta Hans Ingrid Jonas Karin Lena Marco Nadia Oskar Paula
Quentin Rosa Stefan Tanja Uwe Vera Wanda Xenia Yves Zoe Ana Ben Chen David Emma Fred Gita Hugo
Irene Jack Kate Liam Mia Noah Olga Petr Rita Sam Tom Uma Vik Wei Yuki Zhang
""".split()

LAST_NAMES: Final = """
Abel Baker Castro Dahl Eriksen Fischer Gruber Hansen Ivanov Jansen Keller Larsen Meyer Novak Olsen
Peters Quist Rossi Schmidt Tanaka Ulrich Vogel Weber Xu Young Zeller Arno Brandt Conti Durand
Engel Frank Garcia Huber Ito Jung Kraus Lopez Moreau Nagy Okafor Park Rao Sato Tran Ueda Varga
Wang Yilmaz Zhou
""".split()

# A text, the character set it is encoded in, and whether by Q or by B (RFC 2047).
FOREIGN_NAMES: Final = (
    ("Jürgen Müller", "utf-8", "q"),
    ("Jérôme Lefèvre", "iso-8859-1", "q"),
    ("Łukasz Żak", "utf-8", "b"),
    ("Søren Ågård", "utf-8", "q"),
    ("Иван Петров", "koi8-r", "b"),
    ("Ольга Сидорова", "utf-8", "b"),
    ("王小明", "gb2312", "b"),
    ("李雷", "utf-8", "b"),
    ("佐藤花子", "iso-2022-jp", "b"),
    ("김철수", "euc-kr", "b"),
    ("Günther Weiß", "iso-8859-15", "q"),
    ("Ðorđe Čović", "utf-8", "q"),
    ("José Peña", "windows-1252", "q"),
    ("Σωκράτης", "iso-8859-7", "b"),
    ("Škoda Jiří", "iso-8859-2", "q"),
)

FOREIGN_SUBJECTS: Final = (
    ("Проблема с загрузкой модуля", "koi8-r", "b"),
    ("Größenänderung schlägt fehl", "iso-8859-1", "q"),
    ("内存泄漏问题", "gb2312", "b"),
    ("パッチについて", "iso-2022-jp", "b"),
    ("Dépassement de tampon – noyau", "utf-8", "q"),
    ("Łatka na błąd odczytu", "utf-8", "b"),
    ("메모리 오류 보고", "euc-kr", "b"),
    ("naïve façade → segfault", "utf-8", "q"),
    ("Pregunta sobre la señal de reloj", "windows-1252", "q"),
    ("Ερώτηση για το δίκτυο", "utf-8", "b"),
)

FOREIGN_TEXTS: Final = (
    "Ich glaube, daß die Größe hier falsch geprüft wird; können wir das später ändern?",
    "Je ne suis pas sûr que ça marche après la mise à jour, à vérifier côté français.",
    "Мне кажется, что блокировка здесь не нужна, но я проверю ещё раз.",
    "这个补丁看起来没有问题，但是我还没有测试。",
    "この変更はテストしました。問題ありません。",
    "Señor, la función devuelve un valor inválido cuando el tamaño es cero…",
    "naïve “quotes” – dashes — ellipsis… ½ °C µs",
)


def encoded_word(text: str, charset: str, how: str) -> bytes:
    """Return a text as one encoded word (RFC 2047 s. 2), however long; ``how`` is ``q`` or ``b``."""
    octets = text.encode(charset)
    name = charset.encode()
    if how == "b":
        return b"=?%b?B?%b?=" % (name, base64.b64encode(octets))
    written = b"".join(
        b"_" if octet == 32 else b"%c" % octet if _is_plain(octet) else b"=%02X" % octet
        for octet in octets
    )
    return b"=?%b?Q?%b?=" % (name, written)


def _is_plain(octet: int) -> bool:
    return octet < 128 and chr(octet).isalnum()
