"""The templates a digest is rendered from: the built-in page, and files of the operator that stand in for it. Values in, text out. Pure.

A file `digest.html` stands in for the HTML part, `digest.txt` for the text part; other files are there to be included. All run in Jinja2's
immutable sandbox, with escaping that no file can switch off, and loops that end with the digest. `monitor/docs/templates.md` is the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256
from html import unescape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from monitor.digests.document import Entry
from monitor.digests.plain import wrapped
from monitor.errors import MonitorError, Problem

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

FORMS = {"html": "digest.html", "text": "digest.txt"}
"""The files that stand in for a part of the mail."""

SUFFIXES = (".html", ".txt")
CONTEXT = ("document", "sections", "say", "word", "part", "parts", "number_from")
"""The names every template can use."""

IN_BLOCKS = ("kind", "heading", "entries", "entry", "outlets", "loop")
"""Further names in the blocks of the built-in page, for files that extend it."""

MAX_BYTES = 90_000
"""Of one part: mail programs clip a message near 102 kB."""

BUILT_IN_FOLDER = Path(__file__).parent / "templates"
_SEE = "the names and rules: monitor help templates"
_PREFIX = "builtin/"
_GLOBALS = ("dict", "namespace", "joiner", "cycler")
_RECOGNISED = 24
"""Characters of a headline by which it is found again in a page: a template may shorten or capitalise it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """The operator's files: (name, text) pairs, and the folder that messages name. Without any, the built-in page is used."""

    folder: str = ""
    sources: tuple[tuple[str, str], ...] = ()

    def overrides(self, form: str) -> bool:
        """True where a file stands in for this form: html | text."""
        return FORMS[form] in dict(self.sources)

    @property
    def digest(self) -> str:
        """A short name for exactly these files."""
        return sha256(repr((self.folder, self.sources)).encode("utf-8", "replace")).hexdigest()[:16]


BUILT_IN = Templates()


class TemplateFault(MonitorError):
    """A file of the operator's gave no digest that can be sent; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def render(templates: Templates, form: str, context: Mapping[str, object]) -> str:
    """One part in one form (html | text). Raises TemplateFault where a file of the operator's is at fault."""
    try:
        return _environment(templates).get_template(FORMS[form]).render(context)
    except _faults() as error:
        if not templates.sources:
            raise
        raise TemplateFault(_problem(error, templates, FORMS[form])) from error


def require_all(templates: Templates, form: str, entries: Sequence[Entry], page: str) -> None:
    """Raises TemplateFault where a page made by the operator's file leaves out one of its entries: no template may lose a story."""
    text = " ".join((unescape(page) if form == "html" else page).casefold().split())
    for entry in entries:
        headline = " ".join(entry.line.headline.casefold().split())[:_RECOGNISED]
        known = [sign for sign in (headline, entry.line.url.casefold()) if sign]
        if not any(sign in text for sign in known):
            message = f"leaves out an item of the section {entry.kind!r}: {entry.line.headline[:60]!r}"
            raise TemplateFault(_place(templates, FORMS[form], message, None, "show every entry of every section"))


def too_large(templates: Templates, form: str) -> TemplateFault:
    """The fault of a file that makes too much even of one entry."""
    message = f"makes more than {MAX_BYTES // 1000} kB of a part with one item"
    return TemplateFault(_place(templates, FORMS[form], message, None, "mail programs cut longer messages"))


def syntax_problems(templates: Templates) -> Iterator[Problem]:
    """What can be seen without rendering: files that do not compile, names that no context has, escaping switched off."""
    from jinja2 import TemplateSyntaxError

    environment = _environment(templates)
    for name, source in templates.sources:
        try:
            tree = environment.parse(source, name=name, filename=name)
            environment.compile(source, name=name, filename=name)
        except TemplateSyntaxError as error:
            yield _place(templates, name, f"is not a template: {error.message}", error.lineno, _SEE)
            continue
        yield from _unescaped(templates, name, tree)
        if name in FORMS.values():
            yield from _unknown(templates, name, tree, {*environment.globals, *CONTEXT, *IN_BLOCKS})


