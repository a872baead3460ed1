"""What a request costs, counted: the same on every machine, and for one long call in C as well.

Imported before the package, this has the package's functions rewritten as they are loaded: each
turn of a loop, each item of a comprehension and each call counts as one. A call of something
written in C counts for what it is given and gives back besides: so many characters, so many items
(`_size`). A regular expression counts for the text it goes through, and for its square unless its
form says that no text takes longer (`linear`). What other packages do is counted by their calls.
One unit is about 0.1 us. Whoever spends more than `LIMIT` is stopped, before a call in C that
would.
"""

import ast
import cProfile
import importlib.abc
import importlib.machinery
import math
import re
import sys
from collections import deque
from re import _constants as op
from re import _parser
from types import BuiltinFunctionType, FunctionType, MethodType

LIMIT = 300_000
SHORT = 256  # characters, of which no expression makes much
_TEXTS, _LISTS, _TABLES = (str, bytes, bytearray), (list, tuple, deque), (dict, set, frozenset)
_IN_C = (BuiltinFunctionType, type(re.compile("").search))
_MAKERS = (list, tuple, dict, set, frozenset, str, bytes, bytearray)
_CHEAP = {
    *("len", "isinstance", "issubclass", "id", "hasattr", "getattr", "setattr", "next", "iter"),
    *("callable", "bisect_left", "bisect_right", "insort", "insort_right", "heappush", "heappop"),
    *("hash", "acquire", "release"),
}
_CHEAP_METHODS = {
    *("append", "appendleft", "get", "pop", "popitem", "popleft", "add", "discard", "setdefault"),
    *("startswith", "endswith", "items", "keys", "values", "move_to_end", "read"),
}
_SEARCHES = ("search", "sub", "subn", "finditer", "findall", "split")
_MATCHES = ("match", "fullmatch")


class Overworked(BaseException):
    """More was done for one request than there is time for."""


class Work:
    """How much was done so far, and by whom most of it in one call."""

    def __init__(self):
        self.units = 0
        self.most = (0, "")
        self.limit = math.inf  # while something is measured, `LIMIT`

    def add(self, units, what=""):
        self.units += units
        if units > self.most[0]:
            self.most = (units, str(what)[:100])
        if self.units > self.limit:
            raise Overworked(f"{self.units} units, {self.most[0]} of them by {self.most[1]}")


work = Work()


def spent(ask):
    """The units that a call took, and who took most of them at once. What others than the package
    call is counted by the profiler, which is written in C."""
    work.units, work.most, work.limit = 0, (0, ""), LIMIT
    profiler = cProfile.Profile(subcalls=False)
    stopped = ""
    profiler.enable()
    try:
        ask()
    except Overworked as over:
        stopped = str(over)
    finally:
        profiler.disable()
        work.limit = math.inf
    by = stopped or f"{work.most[0]} by {work.most[1]}"
    return work.units + sum(map(_others, profiler.getstats())), by


def _others(entry):
    """How often something was called that is not the package's own: functions of others, and of
    the package those that others call, as the keys of a sort."""
    code = entry.code
    if isinstance(code, str):
        return 0  # in C: it takes as long as it is given much, which is not known here
    return 0 if code.co_filename == __file__ else entry.callcount


def _size(value):
    """What a call in C has to do with a value: a nanosecond a character or less, some an item."""
    if isinstance(value, _TEXTS):
        return len(value) >> 7
    if isinstance(value, _LISTS):
        return len(value) >> 3
    return len(value) >> 2 if isinstance(value, _TABLES) else 0


def _called(function, /, *given, **named):
    """In the place of every call."""
    kind = type(function)
    if kind is FunctionType or kind is MethodType:
        if function.__module__ == "re":
            work.add(_expression(function.__name__, re.compile(given[0]), given[-1]), given[0])
        elif not function.__module__.startswith("simulators"):
            work.add(sum(_size(one) for one in given if isinstance(one, _TEXTS)) << 4, function)
        if work.units > work.limit:
            work.add(0, function)
        return function(*given, **named)
    if kind not in _IN_C and function not in _MAKERS:
        return function(*given, **named)
    work.units += 1
    name = function.__name__
    if name in _CHEAP:
        return function(*given, **named)
    owner = getattr(function, "__self__", None)
    if isinstance(owner, re.Pattern):
        text = given[1] if name in ("sub", "subn") else given[0]
        work.add(_expression(name, owner, text), owner.pattern)
        return function(*given, **named)
    if name in _CHEAP_METHODS:
        return function(*given, **named)
    units = _given(name, owner, given, named)
    answer = function(*given, **named) if units < work.limit else None
    work.add(units + _size(answer), function)
    return answer


