"""The commands of the command line: one module for each family, each a row of ``gateway.cli.FAMILIES``.

A family has ``add(command)``, which makes the parsers of its commands and names what each runs; that returns the exit
code. What only some commands need is imported where it is needed, so that the others start sooner.
"""
