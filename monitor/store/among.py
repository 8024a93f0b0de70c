"""Queries over many numbers with one statement: numbers are bound in groups of one size, the last group filled up with its last number.

Numbers written into SQL would make a statement of its own for every set of them, and fill the engines' caches of prepared statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.store.driver import Row, Store, Value

AT_A_TIME = 100

MARKS = ", ".join(f":number_{place}" for place in range(AT_A_TIME))
"""What stands for the numbers inside `in (...)`."""


def rows_among(store: Store, sql: str, numbers: Iterable[int], /, **values: Value) -> Iterator[Row]:
    """The rows of `sql`, in which `{numbers}` stands for the numbers, group by group in ascending order of the numbers."""
    ordered = sorted(set(numbers))
    statement = sql.replace("{numbers}", MARKS)
    for start in range(0, len(ordered), AT_A_TIME):
        some = ordered[start : start + AT_A_TIME]
        some += some[-1:] * (AT_A_TIME - len(some))
        yield from store.all(statement, **values, **{f"number_{place}": number for place, number in enumerate(some)})
