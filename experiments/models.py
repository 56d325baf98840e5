"""Nets by name for `s6 rf`: torchvision's, timm's, and those of anybody's file or package."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s6core.config import unknown
from s6core.receptive import ReceptiveFieldError

if TYPE_CHECKING:
    from torch import nn

VIDEO = (16, 112, 112)  # frames, height, width, as torchvision's 3-d ResNets were trained
SIZES = {
    "inception_v3": (299, 299), "ssd300_vgg16": (300, 300), "ssdlite320_mobilenet_v3_large": (320, 320),
    **dict.fromkeys(["mvit_v1_b", "mvit_v2_s", "s3d", "swin3d_t", "swin3d_s", "swin3d_b"], (16, 224, 224)),
}  # fmt: skip
ALLOWED = "s6, s6:field=value,…, torchvision:NAME, timm:NAME, file.py:factory or package.module:Class"


def load(name: str) -> tuple[nn.Module, tuple[int, ...] | None]:
    """Return a net without weights, and the image size that it was made for, where that is known."""
    family, _, rest = name.rpartition(":")
    if not family or not rest:
        raise ReceptiveFieldError(f"model {name!r}: allowed is {ALLOWED}")
    if family == "torchvision":
        return _torchvision(rest)
    if family == "timm":
        return _timm(rest)
    return _made(name, lambda: _found(family, rest)), None


def _torchvision(name: str) -> tuple[nn.Module, tuple[int, ...]]:
    from torchvision import models

    rooms = (models, models.segmentation, models.detection, models.video)
    known = {model: room for room in rooms for model in models.list_models(module=room)}
    if name not in known:
        raise ReceptiveFieldError(unknown("torchvision net", name, list(known)))
    extra: dict[str, Any] = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if known[name] in (models.segmentation, models.detection):
        extra["weights_backbone"] = None
    net = _made(name, lambda: models.get_model(name, weights=None, **extra))
    if known[name] is models.detection:
        net = net.backbone  # what lies behind it decides by the values which places it looks at
    return net, SIZES.get(name, VIDEO if known[name] is models.video else (224, 224))


def _timm(name: str) -> tuple[nn.Module, tuple[int, ...]]:
    try:
        import timm
    except ImportError:
        raise ReceptiveFieldError(f"model 'timm:{name}': timm is not installed (pip install timm)") from None
    if name.partition(".")[0] not in timm.list_models():
        raise ReceptiveFieldError(unknown("timm net", name, timm.list_models()))
    net = _made(name, lambda: timm.create_model(name, pretrained=False))
    size = tuple(getattr(net, "default_cfg", {}).get("input_size", (3, 224, 224))[1:])
    return net, size


def _found(room: str, name: str) -> Any:
    """Return what a name in a file or a module stands for; a class or a function is called."""
    if room.endswith(".py"):
        path = Path(room)
        if not path.is_file():
            raise ReceptiveFieldError(f"no file {room}")
        sys.path.insert(0, str(path.resolve().parent))  # as `python FILE` does: it may import what lies beside it
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(path.stem, module)
        spec.loader.exec_module(module)
    else:
        sys.path.insert(0, "")  # as `python -m` does: the folder of whoever calls
        module = importlib.import_module(room)
    if not hasattr(module, name):
        raise ReceptiveFieldError(unknown(f"name in {room}", name, [n for n in vars(module) if n[0] != "_"]))
    made = getattr(module, name)
    from torch import nn

    made = made if isinstance(made, nn.Module) else made()
    if not isinstance(made, nn.Module):
        raise ReceptiveFieldError(f"{room}:{name} gives a {type(made).__name__}: allowed is a torch module")
    return made


def _made(name: str, make: Callable[[], Any]) -> nn.Module:
    """Build a net with weights that take no memory and no time, or with real ones where it needs their values."""
    import torch
    from torch.overrides import TorchFunctionMode

    factories = {torch.empty, torch.ones, torch.zeros, torch.rand, torch.randn}

    class WithoutWeights(TorchFunctionMode):
        """The small tensors that a net computes its own shape with stay real."""

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if func in factories and kwargs.get("device") is None:
                kwargs["device"] = "meta"
            return func(*args, **kwargs)

    try:
        try:
            with WithoutWeights():
                net: nn.Module = make()
            return net.to("meta")  # its constant buffers too
        except ReceptiveFieldError:
            raise
        except Exception:  # whatever a stranger's code raises without the values that it counts on
            made: nn.Module = make()
            return made
    except ReceptiveFieldError as error:
        raise ReceptiveFieldError(f"model {name!r}: {error}") from None
    except Exception as error:
        text = next(iter(str(error).splitlines()), "")
        raise ReceptiveFieldError(f"model {name!r} cannot be built: {type(error).__name__}: {text}") from error
