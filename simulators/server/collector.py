"""Python's garbage collector in a process that only serves."""

import gc

YOUNG = 10_000  # a request makes some hundred objects, nearly all gone with it


def settle() -> None:
    """Takes everything made up to now out of what the collector looks through, and has it look
    less often. For a process of our own, once it serves: in another's it is not ours to change."""
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
