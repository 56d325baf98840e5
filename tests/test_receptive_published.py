"""Published receptive fields of known nets.

Source of every triple (size, effective stride, effective padding) marked T: google-research/receptive_field,
RECEPTIVE_FIELD_TABLE.md, the table behind Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
Networks", Distill 2019. It describes the nets of TF-Slim. Where torchvision builds the same geometry its own net is
tested; where it does not, TF-Slim's geometry is rebuilt here with one channel: SAME padding depends on the input's
size and puts the odd pixel behind, and the ResNets stride in the last unit of a block (torchvision: in the first).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from experiments.cli.rf import field_of
from s6core.receptive import ReceptiveField, receptive_field

Triple = tuple[int, int, int]


class Slide(nn.Module):
    """A window of ones over one channel: a convolution (or a pooling) reduced to its geometry."""

    def __init__(self, kernel: int | tuple[int, int], stride: int = 1, padding: str | int = "SAME") -> None:
        super().__init__()
        self.kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.stride, self.padding = stride, padding

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.padding == "SAME":  # TensorFlow's: as many outputs as strides fit, the odd pixel behind
            sides: list[int] = []
            for n, k in zip(x.shape[:-3:-1], self.kernel[::-1], strict=True):
                total = max((-(-n // self.stride) - 1) * self.stride + k - n, 0)
                sides += [total // 2, total - total // 2]
            x = F.pad(x, sides)
        padding = self.padding if isinstance(self.padding, int) else 0
        return F.conv2d(x, torch.ones(1, 1, *self.kernel), stride=self.stride, padding=padding)


class Pool(Slide):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.padding == "SAME":
            return super().forward(x)
        return F.max_pool2d(x, self.kernel, self.stride)


class Mixed(nn.Module):
    """Branches that are concatenated, or added to the input; its single channel is the first again."""

    def __init__(self, *branches: Sequence[nn.Module], add: bool = False) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*branch) for branch in branches)
        self.add = add

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        joined = torch.cat([branch(x) for branch in self.branches], 1).sum(1, keepdim=True)
        return x + joined if self.add else joined


class Bottleneck(nn.Module):
    """TF-Slim's ResNet unit: 3×3 with one pixel on each side, whatever the stride; a shortcut that only subsamples."""

    def __init__(self, stride: int = 1) -> None:
        super().__init__()
        self.conv = Slide(3, stride, 1)
        self.shortcut = nn.MaxPool2d(1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x) + self.shortcut(x)


def named(**modules: nn.Module) -> nn.Sequential:
    net = nn.Sequential()
    for name, module in modules.items():
        net.add_module(name, module)
    return net


def several(count: int, make: Callable[[], nn.Module]) -> nn.Sequential:
    return nn.Sequential(*(make() for _ in range(count)))


def resnet_v1(*units: int) -> nn.Module:
    blocks = {
        f"block{b}": nn.Sequential(*(Bottleneck() for _ in range(n - 1)), Bottleneck(2 if b < 4 else 1))
        for b, n in enumerate(units, start=1)
    }
    return named(conv1=Slide(7, 2, 3), pool1=Pool(3, 2), **blocks)


def mobilenet_v1() -> nn.Module:
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    pairs = {f"Conv2d_{i}_pointwise": nn.Sequential(Slide(3, s), Slide(1)) for i, s in enumerate(strides, start=1)}
    return named(Conv2d_0=Slide(3, 2), **pairs)


def inception_v2() -> nn.Module:
    def module() -> nn.Module:
        return Mixed([Slide(1)], [Slide(1), Slide(3)], [Slide(1), Slide(3), Slide(3)], [Pool(3), Slide(1)])

    def reduction() -> nn.Module:
        return Mixed([Slide(1), Slide(3, 2)], [Slide(1), Slide(3), Slide(3, 2)], [Pool(3, 2)])

    stem = {
        "Conv2d_1a_7x7": Slide(7, 2), "MaxPool_2a_3x3": Pool(3, 2), "Conv2d_2b_1x1": Slide(1),
        "Conv2d_2c_3x3": Slide(3), "MaxPool_3a_3x3": Pool(3, 2),
    }  # fmt: skip
    kinds = {"3b": module, "3c": module, "4a": reduction, "4b": module, "4c": module, "4d": module, "4e": module}
    kinds |= {"5a": reduction, "5b": module, "5c": module}
    return named(**stem, **{f"Mixed_{name}": make() for name, make in kinds.items()})


