"""Training listeners."""

from dl4py.listeners._checkpoint import Checkpoint as Checkpoint
from dl4py.listeners._checkpoint import CheckpointListener as CheckpointListener
from dl4py.listeners._evaluative import EvaluativeListener as EvaluativeListener
from dl4py.listeners._performance import PerformanceListener as PerformanceListener
from dl4py.listeners._performance import ProgressBarListener as ProgressBarListener
from dl4py.listeners._performance import TimeIterationListener as TimeIterationListener
from dl4py.listeners._scores import CollectScoresListener as CollectScoresListener
from dl4py.listeners._scores import ScoreIterationListener as ScoreIterationListener
from dl4py.listeners._training_listener import TrainingListener as TrainingListener
