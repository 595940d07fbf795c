package org.dl4py.jvm;

import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.records.reader.impl.collection.CollectionRecordReader;
import org.datavec.api.transform.analysis.DataAnalysis;
import org.datavec.api.transform.analysis.columns.ColumnAnalysis;
import org.datavec.api.transform.analysis.columns.NumericalColumnAnalysis;
import org.datavec.api.transform.schema.Schema;
import org.datavec.local.transforms.AnalyzeLocal;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Jobs on analyses of columns. */
final class AnalysisJobs {
    private AnalysisJobs() {}

    /** {@code text} of an analysis, {@code format} (json, yaml); see {@link #put}. */
    static void read(Arguments job, ObjectNode result) {
        String text = job.text("text");
        DataAnalysis analysis =
                job.text("format").equals("yaml") ? DataAnalysis.fromYaml(text) : DataAnalysis.fromJson(text);
        put(analysis, result);
    }

    /** {@code schema} (JSON text), {@code data}, {@code buckets}; what AnalyzeLocal finds, and the quality as text. */
    static void analyze(Arguments job, ObjectNode result) throws Exception {
        Schema schema = Schema.fromJson(job.text("schema"));
        RecordReader reader = new CollectionRecordReader(Values.records(job.json("data")));
        put(AnalyzeLocal.analyze(schema, reader, job.integer("buckets", 30)), result);
        reader.reset();
        result.put("quality", AnalyzeLocal.analyzeQuality(schema, reader).toString());
    }

    /** The analysis as text, JSON and YAML, and the quantiles 0.1, 0.5 and 0.9 of each column that has them. */
    private static void put(DataAnalysis analysis, ObjectNode result) {
        result.put("text", analysis.toString());
        result.put("json", analysis.toJson());
        result.put("yaml", analysis.toYaml());
        ArrayNode columns = result.putArray("quantiles");
        for (ColumnAnalysis column : analysis.getColumnAnalysis()) {
            ArrayNode quantiles = columns.addArray();
            if (column instanceof NumericalColumnAnalysis) {
                for (double q : new double[] {0.1, 0.5, 0.9}) {
                    quantiles.add(((NumericalColumnAnalysis) column).getDigest().quantile(q));
                }
            }
        }
    }
}
