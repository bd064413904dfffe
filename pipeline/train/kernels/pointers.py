"""Memory by its address, inside compiled kernels: what comes in is an int64, what goes out a pointer or a request.

Kernels take matrices by address where there may be any number of them, or where only the first columns of rows count. Whoever
passes an address keeps the tensor alive until the kernel is done.
"""

# ruff: noqa: ANN401, ARG001 - numba types neither, and finds arguments by their names

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _asks(_: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(ask, [builder.inttoptr(arguments[0], byte), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


def _points(kind: Any, bits: Any) -> Any:
    def pointer(_: Any, address: Any) -> Any:
        def generate(__: Any, builder: Any, ___: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], bits.as_pointer())

        return kind(types.int64), generate

    return pointer


prefetch: Any = intrinsic(_asks)
"""Ask for the cache line at an address."""
floats_at: Any = intrinsic(_points(types.CPointer(types.float32), ir.FloatType()))  # type: ignore[no-untyped-call]
"""The float32 numbers at an address."""
rows_at: Any = intrinsic(_points(types.CPointer(types.int32), ir.IntType(32)))  # type: ignore[no-untyped-call]
"""The int32 numbers at an address."""
