"""A strict reader of HTML: what a browser would silently mend is an error here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}
LAYOUT = {"html", "head", "style", "body", "header", "nav", "main", "footer", "section", "div", "svg", "details"}
SHAPES = {"rect", "line", "path", "circle", "text"}
TEXT = {"title", "desc", "h1", "h2", "h3", "p", "span", "strong", "code", "a", "summary"}
LISTS = {"dl", "dt", "dd", "ul", "li"}
TABLES = {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
KNOWN = VOID | LAYOUT | TEXT | LISTS | TABLES | SHAPES
# element -> the parents it may have
PARENTS = {
    "li": {"ul"},
    "dt": {"dl", "div"},
    "dd": {"dl", "div"},
    "caption": {"table"},
    "thead": {"table"},
    "tbody": {"table"},
    "tfoot": {"table"},
    "tr": {"thead", "tbody", "tfoot"},
    "th": {"tr"},
    "td": {"tr"},
    **{shape: {"svg"} for shape in SHAPES},
    "desc": {"svg"},
    "title": {"head", "svg", *SHAPES},
    "summary": {"details"},
    "meta": {"head"},
    "style": {"head"},
}
ONLY_PHRASES = {"p", "span", "strong", "code", "a", "h1", "h2", "h3", "caption", "dt", "summary"}
PHRASES = {"span", "strong", "code", "a"}


@dataclass
class Element:
    """An element with its attributes and what is inside it, in order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Every element inside with this tag and these attributes (`class_` for class: one of the classes)."""
        return [e for e in self._inside() if e.tag == tag and all(e._has(name, v) for name, v in attributes.items())]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only such element."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} <{tag} {attributes}>"
        return found[0]

    @property
    def text(self) -> str:
        """The text inside, white space as a browser shows it."""
        return " ".join(self._words().split())

    def _words(self) -> str:
        inner = "".join(child if isinstance(child, str) else child._words() for child in self.children)
        return inner if self.tag in PHRASES else f"{inner} "  # what follows a phrase may belong to its last word

    def _inside(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._inside()

    def _has(self, name: str, value: str) -> bool:
        given = self.attributes.get(name.rstrip("_"), "")
        return value in given.split() if name == "class_" else given == value


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document")
        self.open = [self.root]
        self.ids: set[str] = set()
        self.declarations: list[str] = []

    def handle_decl(self, decl: str) -> None:
        assert not self.root.children, "the declaration comes first"
        self.declarations.append(decl)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in KNOWN, f"<{tag}> is no element this page needs"
        parent = self.open[-1].tag
        assert parent in PARENTS.get(tag, {parent}), f"<{tag}> in <{parent}>"
        assert parent not in ONLY_PHRASES or tag in PHRASES, f"<{tag}> in <{parent}>"
        assert parent != "ul" or tag == "li", f"<{tag}> in <ul>"
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice on <{tag}>"
        element = Element(tag, {name: value or "" for name, value in attrs})
        if name := element.attributes.get("id"):
            assert name not in self.ids, f"two elements with id {name}"
            self.ids.add(name)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SHAPES, f"<{tag}/> closes itself"
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        assert not data.strip() or self.open[-1].tag not in {"document", "html", "ul", "dl", "table", "tr", "svg"}, (
            f"text in <{self.open[-1].tag}>: {data.strip()!r}"
        )
        if len(self.open) > 1:
            self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"an unknown declaration: {data}")


def parse(text: str) -> Element:
    """The <html> element.

    Raises: AssertionError, where the text is not what a validator would pass.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.declarations == ["DOCTYPE html"]
    assert reader.open == [reader.root], f"<{reader.open[-1].tag}> stays open"
    document = reader.root.one("html")
    for element in document.all("section"):
        assert element.attributes["aria-labelledby"] in reader.ids
    for link in document.all("a"):
        assert link.attributes["href"].removeprefix("#") in reader.ids, f"{link.attributes['href']} leads nowhere"
    return document
