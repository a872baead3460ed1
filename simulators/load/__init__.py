"""Load tests of whatever sends one-time codes: what the users saw, and whether all of it was right.

A locustfile says what one user does and writes it in the `Ledger`; `run.attach` wires the rest:
options, numbers that no two workers share, the inbox, and at the end the invariants, the thresholds
and the report. Only `run`, and `head` and `workers` behind it, import Locust, which patches the
process it is imported into.
"""
