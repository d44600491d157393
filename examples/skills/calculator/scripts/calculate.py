"""Evaluate an arithmetic expression exactly.

Numbers are held as fractions, so 0.1 + 0.2 is 0.3. Results that no fraction can
hold, such as sqrt(2), are rounded and reported as rounded. Expressions are parsed
with the ast module and only arithmetic is carried out: nothing is executed.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, Inexact, localcontext
from fractions import Fraction

MAX_LENGTH = 4_000  # characters in an expression
MAX_NESTING = 100  # open parentheses at one point
MAX_BITS = 14_000  # size of a numerator or denominator, about 4,200 digits
MAX_DIGITS = 4_000  # decimal exponent of a number
MAX_PLAIN = 100  # digits of a non-whole result that are printed in full
MAX_SHOWN = 50  # digits of a rounded result
MAX_FACTORIAL = 1_000
MAX_CHOICES = 10_000
MAX_PLACES = 1_000  # second argument of round
MAX_REAL_EXPONENT = 1_000_000

# A rounded calculation is done at both precisions, and the results must agree.
PRECISIONS = (100, 150)
AGREEMENT = Fraction(1, 10 ** (MAX_SHOWN + 5))
TOO_CLOSE = Fraction(1, 10**40)  # to a whole number, for a rounded value

PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620"
    "89986280348253421170679821480865132823066470938446095505822317253594081284811174"
    "5028410270193852110"
)
TYPOGRAPHIC = str.maketrans({"\u00d7": "*", "\u00f7": "/", "\u2212": "-"})


class CalculationError(Exception):
    """The expression cannot be evaluated; the message says why."""


@dataclass(frozen=True)
class Number:
    """A fraction, and whether it is the exact value or a rounded one."""

    value: Fraction
    exact: bool = True

    @property
    def whole(self) -> bool:
        return self.exact and self.value.denominator == 1


@dataclass(frozen=True)
class Function:
    """A function of the calculator with the number of arguments it takes."""

    call: Callable[[Sequence[Number]], Number]
    fewest: int
    most: int | None


def number(value: Fraction | int, exact: bool = True) -> Number:
    """Build a Number: round it if it is not exact, refuse it if it is too big."""
    value = Fraction(value)
    if not exact:
        value = Fraction(to_decimal(value))
    size = max(value.numerator.bit_length(), value.denominator.bit_length())
    if size > MAX_BITS:
        raise CalculationError("a number in the calculation is too large to hold")
    return Number(value, exact)


def to_decimal(value: Fraction) -> Decimal:
    """Round a fraction to the precision of the current decimal context."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def through_decimal(operation: Callable[..., Decimal], *args: Number) -> Number:
    """Apply a decimal operation and notice whether it had to round."""
    with localcontext() as context:
        context.clear_flags()
        result = operation(*(to_decimal(arg.value) for arg in args))
        exact = all(arg.exact for arg in args) and not context.flags[Inexact]
    if result and abs(result.adjusted()) > MAX_DIGITS:
        raise CalculationError("a number in the calculation is too large to hold")
    return number(Fraction(result), exact)


def floor_of(arg: Number) -> int:
    """Round down; refuse when rounding error could change the answer."""
    if not arg.exact:
        distance = abs(arg.value - round(arg.value))
        if distance < TOO_CLOSE * (1 + abs(arg.value)):
            raise CalculationError(
                "a rounded value is too close to a whole number or a half to be"
                " rounded again safely"
            )
    return math.floor(arg.value)


# Operators


def divide(left: Number, right: Number) -> Number:
    if right.value == 0:
        raise CalculationError("division by zero")
    return number(left.value / right.value, left.exact and right.exact)


def floor_divide(left: Number, right: Number) -> Number:
    return number(floor_of(divide(left, right)))


def modulo(left: Number, right: Number) -> Number:
    quotient = floor_divide(left, right).value
    return number(left.value - right.value * quotient, left.exact and right.exact)


def power(base: Number, exponent: Number) -> Number:
    if base.value == 0 and exponent.value < 0:
        raise CalculationError("division by zero (0 to a negative power)")
    if base.value == 0 or abs(base.value) == 1:
        if exponent.whole:
            result = base.value ** (exponent.value.numerator % 2 or 2)
            return number(result if exponent.value else 1, base.exact)
        if base.value == 0:
            return base
    if abs(exponent.value) > MAX_REAL_EXPONENT:
        raise CalculationError(f"the exponent is larger than {MAX_REAL_EXPONENT:,}")
    if base.value < 0 and not exponent.whole:
        raise CalculationError("a negative number to a fractional power is not real")
    check_magnitude(base.value, exponent.value)
    if base.exact and exponent.exact:
        result_or_none = exact_power(base.value, exponent.value)
        if result_or_none is not None:
            return number(result_or_none)
    return through_decimal(lambda x, y: x**y, base, exponent)


