"""One page with plots."""

from simulators.load.ledger import Ledger
from simulators.load.recorder import Recorder
from simulators.load.verdict import Verdict


def page(verdict: Verdict, recorder: Recorder, ledger: Ledger) -> str:
    """HTML."""
    return ""
