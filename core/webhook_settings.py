"""Settings of what is sent out: webhooks."""

import base64
from typing import Annotated, Self

from pydantic import BaseModel, Field, SecretStr, model_validator


class WebhookSettings(BaseModel):
    """Where events are sent."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$", max_length=2000)] | None = Field(
        default=None, description="Every event is sent to this address; unset: none is"
    )
    secret: SecretStr | None = Field(
        default=None, description="Signs what is sent: `whsec_` and 24 to 64 random bytes in base64"
    )
    seconds: float = Field(default=15, gt=0, le=60, description="Longest wait for the receiver")
    retries: tuple[float, ...] = Field(
        default=(5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        max_length=20,
        description="Seconds before each further try when an event was not taken, as JSON",
    )

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.url is None:
            return self
        said = self.secret.get_secret_value() if self.secret else ""
        try:
            key = base64.b64decode(said.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if not said.startswith("whsec_") or not 24 <= len(key) <= 64:
            raise ValueError("with an address the secret must be `whsec_` and 24 to 64 bytes in base64")
        return self