def check_magnitude(base: Fraction, exponent: Fraction) -> None:
    """Refuse a power whose decimal exponent would pass MAX_DIGITS."""
    size = math.log10(abs(base.numerator)) - math.log10(base.denominator)
    if abs(size * float(exponent)) > MAX_DIGITS:
        raise CalculationError(
            f"the power has more than {MAX_DIGITS:,} digits before or after the point"
        )


def exact_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    """Return base ** exponent as a fraction, or None if it is none or too long."""
    root = exact_root(base, exponent.denominator)
    if root is None:
        return None
    size = max(math.log2(abs(root.numerator)), math.log2(root.denominator))
    if size * abs(exponent.numerator) >= MAX_BITS - 1:
        return None
    return Fraction(root**exponent.numerator)


def exact_root(value: Fraction, degree: int) -> Fraction | None:
    """Return the root of that degree if it is a fraction, otherwise None."""
    if degree == 1:
        return value
    if degree > MAX_BITS:
        return None
    numerator = whole_root(value.numerator, degree)
    denominator = whole_root(value.denominator, degree)
    if numerator is None or denominator is None:
        return None
    return Fraction(numerator, denominator)


def whole_root(value: int, degree: int) -> int | None:
    # The plus sign rounds: the power of a number of thousands of digits is slow.
    guess = int(((+Decimal(value)) ** (Decimal(1) / degree)).to_integral_value())
    return guess if guess**degree == value else None


def both_exact(
    operation: Callable[[Fraction, Fraction], Fraction],
) -> Callable[[Number, Number], Number]:
    """Turn an operation on fractions into one on Numbers."""

    def apply(left: Number, right: Number) -> Number:
        return number(operation(left.value, right.value), left.exact and right.exact)

    return apply


OPERATORS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: both_exact(lambda left, right: left + right),
    ast.Sub: both_exact(lambda left, right: left - right),
    ast.Mult: both_exact(lambda left, right: left * right),
    ast.Div: divide,
    ast.FloorDiv: floor_divide,
    ast.Mod: modulo,
    ast.Pow: power,
}


# Functions


def whole_numbers(args: Sequence[Number]) -> list[int]:
    if not all(arg.whole for arg in args):
        raise CalculationError("this function takes whole numbers only")
    return [arg.value.numerator for arg in args]


def total(args: Sequence[Number]) -> Number:
    result = number(0)
    for arg in args:
        result = OPERATORS[ast.Add](result, arg)
    return result


def mean(args: Sequence[Number]) -> Number:
    return divide(total(args), number(len(args)))


def median(args: Sequence[Number]) -> Number:
    ordered = sorted(args, key=lambda arg: arg.value)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return mean(ordered[middle - 1 : middle + 1])


def scale_of(args: Sequence[Number]) -> Fraction:
    places = whole_numbers(args[1:])[0] if len(args) > 1 else 0
    if abs(places) > MAX_PLACES:
        raise CalculationError(f"round takes at most {MAX_PLACES:,} decimal places")
    return Fraction(10) ** places


def round_half_up(args: Sequence[Number]) -> Number:
    """Round to a number of places; a half goes away from zero."""
    scale = scale_of(args)
    scaled = number(abs(args[0].value) * scale + Fraction(1, 2), args[0].exact)
    result = Fraction(floor_of(scaled)) / scale
    return number(-result if args[0].value < 0 else result)


def round_half_even(args: Sequence[Number]) -> Number:
    """Round to a number of places; a half goes to the even digit."""
    scale = scale_of(args)
    if not args[0].exact:
        return round_half_up(args)  # a half is refused there, so no tie remains
    return number(Fraction(round(args[0].value * scale)) / scale)


def logarithm(operation: Callable[[Decimal], Decimal]) -> Callable[..., Number]:
    def apply(args: Sequence[Number]) -> Number:
        if args[0].value <= 0:
            raise CalculationError("the logarithm needs a number above zero")
        return through_decimal(operation, args[0])

    return apply


def exponential(args: Sequence[Number]) -> Number:
    if abs(args[0].value) > 2 * MAX_DIGITS:
        raise CalculationError("the argument of exp is too large")
    return through_decimal(Decimal.exp, args[0])


def factorial(args: Sequence[Number]) -> Number:
    value = whole_numbers(args)[0]
    if not 0 <= value <= MAX_FACTORIAL:
        raise CalculationError(f"factorial takes 0 to {MAX_FACTORIAL:,}")
    return number(math.factorial(value))


