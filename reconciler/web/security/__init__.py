"""Authentication and access: sessions, passwords, BugSpark's token, cross-origin requests."""
