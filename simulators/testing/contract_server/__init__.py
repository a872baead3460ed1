"""The fixture `contract_server`: expect operations of a provider, hold requests to their contract.

Built on pytest-httpserver, which listens, matches and keeps order. For a request that was expected
the provider itself answers, in this process, on an account that is empty when a test begins.
"""