def counting(operation: Callable[[int, int], int]) -> Callable[..., Number]:
    def apply(args: Sequence[Number]) -> Number:
        items, chosen = whole_numbers(args)
        if not (0 <= items <= MAX_CHOICES and 0 <= chosen <= MAX_FACTORIAL):
            raise CalculationError(
                f"comb and perm take n from 0 to {MAX_CHOICES:,}"
                f" and k from 0 to {MAX_FACTORIAL:,}"
            )
        return number(operation(items, chosen))

    return apply


FUNCTIONS: dict[str, Function] = {
    "abs": Function(lambda a: number(abs(a[0].value), a[0].exact), 1, 1),
    "ceil": Function(
        lambda a: number(-floor_of(Number(-a[0].value, a[0].exact))), 1, 1
    ),
    "comb": Function(counting(math.comb), 2, 2),
    "exp": Function(exponential, 1, 1),
    "factorial": Function(factorial, 1, 1),
    "floor": Function(lambda a: number(floor_of(a[0])), 1, 1),
    "gcd": Function(lambda a: number(math.gcd(*whole_numbers(a))), 1, None),
    "lcm": Function(lambda a: number(math.lcm(*whole_numbers(a))), 1, None),
    "ln": Function(logarithm(Decimal.ln), 1, 1),
    "log10": Function(logarithm(Decimal.log10), 1, 1),
    "max": Function(lambda a: max(a, key=lambda arg: arg.value), 1, None),
    "mean": Function(mean, 1, None),
    "median": Function(median, 1, None),
    "min": Function(lambda a: min(a, key=lambda arg: arg.value), 1, None),
    "perm": Function(counting(math.perm), 2, 2),
    "round": Function(round_half_up, 1, 2),
    "round_even": Function(round_half_even, 1, 2),
    "sqrt": Function(lambda a: power(a[0], number(Fraction(1, 2))), 1, 1),
    "sum": Function(total, 1, None),
}
CONSTANTS: dict[str, Callable[[], Decimal]] = {
    "e": lambda: Decimal(1).exp(),
    "pi": lambda: +PI,
}


# Reading and evaluating


