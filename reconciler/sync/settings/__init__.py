"""A project's own settings: reading them for a pass, and what people do with them."""
