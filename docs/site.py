"""A hook of MkDocs: pages link into the repository as its readers there expect, and on the site
the same links lead to the same files.

The README is the site's first page; the other pages at the repository's root, and every file that
some page links to, are put beside the pages of `docs/`.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
HOME = {"README.md": "index.md"}
LINK = re.compile(r"(\]\()(?!https?:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds what the pages lead to outside `docs/`, and what that leads to."""
    waiting = [f"docs/{file.src_uri}" for file in files.documentation_pages()]
    waiting.append("README.md")
    seen = set(waiting)
    while waiting:
        at = waiting.pop()
        path = ROOT / at
        if path.is_dir():
            raise ValueError(f"a link leads to the folder {at}: name a file in it")
        if not at.startswith("docs/") and path.is_file():
            files.append(File.generated(config, _uri(at), abs_src_path=str(path)))
        if path.suffix == ".md" and path.is_file():
            found = {_target(at, link) for _, link in LINK.findall(path.read_text())} - seen
            seen |= found
            waiting.extend(found)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Writes each link as it is from this page of the site."""
    homes = {uri: path for path, uri in HOME.items()}
    uri = page.file.src_uri
    inside = (Path(config.docs_dir) / uri).is_file()
    at = f"docs/{uri}" if inside else homes.get(uri, uri)

    def led(match: re.Match[str]) -> str:
        target = _uri(_target(at, match[2]))
        return match[1] + posixpath.relpath(target, posixpath.dirname(uri) or ".")

    return LINK.sub(led, markdown)


def _target(at: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(at), link))


def _uri(path: str) -> str:
    return HOME.get(path, path.removeprefix("docs/"))
