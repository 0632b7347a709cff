"""A small part of expr-lang, the language of Argo's conditions: enough for `retryStrategy.expression` and `depends`.

Known: text, whole and decimal numbers, true, false, lists, dotted names, ! not && and || or == != < <= > >= in,
parentheses, and the casts asInt, asFloat, string. Anything else is refused while parsing. Stricter than expr-lang in
one point: text compared with a number is an error, not false, because that is always a forgotten cast.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# a name is a variable with its fields; task names hold hyphens, which elsewhere mean minus
VARIABLE = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
TASK = r"[A-Za-z0-9_][\w-]*(?:\.[A-Za-z]+)?"

_SYMBOL = r"&&|\|\||[=!<>]=|[<>!()\[\],]"
_WORDS = {"and": "&&", "or": "||", "not": "!", "in": "in", "true": "true", "false": "false"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_CASTS: dict[str, Callable[[Any], Any]] = {"asInt": int, "asFloat": float, "string": str}


class Unknown(ValueError):
    """An expression that this evaluator does not know, or that makes no sense; the message is a sentence."""


@dataclass(frozen=True)
class Node:
    """Part of a parsed expression: `kind` is value, name, list, call, ! or an operator; `value` a literal or a name."""

    kind: str
    value: Any = None
    parts: tuple["Node", ...] = ()


def parse(text: str, name: str = VARIABLE) -> Node:
    """Parse a whole expression; `name` is the regular expression of its names, VARIABLE or TASK.

    Raises: Unknown.
    """
    tokens = _tokens(text, name)
    node = _either(tokens)
    if tokens:
        raise Unknown(f"the expression {text!r} goes on after its end at {tokens[0][1]!r}")
    return node


def names(node: Node) -> set[str]:
    """Every name that the expression reads."""
    found = {node.value} if node.kind == "name" else set()
    return found.union(*(names(part) for part in node.parts))


def evaluate(node: Node, values: Mapping[str, Any]) -> Any:
    """The value of a parsed expression.

    Raises: Unknown, when a name has no value or operands do not go together.
    """
    match node.kind:
        case "value":
            return node.value
        case "name":
            if node.value not in values:
                raise Unknown(f"{node.value} is not known here; known are {', '.join(sorted(values))}")
            return values[node.value]
        case "list":
            return [evaluate(part, values) for part in node.parts]
        case "call":
            return _cast(node.value, evaluate(node.parts[0], values))
        case "!":
            return not _truth(evaluate(node.parts[0], values))
        case "&&":
            return all(_truth(evaluate(part, values)) for part in node.parts)
        case "||":
            return any(_truth(evaluate(part, values)) for part in node.parts)
    left, right = (evaluate(part, values) for part in node.parts)
    if node.kind == "in":
        if not isinstance(right, list):
            raise Unknown(f"'in' wants a list on its right, not {right!r}")
        return any(_compare("==", left, item) for item in right)
    return _compare(node.kind, left, right)


def _cast(function: str, value: Any) -> Any:
    try:
        return _CASTS[function](value)
    except ValueError:
        raise Unknown(f"{function}({value!r}) has no value") from None


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unknown(f"{value!r} stands where true or false is wanted")
    return value


def _compare(operator: str, left: Any, right: Any) -> bool:
    number = (int, float)
    alike = type(left) is type(right) or (type(left) in number and type(right) in number)
    if not alike:
        raise Unknown(f"{left!r} is compared with {right!r}, which is of another type: cast one with asInt or string")
    return _COMPARE[operator](left, right)


Tokens = list[tuple[str, str]]


def _tokens(text: str, name: str) -> Tokens:
    """(kind, text) pairs; kinds are text, number, name, and for symbols and words the symbol itself."""
    pattern = re.compile(
        rf"""\s*(?:(?P<text>"[^"\\]*"|'[^'\\]*')|(?P<symbol>{_SYMBOL})|(?P<number>-?\d+(?:\.\d+)?(?![\w-]))|(?P<name>{name}))"""
    )
    tokens: Tokens = []
    position = 0
    while text[position:].strip():
        found = pattern.match(text, position)
        if found is None:
            raise Unknown(f"{text[position:].split()[0]!r} in the expression {text!r} is not known")
        kind, token = str(found.lastgroup), str(found[str(found.lastgroup)])
        tokens.append((_WORDS[token], token) if kind == "name" and token in _WORDS else (kind, token))
        if kind == "symbol":
            tokens[-1] = (token, token)
        position = found.end()
    return tokens


def _take(tokens: Tokens, *kinds: str) -> str | None:
    return tokens.pop(0)[1] if tokens and tokens[0][0] in kinds else None


def _expect(tokens: Tokens, kind: str) -> None:
    if _take(tokens, kind) is None:
        raise Unknown(f"{kind!r} is missing before {tokens[0][1]!r}" if tokens else f"{kind!r} is missing at the end")


def _either(tokens: Tokens) -> Node:
    parts = [_both(tokens)]
    while _take(tokens, "||"):
        parts.append(_both(tokens))
    return parts[0] if len(parts) == 1 else Node("||", parts=tuple(parts))


def _both(tokens: Tokens) -> Node:
    parts = [_comparison(tokens)]
    while _take(tokens, "&&"):
        parts.append(_comparison(tokens))
    return parts[0] if len(parts) == 1 else Node("&&", parts=tuple(parts))


def _comparison(tokens: Tokens) -> Node:
    left = _unary(tokens)
    inverse = len(tokens) > 1 and tokens[0][0] == "!" and tokens[1][0] == "in"  # `x not in [...]`
    if inverse:
        tokens.pop(0)
    operator = _take(tokens, "in", *_COMPARE)
    if operator is None:
        return left
    node = Node(operator, parts=(left, _unary(tokens)))
    return Node("!", parts=(node,)) if inverse else node


def _unary(tokens: Tokens) -> Node:
    return Node("!", parts=(_unary(tokens),)) if _take(tokens, "!") else _operand(tokens)


def _operand(tokens: Tokens) -> Node:
    if not tokens:
        raise Unknown("the expression ends too early")
    kind, token = tokens.pop(0)
    match kind:
        case "text":
            return Node("value", token[1:-1])
        case "number":
            return Node("value", float(token) if "." in token else int(token))
        case "true" | "false":
            return Node("value", kind == "true")
        case "(":
            node = _either(tokens)
            _expect(tokens, ")")
            return node
        case "[":
            return Node("list", parts=_items(tokens, "]"))
        case "name":
            return _call(token, tokens) if _take(tokens, "(") else Node("name", token)
    raise Unknown(f"{token!r} stands where a value is wanted")


def _call(function: str, tokens: Tokens) -> Node:
    if function not in _CASTS:
        raise Unknown(f"the function {function} is not known; known are {', '.join(_CASTS)}")
    arguments = _items(tokens, ")")
    if len(arguments) != 1:
        raise Unknown(f"{function} takes one value, not {len(arguments)}")
    return Node("call", function, arguments)


def _items(tokens: Tokens, end: str) -> tuple[Node, ...]:
    items: list[Node] = []
    while not _take(tokens, end):
        if items:
            _expect(tokens, ",")
        items.append(_either(tokens))
    return tuple(items)
