"""Locust, imported once: every line of standard input is a run of it, in a process of its own.

To import Locust and what scenarios use takes longer than most of the runs that tests make.
"""

import json
import os
import sys

import faker  # noqa: F401 - the people of scenarios have names
from gevent import monkey
from locust.main import main

import simulators.catalog
import simulators.load.run
import simulators.samples  # noqa: F401 - what scenarios import

fork, wait = monkey.get_original("os", ["fork", "waitpid"])  # what waits is no part of gevent


def run(order):
    """Becomes the Locust of an order."""
    for number, name in enumerate(("in", "out", "err")):
        flags = os.O_RDONLY if name == "in" else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(order[name], flags), number)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.path[0] = order["cwd"]
    sys.argv = ["locust", *order["argv"]]
    main()


def watched(order):
    """Waits for the Locust of an order, and tells its process and exit code."""
    os.setsid()
    if (pid := os.fork()) == 0:
        run(order)
        sys.exit()
    with open(order["told"], "w") as told:
        print(pid, file=told, flush=True)
        print(os.waitstatus_to_exitcode(wait(pid, 0)[1]), file=told)
    os._exit(0)


sys.stdout.write("ready\n")
sys.stdout.flush()
for line in sys.stdin:
    if fork() == 0:
        watched(json.loads(line))
    try:
        while wait(-1, os.WNOHANG)[0]:
            pass  # those that are over
    except ChildProcessError:
        pass
