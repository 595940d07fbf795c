"""Pipeline: raw records to predictions with names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dl4py.pipeline._outputs import Outputs, outputs_of
from dl4py.pipeline._predictions import Prediction, Predictions
from nd4py._arrays import from_numpy, to_numpy
from nd4py.normalizers import AbstractNormalizer

if TYPE_CHECKING:
    from datavec import ErrorPolicy, ErrorReport, RecordVectorizer, Schema, TransformProcess
    from dl4py._model_serializer import Source, Target
    from dl4py.nn import MultiLayerNetwork

_ROWS = 1024  # records per call of the network


class Pipeline:
    """A transform, a normalizer and a network that belong together: raw records in, names out.

    The object that prepared the training data prepares the data in production. Raw records at
    serving time lack the label, so what only the label needs does not run; see
    `datavec.RecordVectorizer`. Safe to use from any number of threads.

    A saved pipeline is a model zip: Deeplearning4j 1.0.0-M2.1 opens the network and the normalizer in
    it, and `ModelSerializer.getObjectFromFile(file, "transform")` gives the transform's JSON.

    Args:
        transform: the process that made the training data.
        normalizer: a fitted normalizer of ``nd4py.normalizers``, None for none. One with
            ``fit_label`` brings predicted values back to original units.
        model: an initialised network.
        label: label column after the transform, several in a list, None where the data had none.
        class_names: names of the classes, where the label column is not Categorical.
        task: ``classification`` or ``regression``; follows from label and network unless given.
        on_error: what happens to values that cannot be used, such as categories that the training
            data did not have: ``raise``, ``skip`` the record, or ``replace`` the value; single calls
            may say otherwise.
        replacements: value per column for those that are missing or cannot be used, such as
            ``{"age": 40}``.
        strict: refuse data with columns that the training data did not have, instead of ignoring
            them.

    Raises:
        SchemaError: the transform has no such label column, or a feature that is no number.
        ValueError: transform, normalizer and network do not fit together; the message says how.

    >>> from datavec import Schema, TransformProcess
    >>> from dl4py import MultiLayerNetwork, NeuralNetConfiguration, OutputLayer
    >>> schema = Schema.builder().add_column_categorical("size", ["S", "L"]).add_column_double(
    ...     "price").add_column_categorical("bought", ["no", "yes"]).build()
    >>> transform = TransformProcess.builder(schema).categorical_to_integer("size").build()
    >>> conf = NeuralNetConfiguration(seed=1, weight_init="zero").list(OutputLayer(n_in=2, n_out=2))
    >>> pipeline = Pipeline(transform, None, MultiLayerNetwork(conf).init(), label="bought")
    >>> pipeline.predict_record({"price": 12.5, "size": "L"}).probabilities
    {'no': 0.5, 'yes': 0.5}
    """

    def __init__(
        self,
        transform: TransformProcess,
        normalizer: AbstractNormalizer | None,
        model: MultiLayerNetwork,
        *,
        label: str | Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        task: str | None = None,
        on_error: str | ErrorPolicy = "raise",
        replacements: Mapping[str, Any] | None = None,
        strict: bool = False,
    ) -> None:
        datavec = need_datavec()
        model.require_init()
        if normalizer is not None and not hasattr(normalizer, "transform_features"):
            raise TypeError(
                "normalizer: expected one of nd4py.normalizers for single feature arrays; received "
                f"{type(normalizer).__name__}"
            )
        self.policy: ErrorPolicy = datavec.ErrorPolicy.of(on_error, replacements)
        self.transform = transform
        self.normalizer = normalizer
        self._scaler: Any = normalizer
        self.model = model
        self.label_names = [label] if isinstance(label, str) else list(label or ())
        self.vectorizer: RecordVectorizer = datavec.RecordVectorizer(
            transform, self.label_names, strict=strict
        )
        self.outputs: Outputs = outputs_of(
            model, transform.final_schema, self.label_names, class_names, task
        )
        self._shape = _input_shape(model, self.vectorizer.feature_shape)
        if normalizer is not None:
            self._check_normalizer()
        self._reverts = not self.outputs.classifies and getattr(normalizer, "fit_label", False)

    # --- what is known ----------------------------------------------------------------------------

    @property
    def input_schema(self) -> Schema:
        """The columns that raw records must have."""
        return self.vectorizer.input_schema

    @property
    def feature_names(self) -> list[str]:
        """Names of the features that the network gets, in order."""
        return self.vectorizer.feature_names

    @property
    def class_names(self) -> list[str] | None:
        """Names of the classes; None where the network gives values."""
        return list(self.outputs.names) if self.outputs.classifies else None

    @property
    def strict(self) -> bool:
        """Whether columns that the training data did not have are an error."""
        return self.vectorizer.strict

    def __repr__(self) -> str:
        return (
            f"<Pipeline: {', '.join(self.input_schema.column_names):.60} → "
            f"{len(self.feature_names)} features → {', '.join(self.outputs.names):.60}>"
        )

    # --- predicting -------------------------------------------------------------------------------

    def predict_record(
        self,
        record: Any,
        *,
        on_error: str | ErrorPolicy | None = None,
        replacements: Mapping[str, Any] | None = None,
        errors: ErrorReport | None = None,
    ) -> Prediction | None:
        """The prediction for one raw record; None when a filter or the error policy removes it.

        Args:
            record: a dict by column name, or a list of values in the order of the training data's
                columns, with or without those that only the label needs; with sequences a list of
                such steps.
            on_error: instead of the pipeline's policy.
            replacements: with `on_error`.
            errors: gets the counts of what was skipped and replaced.

        Raises:
            datavec.SchemaError: a column is missing, or there is another number of values.
            datavec.InvalidValueError: a value that the transform cannot use; the message names the
                step, the column, the value and what was expected.
        """
        features = self.vectorizer.record(
            record,
            on_error=self.policy if on_error is None else on_error,
            replacements=replacements,
            errors=errors,
        )
        if features is None:
            return None
        values = self._output(features, None)
        if values.ndim != 2:
            raise ValueError(
                "predict_record: the network gives a prediction for every step; use "
                "predict([sequence])"
            )
        return Prediction(self.outputs, values[0].tolist())

    def predict(
        self,
        data: Any,
        *,
        on_error: str | ErrorPolicy | None = None,
        replacements: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Predictions:
        """Predictions for raw records in any form.

        Args:
            data: a path (``.parquet``, ``.arrow``, ``.feather``, ``.jsonl``, else CSV) or a binary stream
                of CSV or JSON lines; a pandas, polars, DuckDB or pyarrow table; a dict of columns; a list
                or any iterable of records; or a record reader.
            on_error: instead of the pipeline's policy.
            replacements: with `on_error`.
            options: how CSV is written: `delimiter`, `quote`, `encoding`, `skip_lines`, and `header`,
                whether the first line names the columns (looked at unless given).

        Raises:
            datavec.SchemaError: the columns are not those of the training data.
            datavec.InvalidValueError: naming file and line or the record, the column, the value and
                what was expected.
        """
        errors = need_datavec().ErrorReport()
        parts = list(
            self.predict_batches(
                data, on_error=on_error, replacements=replacements, errors=errors, **options
            )
        )
        if not parts:
            width = 1 if self.outputs.is_binary else len(self.outputs.names)
            nothing = np.zeros((0, width), np.float32)
            return Predictions(self.outputs, nothing, np.zeros(0, np.int64), errors=errors)
        return Predictions(
            self.outputs,
            np.concatenate([p.numbers for p in parts]),
            _joined([p.rows for p in parts]),
            _joined([p.steps for p in parts]),
            errors,
        )

    def predict_batches(
        self,
        data: Any,
        *,
        on_error: str | ErrorPolicy | None = None,
        replacements: Mapping[str, Any] | None = None,
        errors: ErrorReport | None = None,
        **options: Any,
    ) -> Iterator[Predictions]:
        """As `predict`, but some thousand records at a time: memory stays bounded at any size.

        `errors` gets the counts of what was skipped and replaced.
        """
        batches = self.vectorizer.batches(
            data,
            on_error=self.policy if on_error is None else on_error,
            replacements=replacements,
            errors=errors,
            threads=2 if _is_large(data) else 0,
            **options,
        )
        for batch in batches:
            yield self._named(self._outputs(batch.features, batch.mask), batch)

    def evaluate(self, data: Any, *, batch_size: int = 1024, **options: Any) -> Any:
        """The statistics of the predictions for raw records that have their label.

        Args:
            data: as for `predict`; it is read once.
            batch_size: records at a time.
            options: how CSV is written; see `predict`.

        Returns:
            An ``Evaluation`` for classes, a ``RegressionEvaluation``, in original units, for values.

        Raises:
            ValueError: the pipeline has no label column.
        """
        from nd4py.evaluation import Evaluation, RegressionEvaluation

        datavec = need_datavec()
        if not self.label_names:
            raise ValueError("evaluate: the pipeline does not know which column is the label")
        single = len(self.label_names) == 1
        classes = len(self.outputs.names) if self.outputs.classifies and single else None
        batches = datavec.RecordReaderDataSetIterator(
            self.vectorizer.labelled(data, **options),
            batch_size,
            label_from=self.label_names[0],
            label_to=self.label_names[-1],
            num_classes=classes,
            regression=classes is None,
            transform=self.transform,
        )
        names = list(self.outputs.names)
        result: Any = (
            Evaluation(labels=names) if self.outputs.classifies else RegressionEvaluation(names)
        )
        for batch in batches:
            features = np.asarray(batch.features)
            found = Predictions(self.outputs, self._outputs(features, None), None)
            result.eval(batch.labels, found.probabilities if classes else found.numbers)
        return result

    # --- saving -----------------------------------------------------------------------------------

    def save(self, target: Target, save_updater: bool = True) -> None:
        """Writes the pipeline as a model zip, aside and then moved into place.

        Args:
            target: a path or a binary stream.
            save_updater: store the updater's state, so that training can go on.
        """
        from dl4py.pipeline._files import save

        save(self, target, save_updater)

    @staticmethod
    def load(
        source: Source,
        *,
        label: str | Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        load_updater: bool = False,
        allow_user_defined: bool | Iterable[Any] = False,
    ) -> Pipeline:
        """The pipeline of a model zip, written here or put together in the JVM.

        In the JVM ``ModelSerializer.addObjectToFile(file, "transform", process.toJson())`` makes a
        pipeline of a model zip.

        Args:
            source: a path, the bytes, or a seekable binary stream.
            label: label column, where the file does not say.
            class_names: names of the classes, where neither file nor transform say.
            load_updater: take over the updater's state too, to go on training.
            allow_user_defined: steps and conditions of users are code that the file names by import
                path. True allows any, a list of packages, modules or classes those; otherwise
                nothing is imported.

        Raises:
            dl4py.ModelFileError: the file is damaged, or holds no transform.
        """
        from dl4py.pipeline._files import load

        return load(source, label, class_names, load_updater, allow_user_defined)

    # --- how it is done ---------------------------------------------------------------------------

    def _output(self, features: Any, mask: Any) -> Any:
        """The network's outputs for some records, in original units, as NumPy array."""
        array: Any = from_numpy(features)
        if self._scaler is not None:
            array = self._scaler.transform_features(array, mask)
        if self._shape is not None:
            array = array.reshape(len(features), *self._shape)
        values = self.model.output(array, features_mask=mask)
        if self._reverts:
            values = self._scaler.revert_labels(values)
        return to_numpy(values)

    def _outputs(self, features: Any, mask: Any) -> Any:
        """As `_output`, in calls of few different sizes: each new size costs compiling a plan."""
        parts = []
        for start in range(0, max(len(features), 1), _ROWS):
            part = features[start : start + _ROWS]
            part_mask = None if mask is None else mask[start : start + _ROWS]
            count = len(part)
            size = _ROWS if count == _ROWS else 1 << max(count - 1, 0).bit_length()
            if size != count:
                part, part_mask = _extended(part, size), _extended(part_mask, size)
            parts.append(self._output(np.ascontiguousarray(part), part_mask)[:count])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _named(self, values: Any, batch: Any) -> Predictions:
        rows, steps = batch.rows, None
        if values.ndim == 3:  # [n, outputs, steps]: a prediction for every step that there is
            there = np.ones(values.shape[::2], bool) if batch.mask is None else batch.mask != 0
            values = values.transpose(0, 2, 1)[there]
            example, steps = np.nonzero(there)
            rows = example if rows is None else rows[example]
        if values.ndim != 2:
            raise ValueError(
                f"predict: expected outputs of rank 2 or 3; the network gives {list(values.shape)}"
            )
        return Predictions(self.outputs, values, rows, steps)

    def _check_normalizer(self) -> None:
        shape = (1, *self.vectorizer.feature_shape)
        width = shape[1]
        if self.transform.final_schema.is_sequence:
            shape = (*shape, 1)
        try:
            self._scaler.transform_features(np.zeros(shape, np.float32))
        except ValueError as problem:
            raise ValueError(
                f"the transform gives {width} features ({', '.join(self.feature_names):.200}), "
                f"which the normalizer does not fit: {problem}"
            ) from None


