"""Rows of a fixed number of float32 columns as single values, inside compiled kernels: they stay in the processor's registers.

A loop over columns whose number is known only when it runs costs more in its beginning and end than in its middle. Here the number
is part of the type: a row is loaded, multiplied and added up by as many instructions as it takes, without a loop.
"""

# ruff: noqa: ANN401, ARG001 - numba types neither, and finds arguments by their names

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.extending import intrinsic, overload, register_model

_FLOAT = ir.FloatType()
REORDERED = ("reassoc", "contract", "nsz")
"""What the compiler may do with sums and products: order and fuse them. It may never assume that no number is NaN or infinite: by
those a training that diverges is noticed."""


class Row(types.Type):
    """The type of a row.

    Parameters
    ----------
    size
        Number of columns.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(name=f"Row({size})")


@register_model(Row)
class _RowModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Row) -> None:
        super().__init__(manager, kind, ir.VectorType(_FLOAT, kind.size))  # type: ignore[no-untyped-call]


def _spread(builder: Any, number: Any, kind: Any) -> Any:
    """Repeat a number in every column."""
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), number, ir.IntType(32)(0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count))


def _loads(_: Any, address: Any, size: Any) -> Any:
    row = Row(size.literal_value)

    def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], context.get_value_type(row).as_pointer())
        return builder.load(pointer, align=4)

    return row(types.int64, size), generate


def _stores(_: Any, address: Any, row: Any) -> Any:

    def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], arguments[1].type.as_pointer())
        builder.store(arguments[1], pointer, align=4)
        return context.get_dummy_value()

    return types.void(types.int64, row), generate


def _adds_up(_: Any, row: Any) -> Any:

    def generate(__: Any, builder: Any, ___: Any, arguments: Any) -> Any:
        kind = arguments[0].type
        name = f"llvm.vector.reduce.fadd.v{kind.count}f32"
        function = builder.module.globals.get(name) or ir.Function(builder.module, ir.FunctionType(_FLOAT, [_FLOAT, kind]), name)
        return builder.call(function, [_FLOAT(0.0), arguments[0]], fastmath=REORDERED)

    return types.float32(row), generate


load: Any = intrinsic(prefer_literal=True)(_loads)
"""Load a row of so many columns, a literal number, from an address."""
store: Any = intrinsic(_stores)
"""Write a row to an address."""
total: Any = intrinsic(_adds_up)
"""Add up a row's columns."""


def _entry_by_entry(instruction: str) -> Any:
    @intrinsic
    def combine(_: Any, left: Any, right: Any) -> Any:
        def generate(__: Any, builder: Any, ___: Any, arguments: Any) -> Any:
            first, second = arguments
            if not isinstance(second.type, ir.VectorType):
                second = _spread(builder, second, first.type)
            return getattr(builder, instruction)(first, second, flags=REORDERED)

        return left(left, right if isinstance(right, Row) else types.float32), generate

    return combine


_TIMES, _PLUS = _entry_by_entry("fmul"), _entry_by_entry("fadd")


@overload(operator.mul, strict=False)
def _multiply(left: Any, right: Any) -> Callable[[Any, Any], Any] | None:
    if isinstance(left, Row) and (isinstance(right, Row) or right == types.float32):
        return lambda left, right: _TIMES(left, right)  # noqa: PLW0108 - numba needs a function of Python's
    return None


@overload(operator.add, strict=False)
def _add(left: Any, right: Any) -> Callable[[Any, Any], Any] | None:
    if isinstance(left, Row) and isinstance(right, Row):
        return lambda left, right: _PLUS(left, right)  # noqa: PLW0108 - as above
    return None
