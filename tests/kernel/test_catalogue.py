"""Error catalogues: rows found by key and by code, texts filled, misses told with near names."""

import json

import pytest

from simulators import catalog
from simulators.kernel.catalogue import Catalogue, ErrorRow, Place, UnknownRow, load


def row(key, code=None, message="Sorry", **more):
    fields = {"http_status": 400, "place": Place.ANSWER, "when": "w", "source": "https://e.com"}
    return ErrorRow(key=key, code=code or key, message=message, verified=True, **fields, **more)


ROWS = Catalogue(
    "acme",
    [row("20003"), row("20003/username", 20003), row("isv.MOBILE_NUMBER_ILLEGAL"), row("21211")],
)


@pytest.mark.parametrize("key", ["20003", "20003/username", "21211", "isv.MOBILE_NUMBER_ILLEGAL"])
def test_finds_a_row_by_its_key(key):
    """A code with a suffix is a row of its own."""
    assert key == ROWS[key].key


def test_finds_the_first_row_of_a_code():
    """Codes are found as text, whatever they are on the wire."""
    coded = Catalogue("acme", [row("a", 7), row("b", 7)])

    assert coded["7"].key == "a"


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("2003", "20003"),
        ("21221", "21211"),
        ("MOBILE_NUMBER_ILEGAL", "isv.MOBILE_NUMBER_ILLEGAL"),
        ("nonsense!", "20003"),
    ],
)
def test_a_miss_names_near_rows(asked, near):
    """Whoever mistypes a code is shown what there is."""
    with pytest.raises(UnknownRow, match=f"acme has no error '{asked}'; near: .*{near}"):
        ROWS[asked]


def test_a_key_given_twice_is_refused():
    """A catalogue says everything once."""
    with pytest.raises(ValueError, match=r"contracts/acme/errors\.json has a key twice"):
        Catalogue("acme", [row("1"), row("1")])


@pytest.mark.parametrize(
    ("message", "values", "expected"),
    [
        ("Sorry", {"to": "+1"}, "Sorry"),
        ("To {to} is bad", {"to": "+1"}, "To +1 is bad"),
        ("{to} {from} {to}", {"to": "{from}"}, "{from} {from} {from}"),
        ("{0} {} {to.__class__} {unknown}", {"to": "+1"}, "{0} {} {to.__class__} {unknown}"),
    ],
)
def test_fills_placeholders_and_nothing_else(message, values, expected):
    """Values are not looked into, unknown placeholders stay, nothing is ever raised."""
    assert expected == row("1", message=message).text(values)


@pytest.mark.parametrize("provider", catalog.PROVIDERS.values(), ids=lambda p: p.name)
def test_every_row_of_every_provider_can_be_used(provider):
    """A status that HTTP knows, a source to look it up, `later` leads to a receipt row
    and `recipient` from one for whole requests to a recipient's."""
    for found in provider.catalogue:
        assert 200 <= found.http_status <= 599, found.key
        assert found.source, found.key
        assert found is provider.row(found.key)
        if found.later:
            assert provider.row(found.later).place is Place.RECEIPT, found.key
        if found.recipient:
            assert provider.row(found.recipient).place is Place.RECIPIENT, found.key
            assert found.place is Place.ANSWER, found.key


@pytest.mark.parametrize(
    ("verified", "confirmed"), [(True, "code"), (True, "nothing"), (False, "recording")]
)
def test_a_row_that_contradicts_itself_is_not_read(tmp_path, verified, confirmed):
    """`verified` and `confirmed` say one thing."""
    item = {"key": "7/a", "code": 7, "http_status": 400, "message": "m", "place": "answer"}
    item |= {"when": "w", "source": "s", "verified": verified, "confirmed": confirmed}
    (tmp_path / "errors.json").write_text(json.dumps([item]))

    with pytest.raises(ValueError, match=r"row 7/a: confirmed by .*, yet verified is"):
        load("contradictory", tmp_path)
