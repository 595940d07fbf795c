package org.dl4py.jvm;

import java.io.File;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.zip.ZipFile;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.Normalizer;
import org.nd4j.linalg.dataset.api.preprocessor.serializer.NormalizerSerializer;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Jobs on model zips. Arguments common to all: {@code model}, and {@code params}, {@code updater} to write as .npy. */
final class ModelJobs {
    private ModelJobs() {}

    /** {@code configuration} (JSON), {@code save}; optional {@code normalizer} (file) to put into the zip. */
    static void create(Arguments job, ObjectNode result) throws Exception {
        String json = Files.readString(job.file("configuration").toPath());
        MultiLayerNetwork network = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(json));
        network.init();
        fitSteps(network, job, result);
        network.save(job.file("save"), true);
        if (job.has("normalizer")) {
            Normalizer<?> normalizer = NormalizerSerializer.getDefault().restore(job.file("normalizer"));
            ModelSerializer.addNormalizerToModel(job.file("save"), normalizer);
        }
        describe(network, job, result);
    }

    /** {@code features}; writes {@code output}, the network's output in inference. */
    static void output(Arguments job, ObjectNode result) throws Exception {
        Model model = restore(job.file("model"));
        job.write("output", output(model, job.array("features")));
        describe(model, job, result);
    }

    /** {@code features}, {@code labels}, {@code steps}; trains on that batch, writes {@code save}. */
    static void fit(Arguments job, ObjectNode result) throws Exception {
        Model model = restore(job.file("model"));
        fitSteps(model, job, result);
        if (job.has("save")) {
            ModelSerializer.writeModel(model, job.file("save"), true);
        }
        describe(model, job, result);
    }

    /** {@code features}, {@code labels}; the Evaluation's text and figures. */
    static void evaluate(Arguments job, ObjectNode result) throws Exception {
        Model model = restore(job.file("model"));
        Evaluation evaluation = new Evaluation();
        evaluation.eval(job.array("labels"), output(model, job.array("features")));
        result.put("stats", evaluation.stats());
        result.put("accuracy", evaluation.accuracy());
        result.put("f1", evaluation.f1());
    }

    private static Model restore(File zip) throws Exception {
        return isGraph(zip)
                ? ModelSerializer.restoreComputationGraph(zip, true)
                : ModelSerializer.restoreMultiLayerNetwork(zip, true);
    }

    private static boolean isGraph(File zip) throws Exception {
        try (ZipFile file = new ZipFile(zip);
                InputStream configuration = file.getInputStream(file.getEntry("configuration.json"))) {
            return new String(configuration.readAllBytes(), StandardCharsets.UTF_8).contains("\"networkInputs\"");
        }
    }

    private static INDArray output(Model model, INDArray features) {
        return model instanceof ComputationGraph graph
                ? graph.outputSingle(features)
                : ((MultiLayerNetwork) model).output(features);
    }

    private static void fitSteps(Model model, Arguments job, ObjectNode result) {
        int steps = job.integer("steps", 0);
        if (steps == 0) {
            return;
        }
        DataSet batch = new DataSet(job.array("features"), job.array("labels"));
        ArrayNode scores = result.putArray("scores");
        for (int step = 0; step < steps; step++) {
            if (model instanceof ComputationGraph graph) {
                graph.fit(batch);
            } else {
                ((MultiLayerNetwork) model).fit(batch);
            }
            scores.add(model.score());
        }
    }

    private static void describe(Model model, Arguments job, ObjectNode result) throws Exception {
        job.write("params", model.params());
        INDArray state;
        if (model instanceof ComputationGraph graph) {
            state = graph.getUpdater().getStateViewArray();
            result.put("iteration", graph.getConfiguration().getIterationCount());
            result.put("epoch", graph.getConfiguration().getEpochCount());
            result.put("summary", graph.summary());
        } else {
            MultiLayerNetwork network = (MultiLayerNetwork) model;
            state = network.getUpdater().getStateViewArray();
            result.put("iteration", network.getLayerWiseConfigurations().getIterationCount());
            result.put("epoch", network.getLayerWiseConfigurations().getEpochCount());
            result.put("summary", network.summary());
        }
        result.put("num_params", model.numParams());
        // Sgd and NoOp keep no state: null or an array without elements, which cannot be written as .npy.
        long length = state == null ? 0 : state.length();
        result.put("updater_length", length);
        if (length > 0) {
            job.write("updater", state);
        }
    }
}
