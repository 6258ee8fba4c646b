"""The JSON API: its routes, the shapes of its answers, and how they are made of the model's values."""
