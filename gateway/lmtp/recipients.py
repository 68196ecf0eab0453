"""Which list a recipient's address stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.lmtp.addresses import local_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from storage.archive import Archive

__all__ = ["Recipients"]


class Recipients:
    """Finds a list by the addresses that the configuration has, by its posting address, or by its name.

    ``addresses`` maps addresses to names of lists, which need not be there yet. A list's own name stands before any
    domain. Case does not matter, and what follows a ``+`` is passed over where nothing is called so with it.
    """

    def __init__(self, archive: Archive, addresses: Mapping[str, str] | None = None) -> None:
        self._archive = archive
        self.replace(addresses or {})

    def replace(self, addresses: Mapping[str, str]) -> None:
        """Go by these addresses from now on."""
        self._addresses = {address.casefold(): name for address, name in addresses.items()}

    def find(self, address: bytes) -> str | None:
        """Return the name of the list that mail to this address is for, or None."""
        local = local_part(address).decode("utf-8", "replace").casefold()
        domain = address.rpartition(b"@")[2] if b"@" in address else b""
        suffix = f"@{domain.decode('utf-8', 'replace').casefold()}"
        for name in _with_and_without_detail(local):
            found = self._addresses.get(name + suffix) or self._in_archive(name, name + suffix)
            if found is not None:
                return found
        return None

    def _in_archive(self, name: str, address: str) -> str | None:
        """Return the list with this posting address, else the one called so."""
        called = None
        for record in self._archive.lists():
            if record.address.casefold() == address:
                return record.name
            if record.name.casefold() == name:
                called = record.name
        return called


def _with_and_without_detail(local: str) -> Iterator[str]:
    yield local
    base, plus, _ = local.partition("+")
    if plus and base:
        yield base
