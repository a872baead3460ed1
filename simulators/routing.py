"""The path rules of Flask apps that build no URLs, as all here are."""

from collections.abc import Callable
from typing import Any

from werkzeug import routing


class Rule(routing.Rule):
    """A path rule whose builder of URLs is compiled by the first URL that is built, by an app's own
    views if at all: to compile them beforehand took most of an app's start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: list[Callable[..., tuple[str, str]]] = []
        compiling = super()._compile_builder

        def build(rule: "Rule", /, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(compiling(append_unknown))
            return compiled[0](rule, **values)

        return build
