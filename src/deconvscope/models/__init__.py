"""Networks by name with their preprocessing and class names, and the bundled weights and photographs.

torchvision is imported only when one of its networks is loaded.
"""

from .catalogue import ModelEntry, available_models
from .digest import network_digest
from .errors import ModelDownloadError, UnknownImageError, UnknownModelError, UnreadableImageError
from .labels import layer_labels, layer_path
from .loading import as_model, load_model
from .model import Model, from_module
from .pictures import (
    SAMPLE_IMAGES,
    SAMPLE_LABELS,
    ReadPicture,
    names_a_picture,
    picture_files,
    read_image,
    read_picture,
    sample_image,
)
from .preprocessing import (
    OpaquePreprocessing,
    Preprocess,
    Preprocessing,
    by_own_range,
    how_shown,
    input_picture,
)

__all__ = [
    "SAMPLE_IMAGES",
    "SAMPLE_LABELS",
    "Model",
    "ModelDownloadError",
    "ModelEntry",
    "OpaquePreprocessing",
    "Preprocess",
    "Preprocessing",
    "ReadPicture",
    "UnknownImageError",
    "UnknownModelError",
    "UnreadableImageError",
    "as_model",
    "available_models",
    "by_own_range",
    "from_module",
    "how_shown",
    "input_picture",
    "layer_labels",
    "layer_path",
    "load_model",
    "names_a_picture",
    "network_digest",
    "picture_files",
    "read_image",
    "read_picture",
    "sample_image",
]