def inception_v4() -> nn.Module:
    v = "VALID"
    tall, wide = (7, 1), (1, 7)

    def a() -> nn.Module:
        return Mixed([Slide(1)], [Slide(1), Slide(3)], [Slide(1), Slide(3), Slide(3)], [Pool(3), Slide(1)])

    def b() -> nn.Module:
        long = [Slide(1), Slide(tall), Slide(wide), Slide(tall), Slide(wide)]
        return Mixed([Slide(1)], [Slide(1), Slide(wide), Slide(tall)], long, [Pool(3), Slide(1)])

    def c() -> nn.Module:
        split = Mixed([Slide((1, 3))], [Slide((3, 1))])
        last = Mixed([Slide((1, 3))], [Slide((3, 1))])
        long = [Slide(1), Slide((3, 1)), Slide((1, 3)), last]
        return Mixed([Slide(1)], [Slide(1), split], long, [Pool(3), Slide(1)])

    stem = {
        "Conv2d_1a_3x3": Slide(3, 2, v), "Conv2d_2a_3x3": Slide(3, 1, v), "Conv2d_2b_3x3": Slide(3),
        "Mixed_3a": Mixed([Pool(3, 2, v)], [Slide(3, 2, v)]),
        "Mixed_4a": Mixed([Slide(1), Slide(3, 1, v)], [Slide(1), Slide(wide), Slide(tall), Slide(3, 1, v)]),
        "Mixed_5a": Mixed([Slide(3, 2, v)], [Pool(3, 2, v)]),
    }  # fmt: skip
    reduce_a = Mixed([Slide(3, 2, v)], [Slide(1), Slide(3), Slide(3, 2, v)], [Pool(3, 2, v)])
    middle = [Slide(1), Slide(wide), Slide(tall), Slide(3, 2, v)]
    reduce_b = Mixed([Slide(1), Slide(3, 2, v)], middle, [Pool(3, 2, v)])
    return named(
        **stem, **{f"Mixed_5{x}": a() for x in "bcde"}, Mixed_6a=reduce_a, **{f"Mixed_6{x}": b() for x in "bcdefgh"},
        Mixed_7a=reduce_b, **{f"Mixed_7{x}": c() for x in "bcd"},
    )  # fmt: skip


def inception_resnet_v2() -> nn.Module:
    v = "VALID"

    def block35() -> nn.Module:
        return Mixed([Slide(1)], [Slide(1), Slide(3)], [Slide(1), Slide(3), Slide(3)], add=True)

    def block17() -> nn.Module:
        return Mixed([Slide(1)], [Slide(1), Slide((1, 7)), Slide((7, 1))], add=True)

    def block8() -> nn.Module:
        return Mixed([Slide(1)], [Slide(1), Slide((1, 3)), Slide((3, 1))], add=True)

    return named(
        Conv2d_1a_3x3=Slide(3, 2, v), Conv2d_2a_3x3=Slide(3, 1, v), Conv2d_2b_3x3=Slide(3),
        MaxPool_3a_3x3=Pool(3, 2, v), Conv2d_3b_1x1=Slide(1, 1, v), Conv2d_4a_3x3=Slide(3, 1, v),
        MaxPool_5a_3x3=Pool(3, 2, v),
        Mixed_5b=Mixed([Slide(1)], [Slide(1), Slide(5)], [Slide(1), Slide(3), Slide(3)], [Pool(3), Slide(1)]),
        Block35=several(10, block35),
        Mixed_6a=Mixed([Slide(3, 2, v)], [Slide(1), Slide(3), Slide(3, 2, v)], [Pool(3, 2, v)]),
        PreAuxLogits=several(20, block17),
        Mixed_7a=Mixed(
            [Slide(1), Slide(3, 2, v)], [Slide(1), Slide(3, 2, v)], [Slide(1), Slide(3), Slide(3, 2, v)],
            [Pool(3, 2, v)],
        ),
        Block8=several(10, block8),
        Conv2d_7b_1x1=Slide(1),
    )  # fmt: skip


def alexnet_v2() -> nn.Module:
    """As torchvision's, but for the first convolution, which TF-Slim does not pad."""
    return named(
        conv1=Slide(11, 4, 0), pool1=Pool(3, 2, "VALID"), conv2=Slide(5), pool2=Pool(3, 2, "VALID"),
        conv3=Slide(3), conv4=Slide(3), conv5=Slide(3), pool5=Pool(3, 2, "VALID"),
    )  # fmt: skip


