"""What owners of projects are told: values and pure functions. May import the standard library and the model."""
