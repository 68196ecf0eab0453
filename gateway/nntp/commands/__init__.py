"""The commands, one family a module: a module here is loaded by ``gateway.nntp`` and adds rows to the tables."""
