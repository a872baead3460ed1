"""The fidelity table: what of each provider is emulated, and how far, from the code itself."""

from collections.abc import Iterable

from simulators.kernel.provider import Provider

_HEAD = """\
# Fidelity

What is emulated, how far, and by which source. UNVERIFIED marks what no source settles. Errors are
the rows of `contracts/*/errors.json`; those that are not verified lack a source for their text or
status, or are our own. `make fidelity` writes this page from the code; a test holds it to that."""


def as_markdown(providers: Iterable[Provider]) -> str:
    """The page as Markdown: a summary of all providers, then a table for each."""
    listed = sorted(providers, key=lambda provider: provider.title.lower())
    return "\n\n".join([_HEAD, _summary(listed), *map(_section, listed)])


def _summary(providers: list[Provider]) -> str:
    lines = ["| provider | operations | errors | of them verified |"]
    lines += ["| --- | ---: | ---: | ---: |"]
    for provider in providers:
        verified = sum(row.verified for row in provider.catalogue)
        cells = (provider.title, _operations(provider), len(provider.catalogue), verified)
        lines.append(_line(*map(str, cells)))
    return "\n".join(lines)


def _operations(provider: Provider) -> int:
    return len({endpoint.operation for endpoint in provider.endpoints})


def _section(provider: Provider) -> str:
    lines = [f"## {provider.title}", "", "| what | how far | source |", "| --- | --- | --- |"]
    lines += [_line(what, how_far, _link(source)) for what, how_far, source in provider.emulates]
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _link(source: str) -> str:
    if not source.startswith("https://"):
        return source
    return f"[{source.removeprefix('https://').split('/')[0]}]({source})"
