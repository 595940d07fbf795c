package org.dl4py.jvm;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.nio.file.Files;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerMinMaxScaler;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.dataset.api.preprocessor.serializer.NormalizerSerializer;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Jobs on array, DataSet and normalizer files. */
final class DataJobs {
    private DataJobs() {}

    /** {@code kind} (standardize or min-max), {@code features}, {@code labels}; writes {@code save}. */
    static void fitNormalizer(Arguments job, ObjectNode result) throws Exception {
        DataNormalization normalizer =
                switch (job.text("kind")) {
                    case "standardize" -> new NormalizerStandardize();
                    case "min-max" -> new NormalizerMinMaxScaler();
                    default -> throw new IllegalArgumentException("unknown normalizer " + job.text("kind"));
                };
        if (job.has("labels")) {
            normalizer.fitLabel(true);
        }
        normalizer.fit(new DataSet(job.array("features"), job.optionalArray("labels")));
        NormalizerSerializer.getDefault().write(normalizer, job.file("save"));
        transform(normalizer, job);
    }

    /** {@code normalizer} or {@code model} (a zip that holds one), {@code features}, {@code labels}. */
    static void applyNormalizer(Arguments job, ObjectNode result) throws Exception {
        DataNormalization normalizer =
                job.has("normalizer")
                        ? NormalizerSerializer.getDefault().restore(job.file("normalizer"))
                        : (DataNormalization) ModelSerializer.restoreNormalizerFromFile(job.file("model"));
        result.put("class", normalizer.getClass().getSimpleName());
        transform(normalizer, job);
    }

    private static void transform(DataNormalization normalizer, Arguments job) throws Exception {
        DataSet data = new DataSet(job.array("features"), job.optionalArray("labels"));
        normalizer.transform(data);
        job.write("transformed", data.getFeatures());
        if (data.getLabels() != null) {
            job.write("transformed_labels", data.getLabels());
        }
        normalizer.revert(data);
        job.write("reverted", data.getFeatures());
    }

    /** {@code file} (ND4J binary); writes {@code array}. */
    static void readArray(Arguments job, ObjectNode result) throws Exception {
        try (DataInputStream stream = new DataInputStream(Files.newInputStream(job.file("file").toPath()))) {
            INDArray array = Nd4j.read(stream);
            result.put("dtype", array.dataType().name());
            result.put("order", String.valueOf(array.ordering()));
            ArrayNode shape = result.putArray("shape");
            for (long length : array.shape()) {
                shape.add(length);
            }
            // NumPy has no bfloat16, and this version's writer knows few of the narrow types.
            job.write("array", array.dataType() == DataType.BFLOAT16 ? array.castTo(DataType.FLOAT) : array);
        }
    }

    /** {@code array}, {@code dtype} (a DataType's name), {@code order}; writes {@code file}. */
    static void writeArray(Arguments job, ObjectNode result) throws Exception {
        INDArray array = job.array("array").castTo(DataType.valueOf(job.text("dtype")));
        try (DataOutputStream stream = new DataOutputStream(Files.newOutputStream(job.file("file").toPath()))) {
            Nd4j.write(array.dup(job.text("order").charAt(0)), stream);
        }
    }

    /** {@code file}; writes {@code features}, {@code labels} and the masks, where the DataSet has them. */
    static void readDataSet(Arguments job, ObjectNode result) throws Exception {
        DataSet data = new DataSet();
        data.load(job.file("file"));
        INDArray[] parts = {
            data.getFeatures(), data.getLabels(), data.getFeaturesMaskArray(), data.getLabelsMaskArray()
        };
        String[] names = {"features", "labels", "features_mask", "labels_mask"};
        ArrayNode present = result.putArray("present");
        for (int i = 0; i < parts.length; i++) {
            if (parts[i] != null) {
                present.add(names[i]);
                job.write(names[i], parts[i]);
            }
        }
    }

    /** {@code features}, {@code labels}, {@code features_mask}, {@code labels_mask}; writes {@code file}. */
    static void writeDataSet(Arguments job, ObjectNode result) throws Exception {
        File file = job.file("file");
        new DataSet(
                        job.array("features"),
                        job.optionalArray("labels"),
                        job.optionalArray("features_mask"),
                        job.optionalArray("labels_mask"))
                .save(file);
    }
}
