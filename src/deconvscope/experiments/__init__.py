"""The experiments of Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), and controls beside them.

Each is a function that returns its numbers, a table of them and a figure, and shows both in a notebook.
"""

from .cascade import Cascade, cascading_randomisation
from .depths import Depths, compare_depths
from .eight import EightArchitectures, eight_architectures
from .foreground_share import Foreground, foreground
from .fourier_phase import Phase, phase
from .lrn import LrnRule, lrn_rule, with_lrn
from .masks import sample_mask
from .measures import edge_agreement, energy_inside
from .randomise import randomised
from .result import Result, Table
from .selectivity import Selectivity, neuron_selectivity
from .similarity import similarity
from .support import FiniteSupport, finite_support

__all__ = [
    "Cascade",
    "Depths",
    "EightArchitectures",
    "FiniteSupport",
    "Foreground",
    "LrnRule",
    "Phase",
    "Result",
    "Selectivity",
    "Table",
    "cascading_randomisation",
    "compare_depths",
    "edge_agreement",
    "eight_architectures",
    "energy_inside",
    "finite_support",
    "foreground",
    "lrn_rule",
    "neuron_selectivity",
    "phase",
    "randomised",
    "sample_mask",
    "similarity",
    "with_lrn",
]
