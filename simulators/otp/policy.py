"""How the reference OTP service is run: known to who starts it, before the service is loaded."""

from dataclasses import dataclass

SENDS_PER_RECIPIENT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the service is run. `faithful` has the blind spots of Logto's connectors too;
    `sends_per_recipient` are let through in ten minutes; with a `token`, the Management API wants
    it. Codes, ids and tokens are foretold by a `seed`; without one nobody foretells them."""

    faithful: bool = False
    sends_per_recipient: int = SENDS_PER_RECIPIENT
    token: str = ""
    seed: str = ""
