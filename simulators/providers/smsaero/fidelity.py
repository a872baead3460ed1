"""What of SMS Aero is emulated, how far, and by which source: rows of the fidelity table."""

_SDK = "https://github.com/smsaero/smsaero_python"
_GO = "https://github.com/smsaero/smsaero_golang"
_RECORDED = "https://github.com/cloudloyalty/smsaero-client"

EMULATES = (
    (
        "sms/send, sms/testsend, sms/status, sms/teststatus, sms/list, sms/testlist",
        "whole, as JSON, form or query; shortLink, channel and marker are ignored",
        _SDK,
    ),
    ("Basic with e-mail and API key", "whole; the realm of WWW-Authenticate is ours", _RECORDED),
    (
        "wrong fields",
        "shape and `number` as recorded; HTTP 400 and the reasons of other fields are UNVERIFIED",
        _RECORDED,
    ),
    (
        "no credit",
        "`result: no credits`, which all official SDKs look for, with HTTP 200; the balance falls"
        " with sends where one is counted",
        _SDK,
    ),
    (
        "numbers",
        "7 to 15 digits, no plus; a 7 has to be followed by a mobile number of Russia or"
        " Kazakhstan; that numbers of other countries are taken by their length is ours",
        _SDK,
    ),
    (
        "prices",
        "those of FREE SIGN as in the SDK's sample, all others ours; operators by prefix, numbers"
        " that changed operator are not known",
        _SDK,
    ),
    ("callbacks", "on each status; names of fields, POST and three retries are UNVERIFIED", _GO),
    (
        "statuses",
        "numbers as documented; words for all but queue, delivery and moderation UNVERIFIED",
        _RECORDED,
    ),
    ("blacklist", "a message to a number of it ends with status 6, UNVERIFIED", _SDK),
    ("hlr/check, hlr/status", "every number that can be sent to is available after 2 s", _SDK),
    (
        "viber/send, viber/list, viber/statistic, viber/sign/list",
        "pictures and buttons are not looked at, a CASCADE sends no SMS; signs are those of SMS",
        _SDK,
    ),
    (
        "groups, contacts, cards, balance/add, sign/add",
        "whole, 1000 of a kind; a sign is approved by whoever runs the simulator",
        _SDK,
    ),
    ("telegram, mobile-id, flashcall, voicecode", "no", _SDK),
)
