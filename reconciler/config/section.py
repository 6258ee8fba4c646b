"""What sections of the configuration are made of: their base, and the kinds of their values."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

from reconciler.config import validators
from reconciler.model.secret import Secret


def secret_validator(check: Any = lambda text: text) -> PlainValidator:
    """Return the validator of a secret; `check` takes its text and returns it, or raises ValueError."""

    def wrap(value: object) -> Secret:
        if isinstance(value, Secret):
            value = value.reveal()
        if not isinstance(value, str):
            raise validators.invalid_value_error("is not text", "put it in quotes")
        return Secret(check(value))

    return PlainValidator(wrap)


PositiveInt = Annotated[int, Field(ge=1)]
PositiveSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
WebUrl = Annotated[str, AfterValidator(validators.validate_web_url)]


class SettingsSection(BaseModel):
    """A frozen section: unknown keys are errors, and values are not converted between types."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )
