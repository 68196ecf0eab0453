"""The archive: protocol-neutral storage of mailing lists. Imports neither ``gateway`` nor Twisted."""

__version__ = "0.4.0"
