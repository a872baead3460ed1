"""A reference OTP service: the customer that the simulators stand in front of.

It has Logto's Management and Experience API and Logto's SMS connectors, and speaks to providers
over HTTP only. It knows nothing of the simulators: with the vendors' addresses it would run
against the vendors.
"""
