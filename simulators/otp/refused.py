"""A request that is refused, and the body of the answer that says so."""

import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from simulators.otp.connector import ConnectorError
from simulators.otp.errors import ERRORS


class Refused(Exception):
    """A request that is refused with a row of `ERRORS`. `data` goes into the body as it is,
    `extra` beside it, `words` into the text; `status` overrides the row's."""

    def __init__(
        self,
        code: str,
        data: Any = None,
        *,
        status: int = 0,
        details: str = "",
        extra: Mapping[str, str] = MappingProxyType({}),
        **words: str,
    ) -> None:
        super().__init__(code)
        row = ERRORS[code]
        self.code = code
        self.status = status or row.status
        self.message = _filled(row.text, words)
        self.data = data
        self.details = details or _details(data)
        self.extra = extra

    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        found = {"message": self.message, "code": self.code, **self.extra}
        if self.data is not None:
            found["data"] = self.data
        if self.details:
            found["details"] = self.details
        return found


def from_connector(error: ConnectorError) -> Refused:
    """What the service answers when its connector raised: the connector's code with its data."""
    data = {"message": error.data} if isinstance(error.data, str) else error.data
    code = f"connector.{error.code}"
    if code in ERRORS and error.code != "general":
        return Refused(code, data)
    told = data.get("errorDescription") if isinstance(data, Mapping) else None
    if not isinstance(told, str):
        told = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return Refused("connector.general", data, errorDescription=told)


def _filled(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: words.get(found[1], found[0]), text)


def _details(data: Any) -> str:
    if not isinstance(data, Mapping) or data.get("name") != "ZodError":
        return ""
    return "\n".join(_lines(data["issues"]))


def _lines(issues: list[dict[str, Any]]) -> Iterator[str]:
    for issue in issues:
        path = ".".join(map(str, issue["path"]))
        told = issue["message"]
        if issue["code"] == "invalid_type":
            told = f"Expected {issue['expected']} but received {issue['received']}."
        yield f'Error in key path "{path}": ({issue["code"]}) {told}'
