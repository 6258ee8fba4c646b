"""GitHub's deliveries: verified, noted, answered. Nothing here asks GitHub."""