def _given(name, owner, given, named):
    """The units of what a function in C is given, and of what it is a method of."""
    units = _size(owner) + sum(map(_size, given)) + sum(map(_size, named.values()))
    if name in ("sort", "sorted"):
        things = owner if name == "sort" else given[0]
        count = len(things) if hasattr(things, "__len__") else 0
        units += int(count * math.log2(count + 1)) >> 1
    return units * 4 if name == "loads" else units


def _turn():
    work.units += 1
    if work.units > work.limit:
        work.add(0, "a loop")


def _each(items):
    for item in items:
        work.units += 1
        if work.units > work.limit:
            work.add(0, "a comprehension")
        yield item


def _sized(value):
    size = _size(value)
    if size:
        work.add(size, "a copy")
    return value


def _among(member, things):
    if isinstance(things, (*_TEXTS, *_LISTS)):
        work.add(_size(things) + 1, "in")
    return member in things


# Regular expressions.


def _expression(method, pattern, text):
    length = len(text) if isinstance(text, _TEXTS) else 0
    reviewed = isinstance(pattern.pattern, str) and pattern.pattern.startswith(_REVIEWED)
    if length <= SHORT or reviewed or linear(pattern, searches=method in _SEARCHES):
        return 1 + (length >> 4)
    return (length >> 4) * length


_PROVEN = {}
_ALPHABET = [*map(chr, range(128)), *"éß中１٣\u202e\u3000😀ſ"]
_SPACES, _DIGITS, _WORDS = (re.compile(kind) for kind in (r"\s", r"\d", r"\w"))
_CATEGORIES = {
    op.CATEGORY_SPACE: _SPACES.match,
    op.CATEGORY_DIGIT: _DIGITS.match,
    op.CATEGORY_WORD: _WORDS.match,
    op.CATEGORY_NOT_SPACE: lambda one: not _SPACES.match(one),
    op.CATEGORY_NOT_DIGIT: lambda one: not _DIGITS.match(one),
    op.CATEGORY_NOT_WORD: lambda one: not _WORDS.match(one),
}
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


_ONE_CHARACTER = (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN)


# Beginnings of those that are linear although their form does not show it, each with the reason.
_REVIEWED = (
    # Placeholders: each way begins with a mark that nothing which repeats in it takes.
    r"\{\{ *[\w.]+ *\}\}|",
)


class _Unproven(Exception):
    pass


def linear(pattern, *, searches):
    """Whether its form shows that it takes no longer than in proportion to any text: nowhere may
    one character be read in two ways, so that there is nothing to go back to. And where it is
    looked for from every place, nothing that it needs may stand behind what repeats without end,
    unless that ends where the expression may begin anew."""
    key = (pattern.pattern, pattern.flags, searches)
    if key not in _PROVEN:
        try:
            source = pattern.pattern
            parsed = _parser.parse(source, pattern.flags & ~re.UNICODE if isinstance(source, bytes)
                                   else pattern.flags)  # fmt: skip
            anchored = len(parsed) and parsed[0] in ((op.AT, op.AT_BEGINNING),
                                                     (op.AT, op.AT_BEGINNING_STRING))  # fmt: skip
            loops = list(_loops(list(parsed)))
            once = not searches or (anchored and not pattern.flags & re.MULTILINE)
            single = len(loops) == 1 == len(loops[0]) and loops[0][0][0] in _ONE_CHARACTER
            if not loops or (once and single):
                _PROVEN[key] = True  # there is one place to go back to
                return True
            if not once:
                _from_every_place(list(parsed), pattern)
            _Positions(pattern).of(list(parsed))
            _PROVEN[key] = True
        except _Unproven:
            _PROVEN[key] = False
    return _PROVEN[key]


def _endless(parsed):
    """Whether anything repeats without end in it."""
    for kind, value in parsed:
        if kind in _REPEATS and value[1] > SHORT:
            return True
        inside = _inside(kind, value)
        if any(_endless(list(one)) for one in inside):
            return True
    return False


def _inside(kind, value):
    if kind in _REPEATS:
        return [value[2]]
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind is op.BRANCH:
        return value[1]
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is op.ATOMIC_GROUP else []


