"""GitHub's webhook deliveries: verified, recorded, answered. No request to GitHub is made here."""
