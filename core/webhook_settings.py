"""Settings of what is sent out: webhooks."""

import base64
import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def _callable_address(url: str) -> str:
    """Return an address as it travels: its host in ASCII (IDNA), its path percent-encoded.

    Raises:
        ValueError: it cannot be called.
    """
    import httpx2  # heavy

    try:
        address = httpx2.URL(url)
    except httpx2.InvalidURL as problem:
        raise ValueError(f"this cannot be called: {problem}") from None
    host = address.raw_host.decode("ascii")
    if ":" not in host and not all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")):
        raise ValueError(f"this cannot be called: {address.host} is not the name of a host")
    if address.port is not None and not 1 <= address.port <= 65535:
        raise ValueError(f"this cannot be called: there is no port {address.port}")
    return str(address)


class WebhookSettings(BaseModel):
    """Where events are sent."""

    url: (
        Annotated[
            str,
            Field(pattern=r"^https?://[^\s/@]+(/\S*)?$", max_length=2000),
            AfterValidator(_callable_address),
        ]
        | None
    ) = Field(default=None, description="Every event is sent to this address; unset: none is")
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
