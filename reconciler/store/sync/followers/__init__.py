"""Reports that follow the report which leads an issue, as rows of `sync_followers`."""