def _from_every_place(parsed, pattern):
    """That no character is gone through again and again."""
    places = _Positions(pattern)
    begin = places.begin(parsed)
    apart = not _nullable(parsed) and all(
        not places.begin(body) & begin and len(body) == 1 for body in _loops(parsed)
    )
    if not apart:
        _needs_nothing_behind(parsed)


def _loops(parsed):
    """The bodies of what repeats without end."""
    for kind, value in parsed:
        if kind in _REPEATS and value[1] > SHORT:
            yield list(value[2])
        for one in _inside(kind, value):
            yield from _loops(list(one))


def _needs_nothing_behind(parsed):
    """Nothing that can fail follows what repeats without end."""
    for at, (kind, value) in enumerate(parsed):
        if _endless([(kind, value)]):
            if any(not _nullable([rest]) for rest in parsed[at + 1 :]):
                raise _Unproven
            if kind in _REPEATS:
                if _endless(list(value[2])):
                    raise _Unproven
            else:
                for one in _inside(kind, value):
                    _needs_nothing_behind(list(one))


def _nullable(parsed):
    for kind, value in parsed:
        if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
            continue
        if kind in _REPEATS and (value[0] == 0 or _nullable(list(value[2]))):
            continue
        if kind is op.SUBPATTERN and _nullable(list(value[3])):
            continue
        if kind is op.BRANCH and any(_nullable(list(one)) for one in value[1]):
            continue
        return False
    return True


class _Positions:
    """An expression's characters as positions (Glushkov): which may come first, which last, and
    which after which. Where two that may come next share a character, it is ambiguous."""

    def __init__(self, pattern):
        self.flags = pattern.flags
        own = pattern.pattern
        self.alphabet = {*_ALPHABET, *(own if isinstance(own, str) else own.decode("latin-1"))}
        self.sets = []
        self.follow = []

    def of(self, parsed):
        first, _last, _empty = self.sequence(parsed)
        for places in (first, *self.follow):
            seen = set()
            for place in places:
                if seen & self.sets[place]:
                    raise _Unproven
                seen |= self.sets[place]

    def sequence(self, parsed, *, repeated=False):
        """What comes first in it, what last, and whether it may be empty. What repeats a few times
        at most has few ways, however it is written: outside of what is `repeated` without end it
        is as good as one character."""
        first, last, empty = set(), set(), True
        few = []
        for kind, value in parsed:
            if not repeated and not _endless([(kind, value)]):
                few.append((kind, value))
                continue
            for part in (self.few(few), self.node(kind, value, repeated)):
                first, last, empty = self.behind((first, last, empty), part)
            few = []
        return self.behind((first, last, empty), self.few(few))

    def behind(self, before, part):
        first, last, empty = before
        for place in last:
            self.follow[place] |= part[0]
        return (
            first | (part[0] if empty else set()),
            part[1] | (last if part[2] else set()),
            empty and part[2],
        )

    def few(self, parsed):
        characters = self.begin(parsed)
        if not characters:
            return set(), set(), True
        first, last, _empty = self.position(characters)
        return first, last, _nullable(parsed)

    def begin(self, parsed):
        """The characters that it may begin with."""
        found = set()
        for kind, value in parsed:
            if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
                continue
            inside = _inside(kind, value)
            for one in inside:
                found |= self.begin(list(one))
            if not inside:
                found |= self.characters(kind, value)
            if not _nullable([(kind, value)]):
                break
        return found

    def node(self, kind, value, repeated):
        if kind is op.AT:
            return set(), set(), True
        if kind in (op.ASSERT, op.ASSERT_NOT):
            if _endless(list(value[1])):
                raise _Unproven
            return set(), set(), True
        if kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
            return self.sequence(list(_inside(kind, value)[0]), repeated=repeated)
        if kind is op.BRANCH:
            parts = [self.sequence(list(one), repeated=repeated) for one in value[1]]
            return (
                set().union(*(one[0] for one in parts)),
                set().union(*(one[1] for one in parts)),
                any(one[2] for one in parts),
            )
        if kind not in _REPEATS:
            return self.position(self.characters(kind, value))
        least, most, body = value
        first, last, empty = self.sequence(list(body), repeated=repeated or most > 1)
        if most > 1 and not (least == most <= SHORT and len(body) == 1):
            for place in last:
                if self.follow[place] & first:  # it repeats already: one turn or two are the same
                    raise _Unproven
                self.follow[place] |= first
        return first, last, empty or least == 0

    def position(self, characters):
        self.sets.append(characters)
        self.follow.append(set())
        place = {len(self.sets) - 1}
        return place, place, False

    def characters(self, kind, value):
        found = {one for one in self.alphabet if self._fits(kind, value, one)}
        if self.flags & re.IGNORECASE:
            found |= {other for one in found for other in (one.lower(), one.upper())}
        return found

    def _fits(self, kind, value, one):
        if kind is op.LITERAL:
            return ord(one) == value
        if kind is op.NOT_LITERAL:
            return ord(one) != value
        if kind is op.ANY:
            return one != "\n" or bool(self.flags & re.DOTALL)
        if kind is op.RANGE:
            return value[0] <= ord(one) <= value[1]
        if kind is op.CATEGORY:
            return bool(_CATEGORIES[value](one))
        if kind is op.IN:
            negated = value[0][0] is op.NEGATE
            return negated != any(self._fits(k, v, one) for k, v in value[negated:])
        raise _Unproven


