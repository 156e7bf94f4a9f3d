"""The experiments of Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), and controls beside them.

Each is a function that returns its numbers, a table of them and a figure, and shows both in a notebook.
"""

from .cascade import Cascade, cascading_randomisation
from .composites import Composite, composites
from .depths import Depths, compare_depths
from .drawing import Cell, draw_grid
from .eight import EightArchitectures, eight_architectures
from .evaluation import SegmentationScores, accuracy_and_overlap, evaluate_segmentation
from .foreground_share import Foreground, foreground
from .fourier_phase import Phase, phase
from .fully_convolutional import NoClassLayerError, fully_convolutional
from .grab_cut import Cut, cut_out, gaussian_baseline
from .inverse_network import InverseNetwork
from .inversion import Inversion, invert
from .lrn import LrnRule, lrn_rule, with_lrn
from .masks import sample_mask
from .measures import edge_agreement, energy_inside
from .randomise import randomised
from .result import Result, Table
from .reversed_segmentation import segment_reversed
from .segmentation import NothingPositiveError, Segmentation, Segmenter, segment, segmenter
from .selectivity import Selectivity, neuron_selectivity
from .similarity import similarity
from .support import FiniteSupport, finite_support
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
