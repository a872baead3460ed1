"""How far this stand-in goes: what, how far, and who says what the original does."""

_MESSAGE = "https://www.twilio.com/docs/messaging/api/message-resource"
EMULATES = (
    ("Create, read, list, redact, cancel and delete messages", "every field and state", _MESSAGE),
    (
        "Every refusal of a create",
        "by parameter where it follows from one, else by a rule",
        _MESSAGE,
    ),
    (
        "Order of the checks, and which of 35114, 35115 and 35117 goes with which fault",
        "chosen: not documented",
        "https://www.twilio.com/docs/api/errors",
    ),
    (
        "Sender-dependent failures behind a Messaging Service",
        "201 first, then a status with the code",
        "https://www.twilio.com/docs/api/errors/21611",
    ),
    (
        "Sender pools",
        "one sender for each recipient; names where a region takes them, by a short list",
        "https://www.twilio.com/docs/messaging/services",
    ),
    (
        "Test credentials",
        "all magic numbers; a MessagingServiceSid is refused as 20008, which is a guess",
        "https://www.twilio.com/docs/iam/test-credentials",
    ),
    (
        "ValidityPeriod, ProvideFeedback, ForceDelivery, Attempt, ShortenUrls, SendAsMms",
        "checked where a code exists; without effect, since nothing waits long enough",
        _MESSAGE,
    ),
    (
        "Smart Encoding",
        "applied when it gets the whole text into GSM-7",
        "https://www.twilio.com/docs/messaging/services/smart-encoding-char-list",
    ),
    ("Prices", "0.0079 a segment, whatever the country", _MESSAGE),
    (
        "HTTP concurrency limit, 20429",
        "by a rule only: the figure is not published",
        "https://www.twilio.com/docs/api/errors/20429",
    ),
    (
        "Landlines, premium numbers",
        "premium only for +1900; landlines by a rule",
        "https://www.twilio.com/docs/api/errors/21614",
    ),
    (
        "Calls, number purchase, Lookup, Verify, RCS, A2P registration, subaccounts, OAuth",
        "not there: answered 20404 or 20003",
        "https://www.twilio.com/docs/usage/api",
    ),
)
