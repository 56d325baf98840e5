"""Follow a net's own forward pass on a tensor that has a shape but no values, and note what every unit sees.

The tensor is a subclass that torch shows every operation it meets (`__torch_function__`); weights are stood in for by
tensors of their shape. So nothing is computed, the net's code is followed as it is (wherever it does not depend on an
image's values, as for torch.fx), and an operation without a rule cannot slip through.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_flatten, tree_map_only

from s6core.receptive import shapes as _shapes  # noqa: F401  (registers its rules)
from s6core.receptive.errors import ReceptiveFieldError, UnknownOperationError
from s6core.receptive.geometry import Axis
from s6core.receptive.maps import Maps, merge
from s6core.receptive.record import Field, ReceptiveField
from s6core.receptive.rules import RULES, Call

READS_VALUES = {
    "__array__", "__bool__", "__complex__", "__contains__", "__float__", "__index__", "__int__", "allclose", "equal",
    "item", "nonzero", "numpy", "tolist", "unique",
}  # fmt: skip
"""Operations that leave the tensors: a pass that decides by their outcome has no field of its own."""

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class Followed(torch.Tensor):
    """A tensor without values that knows its maps."""

    maps: Maps
    tracer: Trace

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        followed = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, Followed)]
        return followed[0].tracer.call(func, args, kwargs, followed)


class Trace:
    """The records of one forward pass, and where in the net it is."""

    def __init__(self, net: nn.Module, input_size: tuple[int, int]) -> None:
        self.net = net
        self.input_size = input_size
        self.names = {module: name for name, module in net.named_modules()}
        self.records: list[Field] = []
        self.also: dict[str, Field] = {}
        self.path: list[nn.Module] = []
        self.stand_ins: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}  # with the tensor, so that its id stays its

    def run(self, channels: int) -> ReceptiveField:
        for module, name in self.names.items():
            if isinstance(module, torch.jit.ScriptModule):
                raise ReceptiveFieldError(f"module {name!r} is scripted: its operations cannot be traced")
        height, width = self.input_size
        dtype = next((p.dtype for p in self.net.parameters() if p.is_floating_point()), torch.float32)
        image = torch.empty(1, channels, height, width, dtype=dtype, device="meta")
        maps = Maps(dims=(2, 3), axes=(Axis.image(height), Axis.image(width)))
        with torch.no_grad(), in_eval_mode(self.net), self._hooks(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the cost of an operation, say, which is not paid here
            output = self._guarded(lambda: self.net(self.follow(image, maps)))
        if not any(isinstance(x, Followed) for x in tree_flatten(output)[0]):
            raise ReceptiveFieldError(
                f"{type(self.net).__name__}: its output could not be followed back to the input; "
                f"compiled parts, and functions of one's own for autograd, cannot be traced"
            )
        return self._finished()

    def follow(self, value: torch.Tensor, maps: Maps) -> Followed:
        with torch._C.DisableTorchFunctionSubclass():
            tensor = value.as_subclass(Followed)
        tensor.maps, tensor.tracer = maps, self
        return tensor

    def call(self, func: Any, args: Any, kwargs: Any, followed: list[Followed]) -> Any:
        """Run an operation for the shape of its result, and apply its rule to the maps."""
        op = _name(func)
        where = self._where(op)
        if func.__name__ in READS_VALUES:
            raise ReceptiveFieldError(
                f"at {where!r}: {type(self.net).__name__} reads the values of a tensor ({op}) in its forward pass; "
                f"such a net cannot be traced, and its field would depend on the image"
            )
        if op == "iter":
            return iter(self.call(torch.unbind, args, kwargs, followed))
        plain_args, plain_kwargs = tree_map_only(torch.Tensor, self._plain, (args, kwargs))
        with torch._C.DisableTorchFunctionSubclass():
            try:
                result = _shaped(func, plain_args, plain_kwargs)
            except (RuntimeError, ValueError, IndexError, TypeError, NotImplementedError) as error:
                raise ReceptiveFieldError(self._does_not_fit(op, where, followed, error)) from error
            if op == "setitem":
                raise UnknownOperationError(f"at {where!r}: no rule for writing into a part of a tensor")
            if not any(isinstance(x, torch.Tensor) for x in tree_flatten(result)[0]):
                return result
        maps = self._apply(Call(op, where, result, followed), args, kwargs)
        if maps is None:
            return result
        return self._wrap(func, args, kwargs, result, maps, where)

    def _apply(self, call: Call, args: Any, kwargs: Any) -> Maps | list[Maps] | None:
        rule = RULES.get(call.op)
        if rule is not None:
            return rule(call, *args, **{"x" if k in ("input", "self") else k: v for k, v in kwargs.items()})
        if all(x.maps.flat for x in call.followed):  # no axis is left: whatever it does, it sees what they saw
            return merge([x.maps for x in call.followed], (), call.where)
        raise UnknownOperationError(
            f"at {call.where!r}: no rule for the operation {call.op!r}, and its field is not guessed"
        )

    def _wrap(self, func: Any, args: Any, kwargs: Any, result: Any, maps: Maps | list[Maps], where: str) -> Any:
        if isinstance(maps, list):
            pieces = [
                x if x is None else self.follow(x, replace(m, source=where)) for x, m in zip(result, maps, strict=True)
            ]
            if pieces and pieces[0] is not None:
                self._note(where, _name(func), pieces[0])
            return type(result)(pieces)  # a list, a tuple or one of torch's named tuples
        maps = replace(maps, source=where)
        if not isinstance(result, torch.Tensor):
            return tree_map_only(torch.Tensor, lambda x: self.follow(x, maps), result)
        tensor = self.follow(result, maps)
        self._note(where, _name(func), tensor)
        if _in_place(func, kwargs):
            if not isinstance(args[0], Followed):
                raise UnknownOperationError(f"at {where!r}: no rule for writing into a constant tensor")
            args[0].maps = maps
            return args[0]
        return tensor

    def _note(self, name: str, op: str, tensor: Followed) -> None:
        """Record an operation of the forward pass itself; one inside a layer is part of that layer's record."""
        if not self.path or not _is_layer(self.path[-1], self.net):
            self.records.append(self._field(name, op, tensor))

    def _field(self, name: str, op: str, tensor: Followed) -> Field:
        maps = tensor.maps
        return Field(name=name, op=op, output=tuple(tensor.shape[1:]), axes=maps.axes, global_by=maps.marks)

    def _where(self, op: str) -> str:
        name = self.names[self.path[-1]] if self.path else ""
        if self.path and _is_layer(self.path[-1], self.net):
            return name
        return f"{name}.{op}" if name else op

    def _plain(self, x: torch.Tensor) -> torch.Tensor:
        with torch._C.DisableTorchFunctionSubclass():
            if isinstance(x, Followed):
                return x.as_subclass(torch.Tensor)
            if x.device.type == "meta":
                return x
            if id(x) not in self.stand_ins:
                self.stand_ins[id(x)] = (x, torch.empty_like(x, device="meta"))
            return self.stand_ins[id(x)][1]

    def _does_not_fit(self, op: str, where: str, followed: list[Followed], error: Exception) -> str:
        shapes = " and ".join("×".join(map(str, x.shape[1:])) for x in followed[:2])
        height, width = self.input_size
        return (
            f"at {where!r}: {op} cannot take maps of {shapes}; "
            f"the input size {height}×{width} is too small for this net or does not suit it ({_first_line(error)})"
        )

    @contextmanager
    def _hooks(self) -> Iterator[None]:
        """Keep `path` at the module being called, and record every layer's output."""

        def enter(module: nn.Module, args: Any) -> None:
            self.path.append(module)

        def leave(module: nn.Module, args: Any, output: Any) -> None:
            self.path.pop()
            first = output[0] if isinstance(output, tuple) and output else output  # a pooling may add its indices
            if not isinstance(first, Followed):
                return
            name, op = self.names[module], type(module).__name__
            if _is_layer(module, self.net):
                first.maps = replace(first.maps, source=name)
                self.records.append(self._field(name, op, first))
            elif name:
                self.also[name] = self._field(name, op, first)

        with ExitStack() as stack:
            for module in self.names:
                stack.callback(module.register_forward_pre_hook(enter).remove)
                stack.callback(module.register_forward_hook(leave).remove)
            yield

    def _guarded(self, forward: Callable[[], Any]) -> Any:
        try:
            return forward()
        except ReceptiveFieldError:
            raise
        except Exception as error:
            at = self.names[self.path[-1]] if self.path else ""
            inside = f" in {at!r}" if at else ""
            raise ReceptiveFieldError(
                f"{type(self.net).__name__} cannot be traced: {type(error).__name__}{inside}: {_first_line(error)}"
            ) from error

    def _finished(self) -> ReceptiveField:
        """Number the records of what was called more than once, and add the other names by which they are known."""
        calls = Counter(record.name for record in self.records)
        seen: Counter[str] = Counter()
        records = []
        for record in self.records:
            seen[record.name] += 1
            name = record.name if calls[record.name] == 1 else f"{record.name}#{seen[record.name]}"
            records.append(replace(record, name=name))
            self.also[record.name] = records[-1]
        for name, module in self.net.named_modules(remove_duplicate=False):  # a shared module has several names
            if self.names[module] in self.also:
                self.also.setdefault(name, self.also[self.names[module]])
        return ReceptiveField(records, self.input_size, self.also)


