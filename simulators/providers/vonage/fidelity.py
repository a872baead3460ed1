"""What of Vonage is emulated, how far, and by which page."""

_DOCS = "https://developer.vonage.com/en"

EMULATES = (
    (
        "Submissions, JSON and XML",
        "all parameters, forms and queries, parts, prices; refusals as rows of the catalogue",
        f"{_DOCS}/api/sms",
    ),
    (
        "Signatures",
        "the five methods; the window of 300 s is UNVERIFIED; what two SDKs sign by a setting",
        f"{_DOCS}/getting-started/concepts/signing-messages",
    ),
    (
        "Throughput",
        "30 requests a second for a key, one for a US number, with the wait computed",
        "https://help.nexmo.com/hc/en-us/articles/203993598",
    ),
    (
        "Receipts",
        "by GET, POST and POST-JSON, signed if asked for; one a part; "
        "the pauses between attempts are UNVERIFIED",
        f"{_DOCS}/messaging/sms/guides/delivery-receipts",
    ),
    (
        "Inbound messages",
        "as receipts are; a long one whole, not in parts; no binary; no keyword opts out",
        f"{_DOCS}/messaging/sms/guides/inbound-sms",
    ),
    (
        "Price and network",
        "one price and one network a country, twenty countries",
        f"{_DOCS}/api/sms",
    ),
    (
        "Balance, settings, search, conversion",
        "as the SDKs call them; no rejections, no price lists",
        f"{_DOCS}/api/account",
    ),
    (
        "Text outside GSM 7-bit without type=unicode",
        "becomes `?`, which is UNVERIFIED",
        f"{_DOCS}/messaging/sms/concepts/encoding-and-sizes",
    ),
)
