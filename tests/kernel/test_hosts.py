"""Which provider a request to a vendor's host is for."""

from dataclasses import dataclass

import pytest

from simulators.kernel.hosts import Hosts, HostTaken


@dataclass
class Endpoint:
    path: str


class Served:
    """A provider of nothing but hosts and paths."""

    def __init__(self, name, hosts, *paths, account="", more=()):
        self.name, self.hosts, self.more_hosts = name, tuple(hosts), tuple(more)
        self.account = account or name
        self.endpoints = [Endpoint(path) for path in paths]


SMS = Served("acme", ["api.acme.example", "rest.acme.example"], "/sms", "/account/<id>/x", "/v2/a")
VERIFY = Served(
    "acme_verify", ["api.acme.example"], "/v2/verify", "/v2/verify/<id>", account="acme"
)
CHAT = Served(
    "acme_chat", ["api.acme.example", "eu.acme.example"], "/v1/<kind>/chat", account="acme"
)


@pytest.mark.parametrize("order", [(SMS, VERIFY, CHAT), (CHAT, VERIFY, SMS)])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/sms", "acme"),
        ("/sms/", "acme"),
        ("/account/7/x", "acme"),
        ("/account/of-nobody", "acme"),
        ("/v2/verify", "acme_verify"),
        ("/v2/verify/", "acme_verify"),
        ("/v2/verify/7/more", "acme_verify"),
        ("/v2/a", "acme"),
        ("/v2/other", "acme"),
        ("/v1/x/chat", "acme_chat"),
        ("/v1/nothing", "acme_chat"),
        ("/v2/verifyx", "acme"),
        ("/", "acme"),
        ("", "acme"),
        ("//", "acme"),
        ("/nothing/here", "acme"),
    ],
)
def test_under_a_host_of_several_the_beginning_of_the_path_decides(order, path, name):
    """In whatever order they are in the catalogue; what none begins with goes to the one whose
    accounts they are."""
    assert Hosts(order).find("api.acme.example", path) == name


def test_a_host_of_one_is_its_own_whatever_the_path():
    """And nobody's is None."""
    hosts = Hosts([SMS, VERIFY, CHAT])

    assert hosts.find("rest.acme.example", "/v2/verify") == "acme"
    assert hosts.find("eu.acme.example", "/sms") == "acme_chat"
    assert hosts.find("example.com", "/sms") is None


def test_hosts_are_listed_once():
    """However many providers have one."""
    expected = ["api.acme.example", "rest.acme.example", "eu.acme.example"]

    assert list(Hosts([SMS, VERIFY, CHAT])) == expected


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Served("other", ["api.acme.example"], "/o"), "other: the host api.acme.example is acme's"),
        (Served("acme", ["api.acme.example"]), "acme: the host api.acme.example is acme's"),
        (
            Served("acme_two", ["api.acme.example"], "/sms/<id>", account="acme"),
            "acme_two: api.acme.example/sms/<id> is acme's as well; expected",
        ),
    ],
)
def test_a_host_is_shared_within_a_family_and_by_paths_that_differ(other, said):
    """Whoever takes another's host or path is told whose it is."""
    with pytest.raises(HostTaken, match=said):
        Hosts([SMS, other])


def test_a_host_besides_is_served_and_not_told():
    """One for each region, say: whose requests it takes, and in no list that people read."""
    regional = Served("acme", ["api.acme.example"], "/sms", more=["api.eu.acme.example"])
    hosts = Hosts([regional])

    assert "acme" == hosts.find("api.eu.acme.example", "/sms")
    assert ["api.acme.example", "api.eu.acme.example"] == list(hosts)
    assert ["api.acme.example"] == hosts.told
    with pytest.raises(HostTaken, match=r"api\.eu\.acme\.example is acme's"):
        Hosts([regional, Served("other", ["api.eu.acme.example"], "/sms")])
