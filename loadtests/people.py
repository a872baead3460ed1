"""Who is signing in: endless different people with numbers of their own, from one seed.

    crowd = Crowd(seed="7", regions=("GB", "FR"), worker=0, workers=2)
    person = crowd.person()      # Person(name="Julie Ward", number="+447700900481", ...)
    person.text("482913")        # what an application would write to that person

The same seed makes the same people in every run. Workers share out the numbers of a seed, so that
no two people of a run have one number. A provider's limit on a number is then met only by a
scenario that means to meet it.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from faker import Faker
from faker.providers import BaseProvider

# Area codes in use; any would do.
_AMERICAN = (
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234"
    " 239 240 248 251 252 253 254 256 260 262 267 269 270 272 276 281 301 302 303 304 305 307 308"
    " 309 310 312 313 314 315 316 317 318 319 320 321 323 325 330 331 334 336 337 339 347 351 352"
    " 360 361 385 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 430"
    " 432 434 435 440 442 443 458 463 464 469 470 475 478 479 480 484 501 502 503 504 505 507 508"
)
_CANADIAN = "226 236 249 250 289 306 343 403 416 418 437 438 450 506 514 519 604 613 705"
# 0100-0199 are reserved for fiction. The rest of exchange 555 belongs to information services and
# is given to no subscriber; 1212, which is directory assistance everywhere, is left out.
_FIVE_FIVE_FIVE = (range(100, 200), range(2000, 10_000))


@dataclass(frozen=True, slots=True)
class Region:
    """The numbers of one country that the people there have: every prefix with every line.

    `lines` are the last `digits` digits. `why` says whose numbers they are instead of people's.
    The last seven digits never begin with 999: those are the simulators' magic numbers.
    """

    language: str
    prefixes: Sequence[str]
    lines: Sequence[range]
    digits: int
    why: str

    def __len__(self) -> int:
        return len(self.prefixes) * sum(map(len, self.lines))

    def number(self, index: int) -> str:
        """The number at an index from 0, in E.164."""
        line, place = divmod(index, len(self.prefixes))
        for lines in self.lines:
            if line < len(lines):
                return f"{self.prefixes[place]}{lines[line]:0{self.digits}d}"
            line -= len(lines)
        raise IndexError(index)


# The one place that says which numbers are used. Where a country reserves none, or too few to
# load anything, they are some that no person has. Keep those away from a real provider.
REGIONS = {
    "US": Region(
        "en-US",
        [f"+1{area}555" for area in _AMERICAN.split()],
        _FIVE_FIVE_FIVE,
        4,
        "exchange 555; 555-0100 to 555-0199 are reserved for fiction, too few alone",
    ),
    "CA": Region(
        "en-CA",
        [f"+1{area}555" for area in _CANADIAN.split()],
        _FIVE_FIVE_FIVE,
        4,
        "exchange 555, as in the United States",
    ),
    "GB": Region(
        "en-GB",
        ("+447700900",),
        (range(1000),),
        3,
        "Ofcom's mobile numbers for drama, 07700 900000 to 900999: all there are",
    ),
    "FR": Region(
        "fr-FR",
        ("+3363998",),
        (range(10_000),),
        4,
        "Arcep's mobile numbers for films, 06 39 98 00 00 to 99 99: all there are",
    ),
    "CN": Region(
        "zh-CN",
        ("+861349",),
        (range(9_000_000),),
        7,
        "none are reserved; 134 9 is the block of 134 with no operator in libphonenumber",
    ),
    "RU": Region(
        "ru-RU",
        ("+7943",),
        (range(9_000_000),),
        7,
        "none are reserved; 943 is GLONASS in libphonenumber: cars that call for help",
    ),
}

# Numbers of one prefix that no person above has: for an attack.
PREFIXES = {
    "CA": Region("en-CA", ("+1204555",), _FIVE_FIVE_FIVE, 4, REGIONS["CA"].why),
    "CN": Region("zh-CN", ("+8613499",), (range(900_000),), 6, REGIONS["CN"].why),
    "RU": Region("ru-RU", ("+79439",), (range(900_000),), 6, REGIONS["RU"].why),
}

TEXTS = {
    "en": "{code} is your {brand} verification code. It is valid for 10 minutes.",
    "fr": "{code} est votre code de vérification {brand}. Il est valable 10 minutes.",
    "zh": "您的{brand}验证码为{code}，10分钟内有效。",
    "ru": "{code} — ваш код подтверждения {brand}. Он действует 10 минут.",
}


class NumbersUsedUp(Exception):
    """A worker has no number left that it has not used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a phone. `language` is a BCP 47 tag, `brand` whom the code is from."""

    name: str
    number: str
    region: str
    language: str
    password: str
    brand: str

    @property
    def digits(self) -> str:
        """The number without its plus, as Logto's API takes it."""
        return self.number.removeprefix("+")

    def text(self, code: str) -> str:
        """A message in the person's language."""
        return TEXTS[self.language[:2]].format(code=code, brand=self.brand)


