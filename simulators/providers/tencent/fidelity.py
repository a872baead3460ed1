"""What of Tencent is emulated, how far, and by which page: rows of the fidelity table."""

EMULATES = (
    (
        "TC3-HMAC-SHA256, HmacSHA1, HmacSHA256; GET and POST",
        "verified, on the Host header or on what SDKs sign at a local address (setting `strict`)",
        "https://cloud.tencent.com/document/api/382/52071",
    ),
    (
        "SendSms, SendMultiGlobalSms",
        "whole; SendSms of 2019-07-11 too, its other operations answer NoSuchVersion",
        "https://cloud.tencent.com/document/api/382/55981",
    ),
    (
        "receipts and replies: pull queues, by number, callbacks",
        "whole; a callback that is not acknowledged is sent again, three times: whether and when is"
        " unverified; fields of the reply callback unverified; a reply of R opts nobody out",
        "https://cloud.tencent.com/document/product/382/43547",
    ),
    (
        "templates and signatures",
        "all operations; the review is whoever runs the simulator, pictures are not looked at",
        "https://cloud.tencent.com/document/api/382/55974",
    ),
    (
        "statistics, packages, number information, conversions",
        "counted from what is kept; refusals as far as the journal goes",
        "https://cloud.tencent.com/document/api/382/55965",
    ),
    (
        "flow control",
        "30 s and day per number, day abroad; hour and application limits are off until a table of"
        " one's own has them, as the console's are; the API rate is provoked by rules",
        "https://cloud.tencent.com/document/product/382/13303",
    ),
    (
        "temporary keys, CAM policies, multi-factor, IP lists",
        "not emulated; their errors are provoked by rules",
        "https://cloud.tencent.com/document/api/382/52067",
    ),
)
