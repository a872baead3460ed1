"""Path rules whose builder of URLs is compiled when somebody asks for one."""

from werkzeug.routing import Map

from simulators.routing import Rule


def test_urls_are_built_as_by_werkzeug_s_own_rules():
    """Twice from one rule, the variables quoted, and what is no part of the path as a query."""
    urls = Map([Rule("/sms/<id>", endpoint="sms", defaults={"page": 1})]).bind("localhost")

    assert ("sms", {"id": "a", "page": 1}) == urls.match("/sms/a")
    assert ["/sms/a%20b", "/sms/c"] == [urls.build("sms", {"id": id_}) for id_ in ("a b", "c")]
    assert "/sms/a?more=x" == urls.build("sms", {"id": "a", "more": "x"})
