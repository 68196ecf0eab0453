"""The command line, as next door."""

from tests.cli.conftest import listgate, program

__all__ = ["listgate", "program"]
