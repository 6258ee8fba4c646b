"""The JSON API: routes, response models, and the serializers that make them of the model's values."""