SLIM: dict[str, tuple[Callable[[], nn.Module], dict[int, dict[str, Triple]]]] = {  # T
    "alexnet_v2": (
        alexnet_v2,
        {
            size: {
                "conv1": (11, 4, 0), "pool1": (19, 8, 0), "conv2": (51, 8, 16), "conv3": (99, 16, 32),
                "conv4": (131, 16, 48), "conv5": (163, 16, 64), "pool5": (195, 32, 64),
            }
            for size in (224, 321)
        },
    ),
    "resnet_v1_50": (
        lambda: resnet_v1(3, 4, 6, 3),
        {
            224: {"block1": (35, 8, 15), "block2": (99, 16, 47), "block3": (291, 32, 143), "block4": (483, 32, 239)},
            321: {"block1": (35, 8, 17), "block2": (99, 16, 49), "block3": (291, 32, 145), "block4": (483, 32, 241)},
        },
    ),
    "resnet_v1_101": (
        lambda: resnet_v1(3, 4, 23, 3),
        {
            224: {"block3": (835, 32, 415), "block4": (1027, 32, 511)},
            321: {"block3": (835, 32, 417), "block4": (1027, 32, 513)},
        },
    ),
    "resnet_v1_152": (
        lambda: resnet_v1(3, 8, 36, 3),
        {
            224: {"block2": (163, 16, 79), "block3": (1315, 32, 655), "block4": (1507, 32, 751)},
            321: {"block4": (1507, 32, 753)},
        },
    ),
    "resnet_v1_200": (lambda: resnet_v1(3, 24, 36, 3), {224: {"block2": (419, 16, 207), "block4": (1763, 32, 879)}}),
    "mobilenet_v1": (
        mobilenet_v1,
        {
            224: {
                "Conv2d_0": (3, 2, 0), "Conv2d_1_pointwise": (7, 2, 2), "Conv2d_2_pointwise": (11, 4, 2),
                "Conv2d_5_pointwise": (43, 8, 14), "Conv2d_11_pointwise": (219, 16, 94),
                "Conv2d_12_pointwise": (251, 32, 94), "Conv2d_13_pointwise": (315, 32, 126),
            },
            321: {"Conv2d_0": (3, 2, 1), "Conv2d_7_pointwise": (91, 16, 45), "Conv2d_13_pointwise": (315, 32, 157)},
        },
    ),
    "inception_v2": (
        inception_v2,
        {
            224: {
                "Conv2d_1a_7x7": (7, 2, 2), "Conv2d_2c_3x3": (19, 4, 6), "MaxPool_3a_3x3": (27, 8, 6),
                "Mixed_3c": (91, 8, 38), "Mixed_4a": (123, 16, 46), "Mixed_4e": (379, 16, 174),
                "Mixed_5a": (443, 32, 190), "Mixed_5c": (699, 32, 318),
            },
            321: {"Conv2d_1a_7x7": (7, 2, 3), "Mixed_4a": (123, 16, 61), "Mixed_5c": (699, 32, 349)},
        },
    ),
    "inception_v4": (
        inception_v4,
        {
            224: {
                "Mixed_3a": (15, 4, 2), "Mixed_4a": (47, 4, 14), "Mixed_5a": (55, 8, 14), "Mixed_5e": (183, 8, 78),
                "Mixed_6a": (215, 16, 86), "Mixed_6h": (1559, 16, 758), "Mixed_7a": (1687, 32, 806),
                "Mixed_7d": (2071, 32, 998),
            },
            321: {"Mixed_7d": (2071, 32, 998)},
        },
    ),
    "inception_resnet_v2": (
        inception_resnet_v2,
        {
            321: {
                "MaxPool_5a_3x3": (31, 8, 2), "Mixed_5b": (63, 8, 18), "Mixed_6a": (415, 16, 186),
                "PreAuxLogits": (2335, 16, 1146), "Mixed_7a": (2399, 32, 1162), "Conv2d_7b_1x1": (3039, 32, 1482),
            },
        },
    ),
}  # fmt: skip

