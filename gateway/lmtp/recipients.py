"""Which list a recipient's address stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.lmtp.addresses import local_part
from storage.errors import NoSuchList

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from storage.archive import Archive

__all__ = ["Recipients"]


class Recipients:
    """Finds a list by the addresses that the configuration has, by its posting address, or by its name.

    ``addresses`` maps addresses to names of lists, which need not be there yet. A list's own name stands before any
    domain. Case does not matter but between lists that differ in nothing else, and what follows a ``+`` is passed over
    where nothing is called so with it.
    """

    def __init__(self, archive: Archive, addresses: Mapping[str, str] | None = None) -> None:
        self._archive = archive
        self.replace(addresses or {})

    def replace(self, addresses: Mapping[str, str]) -> None:
        """Go by these addresses from now on."""
        self._addresses = {address.casefold(): name for address, name in addresses.items()}

    def find(self, address: bytes) -> str | None:
        """Return the name of the list that mail to this address is for, or None."""
        records = self._archive.lists()
        by_address = {each.address.casefold(): each.name for each in records} | self._addresses
        names = [each.name for each in records]
        by_name = {name.casefold(): name for name in names} | {name: name for name in names}
        domain = _text(address.rpartition(b"@")[2]).casefold()
        for local in _with_and_without_detail(_text(local_part(address))):
            folded = local.casefold()
            found = (
                by_address.get(f"{folded}@{domain}") or by_name.get(local) or by_name.get(folded)
            )
            if found is not None:
                return found
        return None

    def takes_mail(self, name: str) -> bool:
        """Tell whether mail can be added to a list: a twin changes as its origin does, and in no other way."""
        try:
            return not self._archive.mailing_list(name).origin
        except NoSuchList:
            return True


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _with_and_without_detail(local: str) -> Iterator[str]:
    """Yield a local part, and what is left of it without what follows a ``+``, the longest first."""
    while local:
        yield local
        local = local.rpartition("+")[0]
