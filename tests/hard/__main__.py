"""What is too long for every change and right for every night: `make hard`.

Each part takes its size, so that a small one is a test of it. A part of size 0 is left out, and
that is said.
"""

import json
import os
import sys
import time
from pathlib import Path

import click

from tests.hard import fuzz, mutation, soak

PARTS = {"fuzz": fuzz.run, "soak": soak.run, "mutation": mutation.run}


@click.command()
@click.option(
    "--requests", default=1_000_000, show_default=True, help="Hostile ones, over sockets."
)
@click.option("--soak", "soaked", default=600, show_default=True, help="Seconds of mixed traffic.")
@click.option("--mutation", "mutated", default=7200, show_default=True, help="At most, in seconds.")
@click.option("--only", default="", help="What is mutated, such as `simulators/kernel/phone.py`.")
@click.option("--asking", default="", help="The tests that are run then, by default many.")
@click.option("--seed", default="", help="Of the requests; another one each time by default.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the figures are written.")
def main(requests, soaked, mutated, only, asking, seed, out):
    """Runs the parts one after the other; the exit code is 1 where one of them found something."""
    seed = seed or os.urandom(4).hex()
    sizes = {"fuzz": (requests, seed), "soak": (soaked, seed), "mutation": (mutated, only, asking)}
    found = {"date": time.strftime("%Y-%m-%d", time.gmtime()), "seed": seed}
    for name, part in PARTS.items():
        if not sizes[name][0]:
            click.echo(f"LEFT OUT: {name}")
            continue
        click.echo(f"== {name} {' '.join(map(str, sizes[name]))}")
        found[name] = part(*sizes[name])
        for what, figure in found[name].items():
            click.echo(f"{what:<24} {figure if not isinstance(figure, list) else len(figure)}")
            for line in figure[:20] if isinstance(figure, list) else ():
                click.echo(f"    {line}")
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(found, indent=2) + "\n")
    wrong = [name for name in PARTS if found.get(name, {}).get("wrong")]
    click.echo(f"wrong: {', '.join(wrong)}" if wrong else "nothing wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