def _is_layer(module: nn.Module, net: nn.Module) -> bool:
    """Whether a module counts as one layer: it holds no others or, as for torch.fx, it is torch's own."""
    own = type(module).__module__.startswith("torch.nn") and not isinstance(module, CONTAINERS)
    return module is not net and (own or next(module.children(), None) is None)


def _shaped(func: Any, args: Any, kwargs: Any) -> Any:
    """Return the result of an operation on tensors without values."""
    if func is nn.functional.batch_norm and len(args) > 1 and isinstance(args[1], torch.Tensor):
        x, mean = args[:2]
        if x.shape[1:2] == mean.shape:  # torch would take a batch norm to pieces, a third of a ResNet's time
            return torch.empty_like(x)
    return func(*args, **kwargs)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _name(func: Any) -> str:
    name = func.__name__
    if name == "__get__":
        name = func.__self__.__name__
    return name.strip("_")


def _in_place(func: Any, kwargs: Any) -> bool:
    name = func.__name__
    return kwargs.get("inplace") is True or (name.endswith("_") and not name.endswith("__")) or name in _IN_PLACE


_IN_PLACE = {"__iadd__", "__isub__", "__imul__", "__itruediv__", "__ifloordiv__", "__ipow__"}


@contextmanager
def in_eval_mode(net: nn.Module) -> Iterator[None]:
    """Put a net into eval mode for a while, and each of its modules back into the mode it was in."""
    training = [module for module in net.modules() if module.training]
    net.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def trace(net: nn.Module, input_size: tuple[int, int], channels: int | None = None) -> ReceptiveField:
    """Return the receptive field of a module: see `s6core.receptive.receptive_field`."""
    net = getattr(net, "_orig_mod", net)  # of a net that torch.compile wraps
    return Trace(net, input_size).run(image_channels(net) if channels is None else channels)


def image_channels(net: nn.Module) -> int:
    """Return the channels of the images that a net takes, as far as its first convolution tells."""
    first = next((module for module in net.modules() if isinstance(module, nn.Conv2d)), None)
    return 3 if first is None else first.in_channels
