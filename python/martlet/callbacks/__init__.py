"""Callbacks: what `fit` tells others while it runs."""

from ._callback import Callback as Callback
from ._callback import History as History
from ._callback import LambdaCallback as LambdaCallback
from ._learning_rate import LearningRateScheduler as LearningRateScheduler
from ._learning_rate import ReduceLROnPlateau as ReduceLROnPlateau
from ._list import CallbackList as CallbackList
from ._logging import CSVLogger as CSVLogger
from ._logging import TensorBoard as TensorBoard
from ._saving import BackupAndRestore as BackupAndRestore
from ._saving import ModelCheckpoint as ModelCheckpoint
from ._stopping import EarlyStopping as EarlyStopping
from ._stopping import TerminateOnNaN as TerminateOnNaN
