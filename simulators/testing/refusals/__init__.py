"""Refusals by class, for tests of what a client makes of them.

A class is one thing that goes wrong, in no provider's language; a case is that class at one
provider, with the rule that scripts it (`kernel/rules.py` has the format). Cases are derived from a
provider's own tables, so a class that it cannot have is absent, with the reason.
"""

from simulators.testing.refusals.case import Absent, RefusalCase, RefusalClass, Unfit
from simulators.testing.refusals.choose import UnknownRefusal, absent, cases, chosen, class_of
from simulators.testing.refusals.classes import CLASSES

__all__ = [
    "CLASSES",
    "Absent",
    "RefusalCase",
    "RefusalClass",
    "Unfit",
    "UnknownRefusal",
    "absent",
    "cases",
    "chosen",
    "class_of",
]
