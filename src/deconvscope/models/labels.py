"""The usual names of the layers of VGG and AlexNet: conv4_3 for features.21."""

from __future__ import annotations

from collections.abc import Iterable

# Simonyan & Zisserman 2015, table 1: convolutions in each of the five blocks.
_VGG_BLOCKS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
_VGG_CLASSIFIER = ("fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8")

# Krizhevsky et al. 2012, as torchvision orders it.
_ALEXNET_FEATURES = (
    "conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "conv3", "relu3", "conv4", "relu4",
    "conv5", "relu5", "pool5",
)  # fmt: skip
_ALEXNET_CLASSIFIER = ("drop6", "fc6", "relu6", "drop7", "fc7", "relu7", "fc8")


def layer_labels(model_name: str, layer_names: Iterable[str]) -> dict[str, str]:
    """Return labels for layers: the usual names where there are any, else the layers' own names.

    Args:
        model_name: a `Model`'s name.
        layer_names: module paths, such as the keys of a recording's ``layers``.

    Returns:
        Path → label, in the order given. The labels of a network are all different.

    Example:
        >>> layer_labels("vgg16_trunk", ["features.21", "features.23"])
        {'features.21': 'conv4_3', 'features.23': 'pool4'}
    """
    known = _known_labels(model_name)
    return {name: known.get(name, name) for name in layer_names}


def layer_path(model_name: str, layer: str, layer_names: Iterable[str]) -> str:
    """Return the module path of a layer given by path or label.

    Args:
        model_name: a `Model`'s name.
        layer: "features.21" or "conv4_3", in any case.
        layer_names: the known module paths.

    Returns:
        The path, or `layer` itself where no layer has that label, for the recording to refuse.

    Example:
        >>> layer_path("vgg16", "conv4_3", ["features.21", "features.22"])
        'features.21'
    """
    labels = layer_labels(model_name, layer_names)
    if layer in labels:
        return layer
    paths = {label.lower(): path for path, label in labels.items()}
    return paths.get(layer.lower(), layer)


def _known_labels(model_name: str) -> dict[str, str]:
    features: tuple[str, ...]
    if model_name == "alexnet":
        features, classifier = _ALEXNET_FEATURES, _ALEXNET_CLASSIFIER
    elif (variant := model_name.removesuffix("_trunk").removesuffix("_bn")) in _VGG_BLOCKS:
        parts = ("conv", "bn", "relu") if model_name.endswith("_bn") else ("conv", "relu")
        features, classifier = _vgg_features(_VGG_BLOCKS[variant], parts), _VGG_CLASSIFIER
    else:
        return {}
    return {
        **{f"features.{index}": label for index, label in enumerate(features)},
        **{f"classifier.{index}": label for index, label in enumerate(classifier)},
    }


def _vgg_features(blocks: tuple[int, ...], parts: tuple[str, ...]) -> tuple[str, ...]:
    labels: list[str] = []
    for block, convolutions in enumerate(blocks, start=1):
        for convolution in range(1, convolutions + 1):
            labels += [f"{part}{block}_{convolution}" for part in parts]
        labels.append(f"pool{block}")
    return tuple(labels)
