"""Importing Locust exchanges the standard library's sockets and threads for gevent's, which would
change every other test of the process: not here, but in the processes that tests start.
"""

import os

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: F401 - while it is told to leave the process alone

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]
