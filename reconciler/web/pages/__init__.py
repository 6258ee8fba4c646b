"""The dashboard: one module per page, what pages have in common, templates and static files."""
