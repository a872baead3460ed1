"""Logto's SMS connectors, one page each: https://docs.logto.io/connectors/sms-connectors

What they send is held to recorded requests of the npm packages, what they make of an answer to
what those did with it.
"""
