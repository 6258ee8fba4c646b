"""Who asks, and what they may: sessions, passwords, BugSpark's token, cross-origin requests."""