TORCHVISION: dict[str, tuple[int, dict[str, Triple]]] = {
    # T, vgg_a: only the names differ
    "vgg11": (224, {"features.2": (4, 2, 1), "features.10": (30, 8, 11), "features.20": (150, 32, 59)}),
    # T, vgg_16
    "vgg16": (
        224,
        {
            "features.0": (3, 1, 1), "features.4": (6, 2, 2), "features.9": (16, 4, 6), "features.12": (32, 4, 14),
            "features.16": (44, 8, 18), "features.23": (100, 16, 42), "features.26": (164, 16, 74),
            "features.30": (212, 32, 90),
        },
    ),
    # T, inception_v3: torchvision rebuilt TF-Slim's net, its VALID paddings included
    "inception_v3": (
        299,
        {
            "Conv2d_1a_3x3": (3, 2, 0), "Conv2d_2a_3x3": (7, 2, 0), "Conv2d_2b_3x3": (11, 2, 2),
            "maxpool1": (15, 4, 2), "Conv2d_3b_1x1": (15, 4, 2), "Conv2d_4a_3x3": (23, 4, 2), "maxpool2": (31, 8, 2),
            "Mixed_5b": (63, 8, 18), "Mixed_5c": (95, 8, 34), "Mixed_5d": (127, 8, 50), "Mixed_6a": (159, 16, 58),
            "Mixed_6b": (351, 16, 154), "Mixed_6c": (543, 16, 250), "Mixed_6d": (735, 16, 346),
            "Mixed_6e": (927, 16, 442), "Mixed_7a": (1055, 32, 490), "Mixed_7b": (1183, 32, 554),
            "Mixed_7c": (1311, 32, 618),
        },
    ),
    # T, alexnet_v2, with the two pixels by which torchvision pads the first convolution
    "alexnet": (
        224,
        {
            "features.0": (11, 4, 2), "features.2": (19, 8, 2), "features.3": (51, 8, 18), "features.6": (99, 16, 34),
            "features.8": (131, 16, 50), "features.10": (163, 16, 66), "features.12": (195, 32, 66),
        },
    ),
    # by hand: 7, 11 with stride 4; then each 3×3 adds twice the stride at its input, and the first one of layer2 to
    # layer4 doubles it: 11 + 3·8 = 35, 35 + 8 + 3·16 = 91, 91 + 16 + 5·32 = 267, 267 + 32 + 2·64 = 427. Each pads by
    # half of what it adds: (427 − 1)/2 = 213. The 1×1 shortcuts are aligned: both arms are centred on unit 2i.
    "resnet50": (
        224,
        {
            "conv1": (7, 2, 3), "maxpool": (11, 4, 5), "layer1": (35, 4, 17), "layer2": (91, 8, 45),
            "layer3": (267, 16, 133), "layer4": (427, 32, 213), "layer4.2.conv3": (427, 32, 213),
        },
    ),
    "resnet101": (224, {"layer3": (811, 16, 405), "layer4": (971, 32, 485)}),  # 17 more units in layer3: + 17·32
    "resnet152": (224, {"layer2": (155, 8, 77), "layer4": (1451, 32, 725)}),  # + 4·16 in layer2, + 30·32 in layer3
    "resnet18": (224, {"layer1": (43, 4, 21), "layer4": (435, 32, 217)}),  # two 3×3 in each unit
    "resnext50_32x4d": (224, {"layer4": (427, 32, 213)}),  # groups change no geometry
    "wide_resnet50_2": (224, {"layer4": (427, 32, 213)}),
    # by hand: a depthwise 3×3 adds twice the stride at its input: 3 (stride 2), 7, 11 (4), 19, 27 (8), 43, 59, 75 (16),
    # then 3·32 and 3·32 more, 299 (32), and 3·64
    "mobilenet_v2": (224, {"features.0": (3, 2, 1), "features.1": (7, 2, 3), "features.18": (491, 32, 245)}),
}  # fmt: skip


@pytest.mark.parametrize(("name", "size"), [(name, size) for name, (_, sizes) in SLIM.items() for size in sizes])
def test_slim_geometry_has_the_published_fields(name: str, size: int) -> None:
    make, sizes = SLIM[name]
    field = receptive_field(make(), size, channels=1)
    assert {layer: triple(field, layer) for layer in sizes[size]} == sizes[size]


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_net_has_the_published_fields(name: str) -> None:
    size, expected = TORCHVISION[name]
    field = field_of(f"torchvision:{name}", str(size))
    assert {layer: triple(field, layer) for layer in expected} == expected


PURE = [
    "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet", "mnasnet0_5",
    "mobilenet_v3_small", "regnet_x_400mf", "regnet_y_400mf", "shufflenet_v2_x0_5", "squeezenet1_1", "vgg11_bn",
]  # fmt: skip


