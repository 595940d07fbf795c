package org.dl4py.jvm;

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.datavec.api.split.FileSplit;
import org.datavec.api.transform.TransformProcess;
import org.datavec.api.writable.Writable;
import org.datavec.local.transforms.LocalTransformExecutor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.Normalizer;
import org.nd4j.linalg.dataset.api.preprocessor.serializer.NormalizerSerializer;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Jobs on model zips that also hold their transform. */
final class PipelineJobs {
    private PipelineJobs() {}

    /**
     * {@code model}, {@code csv} (raw records with the label, which is the last column after the transform); writes
     * {@code output}, what transform, normalizer and network of the zip make of them.
     */
    static void predict(Arguments job, ObjectNode result) throws Exception {
        File model = job.file("model");
        ArrayNode objects = result.putArray("objects");
        ModelSerializer.listObjectsInFile(model).forEach(objects::add);
        TransformProcess process = TransformProcess.fromJson(ModelSerializer.getObjectFromFile(model, "transform"));
        List<float[]> features = new ArrayList<>();
        try (CSVRecordReader reader = new CSVRecordReader(job.integer("skip", 0))) {
            reader.initialize(new FileSplit(job.file("csv")));
            List<List<Writable>> records = new ArrayList<>();
            while (reader.hasNext()) {
                records.add(reader.next());
            }
            for (List<Writable> record : LocalTransformExecutor.execute(records, process)) {
                float[] row = new float[record.size() - 1];
                for (int column = 0; column < row.length; column++) {
                    row[column] = record.get(column).toFloat();
                }
                features.add(row);
            }
        }
        INDArray matrix = Nd4j.create(features.toArray(new float[0][]));
        DataNormalization normalizer = ModelSerializer.restoreNormalizerFromFile(model);
        normalizer.transform(matrix);
        MultiLayerNetwork network = ModelSerializer.restoreMultiLayerNetwork(model);
        job.write("output", network.output(matrix));
    }

    /**
     * {@code model}, {@code process} (JSON text), {@code normalizer} (file); makes a pipeline of a model zip by
     * Deeplearning4j's own means.
     */
    static void make(Arguments job, ObjectNode result) throws Exception {
        String json = TransformProcess.fromJson(job.text("process")).toJson();
        ModelSerializer.addObjectToFile(job.file("model"), "transform", json);
        Normalizer<?> normalizer = NormalizerSerializer.getDefault().restore(job.file("normalizer"));
        ModelSerializer.addNormalizerToModel(job.file("model"), normalizer);
    }
}
