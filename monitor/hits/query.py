"""The `match` language: text to a frozen tree, and the tree's truth over the places where sides are mentioned. Grammar: match.lark."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources

from monitor.lean import hidden

with hidden("regex"):  # an extra of lark's that our grammar has no use for
    from lark import Lark, Token, Transformer, UnexpectedInput
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken, VisitError

from monitor.errors import UsageError

_WORDS = ("and", "or", "not", "near/5", "same-sentence(", "at-least-2(", "title:", "lead:")


class QueryError(UsageError):
    """A `match` line that cannot be read: the column (from 1), what is wrong, and the nearest right word if there is one."""

    def __init__(self, column: int, message: str, hint: str = "") -> None:
        self.column = column
        self.message = message
        self.hint = hint
        super().__init__(f"column {column}: {message}" + (f" ({hint})" if hint else ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a side is mentioned: sentence number (0: title), zone, and the numbers of its first and last word in the text."""

    side: str
    sentence: int
    zone: str
    first_word: int = 0
    last_word: int = 0


@dataclass(frozen=True, slots=True)
class SideNode:
    """A side, by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Both:
    """All of them."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Any of them."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Nowhere in the article."""

    item: Node


@dataclass(frozen=True, slots=True)
class Near:
    """Mentions of both with at most `words` words between them, in either order."""

    left: Node
    right: Node
    words: int


@dataclass(frozen=True, slots=True)
class SameSentence:
    """The expression holds within one sentence."""

    item: Node


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least `count` mentions in the article."""

    item: Node
    count: int


@dataclass(frozen=True, slots=True)
class Zone:
    """The expression holds within the title, or within the lead."""

    item: Node
    zone: str


Node = SideNode | Both | Either | Without | Near | SameSentence | AtLeast | Zone


def parse(expression: str, side_ids: Collection[str]) -> Node:
    """The tree of a `match` expression. Raises QueryError for a word out of place, an unknown side, or what cannot be asked."""
    try:
        tree: Node = _Tree(frozenset(side_ids)).transform(_parser().parse(expression))
    except VisitError as error:
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise _explained(expression, error, side_ids) from None
    if not asked(tree):
        raise QueryError(1, "nothing is asked for", "name at least one side without `not` before it")
    return tree


def asked(node: Node) -> tuple[str, ...]:
    """The ids of the sides that an expression wants (those under `not` left out), in order, each once."""
    match node:
        case SideNode():
            return (node.id,)
        case Both() | Either():
            return tuple(dict.fromkeys(side for item in node.items for side in asked(item)))
        case Near():
            return tuple(dict.fromkeys((*asked(node.left), *asked(node.right))))
        case Without():
            return ()
        case SameSentence() | AtLeast() | Zone():
            return asked(node.item)


def required(node: Node) -> frozenset[str]:
    """The sides without a mention of which an expression cannot hold, whatever else is there."""
    match node:
        case SideNode():
            return frozenset((node.id,))
        case Both():
            return frozenset().union(*(required(item) for item in node.items))
        case Either():
            return frozenset.intersection(*(required(item) for item in node.items))
        case Near():
            return required(node.left) | required(node.right)
        case Without():
            return frozenset()
        case SameSentence() | AtLeast() | Zone():
            return required(node.item)


def needs_words(node: Node) -> bool:
    """True where the truth depends on word numbers (`near`)."""
    match node:
        case Near():
            return True
        case Both() | Either():
            return any(needs_words(item) for item in node.items)
        case Without() | SameSentence() | AtLeast() | Zone():
            return needs_words(node.item)
        case SideNode():
            return False


def holds(node: Node, spots: Sequence[Spot], article: Sequence[Spot] | None = None) -> bool:
    """True where the expression is true of `spots`.

    `article` widens what speaks of the whole article (not, at-least, title:, lead:) when `spots` is only a part of it.
    """
    whole = spots if article is None else article
    match node:
        case SideNode():
            return any(spot.side == node.id for spot in spots)
        case Both():
            return all(holds(item, spots, whole) for item in node.items)
        case Either():
            return any(holds(item, spots, whole) for item in node.items)
        case Without():
            return not holds(node.item, whole)
        case Near():
            return _near(node, spots)
        case SameSentence():
            return any(holds(node.item, [spot for spot in spots if spot.sentence == n], whole) for n in {spot.sentence for spot in spots})
        case AtLeast():
            return len(_places(node.item, whole)) >= node.count
        case Zone():
            return holds(node.item, [spot for spot in whole if spot.zone == node.zone], whole)