def _is_large(data: Any) -> bool:
    """Whether data may be worth threads that work ahead; what trickles through a pipe is not."""
    return not isinstance(data, (dict, list, tuple)) and not hasattr(data, "readinto")


def need_datavec() -> Any:
    """The datavec package; a pipeline is the one part of the library that needs it."""
    try:
        import datavec
    except ModuleNotFoundError as problem:
        if problem.name != "datavec":
            raise
        raise ModuleNotFoundError(
            "a Pipeline needs datavec: pip install datavec", name="datavec"
        ) from None
    return datavec


def _input_shape(network: MultiLayerNetwork, given: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape that rows of features take for the network, None where they stay as they are.

    Raises:
        ValueError: the network takes another number of features.
    """
    kind: Any = network.configuration.known_input_type()
    if kind is None:
        return None
    name = type(kind).__name__
    expected = kind.size if name == "InputTypeRecurrent" else kind.element_count()
    if expected != math.prod(given) and getattr(kind, "size", 1):
        raise ValueError(
            f"the network takes {expected} features, the transform gives {math.prod(given)} beside the "
            "labels"
        )
    images = name in ("InputTypeConvolutional", "InputTypeConvolutional3D")
    return kind.shape() if images and len(given) == 1 else None


def _extended(array: Any, size: int) -> Any:
    """An array with rows of zeros added, None for None."""
    if array is None:
        return None
    out = np.zeros((size, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out


def _joined(parts: list[Any]) -> Any:
    return None if parts[0] is None else np.concatenate(parts)