class Phones(BaseProvider):
    """A Faker provider: `mobile()` gives a worker's numbers of a region, each once.

    They come in an order without neighbours, which the seed decides for all workers together.
    """

    def __init__(self, generator: object, region: str, seed: str, worker: int, workers: int):
        super().__init__(generator)
        self.left = _scattered(REGIONS[region], f"{seed}/{region}", worker, workers)

    def mobile(self) -> str:
        """The next number in E.164. Raises `StopIteration` after the last."""
        return next(self.left)


class Crowd:
    """People of some regions in equal shares; where a small region's numbers are used up, the
    others carry on. `worker` is this process's index of `workers`."""

    def __init__(
        self,
        seed: str = "1",
        regions: Sequence[str] = ("US", "GB", "FR"),
        worker: int = 0,
        workers: int = 1,
    ) -> None:
        if unknown := sorted({*regions} - {*REGIONS}):
            raise ValueError(f"expected regions of {', '.join(REGIONS)}, got {', '.join(unknown)}")
        if not regions or not 0 <= worker < workers:
            raise ValueError(f"expected a region and worker 0 to {workers - 1}, got {worker}")
        self.chance = random.Random(f"{seed}/{worker}")
        self._fakers = {
            region: _faker(region, seed, worker, workers) for region in dict.fromkeys(regions)
        }
        self._brands = {region: faker.company() for region, faker in self._fakers.items()}

    def person(self) -> Person:
        """The next person. Raises `NumbersUsedUp`."""
        while self._fakers:
            region = self.chance.choice(tuple(self._fakers))
            try:
                return self._person(region)
            except StopIteration:
                del self._fakers[region]
        raise NumbersUsedUp(
            "every number of these regions is used: name more with --regions"
            f" ({', '.join(f'{name} has {len(region)}' for name, region in REGIONS.items())})"
        )

    def code(self) -> str:
        """Six digits, as a one-time code has."""
        return f"{self.chance.randrange(1_000_000):06d}"

    def _person(self, region: str) -> Person:
        faker = self._fakers[region]
        number = faker.mobile()
        return Person(
            name=faker.name(),
            number=number,
            region=region,
            language=REGIONS[region].language,
            password=faker.password(length=16),
            brand=self._brands[region],
        )


def _faker(region: str, seed: str, worker: int, workers: int) -> Faker:
    faker = Faker(REGIONS[region].language.replace("-", "_"))
    faker.seed_instance(f"{seed}/{worker}/{region}")
    faker.add_provider(Phones(faker, region, seed, worker, workers))
    return faker


def _scattered(region: Region, seed: str, worker: int, workers: int) -> Iterator[str]:
    """Every `workers`-th number from the `worker`-th on, in the order of the seed: a walk with a
    stride that has no factor in common with the count meets each index once."""
    chance = random.Random(seed)
    count = len(region)
    start, stride = chance.randrange(count), chance.randrange(1, count)
    while gcd(stride, count) != 1:
        stride = chance.randrange(1, count)
    for place in range(worker, count, workers):
        yield region.number((start + place * stride) % count)