def _unescaped(templates: Templates, name: str, tree: nodes.Template) -> Iterator[Problem]:
    from jinja2 import nodes

    for node in tree.find_all(nodes.EvalContextModifier):
        yield _place(templates, name, "switches escaping off", node.lineno, "headlines are foreign text: leave them escaped")


def _unknown(templates: Templates, name: str, tree: nodes.Template, known: set[str]) -> Iterator[Problem]:
    from jinja2 import meta, nodes

    for unknown in sorted(meta.find_undeclared_variables(tree) - known):
        line = next((node.lineno for node in tree.find_all(nodes.Name) if node.name == unknown), None)
        close = get_close_matches(unknown, sorted(known), n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"there is {', '.join(CONTEXT)}"
        yield _place(templates, name, f"unknown name {unknown!r}", line, hint)


def _faults() -> tuple[type[Exception], ...]:
    """What rendering a wrong template can raise: Jinja2's errors, and those of Python's own operations on values."""
    from jinja2 import TemplateError

    plain = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
    return (TemplateError, *plain)


def _problem(error: Exception, templates: Templates, main: str) -> Problem:
    """Where in the operator's files an error arose: the innermost of their lines on its way."""
    from jinja2 import TemplateNotFound, TemplateSyntaxError

    if isinstance(error, TemplateSyntaxError):
        return _place(templates, error.name or main, f"is not a template: {error.message}", error.lineno, _SEE)
    names = {name for name, _ in templates.sources}
    lines = [(name, line) for name, line in _frames(error.__traceback__) if name in names]
    name, number = lines[-1] if lines else (main, None)
    if isinstance(error, TemplateNotFound):
        return _place(templates, name, f"includes {error.name!r}, which is not there", number, "names are relative to the folder")
    said = f"there is no {error}" if isinstance(error, KeyError) else str(error).replace("\n", " ")[:200] or type(error).__name__
    return _place(templates, name, f"cannot be rendered: {said}", number, _SEE)


def _frames(trace: TracebackType | None) -> Iterator[tuple[str, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


def _place(templates: Templates, name: str, message: str, line: int | None, hint: str) -> Problem:
    return Problem(file=str(Path(templates.folder) / name), path="", message=message, line=line, hint=hint)


@lru_cache(maxsize=4)
def _environment(templates: Templates) -> Environment:
    """The sandbox over the operator's files and the built-in ones, which stand under `builtin/` as well."""
    from jinja2 import StrictUndefined  # 50 ms that a cycle without a digest need not pay
    from jinja2.exceptions import SecurityError
    from jinja2.loaders import FunctionLoader
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            """Numbers are multiplied; texts and lists, which could fill the memory, are not."""
            if operator == "**" or not all(isinstance(each, (int, float)) for each in (left, right)):
                raise SecurityError(f"{operator} is for numbers only")
            return super().call_binop(context, operator, left, right)

    environment = Sandbox(
        loader=FunctionLoader(_loader(dict(templates.sources))),
        autoescape=lambda name: name is None or not name.endswith(".txt"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.globals = {name: environment.globals[name] for name in _GLOBALS}
    for unsafe in ("safe", "random"):
        environment.filters.pop(unsafe)
    environment.filters["wrapped"] = _wrapped
    return environment


def _loader(sources: Mapping[str, str]) -> Callable[[str], tuple[str, str, Callable[[], bool]] | None]:
    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        if name in sources:
            return sources[name], name, lambda: True
        path = BUILT_IN_FOLDER / name.removeprefix(_PREFIX)
        if path.parent != BUILT_IN_FOLDER or not path.is_file():
            return None
        return path.read_text(encoding="utf-8"), str(path), lambda: True

    return load


def _wrapped(text: object, first: str = "", rest: str | None = None) -> str:
    """A line as the lines of a mail: at most 76 columns, the first begun with `first`, the others with `rest`."""
    return "\n".join(wrapped(str(text), first, rest))