# The package, rewritten as it is loaded.

_OF_THE_FRAME = ("super", "locals", "globals", "vars", "dir", "eval", "exec")
_ADDED = {
    "__work__": _called,
    "__turn__": _turn,
    "__each__": _each,
    "__sized__": _sized,
    "__among__": _among,
}


class _Rewriting(ast.NodeTransformer):
    """Inside functions alone: what a module does when it is loaded is done once."""

    def __init__(self):
        self._depth = 0

    def visit_FunctionDef(self, node):
        self._depth += 1
        node.body = [self.visit(one) for one in node.body]
        self._depth -= 1
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - as `ast` names its methods

    def visit_Lambda(self, node):
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return node

    def visit_AnnAssign(self, node):
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        frame = isinstance(node.func, ast.Name) and node.func.id in _OF_THE_FRAME
        if frame or not self._depth:
            return node
        return ast.Call(_name("__work__"), [node.func, *node.args], node.keywords)

    def visit_For(self, node):
        self.generic_visit(node)
        if self._depth:
            node.body.insert(0, ast.Expr(ast.Call(_name("__turn__"), [], [])))
        return node

    visit_While = visit_For  # noqa: N815 - as `ast` names its methods
    visit_AsyncFor = visit_For  # noqa: N815 - as `ast` names its methods

    def visit_comprehension(self, node):
        self.generic_visit(node)
        if self._depth and not node.is_async:
            node.iter = ast.Call(_name("__each__"), [node.iter], [])
        return node

    def visit_Compare(self, node):
        self.generic_visit(node)
        if not self._depth or len(node.ops) > 1 or not isinstance(node.ops[0], (ast.In, ast.NotIn)):
            return node
        found = ast.Call(_name("__among__"), [node.left, node.comparators[0]], [])
        return found if isinstance(node.ops[0], ast.In) else ast.UnaryOp(ast.Not(), found)

    def _copied(self, node):
        self.generic_visit(node)
        return ast.Call(_name("__sized__"), [node], []) if self._depth else node

    visit_JoinedStr = _copied  # noqa: N815 - as `ast` names its methods

    def visit_FormattedValue(self, node):
        node.value = self.visit(node.value)
        return node  # what is in its format is a part of the text around it

    def visit_BinOp(self, node):
        return self._copied(node) if isinstance(node.op, ast.Add) else self.generic_visit(node)

    def visit_Subscript(self, node):
        sliced = isinstance(node.slice, ast.Slice) and isinstance(node.ctx, ast.Load)
        return self._copied(node) if sliced else self.generic_visit(node)

    def visit_Dict(self, node):
        return self._copied(node) if None in node.keys else self.generic_visit(node)

    def visit_List(self, node):
        starred = any(isinstance(one, ast.Starred) for one in node.elts)
        copied = starred and isinstance(node.ctx, ast.Load)
        return self._copied(node) if copied else self.generic_visit(node)

    visit_Tuple = visit_List  # noqa: N815 - as `ast` names its methods

    def visit_Set(self, node):
        starred = any(isinstance(one, ast.Starred) for one in node.elts)
        return self._copied(node) if starred else self.generic_visit(node)


def _name(name):
    return ast.Name(name, ast.Load())


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        path = self.get_filename(fullname)
        tree = _Rewriting().visit(ast.parse(self.get_data(path)))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)

    def exec_module(self, module):
        vars(module).update(_ADDED)
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname.partition(".")[0] != "simulators" and fullname != "tests.server.planted":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def rewrite():
    """From now on."""
    assert "simulators" not in sys.modules
    sys.meta_path.insert(0, _Finder())