def missing(node: Node, spots: Sequence[Spot]) -> tuple[str, ...]:
    """The fewest sides whose mention is lacking for the article, in order; empty where a side is not what is lacking."""
    have = {spot.side for spot in spots}
    match node:
        case SideNode():
            return () if node.id in have else (node.id,)
        case Both():
            return tuple(dict.fromkeys(side for item in node.items for side in missing(item, spots)))
        case Either():
            return min((missing(item, spots) for item in node.items), key=len)
        case Near():
            return tuple(dict.fromkeys((*missing(node.left, spots), *missing(node.right, spots))))
        case Without():
            return ()
        case SameSentence() | AtLeast() | Zone():
            return missing(node.item, spots)


def _places(node: Node, spots: Sequence[Spot]) -> list[Spot]:
    wanted = set(asked(node))
    return [spot for spot in spots if spot.side in wanted]


def _near(node: Near, spots: Sequence[Spot]) -> bool:
    right = _places(node.right, spots)
    for one in _places(node.left, spots):
        for other in right:
            gap = max(other.first_word - one.last_word, one.first_word - other.last_word) - 1
            if one is not other and gap <= node.words:
                return True
    return False


@cache
def _parser() -> Lark:
    grammar = resources.files("monitor.hits").joinpath("match.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True)


class _Tree(Transformer[Token, Node]):
    """Builds the frozen tree; unknown sides and impossible groups are errors with their column."""

    def __init__(self, side_ids: frozenset[str]) -> None:
        super().__init__()
        self._side_ids = side_ids

    def side(self, parts: list[Token]) -> Node:
        name = parts[0]
        if name not in self._side_ids:
            known = ", ".join(sorted(self._side_ids)) or "none"
            raise QueryError(name.column or 1, f"no side is called {name.value!r}", _nearest(name, self._side_ids) or f"sides: {known}")
        return SideNode(str(name))

    def either(self, parts: list[Node]) -> Node:
        return Either(tuple(parts))

    def both(self, parts: list[Node]) -> Node:
        return Both(tuple(parts))

    def without(self, parts: list[Node]) -> Node:
        return Without(parts[0])

    def near(self, parts: list[Node | Token]) -> Node:
        left, word, right = parts
        assert isinstance(word, Token)
        assert not isinstance(left, Token)
        assert not isinstance(right, Token)
        for item in (left, right):
            _plain(item, word)
        return Near(left, right, int(word.split("/")[1]))

    def same_sentence(self, parts: list[Node]) -> Node:
        return SameSentence(parts[0] if len(parts) == 1 else Both(tuple(parts)))

    def at_least(self, parts: list[Node | Token]) -> Node:
        word, item = parts
        assert isinstance(word, Token)
        assert not isinstance(item, Token)
        _plain(item, word)
        count = int(word.rsplit("-", 1)[1])
        if count < 1:
            raise QueryError(word.column or 1, "at-least counts from 1", "write at-least-1( or more")
        return AtLeast(item, count)

    def zone(self, parts: list[Node | Token]) -> Node:
        word, item = parts
        assert isinstance(word, Token)
        assert not isinstance(item, Token)
        return Zone(item, word.rstrip(" :").lower())


def _plain(node: Node, word: Token) -> None:
    """near and at-least count mentions, so they take a side or sides joined by `or`."""
    if isinstance(node, SideNode) or (isinstance(node, Either) and all(isinstance(item, SideNode) for item in node.items)):
        return
    raise QueryError(
        word.column or 1, f"{word.value.lower()} takes a side, or sides joined by `or` in parentheses", "use same-sentence(...)"
    )


def _nearest(word: str, known: Collection[str]) -> str:
    close = get_close_matches(word.lower(), [*known, *_WORDS], n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else ""


def _explained(expression: str, error: UnexpectedInput, side_ids: Collection[str]) -> QueryError:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        if not expression.strip():
            return QueryError(1, "the expression is empty", "for example: " + " and ".join(sorted(side_ids)))
        return QueryError(len(expression) + 1, "the expression ends too early", "a side or ')' is missing")
    if isinstance(error, UnexpectedToken):
        word = str(error.token)
        return QueryError(error.column, f"{word!r} does not fit here", _nearest(word, ()) or "join sides by and, or, near/n")
    if isinstance(error, UnexpectedCharacters):
        return QueryError(error.column, f"{error.char!r} has no meaning here", "words are side ids, and, or, not, near/n, ( and )")
    return QueryError(1, "the expression cannot be read")
