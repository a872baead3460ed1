"""What the person would read, by the inbox of the running simulators."""

import subprocess
import sys

NUMBER = "+14155550100"


def test_the_code_arrives():
    """`wait` prints the code alone."""
    subprocess.run([sys.executable, "send.py", NUMBER], check=True)
    wait = ["sms-simulators", "wait", "--to", NUMBER, "--timeout", "5"]
    done = subprocess.run(wait, check=True, capture_output=True, text=True)

    assert done.stdout == "482913\n"
