"""Layer configurations, one class per file and per Deeplearning4j class."""

from dl4py.conf.layers._activation import ActivationLayer as ActivationLayer
from dl4py.conf.layers._activation import DropoutLayer as DropoutLayer
from dl4py.conf.layers._base import AbstractBaseLayer as AbstractBaseLayer
from dl4py.conf.layers._base import AbstractFeedForwardLayer as AbstractFeedForwardLayer
from dl4py.conf.layers._base import AbstractLayer as AbstractLayer
from dl4py.conf.layers._base import AbstractNoParamLayer as AbstractNoParamLayer
from dl4py.conf.layers._base import LayerContext as LayerContext
from dl4py.conf.layers._base import Parameter as Parameter
from dl4py.conf.layers._convolution import Convolution2D as Convolution2D
from dl4py.conf.layers._convolution import ConvolutionLayer as ConvolutionLayer
from dl4py.conf.layers._dense import DenseLayer as DenseLayer
from dl4py.conf.layers._output import AbstractOutputLayer as AbstractOutputLayer
from dl4py.conf.layers._output import LossLayer as LossLayer
from dl4py.conf.layers._output import OutputLayer as OutputLayer
from dl4py.conf.layers._subsampling import Pooling2D as Pooling2D
from dl4py.conf.layers._subsampling import SubsamplingLayer as SubsamplingLayer
