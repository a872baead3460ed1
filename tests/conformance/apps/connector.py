"""A connector for Twilio that makes one mistake: `connector.py MISTAKE NUMBER`."""

import base64
import http.client
import json
import os
import sys
import time
from urllib.parse import urlencode, urlsplit

SECONDS = 0.4


def send(to, text="Your code is 482913"):
    known = f"{os.environ['SMS_ACCOUNT_SID']}:{os.environ['SMS_AUTH_TOKEN']}"
    where = urlsplit(os.environ["SMS_BASE_URL"])
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=SECONDS)
    path = f"{where.path}/2010-04-01/Accounts/{os.environ['SMS_ACCOUNT_SID']}/Messages.json"
    form = {"To": to, "From": os.environ["SMS_NUMBER"], "Body": text}
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": f"Basic {base64.b64encode(known.encode()).decode()}",
    }
    connection.request("POST", path, urlencode(form), headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def good(to):
    """Whether the message was taken: everything is read, nothing is raised."""
    try:
        status, body = send(to)
        return status == 201 and bool(json.loads(body)["sid"])
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False


def unfilled(to):
    """Reads everything, and never filled its template."""
    return send(to, "Your code is {{code}}")[0] == 201


def by_status(to):
    """Never reads the body."""
    try:
        return send(to)[0] < 400
    except (OSError, http.client.HTTPException):
        return False


def always(to):
    """Looks at nothing at all."""
    good(to)
    return True


def patient(to):
    """Waits for better days."""
    while not good(to):
        time.sleep(3600)
    return True


def raising(to):
    """Has never seen a refusal."""
    if not good(to):
        raise LookupError("no sid in the answer")
    return True


def aborting(to):
    """As a fault in native code ends a process."""
    if not good(to):
        os.abort()
    return True


def stubborn(to):
    """Three times more, whatever the refusal."""
    return any(good(to) for _ in range(4))


def retrying(to):
    """Once more, where the first was refused."""
    return any(good(to) for _ in range(2))


def twice(to):
    """As from a job that two workers took."""
    first, second = good(to), good(to)
    return first and second


def again(to):
    """Once more, where the first was taken."""
    return good(to) and good(to)


def elsewhere(to):
    """Tells an operator, too, of what failed: that is another message."""
    sent = good(to)
    good("+14155550199")
    return sent


def once(to):
    """Sends nothing any more after the first failure, which it notes in a file."""
    mark = sys.argv[3]
    if os.path.exists(mark):
        return False
    if good(to):
        return True
    open(mark, "w").close()
    return False


MISTAKES = {made.__name__: made for made in (good, by_status, always, patient)}
MISTAKES |= {made.__name__: made for made in (raising, aborting, stubborn, once)}
MISTAKES |= {made.__name__: made for made in (retrying, twice, again, elsewhere, unfilled)}

if __name__ == "__main__":
    mistake, to = sys.argv[1:3]
    if not MISTAKES[mistake](to):
        sys.exit("not sent")
    print("sent")  # noqa: T201 - how it answers
