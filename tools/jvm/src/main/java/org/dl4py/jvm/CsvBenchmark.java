package org.dl4py.jvm;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.datavec.api.records.reader.impl.transform.TransformProcessRecordReader;
import org.datavec.api.split.FileSplit;
import org.datavec.api.transform.TransformProcess;
import org.deeplearning4j.datasets.datavec.RecordReaderDataSetIterator;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerMinMaxScaler;

/**
 * DataVec's own time from a CSV file to normalised batches: {@code CsvBenchmark CSV TRANSFORM-JSON LABEL BATCH PASSES}.
 *
 * <p>Each pass prints one JSON line. Its {@code records} are the seconds to read and transform all records, its
 * {@code batches} those for the whole way: read, transform, batch, fit a min-max scaler, scale. The first passes also
 * show the cost of a cold JVM.
 */
public final class CsvBenchmark {
    private CsvBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        File csv = new File(arguments[0]);
        TransformProcess process = TransformProcess.fromJson(Files.readString(Path.of(arguments[1])));
        int label = process.getFinalSchema().getIndexOfColumn(arguments[2]);
        int batch = Integer.parseInt(arguments[3]);
        for (int pass = 0; pass < Integer.parseInt(arguments[4]); pass++) {
            long start = System.nanoTime();
            int kept = records(csv, process);
            double records = (System.nanoTime() - start) / 1e9;
            start = System.nanoTime();
            int rows = batches(csv, process, label, batch);
            double batches = (System.nanoTime() - start) / 1e9;
            if (rows != kept) {
                throw new IllegalStateException(rows + " rows in batches, but " + kept + " records");
            }
            System.out.printf("{\"records\": %.4f, \"batches\": %.4f, \"rows\": %d}%n", records, batches, rows);
        }
        System.exit(0);
    }

    private static RecordReader open(File csv) throws Exception {
        RecordReader reader = new CSVRecordReader();
        reader.initialize(new FileSplit(csv));
        return reader;
    }

    private static int records(File csv, TransformProcess process) throws Exception {
        int kept = 0;
        try (RecordReader reader = open(csv)) {
            while (reader.hasNext()) {
                kept += process.execute(reader.next()) == null ? 0 : 1;
            }
        }
        return kept;
    }

    private static int batches(File csv, TransformProcess process, int label, int size) throws Exception {
        List<DataSet> batches = new ArrayList<>();
        try (RecordReader reader = new TransformProcessRecordReader(open(csv), process)) {
            DataSetIterator iterator =
                    new RecordReaderDataSetIterator.Builder(reader, size).classification(label, 2).build();
            while (iterator.hasNext()) {
                batches.add(iterator.next());
            }
        }
        NormalizerMinMaxScaler scaler = new NormalizerMinMaxScaler();
        scaler.fit(new ExistingDataSetIterator(batches));
        int rows = 0;
        for (DataSet batch : batches) {
            scaler.transform(batch);
            rows += batch.numExamples();
        }
        return rows;
    }
}
