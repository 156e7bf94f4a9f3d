"""The names that papers and other packages give to architectures of reversed networks."""

from __future__ import annotations

from .errors import near_matches

_OTHER_NAMES = {
    "DeConvNet": (
        "Deconvolution",
        "deconvolutional network",
        "deconv",
        "NeuronDeconvolution",  # captum
        "ReLUDeconvNet",  # zennit
    ),
    "SaliNet": (
        "saliency",
        "saliency map",
        "NeuronSaliency",
        "gradient",
        "gradients",
        "vanilla gradient",
        "NeuronGradient",  # captum
        "GradientSaliency",
        "backprop",
        "backpropagation",
        "vanilla backprop",
        "VanillaBackprop",
        "vanilla backpropagation",
        "sensitivity",
        "sensitivity analysis",
    ),
    "DeSaliNet": (
        "guided backpropagation",
        "GuidedBackprop",  # captum, zennit
        "NeuronGuidedBackprop",
        "ReLUGuidedBackprop",
        "guided backprop",
        "guided gradient",
        "guided saliency",
        "guided ReLU",
        "GBP",
    ),
}
_CODES = ("TTT", "FTT", "TTF", "FTF", "TFT", "FFT", "TFF", "FFF")
_KNOWN = (*_OTHER_NAMES, *_CODES)

# Methods of the field that do more than choose the rules of a network run in reverse.
_OTHER_METHODS = (
    "Grad-CAM", "Grad-CAM++", "Score-CAM", "CAM", "LayerGradCam", "GuidedGradCam", "guided Grad-CAM",
    "IntegratedGradients", "NeuronIntegratedGradients", "SmoothGrad", "NoiseTunnel", "InputXGradient",
    "gradient times input", "GradientShap", "DeepLift", "DeepLiftShap", "KernelShap", "SHAP", "Lime", "LRP",
    "layer-wise relevance propagation", "ExcitationBackprop", "excitation backpropagation", "Occlusion",
    "FeatureAblation", "DeepDream",
)  # fmt: skip


def _plain(name: str) -> str:
    """Return a name without what people spell in different ways: case, spaces, hyphens."""
    return "".join(letter for letter in name.lower() if letter.isalnum() or letter == "+")


_BY_PLAIN_NAME = {
    _plain(name): known for known, names in _OTHER_NAMES.items() for name in (known, *names)
}
_PLAIN_METHODS = frozenset(map(_plain, _OTHER_METHODS))


def paper_name(text: str) -> str | None:
    """Return the paper's name of an architecture that goes by this name elsewhere, None where none does.

    Example:
        >>> paper_name("GuidedBackprop"), paper_name("vanilla gradient")
        ('DeSaliNet', 'SaliNet')
    """
    return _BY_PLAIN_NAME.get(_plain(text))


def unknown_name(text: object) -> str:
    """Return what is said of a name that no architecture has, with near matches."""
    known = f"known: {', '.join(_KNOWN)}"
    if _plain(str(text)) in _PLAIN_METHODS:
        return (
            f"{text!r} is not an architecture: it does more than choose the rules of a network run in "
            f"reverse; {known}"
        )
    names = dict.fromkeys([*_KNOWN, *(name for names in _OTHER_NAMES.values() for name in names)])
    return f"no architecture is named {text!r}{near_matches(text, names)}; {known}"
