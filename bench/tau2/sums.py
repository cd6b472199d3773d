"""Money in minor units, and the desk's pocket calculator."""

import ast
import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bench.tau2.world import ToolRefusedError

NODES_MAX = 200
_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def minor(amount: float | str | Decimal) -> int:
    """Return an amount in cents."""
    return int((Decimal(str(amount)) * 100).to_integral_value())


def calculated(expression: str) -> str:
    """Return the value of a sum of plain numbers; raises `ToolRefusedError` for anything else."""
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise ToolRefusedError("this is no sum") from error
    if sum(1 for _ in ast.walk(tree)) > NODES_MAX:
        raise ToolRefusedError("this sum is too long")
    return str(_value(tree.body).quantize(Decimal("0.01")))


def _value(node: ast.expr) -> Decimal:
    match node:
        case ast.Constant(value=int() | float() as number):
            return Decimal(str(number))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            made: Decimal = _OPERATORS[type(op)](_value(left), _value(right))
            return made
        case _:
            raise ToolRefusedError("this is no sum")
