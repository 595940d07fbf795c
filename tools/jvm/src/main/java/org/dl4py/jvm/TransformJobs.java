package org.dl4py.jvm;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.datavec.api.split.FileSplit;
import org.datavec.api.transform.TransformProcess;
import org.datavec.api.writable.Writable;
import org.datavec.local.transforms.LocalTransformExecutor;
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
}
