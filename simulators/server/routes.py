"""Which endpoint a request is for: by path rule, then method, then the endpoint's `when`."""

from collections.abc import Iterable, Mapping
from functools import cache

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from simulators.kernel.call import Call
from simulators.kernel.provider import Endpoint, Provider
from simulators.routing import Rule


def by_path(endpoints: Iterable[Endpoint]) -> Mapping[str, tuple[Endpoint, ...]]:
    """Endpoints by their path rule, in their order."""
    found: dict[str, tuple[Endpoint, ...]] = {}
    for endpoint in endpoints:
        found[endpoint.path] = (*found.get(endpoint.path, ()), endpoint)
    return found


def literal(url_map: Map) -> None:
    """Paths are matched as they came: no slash is added, merged or redirected to."""
    url_map.strict_slashes = False
    url_map.merge_slashes = False


def match(provider: Provider, call: Call) -> tuple[tuple[Endpoint, ...], Mapping[str, str]]:
    """The endpoints at a request's path, none where nobody serves it, and the path's variables."""
    rules, url_map = _table(provider.endpoints)
    try:
        path, params = url_map.bind("localhost").match(call.path, call.method)
    except HTTPException:
        return (), {}
    return rules[path], params


@cache
def _table(endpoints: tuple[Endpoint, ...]) -> tuple[Mapping[str, tuple[Endpoint, ...]], Map]:
    rules, url_map = by_path(endpoints), Map()
    literal(url_map)
    for path in rules:
        url_map.add(Rule(path, endpoint=path))
    return rules, url_map
