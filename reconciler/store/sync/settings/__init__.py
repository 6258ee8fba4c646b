"""Projects' own settings, as rows of `sync_settings`."""
