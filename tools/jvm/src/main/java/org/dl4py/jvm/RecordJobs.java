package org.dl4py.jvm;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.datavec.api.conf.Configuration;
import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.records.reader.impl.LineRecordReader;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.datavec.api.records.reader.impl.csv.SerializableCSVParser;
import org.datavec.api.records.reader.impl.filebatch.FileBatchRecordReader;
import org.datavec.api.records.reader.impl.misc.SVMLightRecordReader;
import org.datavec.api.records.writer.RecordWriter;
import org.datavec.api.records.writer.impl.csv.CSVRecordWriter;
import org.datavec.api.records.writer.impl.misc.MatlabRecordWriter;
import org.datavec.api.records.writer.impl.misc.SVMLightRecordWriter;
import org.datavec.api.split.FileSplit;
import org.datavec.api.split.partition.NumberOfRecordsPartitioner;
import org.datavec.api.transform.schema.Schema;
import org.datavec.api.writable.Writable;
import org.datavec.arrow.ArrowConverter;
import org.datavec.arrow.recordreader.ArrowRecordReader;
import org.nd4j.common.loader.FileBatch;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Jobs on files of records. */
final class RecordJobs {
    private RecordJobs() {}

    /** {@code reader} (csv, line, svmlight, arrow, file-batch), {@code file}, {@code configuration}; the records. */
    static void read(Arguments job, ObjectNode result) throws Exception {
        File file = job.file("file");
        ArrayNode into = result.putArray("data");
        try (RecordReader reader = reader(job.text("reader"), file)) {
            if (!(reader instanceof FileBatchRecordReader)) {
                reader.initialize(configuration(job), new FileSplit(file));
            }
            while (reader.hasNext()) {
                Values.putRecord(reader.next(), into.addArray());
            }
        }
    }

    private static RecordReader reader(String name, File file) throws Exception {
        switch (name) {
            case "csv":
                return new CSVRecordReader();
            case "line":
                return new LineRecordReader();
            case "svmlight":
                return new SVMLightRecordReader();
            case "arrow":
                return new ArrowRecordReader();
            case "file-batch":
                return new FileBatchRecordReader(new CSVRecordReader(), FileBatch.readFromZip(file));
            default:
                throw new IllegalArgumentException("unknown reader " + name);
        }
    }

    /**
     * {@code writer} (csv, svmlight, matlab, arrow), {@code file}, {@code configuration}, {@code data}, and for arrow
     * {@code schema} (JSON text); writes the file.
     */
    static void write(Arguments job, ObjectNode result) throws Exception {
        File file = job.file("file");
        List<List<Writable>> records = Values.records(job.json("data"));
        if (job.text("writer").equals("arrow")) {
            // Its ArrowRecordWriter takes no FileSplit; this is what it calls.
            try (OutputStream stream = Files.newOutputStream(file.toPath())) {
                ArrowConverter.writeRecordBatchTo(records, Schema.fromJson(job.text("schema")), stream);
            }
            return;
        }
        try (RecordWriter writer = writer(job)) {
            writer.initialize(configuration(job), new FileSplit(file), new NumberOfRecordsPartitioner());
            if (writer.supportsBatch()) {
                writer.writeBatch(records);
            } else {
                for (List<Writable> record : records) {
                    writer.write(record);
                }
            }
        }
    }

    private static RecordWriter writer(Arguments job) {
        switch (job.text("writer")) {
            case "csv":
                return new CSVRecordWriter();
            case "svmlight":
                return new SVMLightRecordWriter();
            case "matlab":
                return new MatlabRecordWriter();
            default:
                throw new IllegalArgumentException("unknown writer " + job.text("writer"));
        }
    }

    private static Configuration configuration(Arguments job) {
        Configuration configuration = new Configuration();
        if (job.has("configuration")) {
            job.json("configuration").fields()
                    .forEachRemaining(entry -> configuration.set(entry.getKey(), entry.getValue().asText()));
        }
        return configuration;
    }

    /** {@code files} (paths); {@code file}, a zip of a FileBatch with them. */
    static void batchFiles(Arguments job, ObjectNode result) throws Exception {
        List<File> files = new ArrayList<>();
        job.json("files").forEach(path -> files.add(new File(path.asText())));
        FileBatch.forFiles(files).writeAsZip(job.file("file"));
    }

    /** {@code patterns}, {@code texts}; for each pattern whether it matches each whole text, or its error. */
    static void match(Arguments job, ObjectNode result) {
        ArrayNode matches = result.putArray("matches");
        for (JsonNode pattern : job.json("patterns")) {
            try {
                Pattern compiled = Pattern.compile(pattern.asText());
                ArrayNode found = matches.addArray();
                job.json("texts").forEach(text -> found.add(compiled.matcher(text.asText()).matches()));
            } catch (PatternSyntaxException e) {
                matches.add(e.getDescription());
            }
        }
    }

    /**
     * {@code lines}, {@code separator}, {@code quote}, {@code strict}, {@code ignore}; the fields of each line, or its
     * error. Every line is read by a parser of its own, behind a line of text.
     */
    static void split(Arguments job, ObjectNode result) {
        ArrayNode found = result.putArray("fields");
        for (JsonNode line : job.json("lines")) {
            SerializableCSVParser parser = new SerializableCSVParser(
                    job.text("separator").charAt(0),
                    job.text("quote").charAt(0),
                    '\\',
                    job.json("strict").asBoolean(),
                    job.json("ignore").asBoolean());
            try {
                parser.parseLine("text");
                ArrayNode fields = found.arrayNode();
                for (String field : parser.parseLine(line.asText())) {
                    fields.add(field);
                }
                found.add(fields);
            } catch (IOException e) {
                found.add(e.getMessage());
            }
        }
    }
}
