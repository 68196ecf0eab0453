"""The Twisted half: transport, limits, listeners, certificates, configuration, passwords."""
