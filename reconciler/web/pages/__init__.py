"""The dashboard: one module per page, what all pages share, templates and static files."""
