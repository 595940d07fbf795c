"""The commands of ``dl4py``; each imports what it needs when it runs."""

from dl4py.cli._backends import backends
from dl4py.cli._evaluate import evaluate
from dl4py.cli._inspect import inspect
from dl4py.cli._predict import predict
from dl4py.cli._train import train

COMMANDS = (backends, inspect, train, evaluate, predict)