def parse(expression: str) -> tuple[str, ast.expr]:
    """Return the cleaned source text and its syntax tree."""
    source = expression.strip().translate(TYPOGRAPHIC)
    if not source:
        raise CalculationError("the expression is empty")
    if len(source) > MAX_LENGTH:
        raise CalculationError(
            f"the expression is longer than {MAX_LENGTH:,} characters"
        )
    check_nesting(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return source, ast.parse(source, mode="eval").body
    except SyntaxError as error:
        place = f" (at character {error.offset})" if error.offset else ""
        raise CalculationError(f"not an expression: {error.msg}{place}") from None
    except ValueError:
        raise CalculationError("the expression is not valid text") from None


def check_nesting(source: str) -> None:
    depth = 0
    for character in source:
        depth += (character == "(") - (character == ")")
        if depth > MAX_NESTING:
            raise CalculationError(
                f"parentheses are nested more than {MAX_NESTING} deep"
            )


def evaluate(node: ast.expr, source: str) -> Number:
    """Evaluate a tree; long chains such as 1+2+3+... do not recurse."""
    pending: list[tuple[ast.operator, ast.expr]] = []
    while isinstance(node, ast.BinOp):
        pending.append((node.op, node.right))
        node = node.left
    result = evaluate_operand(node, source)
    for operator, right in reversed(pending):
        apply = OPERATORS.get(type(operator))
        if apply is None:
            hint = "; write ** for powers" if isinstance(operator, ast.BitXor) else ""
            raise CalculationError(f"this operator is not supported{hint}")
        result = apply(result, evaluate(right, source))
    return result


def evaluate_operand(node: ast.expr, source: str) -> Number:
    match node:
        case ast.Constant():
            return literal(node, source)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return evaluate(operand, source)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = evaluate(operand, source)
            return Number(-inner.value, inner.exact)
        case ast.Name(id=name):
            if name not in CONSTANTS:
                raise CalculationError(f"unknown name {name!r}; known: e, pi")
            return number(Fraction(CONSTANTS[name]()), exact=False)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return call(name, [evaluate(arg, source) for arg in args])
        case ast.Tuple():
            raise CalculationError(
                "a comma only separates arguments; write 1234 or 1_234"
            )
    raise CalculationError("only numbers, + - * / // % **, parentheses and functions")


def call(name: str, args: Sequence[Number]) -> Number:
    function = FUNCTIONS.get(name)
    if function is None:
        known = ", ".join(FUNCTIONS)
        raise CalculationError(f"unknown function {name!r}; known: {known}")
    most = math.inf if function.most is None else function.most
    if not function.fewest <= len(args) <= most:
        raise CalculationError(f"{name} got {len(args)} arguments")
    return function.call(args)


def literal(node: ast.Constant, source: str) -> Number:
    """Read a number from the source text, so that 0.1 stays one tenth."""
    if type(node.value) not in (int, float):
        raise CalculationError("only whole and decimal numbers are supported")
    text = ast.get_source_segment(source, node) or ""
    if text[:2].lower() in ("0x", "0o", "0b"):
        return number(int(text, 0))
    value = Decimal(text)
    if abs(value.adjusted()) > MAX_DIGITS:
        raise CalculationError(f"a number has an exponent above {MAX_DIGITS:,}")
    return number(Fraction(value))


def calculate(expression: str) -> Number:
    """Evaluate an expression; a rounded result is checked at a higher precision."""
    try:
        source, tree = parse(expression)
        results: list[Number] = []
        for precision in PRECISIONS:
            with localcontext(prec=precision):
                results.append(evaluate(tree, source))
            if results[-1].exact:
                return results[-1]
    except (RecursionError, MemoryError):
        raise CalculationError("the expression is nested too deeply") from None
    except ArithmeticError:
        raise CalculationError("a number is out of range") from None
    first, second = (result.value for result in results)
    if abs(first - second) > AGREEMENT * abs(second):
        raise CalculationError(
            "rounding errors outweigh the result; rearrange the expression to avoid"
            " subtracting nearly equal values"
        )
    return results[-1]


# Output


def exact_text(value: Fraction) -> str | None:
    """Return the full decimal form if it ends and is short enough to print."""
    if value.denominator == 1:
        return format(Decimal(value.numerator), "f")
    with localcontext(prec=MAX_PLAIN) as context:
        context.traps[Inexact] = True
        try:
            text = format(to_decimal(value), "f")
        except Inexact:
            return None
    return text if len(text) <= MAX_PLAIN else None


def describe(result: Number, digits: int) -> dict[str, str | bool | None]:
    """Return the printable parts of a result."""
    full = exact_text(result.value) if result.exact else None
    with localcontext(prec=digits):
        shown = full if full is not None else str(to_decimal(result.value))
    fraction = None
    if result.exact and result.value.denominator != 1:
        top, bottom = map(Decimal, result.value.as_integer_ratio())
        fraction = f"{top:f}/{bottom:f}"
    return {"result": shown, "rounded": full is None, "fraction": fraction}


def as_text(parts: dict[str, str | bool | None], digits: int) -> str:
    if not parts["rounded"]:
        return str(parts["result"])
    note = f"rounded to {digits} significant digits"
    fraction = parts["fraction"]
    if isinstance(fraction, str) and len(fraction) <= MAX_PLAIN:
        note += f"; exactly {fraction}"
    return f"{parts['result']}\n({note})"


def digit_count(text: str) -> int:
    if text not in {str(count) for count in range(1, MAX_SHOWN + 1)}:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 to {MAX_SHOWN}"
        )
    return int(text)


def protect_minus(argument: str) -> str:
    """Keep argparse from taking an expression such as -5+3 for an option."""
    is_option = re.match(r"-$|--$|-h|--[a-z]", argument)
    is_expression = argument.startswith("-") and not is_option
    return f" {argument}" if is_expression else argument


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Evaluate an arithmetic expression exactly.",
        epilog=f"Functions: {', '.join(FUNCTIONS)}. Constants: e, pi. "
        "Exit code 0: evaluated; 2: not evaluated, the reason is on standard error.",
    )
    parser.add_argument(
        "expression",
        nargs="?",
        default="-",
        help="the expression, in quotes; - or nothing reads standard input",
    )
    parser.add_argument(
        "--digits",
        type=digit_count,
        default=30,
        metavar="N",
        help=f"significant digits of a rounded result, 1 to {MAX_SHOWN} (default 30)",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    return parser


def read_expression(argument: str) -> str:
    if argument.strip() != "-":
        return argument
    try:
        return sys.stdin.read(MAX_LENGTH * 2)
    except UnicodeDecodeError:
        raise CalculationError("standard input is not valid text") from None


def main(arguments: Sequence[str] | None = None) -> int:
    raw = sys.argv[1:] if arguments is None else arguments
    options = build_parser().parse_args([protect_minus(item) for item in raw])
    try:
        parts = describe(calculate(read_expression(options.expression)), options.digits)
    except CalculationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(parts) if options.json else as_text(parts, options.digits))
    return 0


if __name__ == "__main__":
    sys.exit(main())
