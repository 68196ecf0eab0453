"""What the web archive has for programs: documents, feeds and mailboxes, and the addresses of other archives."""
