"""What an operator asked for and cannot have: each text is one line for the operator, never for a client."""

__all__ = ["Refused"]


class Refused(Exception):
    """What was asked for is not done."""
