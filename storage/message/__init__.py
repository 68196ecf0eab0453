"""Pure functions on a message's octets: bytes in, values out. None raises on anything that mail may hold."""
