"""Follow a net's own forward pass on a tensor that has a shape but no values, and note what every unit sees.

Torch shows every operation to the trace (`TorchFunctionMode`); weights are stood in for by tensors of their shape. So
nothing is computed, the net's code is followed as it is (wherever it does not depend on an image's values, as for
torch.fx), and an operation without a rule cannot slip through.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map_only

from s6core.receptive import columns, indexing, joining, looking, mixing, norms, pieces, resizing  # noqa: F401  (rules)
from s6core.receptive.channels import told
from s6core.receptive.errors import ReceptiveFieldError, UnknownOperationError
from s6core.receptive.functions import READS_VALUES, in_place, name_of, shaped
from s6core.receptive.geometry import Axis
from s6core.receptive.kinds import exact_at_places
from s6core.receptive.maps import Maps
from s6core.receptive.merging import merge
from s6core.receptive.record import Field, ReceptiveField
from s6core.receptive.rules import RULES, Call
from s6core.receptive.twin import same_chance
from s6core.receptive.words import does_not_fit, first_line
from s6core.receptive.writing import Written, write

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class ValuesNeededError(Exception):
    """The net reads the value of one of its own weights."""


class Followed(torch.Tensor):
    """A tensor without values that knows its maps."""

    maps: Maps
    tracer: Trace

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        followed = next(x for x in tree_flatten((args, kwargs))[0] if isinstance(x, Followed))
        return followed.tracer.call(func, args, kwargs)


class Trace(TorchFunctionMode):
    """The records of one forward pass, and where in the net it is."""

    def __init__(self, net: nn.Module, input_size: tuple[int, ...]) -> None:
        super().__init__()
        self.net = net
        self.input_size = input_size
        self.names = {module: name for name, module in net.named_modules()}
        self.records: list[Field] = []
        self.also: dict[str, Field] = {}
        self.path: list[nn.Module] = []
        self.entered: list[Sequence[Maps]] = []
        self.stand_ins: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}  # with the tensor, so that its id stays its
        self.constants = {  # those without values, by id: of any other such tensor it is not known what it sees
            id(x): x for module in net.modules() for x in tree_flatten(vars(module))[0] if _without_values(x)
        }
        self.written = Written()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.call(func, args, kwargs or {})

    def run(self, channels: int) -> ReceptiveField:
        dtype = next((p.dtype for p in self.net.parameters() if p.is_floating_point()), torch.float32)
        image = torch.empty(1, channels, *self.input_size, dtype=dtype, device="meta")
        axes = tuple(map(Axis.image, self.input_size))
        dims = [(), pieces.plain(channels), *(pieces.axis(axis.units, side) for side, axis in enumerate(axes))]
        maps = Maps(dims=tuple(dims), axes=axes)
        with torch.no_grad(), same_chance(), self._hooks(), self._unscripted(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the cost of an operation, say, which is not paid here
            try:
                with self:
                    output = self._guarded(lambda: self.net(self.follow(image, maps)))
                if not _holds_followed(output):
                    raise ReceptiveFieldError(
                        f"{type(self.net).__name__}: its output could not be followed back to the input; "
                        f"compiled parts cannot be traced"
                    )
            except ReceptiveFieldError as error:
                error.so_far = self._finished(str(error))
                raise
        return self._finished()

    def follow(self, value: torch.Tensor, maps: Maps) -> Followed:
        with torch._C.DisableTorchFunction():
            return self.adopt(value.as_subclass(Followed), maps)

    def adopt(self, tensor: Any, maps: Maps) -> Followed:
        """Make of this very tensor one that is followed."""
        tensor.__class__ = Followed
        tensor.maps, tensor.tracer = maps, self
        self.written.know(tensor)
        followed: Followed = tensor
        return followed

    def call(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Run an operation for the shape of its result, and apply its rule to the maps."""
        followed = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, Followed)]
        if not followed:
            return self._constant(func, args, kwargs)
        op = name_of(func)
        where = self._where(op)
        if func.__name__ in READS_VALUES:
            raise ReceptiveFieldError(
                f"at {where!r}: {type(self.net).__name__} reads the values of a tensor ({op}) in its forward pass; "
                f"such a net cannot be traced, and its field would depend on the image"
            )
        if op == "iter":
            return iter(self.call(torch.unbind, args, kwargs))
        self.written.check(followed, where)
        if isinstance(kwargs.get("out"), torch.Tensor):
            raise UnknownOperationError(f"at {where!r}: no rule for {op} with out=, which writes into a given tensor")
        if func.__name__ == "__set__" and isinstance(args[1], torch.Tensor):
            raise UnknownOperationError(f"at {where!r}: no rule for giving a tensor the data of another")
        if op == "setitem":
            x, index, value = args
            write(self, x, index, value, where)
            if isinstance(args[0], Followed):
                self._note(where, op, args[0], args, kwargs)
            return None
        result = self._result(func, args, kwargs, op, where, followed)
        if not any(isinstance(x, torch.Tensor) for x in tree_flatten(result)[0]):
            return result
        maps = self._apply(Call(op, where, result, followed, len(self.input_size)), func, args, kwargs)
        if maps is None:
            return self._remembered(result)
        return self._wrap(func, args, kwargs, result, maps, where)

    def _result(self, func: Any, args: Any, kwargs: Any, op: str, where: str, followed: list[Followed]) -> Any:
        keeps = op == "getitem"  # of a constant index the values count
        plain_args, plain_kwargs = tree_map_only(
            torch.Tensor, lambda x: x if keeps and not isinstance(x, Followed) else self.plain(x), (args, kwargs)
        )
        with torch._C.DisableTorchFunctionSubclass():
            try:
                return shaped(func, plain_args, plain_kwargs)
            except (RuntimeError, ValueError, IndexError, TypeError, NotImplementedError) as error:
                shapes = [tuple(x.shape) for x in followed]
                text = does_not_fit(op, where, shapes, args, self.input_size, error)
                raise ReceptiveFieldError(text) from error

    def _constant(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Run an operation that has nothing to do with the image: on values, as far as there are some."""
        for x in tree_flatten((args, kwargs))[0]:
            if isinstance(x, torch.Tensor) and (self.written.constants or x.device.type == "meta"):
                self.plain(x)  # which looks whether it is a constant
        try:
            return self._remembered(func(*args, **kwargs))
        except (RuntimeError, NotImplementedError):
            tensors = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, torch.Tensor)]
            without = [x for x in tensors if x.device.type == "meta"]
            if without and func.__name__ in READS_VALUES:
                raise ValuesNeededError from None
            if not without or len(without) == len(tensors):
                raise
        args, kwargs = tree_map_only(torch.Tensor, self.plain, (args, kwargs))
        return self._remembered(func(*args, **kwargs))

    def _remembered(self, result: Any) -> Any:
        self.constants.update((id(x), x) for x in tree_flatten(result)[0] if _without_values(x))
        return result

    def _apply(self, call: Call, func: Any, args: Any, kwargs: Any) -> Maps | list[Maps] | None:
        rule = RULES.get(call.op)
        if rule is None:
            if not all(x.maps.flat for x in call.followed):
                raise UnknownOperationError(
                    f"at {call.where!r}: no rule for the operation {call.op!r}, and its field is not guessed"
                )
            # nothing has a place any more: whatever it does, it sees what they saw
            union = merge([x.maps.on(()) for x in call.followed], call.where)
            return union.on(pieces.plain(size) for size in call.shape)
        maps = rule(call, *args, **{"x" if k in ("input", "self") else k: v for k, v in kwargs.items()})
        if maps is not None:
            maps = told(call, func, args, kwargs, maps, rule)
        aside = [x for x in call.followed if id(x) not in call.spoken]
        if maps is None or not aside:
            return maps
        # weights, indices, a mask: an argument from the image that the rule does not place makes the result global
        marks = [call.where, *(mark for x in aside for mark in x.maps.marks)]
        return [m.marked(*marks) for m in maps] if isinstance(maps, list) else maps.marked(*marks)

    def _wrap(self, func: Any, args: Any, kwargs: Any, result: Any, maps: Maps | list[Maps], where: str) -> Any:
        if isinstance(maps, list):
            found = [
                x if x is None else self.follow(x, replace(m, source=where)) for x, m in zip(result, maps, strict=True)
            ]
            if found and found[0] is not None:
                self._note(where, name_of(func), found[0], args, kwargs)
            return type(result)(found)  # a list, a tuple or one of torch's named tuples
        maps = replace(maps, source=where)
        if not isinstance(result, torch.Tensor):
            return tree_map_only(torch.Tensor, lambda x: self.follow(x, maps), result)
        if in_place(func, kwargs):
            target = self.written.into(self, args[0], maps, where)
            self._note(where, name_of(func), target, args, kwargs)
            return target
        tensor = self.follow(result, maps)
        self._note(where, name_of(func), tensor, args, kwargs)
        return tensor

    def _note(self, name: str, op: str, tensor: Followed, args: Any, kwargs: Any) -> None:
        """Record an operation of the forward pass itself; one inside a layer is part of that layer's record."""
        if not self.path or not _is_layer(self.path[-1], self.net):
            entering = [x.maps for x in tree_flatten((args, kwargs))[0] if isinstance(x, Followed)]
            self.records.append(self._field(name, op, tensor, entering))

    def _field(self, name: str, op: str, tensor: Followed, entering: Sequence[Maps]) -> Field:
        with torch._C.DisableTorchFunction():
            shape = tuple(tensor.shape)
        seen = units_of(tensor.maps, len(self.input_size))
        least = [min((m.axes[side].shortest.size for m in entering), default=1) for side in range(seen.rank)]
        loose = tensor.maps.loose if exact_at_places(tensor.maps) else (*tensor.maps.loose, name)
        return Field(
            name=name, op=op, output=shape[1:], axes=seen.axes, global_by=seen.marks, at_most_by=loose,
            before=tuple(least),
        )  # fmt: skip

    def _where(self, op: str) -> str:
        name = self.names[self.path[-1]] if self.path else ""
        if self.path and _is_layer(self.path[-1], self.net):
            return name
        return f"{name}.{op}" if name else op

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Follow what stands for an operation of the net, and is none of its own, without a record."""
        count = len(self.records)
        yield
        del self.records[count:]

    def plain(self, x: torch.Tensor) -> torch.Tensor:
        """Return a tensor of the same shape without values and without maps; of the same place in memory, if it can."""
        with torch._C.DisableTorchFunction():
            if isinstance(x, Followed):
                return x.as_subclass(torch.Tensor)
            where = self._where("").strip(".") or type(self.net).__name__
            self.written.check_constant(x, where)
            if x.device.type == "meta":
                if id(x) not in self.constants:
                    raise UnknownOperationError(
                        f"at {where!r}: no rule for a tensor that was made out of sight, by a scripted function or "
                        f"torch.vmap, say"
                    )
                return x
            if id(x) not in self.stand_ins:
                self.stand_ins[id(x)] = (x, torch.empty_like(x, device="meta"))
            return self.stand_ins[id(x)][1]

    @contextmanager
    def _hooks(self) -> Iterator[None]:
        """Keep `path` at the module being called, and record every layer's output."""

        def enter(module: nn.Module, args: Any, kwargs: Any) -> None:
            self.path.append(module)
            self.entered.append([x.maps for x in tree_flatten((args, kwargs))[0] if isinstance(x, Followed)])

        def leave(module: nn.Module, args: Any, output: Any) -> None:
            self.path.pop()
            entering = self.entered.pop()
            first = next((x for x in tree_flatten(output)[0] if isinstance(x, Followed)), None)
            if first is None:
                return
            name, op = self.names[module], type(module).__name__
            self.written.check([first], name or op)
            if _is_layer(module, self.net):
                first.maps = replace(first.maps, source=name)
                self.records.append(self._field(name, op, first, entering))
            elif name:
                self.also[name] = self._field(name, op, first, entering)

        with ExitStack() as stack:
            for module in self.names:
                stack.callback(module.register_forward_pre_hook(enter, with_kwargs=True).remove)
                stack.callback(module.register_forward_hook(leave).remove)
            yield

    @contextmanager
    def _unscripted(self) -> Iterator[None]:
        """Follow the Python that a scripted function was made from; torch would run the script out of sight."""
        kind: Any = torch.jit.ScriptFunction
        scripted = kind.__call__

        def call(function: Any, *args: Any, **kwargs: Any) -> Any:
            if not any(isinstance(x, Followed) for x in tree_flatten((args, kwargs))[0]):
                return scripted(function, *args, **kwargs)
            python = getattr(function, "_torchdynamo_inline", None)
            if python is None:
                where = self._where(getattr(function, "name", "function"))
                raise UnknownOperationError(f"at {where!r}: no rule for a function that torch.jit has traced")
            return python(*args, **kwargs)

        kind.__call__ = call
        try:
            yield
        finally:
            kind.__call__ = scripted

    def _guarded(self, forward: Callable[[], Any]) -> Any:
        try:
            return forward()
        except (ReceptiveFieldError, ValuesNeededError):
            raise
        except Exception as error:
            at = self.names[self.path[-1]] if self.path else ""
            inside = f" in {at!r}" if at else ""
            raise ReceptiveFieldError(
                f"{type(self.net).__name__} cannot be traced: {type(error).__name__}{inside}: {first_line(error)}"
            ) from error

    def _finished(self, stopped: str | None = None) -> ReceptiveField:
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
            if self.names.get(module) in self.also:  # one that was made on the way has no record
                self.also.setdefault(name, self.also[self.names[module]])
        return ReceptiveField(records, self.input_size, self.also, stopped)


def _without_values(x: Any) -> bool:
    return isinstance(x, torch.Tensor) and not isinstance(x, Followed) and x.device.type == "meta"


def units_of(maps: Maps, rank: int) -> Maps:
    """Return maps of which each unit is a position with all its channels, as a record counts them."""
    count = len(maps.dims)
    if count < rank + 1:  # a vector, or a list of numbers: no positions
        return maps.blended(range(1, count)) if count > 1 else maps
    image = count == rank + 2 and not pieces.sides(maps.dims[0])
    for dim in range(count):
        mixed = pieces.sides(maps.dims[dim]) and any(p.side is None for p in pieces.flat(maps.dims[dim]))
        if image and dim >= 2:
            maps = maps.settled(dim)
        elif mixed:
            maps = maps.blended([dim])
    if image and all(pieces.sides(dim) for dim in maps.dims[2:]) and pieces.sides(maps.dims[1]):
        maps = maps.blended([1])
    return maps


def _is_layer(module: nn.Module, net: nn.Module) -> bool:
    """Whether a module counts as one layer: it holds no others or, as for torch.fx, it is torch's own."""
    own = type(module).__module__.startswith("torch.nn") and not isinstance(module, CONTAINERS)
    return module is not net and (own or next(module.children(), None) is None)


def _holds_followed(output: Any, depth: int = 0) -> bool:
    """Whether a followed tensor is somewhere in a net's output: a tensor, a structure, an object of a library's own."""
    if any(isinstance(x, Followed) for x in tree_flatten(output)[0]):
        return True
    inside = [value for x in tree_flatten(output)[0] for value in getattr(x, "__dict__", {}).values()]
    return depth < 3 and any(_holds_followed(value, depth + 1) for value in inside)
