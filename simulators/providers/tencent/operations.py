"""The operations of the one path: which function carries out which action.

The actions: https://cloud.tencent.com/document/product/382/52077
"""

from simulators.kernel.provider import Endpoint, Query, Send
from simulators.providers.tencent import (
    numbers,
    pull,
    replies,
    send,
    signs,
    statistics,
    templates,
    wire,
)


def _endpoints(operation: str, name: str, does: Send | Query) -> tuple[Endpoint, ...]:
    """An operation of the one path, by POST and by GET."""
    return tuple(
        Endpoint(
            operation=operation,
            method=method,
            path="/",
            read=wire.read,
            when=lambda call: wire.action(call) == name,
            does=does,
        )
        for method in ("POST", "GET")
    )


_HANDLED = (
    ("pull-sms-send-status", "PullSmsSendStatus", pull.receipts),
    ("pull-sms-send-status-by-phone-number", "PullSmsSendStatusByPhoneNumber", pull.receipts_of),
    ("pull-sms-reply-status", "PullSmsReplyStatus", replies.queue),
    ("pull-sms-reply-status-by-phone-number", "PullSmsReplyStatusByPhoneNumber", replies.by_number),
    ("send-status-statistics", "SendStatusStatistics", statistics.sent),
    ("callback-status-statistics", "CallbackStatusStatistics", statistics.received),
    ("sms-packages-statistics", "SmsPackagesStatistics", statistics.packages),
    ("describe-phone-number-info", "DescribePhoneNumberInfo", numbers.describe),
    ("report-conversion", "ReportConversion", statistics.converted),
    ("add-sms-template", "AddSmsTemplate", templates.add),
    ("modify-sms-template", "ModifySmsTemplate", templates.modify),
    ("delete-sms-template", "DeleteSmsTemplate", templates.delete),
    ("describe-sms-template-list", "DescribeSmsTemplateList", templates.describe),
    ("add-sms-sign", "AddSmsSign", signs.add),
    ("modify-sms-sign", "ModifySmsSign", signs.modify),
    ("delete-sms-sign", "DeleteSmsSign", signs.delete),
    ("describe-sms-sign-list", "DescribeSmsSignList", signs.describe),
)

ENDPOINTS = (
    *_endpoints("send-sms", "SendSms", Send(send.parse, send.answer, per_recipient=True)),
    *_endpoints(
        "send-multi-global-sms",
        "SendMultiGlobalSms",
        Send(send.parse_multi, send.answer_multi, per_recipient=True),
    ),
    *(
        e
        for operation, name, handle in _HANDLED
        for e in _endpoints(operation, name, Query(handle))
    ),
    *(
        Endpoint(
            operation="unknown-action",
            method=method,
            path="/",
            read=wire.read,
            does=Query(wire.unknown_action),
            public=True,
        )
        for method in ("POST", "GET")
    ),
)
