package org.dl4py.jvm;

import java.io.BufferedWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Runs jobs in the real Deeplearning4j: {@code Main JOBS RESULTS}.
 *
 * <p>Both files hold one JSON object a line. A job names what to do ({@code "job"}) and the files to read and write;
 * arrays travel as .npy. Its result line carries the same {@code "id"} and either the numbers asked for or
 * {@code "error"}; one failing job does not stop the others.
 */
public final class Main {
    /** One kind of job: reads its arguments from {@code job}, puts what it found out into {@code result}. */
    interface Job {
        void run(Arguments job, ObjectNode result) throws Exception;
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    private Main() {}

    private static Map<String, Job> jobs() {
        Map<String, Job> jobs = new TreeMap<>();
        jobs.put("model-create", ModelJobs::create);
        jobs.put("model-output", ModelJobs::output);
        jobs.put("model-fit", ModelJobs::fit);
        jobs.put("model-evaluate", ModelJobs::evaluate);
        jobs.put("normalizer-fit", DataJobs::fitNormalizer);
        jobs.put("normalizer-apply", DataJobs::applyNormalizer);
        jobs.put("array-read", DataJobs::readArray);
        jobs.put("array-write", DataJobs::writeArray);
        jobs.put("dataset-read", DataJobs::readDataSet);
        jobs.put("dataset-write", DataJobs::writeDataSet);
        jobs.put("transform-run", TransformJobs::run);
        jobs.put("transform-json", TransformJobs::rewrite);
        jobs.put("transform-apply", TransformJobs::apply);
        jobs.put("schema-read", TransformJobs::schema);
        jobs.put("string-reduce", TransformJobs::reduceStrings);
        jobs.put("records-read", RecordJobs::read);
        jobs.put("records-write", RecordJobs::write);
        jobs.put("file-batch", RecordJobs::batchFiles);
        jobs.put("regex-match", RecordJobs::match);
        jobs.put("csv-split", RecordJobs::split);
        jobs.put("analysis-read", AnalysisJobs::read);
        jobs.put("analyze", AnalysisJobs::analyze);
        jobs.put("image-apply", ImageJobs::apply);
        jobs.put("pipeline-predict", PipelineJobs::predict);
        jobs.put("pipeline-make", PipelineJobs::make);
        return jobs;
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 2) {
            System.err.println("usage: Main JOBS RESULTS");
            System.exit(2);
        }
        Map<String, Job> jobs = jobs();
        try (BufferedWriter results = Files.newBufferedWriter(Path.of(arguments[1]), StandardCharsets.UTF_8)) {
            for (String line : Files.readAllLines(Path.of(arguments[0]), StandardCharsets.UTF_8)) {
                results.write(JSON.writeValueAsString(run(jobs, JSON.readTree(line))));
                results.newLine();
                results.flush();
            }
        }
        // OpenMP and JavaCPP threads would keep the process alive.
        System.exit(0);
    }

    private static ObjectNode run(Map<String, Job> jobs, JsonNode job) {
        ObjectNode result = JSON.createObjectNode();
        result.set("id", job.get("id"));
        try {
            Arguments arguments = new Arguments(job);
            Job known = jobs.get(arguments.text("job"));
            if (known == null) {
                throw new IllegalArgumentException("unknown job " + job.get("job") + ", known: " + jobs.keySet());
            }
            known.run(arguments, result);
        } catch (Throwable thrown) {
            // Also errors: a native library that fails to link must become a result line, not a lost run.
            result.put("error", thrown.toString());
            if (thrown.getCause() != null) {
                result.put("cause", thrown.getCause().toString());
            }
        }
        return result;
    }
}
