package org.dl4py.jvm;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.datavec.api.writable.BooleanWritable;
import org.datavec.api.writable.ByteWritable;
import org.datavec.api.writable.BytesWritable;
import org.datavec.api.writable.DoubleWritable;
import org.datavec.api.writable.FloatWritable;
import org.datavec.api.writable.IntWritable;
import org.datavec.api.writable.LongWritable;
import org.datavec.api.writable.NDArrayWritable;
import org.datavec.api.writable.NullWritable;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ArrayNode;

/**
 * Writables as JSON: {@code [type, text]}; an array is {@code ["NDArray", [shape], [values]]}, float, in 'c' order. A
 * record is a list of values, a sequence a list of records.
 */
final class Values {
    private Values() {}

    static List<List<List<Writable>>> sequences(JsonNode data) {
        List<List<List<Writable>>> sequences = new ArrayList<>();
        data.forEach(sequence -> sequences.add(records(sequence)));
        return sequences;
    }

    static List<List<Writable>> records(JsonNode data) {
        List<List<Writable>> records = new ArrayList<>();
        for (JsonNode row : data) {
            List<Writable> record = new ArrayList<>();
            row.forEach(value -> record.add(value(value)));
            records.add(record);
        }
        return records;
    }

    private static Writable value(JsonNode value) {
        String text = value.get(1).asText();
        switch (value.get(0).asText()) {
            case "Boolean":
                return new BooleanWritable(Boolean.parseBoolean(text));
            case "Byte":
                return new ByteWritable(Byte.parseByte(text));
            case "Bytes":
                return new BytesWritable(Base64.getDecoder().decode(text));
            case "Double":
                return new DoubleWritable(Double.parseDouble(text));
            case "Float":
                return new FloatWritable(Float.parseFloat(text));
            case "Int":
                return new IntWritable(Integer.parseInt(text));
            case "Long":
                return new LongWritable(Long.parseLong(text));
            case "Null":
                return NullWritable.INSTANCE;
            case "Text":
                return new Text(text);
            case "NDArray":
                return new NDArrayWritable(array(value.get(1), value.get(2)));
            default:
                throw new IllegalArgumentException("unknown type " + value.get(0));
        }
    }

    private static INDArray array(JsonNode shape, JsonNode values) {
        long[] sizes = new long[shape.size()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = shape.get(i).asLong();
        }
        double[] flat = new double[values.size()];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = values.get(i).asDouble();
        }
        return Nd4j.createFromArray(flat).castTo(DataType.FLOAT).reshape('c', sizes);
    }

    static void putSequences(List<List<List<Writable>>> sequences, ArrayNode into) {
        sequences.forEach(sequence -> putRecords(sequence, into.addArray()));
    }

    static void putRecords(List<List<Writable>> records, ArrayNode into) {
        records.forEach(record -> putRecord(record, into.addArray()));
    }

    static void putRecord(List<Writable> record, ArrayNode into) {
        for (Writable value : record) {
            ArrayNode node = into.addArray().add(value.getType().name());
            if (value instanceof NDArrayWritable) {
                INDArray array = ((NDArrayWritable) value).get();
                ArrayNode shape = node.addArray();
                for (long size : array.shape()) {
                    shape.add(size);
                }
                ArrayNode values = node.addArray();
                for (double element : array.dup('c').data().asDouble()) {
                    values.add(element);
                }
            } else if (value instanceof NullWritable) {
                node.addNull();
            } else {
                node.add(value.toString());
            }
        }
    }
}