@pytest.mark.parametrize("name", PURE)
def test_every_family_of_torchvision_passes(name: str) -> None:
    field = field_of(f"torchvision:{name}", "224")
    last_maps = [record for record in field if record.units != (1, 1)][-1]
    assert last_maps.stride == ((16, 16) if name.startswith("squeezenet") else (32, 32))
    assert field[-1].output == (1000,)
    unpadded = name == "squeezenet1_1"  # 3×3 with stride 2 and no padding: no window reaches the last pixel
    assert field[-1].unit().clipped.size == ((223, 223) if unpadded else (224, 224))
    squeezes = name.startswith(("efficientnet", "mobilenet_v3", "regnet_y"))
    assert field[-1].is_global == squeezes


def test_windows_of_attention_are_followed_unit_by_unit() -> None:
    """Swin-T, by hand: patches of 4; windows of 7 patches see 28 pixels, and a shift by 3 joins two of them, 49 + 7."""
    field = field_of("torchvision:swin_t", None)
    first, second = field["features.1.0"], field["features.1.1"]
    assert first.phases[0] == ((0, 28),) * 7 and not first.is_global
    assert [first.unit(i, 55).clipped.start for i in (6, 7)] == [(0, 196), (28, 196)]
    assert second.unit(20, 20).clipped.size == (56, 56)
    # the shift is cyclic: the first rows share a window with the last; a mask leaves them weights of e⁻¹⁰⁰, not none
    assert second.unit(0, 20).clipped.size == (224, 56)
    assert triple(field, "features.0.0") == (4, 4, 0)


@pytest.mark.parametrize("name", ["swin_v2_t", "maxvit_t"])
def test_nets_with_windows_pass(name: str) -> None:
    field = field_of(f"torchvision:{name}", None)
    assert field[-1].output == (1000,)
    assert field[-1].unit().clipped.size == (224, 224)


def test_a_vision_transformer_keeps_its_patches_and_is_global_from_there_on() -> None:
    field = field_of("torchvision:vit_b_32", None)
    assert triple(field, "conv_proj") == (32, 32, 0)
    norm = field["encoder.layers.encoder_layer_0.ln_1"]  # of a list of places, behind a class token
    assert (norm.size, norm.units, norm.output, norm.is_global) == ((32, 32), (7, 7), (50, 768), False)
    assert field["encoder.layers.encoder_layer_0.mlp"].is_global
    assert field["heads.head"].size == (224, 224)
    assert "encoder.layers.encoder_layer_0.self_attention" in field["heads.head"].global_by


