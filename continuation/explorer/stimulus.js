// Stimuli: a step, a pulse or a sine that is added to a parameter, its amplitude in pA where the
// model knows what current an input stands for. The same shapes as stimulation.Step, Pulse, Sine.

const SHAPES = { none: "none", step: "step", pulse: "pulse", sine: "sine" };

// The unit in which the amplitude for an input is given, and what one of it is for the parameter.
function stimulusUnit(parameter) {
  return parameter.capacitance
    ? { unit: "pA", factor: 1 / parameter.capacitance }
    : { unit: parameter.unit, factor: 1 };
}

// When a stimulus acts: [from, to].
function stimulusSpan({ shape, onset, length }) {
  if (shape === "none") return [0, 0];
  return [onset, shape === "pulse" ? onset + length : Infinity];
}

// The stimulus at a time, in the unit of its amplitude.
function stimulusAt(stimulus, time, second) {
  const [from, to] = stimulusSpan(stimulus);
  if (!(time >= from && time < to)) return 0;
  if (stimulus.shape !== "sine") return stimulus.amplitude;
  return (
    stimulus.amplitude * Math.sin(((2 * Math.PI * stimulus.frequency) / second) * (time - from))
  );
}

// What a run takes as `drive`: the stimulus, and the inputs that the model brings along itself.
function driveOf(model, record, values, stimulus) {
  const number = record.parameters.findIndex((p) => p.name === stimulus.input);
  const acts = stimulus.shape !== "none" && number >= 0;
  const { factor } = stimulusUnit(record.parameters[Math.max(number, 0)]);
  const own = new Float64Array(model.driven.length);
  const first = acts ? 1 : 0;
  return {
    driven: [...(acts ? [number] : []), ...model.driven],
    edges: acts ? stimulusSpan(stimulus) : [],
    values(time, out) {
      if (acts) out[0] = factor * stimulusAt(stimulus, time, record.second);
      if (!own.length) return;
      model.inputs([time], values, own);
      for (let k = 0; k < own.length; k++) out[first + k] = own[k] - values[model.driven[k]];
    },
  };
}

// Why a stimulus cannot act as asked, or null.
function stimulusTrouble(stimulus, record) {
  const { shape, amplitude, onset, length, frequency } = stimulus;
  if (shape === "none") return null;
  if (![amplitude, onset, length, frequency].every(isFinite)) return "the stimulus lacks a number";
  if (onset < 0) return "the stimulus begins before the run";
  if (shape === "pulse" && !(length > 0)) return "a pulse needs a length above 0";
  if (shape !== "sine") return null;
  if (!(frequency > 0)) return "a sine needs a frequency above 0";
  const samples = record.second / (frequency * record.dt);
  return samples < 8
    ? `steps of ${digits(record.dt)} are too coarse for ${digits(frequency)} ${record.frequency_unit}`
    : null;
}
