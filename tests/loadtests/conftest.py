"""Load tests are files that Locust runs from their folder: tests find them there too.

Importing Locust exchanges the standard library's sockets and threads for gevent's, which would
change every other test of the process: not here, but in the processes that tests start.
"""

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "loadtests"))
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: F401 - while it is told to leave the process alone

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]
