"""How fast the simulators are, with everything on: `python -m simulators.bench`.

Every figure stands beside one of a trivial Flask view on the same server, measured in turns with
it on the same machine: ratios compare, requests per second do not.
"""
