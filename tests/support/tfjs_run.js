// Runs layers models of TensorFlow.js: node tfjs_run.js JOBS RESULTS, both files of JSON.
const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-cpu");
const { loadLayersModel } = require("@tensorflow/tfjs-layers");

function handler(model) {
  const json = JSON.parse(fs.readFileSync(model));
  const weights = async (manifest) => {
    const shards = manifest.flatMap((group) => group.paths);
    const data = Buffer.concat(shards.map((name) => fs.readFileSync(path.join(path.dirname(model), name))));
    const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
    return [manifest.flatMap((group) => group.weights), bytes];
  };
  return { load: () => tf.io.getModelArtifactsForJSON(json, weights) };
}

async function run(job) {
  try {
    const model = await loadLayersModel(handler(job.model));
    const inputs = job.inputs.map((x) => tf.tensor(x.values, x.shape, x.dtype));
    const made = [model.predict(inputs.length === 1 ? inputs[0] : inputs)].flat();
    return { outputs: made.map((y) => ({ shape: y.shape, values: Array.from(y.dataSync()) })) };
  } catch (error) {
    return { error: error.message };
  }
}

(async () => {
  await tf.setBackend("cpu");
  const results = [];
  for (const job of JSON.parse(fs.readFileSync(process.argv[2]))) results.push(await run(job));
  fs.writeFileSync(process.argv[3], JSON.stringify(results));
})();
