package org.dl4py.jvm;

import org.datavec.image.data.ImageWritable;
import org.datavec.image.loader.NativeImageLoader;
import org.datavec.image.transform.ImageTransformProcess;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Jobs on ImageTransformProcess. */
final class ImageJobs {
    private ImageJobs() {}

    /**
     * {@code process} (JSON text), {@code yaml}, {@code image} (.npy, float [1, channels, height, width]); what it
     * becomes in {@code save}, and the process as {@code json}.
     */
    static void apply(Arguments job, ObjectNode result) throws Exception {
        ImageTransformProcess process = ImageTransformProcess.fromJson(job.text("process"));
        result.put("json", process.toJson());
        result.put("yaml", ImageTransformProcess.fromYaml(job.text("yaml")).toJson());
        if (job.has("image")) {
            ImageWritable image = new ImageWritable(new NativeImageLoader().asFrame(job.array("image")));
            INDArray changed = process.executeArray(image);
            job.write("save", changed);
        }
    }
}
