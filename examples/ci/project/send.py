"""Sends a one-time code by Twilio: `python send.py NUMBER`. Exit code 0 says that it was taken.

In production TWILIO_URL is not set and the messages are real.
"""

import base64
import http.client
import json
import os
import sys
from urllib.parse import urlencode
from urllib.request import Request, urlopen

SECONDS = 2


def send(to: str, code: str) -> str:
    """The id of the message. Raises `RuntimeError` for one that was not taken, or may not be."""
    account, token = os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"]
    base = os.environ.get("TWILIO_URL", "https://api.twilio.com")
    form = {"To": to, "From": os.environ["TWILIO_NUMBER"], "Body": f"Your code is {code}"}
    known = base64.b64encode(f"{account}:{token}".encode()).decode()
    request = Request(f"{base}/2010-04-01/Accounts/{account}/Messages.json")
    request.add_header("Authorization", f"Basic {known}")
    try:
        with urlopen(request, urlencode(form).encode(), timeout=SECONDS) as answer:
            return str(json.load(answer)["sid"])
    except (OSError, http.client.HTTPException) as error:  # refused, or no answer
        raise RuntimeError(f"not sent: {error}") from error
    except (ValueError, LookupError, TypeError) as error:  # an answer that is none of Twilio's
        raise RuntimeError(f"may not be sent: {error}") from error


if __name__ == "__main__":
    try:
        sys.stdout.write(f"sent {send(sys.argv[1], '482913')}\n")
    except RuntimeError as refused:
        sys.exit(str(refused))
