"""The examples beside each contract: what keeps it, and what breaks it and where."""

import json

from simulators.check.examples import examples
from simulators.kernel.contracts import contract


def test_what_keeps_a_contract_is_kept_by_it(described):
    """Neither engine finds fault."""
    agreed = contract(*described.split("/"))
    for document in examples(*described.split("/")).keeps:
        assert [] == agreed.validate(document)
        assert [] == [str(violation) for violation in agreed.validate_slowly(document)]


def test_what_breaks_a_contract_breaks_it_where_it_says(described):
    """Among the violations is the one the example is for; each is told in words, but the remark
    that the engine's steps may have left out others."""
    agreed = contract(*described.split("/"))
    for broken in examples(*described.split("/")).breaks:
        found = agreed.validate(broken.document)

        assert broken.at in {violation.pointer for violation in found}, broken.why
        wordless = [str(violation) for violation in found if violation.expected in ("", "a value")]
        assert [] == [said for said in wordless if said != "and perhaps more"]


def test_no_example_stands_twice(described):
    """Each document that breaks is another one."""
    breaks = [json.dumps(item.document) for item in examples(*described.split("/")).breaks]

    assert len(set(breaks)) == len(breaks)


def test_every_contract_wants_a_whole_request_document(described):
    """A request document without its method, path, headers, query or body is none, and nothing
    but an object is one; a callback may do without what is the receiver's own."""
    agreed = contract(*described.split("/"))
    document = examples(*described.split("/")).keeps[0]

    assert [] != agreed.validate([document])
    for member in agreed.schema["required"]:
        left = {name: value for name, value in document.items() if name != member}
        assert member in {violation.pointer for violation in agreed.validate(left)}
    for member, rule in agreed.schema["properties"].items():
        if "type" in rule:
            assert [] != agreed.validate({**document, member: 1}), member
