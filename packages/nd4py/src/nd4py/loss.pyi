# Derived from the registry of operations by tools/operation_stubs.py; do not edit.
# ruff: noqa

from .ops.loss import absolute_difference as absolute_difference
from .ops.loss import cosine_distance as cosine_distance
from .ops.loss import hinge_loss as hinge_loss
from .ops.loss import huber_loss as huber_loss
from .ops.loss import l2_loss as l2_loss
from .ops.loss import log_loss as log_loss
from .ops.loss import log_poisson as log_poisson
from .ops.loss import mean_pairwise_squared_error as mean_pairwise_squared_error
from .ops.loss import mean_squared_error as mean_squared_error
from .ops.loss import sigmoid_cross_entropy as sigmoid_cross_entropy
from .ops.loss import softmax_cross_entropy_loss as softmax_cross_entropy
from .ops.loss import sparse_softmax_cross_entropy as sparse_softmax_cross_entropy