OTHER = {
    "fcn_resnet50": ("224", "backbone.layer4"), "lraspp_mobilenet_v3_large": ("224", "backbone.16"),
    "deeplabv3_resnet50": ("513", "classifier.0.convs.1"), "fasterrcnn_resnet50_fpn": ("256", "body.layer4"),
    "retinanet_resnet50_fpn": ("256", "fpn"), "ssdlite320_mobilenet_v3_large": ("320", "features.0"),
    "mc3_18": ("16x56x56", "layer4"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_nets_of_other_tasks_pass(name: str) -> None:
    size, layer = OTHER[name]
    field = field_of(f"torchvision:{name}", size)
    assert layer in field and field.stopped is None


def test_a_dilated_backbone_sees_more_than_a_strided_one() -> None:
    """By hand, as for resnet50 above, with layer3 and layer4 at stride 8 and dilations 1, 2, …, 2 and 2, 4, 4."""
    field = field_of("torchvision:fcn_resnet50", "224")
    layer3 = 91 + 2 * 8 * (1 + 5 * 2)
    assert triple(field, "backbone.layer3") == (layer3, 8, (layer3 - 1) // 2)
    layer4 = layer3 + 2 * 8 * (2 + 4 + 4)
    assert triple(field, "backbone.layer4") == (layer4, 8, (layer4 - 1) // 2)


def test_a_net_for_video_has_three_axes() -> None:
    """R3D-18, by hand: 3×7×7 with stride 1×2×2, then 3×3×3 twice in each of eight blocks, as ResNet-18 without pool."""
    field = field_of("torchvision:r3d_18", None)
    stem, last = field["stem"], field["layer4"]
    assert (stem.size, stem.stride, stem.padding) == ((3, 7, 7), (1, 2, 2), (1, 3, 3))
    assert field["layer1"].size == (3 + 4 * 2, 7 + 4 * 4, 7 + 4 * 4)
    assert last.stride == (8, 16, 16) and last.units == (2, 7, 7)
    box = last.unit(1, 3, 3).clipped
    assert box.stop[0] == 16 and len(box.size) == 3


# Richter et al., rfa_toolbox: `input_resolution_range` of torchvision ResNet-50 is (75, 75) to (427, 427), of its
# EfficientNet-B0 (299, 299) to (851, 851): the toolbox's own tests say so. The others by hand: of a chain both are its
# field; of ResNet-18 the shortest path to layer4 is the shortcuts' 11, and its last block adds two windows of 3 at
# stride 32: 11 + 2·64.
RANGES = {
    "resnet50": (75, 427),
    "efficientnet_b0": (299, 851),
    "resnet101": (75, 971),
    "vgg16": (212, 212),
    "alexnet": (195, 195),
    "resnet18": (139, 435),
}


@pytest.mark.parametrize("name", RANGES)
def test_range_of_input_resolutions(name: str) -> None:
    least, most = RANGES[name]
    field = field_of(f"torchvision:{name}", "224")  # where the poolings before the classifiers do nothing
    assert field.input_resolution_range() == ((least, least), (most, most))


def test_the_toolbox_counts_as_many_layers_of_vgg16_behind_the_border_of_32_pixels() -> None:
    """Ten convolutions and poolings critical, and ten that are given nothing new: so rfa_toolbox's own tests."""
    field = field_of("torchvision:vgg16", "32")
    for found in (field.critical_layers(), field.unproductive_layers()):
        assert sum(record.op in ("Conv2d", "MaxPool2d") for record in found) == 10


class TwoWays(nn.Module):
    """The net with two branches of rfa_toolbox's tests."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding="same") for _ in range(3)))
        self.tall, self.wide = nn.Conv2d(1, 1, (7, 12), padding="same"), nn.Conv2d(1, 1, (21, 4), padding="same")
        self.last = nn.Conv2d(1, 1, 3, padding="same")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        return self.last(self.tall(x) + self.wide(x))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_range_of_two_ways() -> None:
    """(27, 18) to (29, 20), by rfa_toolbox's own tests."""
    assert receptive_field(TwoWays(), 64).input_resolution_range() == ((27, 18), (29, 20))


def test_shortest_path_and_longest_path_of_a_residual_net() -> None:
    field = field_of("torchvision:resnet50", "224")
    assert field["layer1.0"].min_size == (11, 11)  # the shortcut; the pooling before it sees 11
    assert field["layer4.2.conv2"].min_size == (11 + 2 * 32,) * 2
    assert field["layer4"].min_size == (11, 11) and field["layer4"].size == (427, 427)


def test_border_layer_of_a_chain() -> None:
    """VGG-16 on 32 pixels: conv3_2 already sees 32, so conv3_3 is the first that is given nothing new."""
    field = field_of("torchvision:vgg16", "32")
    border = field.border_layer()
    assert border is not None and border.name == "features.13"  # the ReLU of conv3_2; the convolution follows
    assert [record.name for record in field.unproductive_layers()][:2] == ["features.13", "features.14"]
    assert field.critical_layers()[0].name == "features.14" and field["features.14"].size == (40, 40)
    assert not any(record.name.startswith("classifier") for record in field.unproductive_layers())
    large = field_of("torchvision:vgg16", "224")
    assert large.border_layer() is None and large.critical_layers() == []


def test_shortcuts_move_the_border() -> None:
    """A path of shortcuts carries a small field to the end: ResNet-50 on 64 pixels has units that still see 11."""
    field = field_of("torchvision:resnet50", "64")
    assert field["layer4"].size[0] > 64
    names = [record.name for record in field.unproductive_layers()]
    # behind conv2 of a block of layer4, where even the shortcuts' 11 have become 11 + 2·32 = 75, and not at its end
    assert names[-4:] == ["layer4.2.bn2", "layer4.2.relu#2", "layer4.2.conv3", "layer4.2.bn3"]
    assert field["layer4.2.relu#1"].before == (11, 11) and "layer4.2.add" not in names


def triple(field: ReceptiveField, layer: str) -> Triple:
    record = field[layer]
    for pair in (record.size, record.stride, record.padding):
        assert pair[0] == pair[1]
    return record.size[0], record.stride[0], record.padding[0]
