// Runs from a low and a high start, made in slices so that the page never stands still.

const SLICE = 12; // milliseconds of every frame for the model
const RECORDS = 6000; // of a run, at most
const HALVINGS = 2; // of the step of a run that fails

class Runner {
  // changed(): called after each slice. The page shows `runs`, `trouble`, `speed`.
  constructor(model, record, changed) {
    Object.assign(this, { model, record, changed });
    this.runs = [];
    this.trouble = null;
    this.frame = null;
    this.speed = null; // simulated seconds in a second of work
  }

  // Start anew: starts is [[name, state], ...], values the parameters in order.
  start(values, stimulus, duration, starts) {
    const { model, record } = this,
      steps = Math.max(1, Math.round(duration / record.dt));
    Object.assign(this, { duration, steps, worked: 0, simulated: 0, runs: [] });
    this.stride = Math.max(1, Math.ceil(steps / RECORDS));
    this.spacing = this.stride * record.dt;
    this.trouble = stimulusTrouble(stimulus, record) || valuesTrouble(values, record);
    if (!this.trouble) {
      const drive = driveOf(model, record, values, stimulus);
      try {
        this.runs = starts.map(([name, x]) => this.made({ name, x, values, drive, halved: 0 }));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        this.trouble = error.message;
      }
    }
    if (this.frame === null) this.frame = requestAnimationFrame(() => this.slice());
  }

  // A run as told, its step halved so many times; records lie equally far apart.
  made(entry) {
    const finer = 2 ** entry.halved,
      { values: p, x, drive } = entry;
    const run = new Run(this.model, {
      p,
      x,
      drive,
      dt: this.record.dt / finer,
      steps: this.steps * finer,
      stride: this.stride * finer,
    });
    return { ...entry, run };
  }

  get done() {
    return this.runs.every(({ run }) => run.done);
  }

  slice() {
    this.frame = null;
    const begun = performance.now();
    const before = this.simulatedTime();
    while (!this.done && performance.now() - begun < SLICE) {
      for (const { run } of this.runs) run.advance(50);
    }
    this.worked += performance.now() - begun;
    this.simulated += this.simulatedTime() - before;
    this.refine();
    if (this.done && this.worked > 0)
      this.speed = this.simulated / this.record.second / (this.worked / 1000);
    this.changed();
    if (!this.done) this.frame = requestAnimationFrame(() => this.slice());
  }

  // Make a run that failed, or stepped over a pole, again with half the step.
  refine() {
    this.runs = this.runs.map((entry) => {
      const { run, halved } = entry,
        failed = run.stopped >= 0 || run.overstepped >= 0;
      return run.done && failed && halved < HALVINGS
        ? this.made({ ...entry, halved: halved + 1 })
        : entry;
    });
  }

  simulatedTime() {
    return this.runs.reduce((sum, { run }) => sum + run.time, 0);
  }
}

// Why parameter values make no sense, or null.
function valuesTrouble(values, record) {
  for (const [k, parameter] of record.parameters.entries()) {
    if (!isFinite(values[k])) return `${parameter.name} is not a number`;
    if (parameter.positive && !(values[k] > 0)) return `${parameter.name} must be above 0`;
  }
  return null;
}
