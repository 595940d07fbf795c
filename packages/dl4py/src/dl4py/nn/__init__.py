"""Networks: parameters, graphs, training steps and inference."""

from dl4py.nn._multi_layer_network import MultiLayerNetwork as MultiLayerNetwork
