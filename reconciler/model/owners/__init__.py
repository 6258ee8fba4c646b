"""What owners of projects are told: values and pure functions. Imports the standard library and the model."""
