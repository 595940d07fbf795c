package org.dl4py.jvm;

import java.io.File;
import java.io.IOException;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The arguments of one job; a missing one is an error that names it. */
final class Arguments {
    private final JsonNode job;

    Arguments(JsonNode job) {
        this.job = job;
    }

    boolean has(String name) {
        return job.hasNonNull(name);
    }

    private JsonNode required(String name) {
        if (!has(name)) {
            throw new IllegalArgumentException("job " + job + " has no " + name);
        }
        return job.get(name);
    }

    String text(String name) {
        return required(name).asText();
    }

    JsonNode json(String name) {
        return required(name);
    }

    int integer(String name, int otherwise) {
        return has(name) ? job.get(name).asInt() : otherwise;
    }

    File file(String name) {
        return new File(text(name));
    }

    /** The .npy file that the argument names. */
    INDArray array(String name) {
        return Nd4j.createFromNpyFile(file(name));
    }

    /** As {@link #array}, or null where the job has no such argument. */
    INDArray optionalArray(String name) {
        return has(name) ? array(name) : null;
    }

    /** Writes the array to the .npy file that the argument names, if there is such an argument. */
    void write(String name, INDArray array) throws IOException {
        if (has(name)) {
            // In 'c' order and dense: the writer of this version loses the order of views.
            Nd4j.writeAsNumpy(array.dup('c'), file(name));
        }
    }
}
