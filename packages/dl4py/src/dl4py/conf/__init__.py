"""Configurations: frozen dataclasses that are checked when they are made, and their Deeplearning4j
JSON.
"""

from dl4py.conf._constraints import AbstractConstraint as AbstractConstraint
from dl4py.conf._constraints import MaxNormConstraint as MaxNormConstraint
from dl4py.conf._constraints import MinMaxNormConstraint as MinMaxNormConstraint
from dl4py.conf._constraints import NonNegativeConstraint as NonNegativeConstraint
from dl4py.conf._constraints import UnitNormConstraint as UnitNormConstraint
from dl4py.conf._dropout import AlphaDropout as AlphaDropout
from dl4py.conf._dropout import Dropout as Dropout
from dl4py.conf._dropout import GaussianDropout as GaussianDropout
from dl4py.conf._dropout import GaussianNoise as GaussianNoise
from dl4py.conf._dropout import SpatialDropout as SpatialDropout
from dl4py.conf._inputs import InputType as InputType
from dl4py.conf._inputs import InputTypeConvolutional as InputTypeConvolutional
from dl4py.conf._inputs import InputTypeConvolutional3D as InputTypeConvolutional3D
from dl4py.conf._inputs import InputTypeConvolutionalFlat as InputTypeConvolutionalFlat
from dl4py.conf._inputs import InputTypeFeedForward as InputTypeFeedForward
from dl4py.conf._inputs import InputTypeRecurrent as InputTypeRecurrent
from dl4py.conf._multi_layer import LayerConfiguration as LayerConfiguration
from dl4py.conf._multi_layer import MultiLayerConfiguration as MultiLayerConfiguration
from dl4py.conf._neural_net import NeuralNetConfiguration as NeuralNetConfiguration
from dl4py.conf._weight_noise import DropConnect as DropConnect
from dl4py.conf._weight_noise import WeightNoise as WeightNoise
