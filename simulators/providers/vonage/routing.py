"""Where a message goes: network, price and credit, and who may send where."""

from types import MappingProxyType

from simulators.kernel.problem import Problem
from simulators.kernel.provider import Draft, Exchange, Failure

PRICE = 0.0333  # euro a part, the figure of the documents for every destination
BALANCE = 10.28  # what an account shows whose credit is not counted

# A large network of each country (ITU E.212); elsewhere the code that the documents show.
NETWORKS = MappingProxyType(
    {
        "AU": "50501", "BO": "73602", "BR": "72410", "CA": "302720", "CN": "46000",
        "DE": "26201", "DK": "23801", "ES": "21407", "FR": "20801", "GB": "23410",
        "HK": "45400", "IN": "40410", "IT": "22210", "JP": "44010", "NL": "20408",
        "PL": "26001", "RU": "25001", "SE": "24001", "SG": "52501", "US": "310260",
    }
)  # fmt: skip
ANY_NETWORK = "12345"


def network(region: str) -> str:
    """The MCC and MNC of a number in this region."""
    return NETWORKS.get(region, ANY_NETWORK)


def trial_numbers(exchange: Exchange) -> list[str] | None:
    """The numbers a trial account may send to, None for an account that is none."""
    numbers: list[str] | None = exchange.world.load("vonage", {}).get("test_numbers")
    return numbers


def on_trial(exchange: Exchange, draft: Draft) -> Failure | None:
    """Status 29 for a trial account's message to a number that is not on its list."""
    numbers = trial_numbers(exchange)
    if numbers is None or draft.number in numbers:
        return None
    return exchange.fail("29", to=draft.number)


def sender_allowed(exchange: Exchange, draft: Draft) -> Failure | None:
    """Status 15 where only numbers are senders, for an account that this is asked of."""
    regions = exchange.world.load("vonage", {}).get("numeric_sender_regions", ())
    if draft.region not in regions or draft.sender.isdigit():
        return None
    return exchange.fail(Problem.BAD_SENDER, to=draft.number)


def shown(exchange: Exchange, draft: Draft, to_come: int = 0) -> dict[str, str]:
    """What routing adds to an element that has `to_come` more parts of its message behind it."""
    uncharged = 0.0 if exchange.world.load("balance") is None else PRICE * to_come
    return {
        "to": draft.details["to"],
        "remaining-balance": f"{balance(exchange) + uncharged:.8f}",
        "message-price": f"{PRICE:.8f}",
        "network": draft.details["network"],
    }


def balance(exchange: Exchange) -> float:
    """The account's credit in euro."""
    counted: float | None = exchange.world.load("balance")
    return BALANCE if counted is None else counted
