"""As the SDK's manual has it: twilio-python, its own exception caught. `by_sdk.py NUMBER`."""

import os
import sys

from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

client = Client(
    os.environ["SMS_ACCOUNT_SID"],
    os.environ["SMS_AUTH_TOKEN"],
    http_client=TwilioHttpClient(timeout=0.5),
)
client.api.base_url = os.environ["SMS_BASE_URL"]
try:
    message = client.messages.create(
        to=sys.argv[1], from_=os.environ["SMS_NUMBER"], body="Your code is 482913"
    )
except TwilioException as error:
    sys.exit(f"not sent: {error}")
print("sent", message.sid)  # noqa: T201 - how it answers
