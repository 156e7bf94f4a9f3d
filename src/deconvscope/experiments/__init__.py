"""The experiments of Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), and later controls.

Each is a function that returns its numbers, a table of them and a figure, and shows both in a notebook. Sections,
figures and tables are those of this paper unless another one is cited. Wherever a layer is named, its label
("conv4_3") is accepted too.
"""

from ..analysis import (
    Cut,
    cut_out,
    edge_agreement,
    energy_inside,
    gaussian_baseline,
    randomised,
    sample_mask,
    segment_reversed,
    similarity,
)
from .comparisons.cascade import Cascade, cascading_randomisation
from .comparisons.depths import Depths, compare_depths
from .comparisons.eight import EightArchitectures, eight_architectures
from .comparisons.fourier_phase import Phase, phase
from .comparisons.lrn import LrnRule, lrn_rule, with_lrn
from .comparisons.selectivity import Selectivity, neuron_selectivity
from .comparisons.support import FiniteSupport, finite_support
from .drawing import Cell, draw_grid
from .inversion.inverse_network import InverseNetwork
from .inversion.invert import Inversion, invert
from .result import Result, Table
from .segmentation.composites import Composite, composites
from .segmentation.evaluation import SegmentationScores, accuracy_and_overlap, evaluate_segmentation
from .segmentation.foreground_share import Foreground, foreground
from .segmentation.fully_convolutional import NoClassLayerError, fully_convolutional
from .segmentation.segment import NothingPositiveError, Segmentation, Segmenter, segment, segmenter
from .transposed_convolution import (
    TransposedConvolution,
    draw_maps,
    overlaps,
    spread,
    thinned,
    transposed_convolution,
)

__all__ = [
    "Cascade",
    "Cell",
    "Composite",
    "Cut",
    "Depths",
    "EightArchitectures",
    "FiniteSupport",
    "Foreground",
    "InverseNetwork",
    "Inversion",
    "LrnRule",
    "NoClassLayerError",
    "NothingPositiveError",
    "Phase",
    "Result",
    "Segmentation",
    "SegmentationScores",
    "Segmenter",
    "Selectivity",
    "Table",
    "TransposedConvolution",
    "accuracy_and_overlap",
    "cascading_randomisation",
    "compare_depths",
    "composites",
    "cut_out",
    "draw_grid",
    "draw_maps",
    "edge_agreement",
    "eight_architectures",
    "energy_inside",
    "evaluate_segmentation",
    "finite_support",
    "foreground",
    "fully_convolutional",
    "gaussian_baseline",
    "invert",
    "lrn_rule",
    "neuron_selectivity",
    "overlaps",
    "phase",
    "randomised",
    "sample_mask",
    "segment",
    "segment_reversed",
    "segmenter",
    "similarity",
    "spread",
    "thinned",
    "transposed_convolution",
    "with_lrn",
]
