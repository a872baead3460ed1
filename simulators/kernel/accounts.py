"""The accounts, and the world of each."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NotRequired, TypedDict

from simulators.kernel import schemas
from simulators.kernel.checks import named
from simulators.kernel.clock import Chance
from simulators.kernel.contracts import Contract
from simulators.kernel.credentials import lookup_ids, made, published, secrets
from simulators.kernel.masking import Fields, Mask, Secrets, fields
from simulators.kernel.provider import Provider
from simulators.kernel.store import Store
from simulators.kernel.world import STRANGERS, Account, World

DEFAULT = "default"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class AccountDocument(TypedDict):
    """An account to be made; what `credentials` leaves out is generated from `seed`, and
    `settings` are documents of its providers."""

    id: str
    seed: str
    credentials: Mapping[str, Mapping[str, str]]
    settings: NotRequired[Mapping[str, Any]]


class BadAccount(ValueError):
    """The account cannot be made; the message names what was expected and what came, `where`
    leads to it from the account: `("credentials", provider, name)` or as far as it is known."""

    def __init__(self, message: str, *where: str) -> None:
        super().__init__(message)
        self.where = where


class Accounts:
    """Finds the world a credential belongs to; makes and forgets accounts.

    The account `default` has the published credentials, `strangers` has none: requests that
    nobody can be found for are journalled under it. Providers of one family (`account_of`) have
    one set of credentials in each account, which is kept once and shown with each of them.
    """

    def __init__(
        self,
        store: Store,
        providers: Iterable[Provider],
        system: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.providers = {provider.name: provider for provider in providers}
        self._tables = {p.account: p.credentials for p in self.providers.values()}
        self._owners = {name: name for name in self._tables} | {
            name: p.account for name, p in self.providers.items()
        }
        self.system = system
        self._worlds: dict[str, World] = {}
        self._secrets = Secrets()
        self._masks: dict[str, Mask] = {}
        self._documents: dict[str, dict[str, Any]] = {}  # as worlds and secrets are made of them
        for known in store.accounts():
            self._complete(known)
            self._learn(known)
        self.strangers = World(Account(STRANGERS, {}), store, system)
        store.on_plan(self._rung)
        self.publish()

    def publish(self) -> None:
        """Makes the account with the published credentials, if it is not there."""
        if self.store.account(DEFAULT) is None:
            self.add(DEFAULT, {name: published(table) for name, table in self._tables.items()})

    def add(
        self,
        account: str,
        credentials: Mapping[str, Mapping[str, str]],
        seed: str = "",
        settings: Mapping[str, Any] = MappingProxyType({}),
    ) -> World:
        """Makes an account; providers that `credentials` leaves out, and names it leaves out of
        one, get generated ones. What is given for one provider of a family is given for all of it.
        Raises `BadAccount`."""
        self._check(account, credentials)
        self._check_settings(settings)
        united = self._united(credentials)
        try:
            self._put(account, united, seed, settings)
        except ValueError as error:
            raise BadAccount(self.mask().text(str(error)), "credentials") from None
        self._learn(account)
        return self.world(account)

    def _put(
        self,
        account: str,
        credentials: Mapping[str, Mapping[str, str]],
        seed: str,
        settings: Mapping[str, Any],
    ) -> None:
        """Keeps an account; those of its credentials that are nobody's here stay as they are."""
        full = {**credentials, **self._completed(account, credentials, seed)}
        pairs = [
            (name, identifier)
            for name, table in self._tables.items()
            for identifier in lookup_ids(table, full[name])
        ]
        document = {"id": account, "credentials": full, "seed": seed, "settings": dict(settings)}
        self.store.put_account(document, pairs)

    def _complete(self, account: str) -> None:
        """Gives an account credentials for the providers that have come since it was kept, by an
        earlier version or without a plugin."""
        document = self.store.account(account) or {}
        credentials = document["credentials"]
        added = {name: table for name, table in self._tables.items() if name not in credentials}
        if added:
            shown = {name: published(table) for name, table in added.items()}
            known = shown if account == DEFAULT else {}
            settings = document.get("settings", {})  # an earlier version had none
            self._put(account, {**known, **credentials}, document["seed"], settings)

    def create(
        self,
        account: str = "",
        credentials: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        seed: str = "",
    ) -> World:
        """A new account; without an id it gets a free one. Raises `BadAccount`."""
        return self.add(account or self._free_id(), credentials, seed)

    def _free_id(self) -> str:
        while True:
            name = f"account-{self.store.count(STRANGERS, 'accounts made')}"
            if self.store.account(name) is None:
                return name

    def world(self, account: str) -> World:
        """The world of an account, or of `strangers`. Raises `LookupError` naming those there
        are."""
        if account == STRANGERS:
            return self.strangers
        world = self._worlds.get(account)
        if world is None:
            document = self.store.account(account)
            if document is None:
                known = named(self.store.accounts())
                raise LookupError(f"no account '{account}'; there are: {known}")
            world = World(self._account(document), self.store, self.system)
            self._worlds[account] = world
        return world

    def _account(self, document: dict[str, Any]) -> Account:
        kept = document["credentials"]
        shown = {name: kept[p.account] for name, p in self.providers.items() if p.account in kept}
        return Account(document["id"], shown, document["seed"], document.get("settings", {}))

    def _rung(self, account: str) -> None:
        world = self.strangers if account == STRANGERS else self._worlds.get(account)
        if world is not None:
            world.chance.doubt()
        self._learn(account)

    def _learn(self, account: str) -> None:
        """Forgets what was made of an account that is another one now, or gone: another process on
        the same store may have done that."""
        document = self.store.account(account)  # which may lead here once more
        before = self._documents.get(account)
        if document is before:
            return
        self._worlds.pop(account, None)
        if document is None:
            del self._documents[account]
        else:
            self._documents[account] = document
            self._secrets.add(self._hidden(document))
        if before is not None:
            self._secrets.discard(self._hidden(before))

    def of(self, provider: str, credential: str) -> World | None:
        """The world whose account has this credential id with the provider."""
        account = self.store.account_of(self._owners[provider], credential)
        return None if account is None else self.world(account)

    def drop(self, account: str) -> bool:
        """Forgets an account and its world; False if there was none."""
        dropped = self.store.drop_account(account)
        self._worlds.pop(account, None)
        self._learn(account)
        return dropped

    def is_kept(self, world: World) -> bool:
        """Whether this is still the world of its account."""
        return world is self.strangers or self._worlds.get(world.id) is world

    def mask(self, provider: str = "") -> Mask:
        """What hides every account's secrets, and the secret fields of a provider's requests."""
        mask = self._masks.get(provider)
        if mask is None:
            known = self.providers.get(provider)
            mask = Mask(self._secrets, fields(known.credentials) if known else Fields())
            self._masks[provider if known else ""] = mask
        return mask

    def _hidden(self, document: dict[str, Any]) -> Iterable[str]:
        for name, values in document["credentials"].items():
            if name in self._tables:
                yield from secrets(self._tables[name], values)

    def _check(self, account: str, credentials: Mapping[str, Mapping[str, str]]) -> None:
        if not _ID.fullmatch(account) or account == STRANGERS:
            raise BadAccount(
                f"account id '{account}': expected 1 to 64 letters, digits, '.', '_' or '-',"
                f" and not '{STRANGERS}'",
                "id",
            )
        for name, given in credentials.items():
            if name not in self._owners:
                known = ", ".join(sorted(self.providers))
                raise BadAccount(f"no provider '{name}'; there are: {known}", "credentials", name)
            expected = [row.name for row in self._tables[self._owners[name]]]
            for field, value in given.items():
                if field not in expected:
                    raise BadAccount(
                        f"{name} has no credential '{field}'; there are: {', '.join(expected)}",
                        *("credentials", name, field),
                    )
                if not isinstance(value, str) or not value:
                    raise BadAccount(
                        f"{name}.{field}: expected a non-empty string",
                        *("credentials", name, field),
                    )

    def _check_settings(self, settings: Mapping[str, Any]) -> None:
        known = {name: d for p in self.providers.values() for name, d in p.settings.items()}
        for name, document in settings.items():
            if name not in known:
                raise BadAccount(
                    f"no settings document '{name}'; there are: {', '.join(sorted(known))}",
                    *("settings", name),
                )
            if misnamed := schemas.misnamed(known[name], document):
                there = ", ".join(known[name]["properties"])
                raise BadAccount(
                    f"no setting of {name} '{misnamed}'; there are: {there}",
                    *("settings", name, misnamed),
                )
            for wrong in Contract(dict(known[name])).validate(document):
                raise BadAccount(
                    f"{name}: '{wrong.pointer}': expected {wrong.expected}, got {wrong.got}",
                    *("settings", name, *wrong.pointer.split(".")),
                )

    def _united(self, credentials: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        """What is given, under the names by which it is kept. Raises `BadAccount` where two of a
        family are given two values of one name."""
        united: dict[str, dict[str, str]] = {}
        for name, given in credentials.items():
            owner = self._owners[name]
            kept = united.setdefault(owner, {})
            for field, value in given.items():
                if kept.setdefault(field, value) != value:
                    raise BadAccount(
                        f"{name}.{field}: expected the value that another provider of its family"
                        f" is given, as {name} has the accounts of {owner}",
                        *("credentials", name, field),
                    )
        return united

    def _completed(
        self, account: str, credentials: Mapping[str, Mapping[str, str]], seed: str
    ) -> dict[str, dict[str, str]]:
        """A chance for each provider: what one has does not depend on which others there are."""
        full = {}
        for name, table in self._tables.items():
            chance = Chance(f"credentials of {account}/{name}/{seed}")
            full[name] = {**made(table, chance), **credentials.get(name, {})}
        return full
