"""Variables of templates: named, filled, and read back out of a text."""

import pytest

from simulators.kernel import templates
from simulators.kernel.templates import Signature, Template, Variables
from simulators.kernel.world import Account, World
from simulators.store.memory import MemoryStore

DOLLAR = Variables(r"\$\{(\w+)\}")
HASH = Variables(r"#(\w+)#")


def test_names_stand_in_their_order():
    """Each as often as it stands there."""
    assert ("b", "a", "b") == HASH.names("#b#, #a# and #b#")
    assert () == HASH.names("a # alone")


def test_what_has_no_value_stays():
    """Other providers' variables too."""
    assert "1 ${b} #a#" == DOLLAR.fill("${a} ${b} #a#", {"a": "1"})


@pytest.mark.parametrize(
    ("template", "text", "values"),
    [
        ("您的验证码是#code#。", "您的验证码是1234。", {"code": "1234"}),
        ("您的验证码是#code#。", "您的验证码是1234", None),
        ("#a##b#", "12", {"a": "", "b": "12"}),
        ("a+#x#?", "a+(\n)?", {"x": "(\n)"}),
        ("#x# is #x#", "1 is 1", {"x": "1"}),
        ("#x# is #x#", "1 is 2", None),
        ("no variable", "no variable", {}),
        ("ab#x#ba", "aba", None),
        ("#x#-#y#", "1-2-3", {"x": "1", "y": "2-3"}),
    ],
)
def test_a_text_is_of_a_template_or_not(template, text, values):
    """Marks that mean something in a pattern are themselves."""
    assert values == HASH.read(template, text)
    if values is not None:
        assert text == HASH.fill(template, values)


def test_a_text_that_nearly_fits_takes_no_longer():
    """Two hundred variables and a text of a megabyte: each character is looked at once."""
    content = "#a#x" * 200 + "#b#!"

    assert HASH.read(content, "x" * 1_000_000) is None
    assert HASH.read("#a#" * 200 + "!", "x" * 1_000_000) is None


class Registered:
    name, templates, signatures = "acme", (Template("t1", "#code#"),), (Signature("Acme"),)


@pytest.mark.parametrize(
    ("look", "update", "new"),
    [
        (templates.templates, templates.update_templates, Template),
        (templates.signatures, templates.update_signatures, Signature),
    ],
)
def test_a_registry_is_read_once_for_all_requests_until_it_changes(look, update, new):
    """However many there are in it: one of ten thousand is found as soon as one of one."""
    world = World(Account("a", {}), MemoryStore())
    first = dict(look(world, Registered))

    def add(name):
        update(world, Registered, lambda known: known.setdefault(name, new(name, name)))

    add("approved")
    seen = look(world, Registered)
    assert look(world, Registered) is seen
    assert {*first, "approved"} == set(seen)
    with pytest.raises(TypeError):
        seen["mine"] = seen["approved"]
    add("reviewing")
    assert {*first, "approved", "reviewing"} == set(look(world, Registered))
    world.reset()
    assert first == look(world, Registered)
