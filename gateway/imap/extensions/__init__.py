"""The extensions, one a module: a module here is loaded by ``gateway.imap`` and adds rows to the tables."""
