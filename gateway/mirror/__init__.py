"""Lists from other servers, and to them: clients of their protocols, and what is pulled and pushed through them.

The client cores (``nntp_client``) take octets and give octets; ``connection`` moves them over a blocking socket. None
of this runs in the process that serves readers.
"""
