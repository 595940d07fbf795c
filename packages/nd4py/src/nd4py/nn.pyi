# Derived from the registry of operations by tools/operation_stubs.py; do not edit.
# ruff: noqa

from .ops.random import alpha_dropout as alpha_dropout
from .ops.activate import bounded_relu as bounded_relu
from .ops.random import dropout as dropout
from .ops.activate import elu as elu
from .ops.random import gaussian_dropout as gaussian_dropout
from .ops.random import gaussian_noise as gaussian_noise
from .ops.activate import gelu as gelu
from .ops.activate import hard_sigmoid as hard_sigmoid
from .ops.activate import hard_tanh as hard_tanh
from .ops.activate import leaky_relu as leaky_relu
from .ops.linear import linear as linear
from .ops.activate import log_sigmoid as log_sigmoid
from .ops.normalise import log_softmax as log_softmax
from .ops.activate import mish as mish
from .ops.movement import pad as pad
from .ops.activate import precise_gelu as precise_gelu
from .ops.activate import prelu as prelu
from .ops.activate import rational_tanh as rational_tanh
from .ops.activate import rectified_tanh as rectified_tanh
from .ops.elementwise import relu as relu
from .ops.activate import relu6 as relu6
from .ops.activate import selu as selu
from .ops.elementwise import sigmoid as sigmoid
from .ops.normalise import softmax as softmax
from .ops.elementwise import softplus as softplus
from .ops.activate import softsign as softsign
from .ops.random import spatial_dropout as spatial_dropout
from .ops.activate import swish as swish
from .ops.elementwise import tanh as tanh
from .ops.activate import thresholded_relu as thresholded_relu
