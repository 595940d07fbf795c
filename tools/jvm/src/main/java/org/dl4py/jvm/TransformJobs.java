package org.dl4py.jvm;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.datavec.api.split.FileSplit;
import org.datavec.api.transform.TransformProcess;
import org.datavec.api.transform.schema.Schema;
import org.datavec.api.transform.schema.SequenceSchema;
import org.datavec.api.transform.serde.JsonMappers;
import org.datavec.api.transform.stringreduce.StringReducer;
import org.datavec.api.writable.Writable;
import org.datavec.local.transforms.LocalTransformExecutor;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Jobs on TransformProcess JSON. */
final class TransformJobs {
    private TransformJobs() {}

    /** {@code transform} (JSON), {@code csv}, {@code skip} (lines); the rows as text and the final schema. */
    static void run(Arguments job, ObjectNode result) throws Exception {
        TransformProcess process = TransformProcess.fromJson(Files.readString(job.file("transform").toPath()));
        List<List<Writable>> rows = new ArrayList<>();
        try (CSVRecordReader reader = new CSVRecordReader(job.integer("skip", 0))) {
            reader.initialize(new FileSplit(job.file("csv")));
            while (reader.hasNext()) {
                rows.add(reader.next());
            }
        }
        ArrayNode columns = result.putArray("columns");
        ArrayNode types = result.putArray("types");
        for (String column : process.getFinalSchema().getColumnNames()) {
            columns.add(column);
            types.add(process.getFinalSchema().getType(column).name());
        }
        ArrayNode transformed = result.putArray("rows");
        for (List<Writable> row : LocalTransformExecutor.execute(rows, process)) {
            ArrayNode values = transformed.addArray();
            row.forEach(value -> values.add(value.toString()));
        }
    }

    /** {@code transform}; writes {@code save}, the same process as Deeplearning4j writes it. */
    static void rewrite(Arguments job, ObjectNode result) throws Exception {
        TransformProcess process = TransformProcess.fromJson(Files.readString(job.file("transform").toPath()));
        Files.writeString(job.file("save").toPath(), process.toJson());
    }

    /**
     * {@code process} (JSON text), {@code yaml} (the same as YAML) and {@code data} (see {@link Values}; records, or
     * sequences under a sequence schema); the result in {@code data} and the {@code final_schema} as JSON text.
     */
    static void apply(Arguments job, ObjectNode result) throws Exception {
        TransformProcess process = TransformProcess.fromJson(job.text("process"));
        if (!TransformProcess.fromYaml(job.text("yaml")).toJson().equals(process.toJson())) {
            throw new IllegalStateException("the YAML is another process");
        }
        result.put("final_schema", process.getFinalSchema().toJson());
        boolean sequences = process.getInitialSchema() instanceof SequenceSchema;
        boolean toSequences = process.getFinalSchema() instanceof SequenceSchema;
        boolean stepwise = process.getActionList().stream()
                .allMatch(action -> action.getTransform() != null || action.getFilter() != null);
        JsonNode data = job.json("data");
        ArrayNode into = result.putArray("data");
        if (!sequences && !toSequences) {
            List<List<Writable>> records = Values.records(data);
            Values.putRecords(stepwise ? single(process, records) : LocalTransformExecutor.execute(records, process), into);
        } else if (!sequences) {
            Values.putSequences(LocalTransformExecutor.executeToSequence(Values.records(data), process), into);
        } else if (!toSequences) {
            Values.putRecords(
                    LocalTransformExecutor.executeSequenceToSeparate(Values.sequences(data), process), into);
        } else if (stepwise) {
            // The executor copies sequences of equal length wrongly; the process itself does not.
            for (List<List<Writable>> sequence : Values.sequences(data)) {
                List<List<Writable>> transformed = process.executeSequence(sequence);
                if (transformed != null) {
                    Values.putRecords(transformed, into.addArray());
                }
            }
        } else {
            Values.putSequences(
                    LocalTransformExecutor.executeSequenceToSequence(Values.sequences(data), process), into);
        }
    }

    private static List<List<Writable>> single(TransformProcess process, List<List<Writable>> records) {
        List<List<Writable>> kept = new ArrayList<>();
        for (List<Writable> record : records) {
            List<Writable> transformed = process.execute(record);
            if (transformed != null) {
                kept.add(transformed);
            }
        }
        return kept;
    }

    /** {@code json}, {@code yaml} of one schema; both as JSON text, and what {@code toString} says. */
    static void schema(Arguments job, ObjectNode result) {
        Schema schema = Schema.fromJson(job.text("json"));
        result.put("json", schema.toJson());
        result.put("yaml", Schema.fromYaml(job.text("yaml")).toJson());
        result.put("text", schema.toString());
    }

    /** {@code reducer} (JSON text of a StringReducer), {@code schema} and {@code data} (records); the texts. */
    static void reduceStrings(Arguments job, ObjectNode result) throws Exception {
        StringReducer reducer = JsonMappers.getMapper().readValue(job.text("reducer"), StringReducer.class);
        reducer.setInputSchema(Schema.fromJson(job.text("schema")));
        result.put("final_schema", reducer.transform(reducer.getInputSchema()).toJson());
        ArrayNode texts = result.putArray("texts");
        reducer.reduce(Values.records(job.json("data"))).forEach(value -> texts.add(value.toString()));
    }
}
