// Runs of a printed model by the classical Runge-Kutta method with fixed steps, delays exact: the
// same steps, stencils and inputs as dynsys.simulation.fixed_step and history take.

const STAGE_TIMES = [0, 0.5, 0.5, 1];
const STENCIL = 4; // points that read the past
const KINK_LEVELS = 5; // a kink carried five times by integration is smoother than the method sees
const JUST = 1e-7; // of a step: how near to a step's ends the limits of an input are taken
const CHORD = 6; // places toward either end of a step where a pole is looked for
const PARTS = 32; // in which a step is taken again

// A past of delayed signals in steps of dt: a ring, and the weights that read between its samples.
class Past {
  constructor(lags, dt, steps, edges) {
    this.count = lags.length;
    let length = 1;
    while (length < Math.ceil(Math.max(0, ...lags) / dt) + 9) length *= 2;
    this.mask = length - 1;
    this.ring = new Float64Array(length * this.count);
    this.stencils = lags.map((lag) => STAGE_TIMES.map((time) => stencilsOf(time - lag / dt)));
    this.kinks = kinksOf(lags, dt, edges, this.count ? steps + 2 : 0);
  }

  // Write the delayed values that a stage of step `now` sees behind the n states in x.
  read(now, stage, x, n) {
    for (let k = 0; k < this.count; k++) {
      const { base, variants } = this.stencils[k][stage];
      const cell = now + base;
      let variant = 0;
      if (cell >= 0 && this.kinks[cell] > 0) variant = 1;
      else if (cell + 1 >= 0 && this.kinks[cell + 1] > 0) variant = 2;
      const { low, weights } = variants[variant];
      let value = 0;
      for (let i = 0; i < STENCIL; i++) {
        value += weights[i] * this.ring[((cell + low + i) & this.mask) * this.count + k];
      }
      x[n + k] = value;
    }
  }

  write(now, rate, n) {
    const at = (now & this.mask) * this.count;
    for (let k = 0; k < this.count; k++) this.ring[at + k] = rate[n + k];
  }
}

// Where and with which weights a signal is read `position` steps from now; one stencil for no kink
// near, one for a kink at the cell's left end, one for its right end.
function stencilsOf(position) {
  const nearest = Math.floor(position + 0.5);
  const exact = Math.abs(position - nearest) < 1e-9 ? nearest : position;
  const base = Math.floor(exact),
    theta = exact - base;
  const variants = [1 - STENCIL / 2, 0, 2 - STENCIL].map((wanted) => {
    const low = Math.min(wanted, -base - STENCIL + 1); // nothing after now
    const weights = new Float64Array(STENCIL).fill(1);
    for (let i = 0; i < STENCIL; i++) {
      for (let j = 0; j < STENCIL; j++) {
        if (j !== i) weights[i] *= (theta - low - j) / (i - j);
      }
    }
    return { low, weights };
  });
  return { base, variants };
}

// Steps at which the solution is not smooth: the start, the edges of inputs, and their echoes.
function kinksOf(lags, dt, edges, count) {
  const kinks = new Uint8Array(count);
  if (!count) return kinks;
  kinks[0] = 1;
  for (const edge of edges) if (edge >= 0 && edge < count) kinks[edge] = 1;
  for (let level = 1; level <= KINK_LEVELS; level++) {
    for (let i = 0; i < count; i++) {
      if (kinks[i] !== level) continue;
      for (const lag of lags) {
        const echo = i + Math.floor(lag / dt + 0.5);
        if (echo < count && kinks[echo] === 0) kinks[echo] = level + 1;
      }
    }
  }
  return kinks;
}

// A run of `steps` steps that is made piece by piece, by calls of `advance`.
//
// model: what makeModel returns; p (m), x (n): parameters and initial state; the past is at rest.
// drive: what is added to parameters over time: { driven: numbers of parameters, edges: times,
// values(time, out) }. Every `stride`-th step all observables are recorded: `recorded[k]` holds
// those of the k-th; `samples` of them are there. `stopped`: the time from which on the state is
// not finite; `left`: the first recorded time outside a table; `overstepped`: over a pole, past the
// end of the solution, or far too long (or -1).
class Run {
  constructor(model, { p, x, dt, steps, stride = 1, drive = null }) {
    Object.assign(this, { model, dt, steps, stride, drive, p: Float64Array.from(p) });
    const n = model.states,
      count = model.delayed;
    this.step = this.samples = 0;
    this.stopped = this.left = this.overstepped = -1;
    this.pw = Float64Array.from(p);
    const lags = new Float64Array(count);
    model.delays(this.p, lags);
    this.lags = Array.from(lags);
    if (this.lags.some((lag) => !(lag >= dt * (1 - 1e-9)))) {
      throw new RangeError(`a delay of ${Math.min(...this.lags)} is shorter than a step of ${dt}`);
    }
    this.edges = drive ? drive.edges.filter(isFinite).map((e) => Math.round(e / dt)) : [];
    this.past = new Past(this.lags, dt, steps, this.edges);
    this.rate = new Float64Array(model.room);
    this.slope = new Float64Array(model.room);
    this.x = new Float64Array(n + count);
    this.x.set(Array.from(x).slice(0, n));
    this.stage = new Float64Array(n + count);
    this.before = new Float64Array(n);
    this.peak = new Float64Array(n);
    this.k = STAGE_TIMES.map(() => new Float64Array(n));
    this.added = new Float64Array(drive ? drive.driven.length : 0);
    const length = Math.floor(steps / stride) + 1;
    this.recorded = Array.from({ length: model.observed }, () => new Float64Array(length));
    if (count) this.beginPast();
  }

  get done() {
    return this.stopped >= 0 || this.step > this.steps;
  }

  get time() {
    return Math.min(this.step, this.steps) * this.dt;
  }

  // A past at rest; a signal that depends on delayed signals is iterated to consistency.
  beginPast() {
    const { model, x, pw, rate, past } = this,
      n = model.states;
    for (let round = 0; round < 200; round++) {
      model.field(x, pw, rate);
      let change = 0,
        size = 1e-300;
      for (let k = 0; k < past.count; k++) {
        change = Math.max(change, Math.abs(x[n + k] - rate[n + k]));
        size = Math.max(size, Math.abs(rate[n + k]));
        x[n + k] = rate[n + k];
      }
      if (!(change > 1e-13 * size)) break;
    }
    for (let i = 0; i <= past.mask; i++) past.write(i, rate, n);
  }

  // Parameters at the start, middle or end (slot 0, 1, 2) of a step.
  force(step, slot) {
    const { drive, dt, added, pw, p } = this;
    if (!drive) return;
    const at = slot === 0 ? JUST * dt : slot === 1 ? dt / 2 : (1 - JUST) * dt;
    drive.values(dt * step + at, added);
    for (let d = 0; d < added.length; d++) pw[drive.driven[d]] = p[drive.driven[d]] + added[d];
  }

  // Make up to `most` further steps; whether the run is done.
  advance(most) {
    for (let made = 0; made < most && !this.done; made++) this.oneStep();
    return this.done;
  }

  oneStep() {
    const { model, past, x, rate, step, stride } = this,
      n = model.states;
    if (past.count) past.read(step, 0, x, n);
    this.force(Math.min(step, this.steps - 1), step < this.steps ? 0 : 2);
    const recorded = step % stride === 0;
    if (recorded) model.watch(x, this.pw, rate);
    else model.field(x, this.pw, rate);
    if (past.count) past.write(step, rate, n);
    for (let i = 0; i < n; i++) {
      if (!isFinite(x[i])) {
        this.stopped = (step - 1) * this.dt;
        return;
      }
    }
    this.lookForPoles(step);
    if (recorded) this.record(step);
    if (step < this.steps) this.move(step);
    this.step = step + 1;
  }

  record(step) {
    const { model, rate, recorded } = this,
      first = model.states + model.delayed;
    for (let k = 0; k < model.observed; k++) recorded[k][this.samples] = rate[first + k];
    this.samples += 1;
    if (rate[first + model.observed] < 0 && this.left < 0) this.left = step * this.dt;
  }

  move(step) {
    const { model, past, x, stage, rate, k, dt, pw } = this,
      n = model.states;
    const [k0, k1, k2, k3] = k;
    for (let i = 0; i < n; i++) {
      k0[i] = rate[i];
      stage[i] = x[i] + dt * (0.5 * k0[i]);
    }
    if (past.count) past.read(step, 1, stage, n);
    this.force(step, 1);
    model.field(stage, pw, rate);
    for (let i = 0; i < n; i++) {
      k1[i] = rate[i];
      stage[i] = x[i] + dt * (0.5 * k1[i]);
    }
    if (past.count) past.read(step, 2, stage, n);
    model.field(stage, pw, rate);
    for (let i = 0; i < n; i++) {
      k2[i] = rate[i];
      stage[i] = x[i] + dt * k2[i];
    }
    if (past.count) past.read(step, 3, stage, n);
    this.force(step, 2);
    model.field(stage, pw, rate);
    for (let i = 0; i < n; i++) {
      k3[i] = rate[i];
      x[i] += dt * (k0[i] / 6 + k1[i] / 3 + k2[i] / 3 + k3[i] / 6);
    }
  }

  // Whether the step that ended here jumped over a pole of the field (or was far too long).
  lookForPoles(step) {
    const { x, rate, before, peak } = this,
      n = this.model.states;
    if (this.overstepped < 0) {
      if (step > 0 && this.slopesDisagree() && (this.oversteps() || this.leaves())) {
        this.overstepped = step * this.dt;
      }
      for (let i = 0; i < n; i++) {
        peak[i] = Math.max(peak[i], Math.abs(rate[i]));
        before[i] = x[i];
      }
    }
  }

  slopesDisagree() {
    const { k, rate } = this;
    const [k0, k1, k2, k3] = k;
    for (let i = 0; i < this.model.states; i++) {
      const low = Math.min(rate[i], k0[i], k1[i], k2[i], k3[i]);
      const high = Math.max(rate[i], k0[i], k1[i], k2[i], k3[i]);
      if (high - low > 0.5 * Math.max(high, -low)) return true;
    }
    return false;
  }

  // Whether slopes inside a step exceed twice all that the run has met, and would move a state by a
  // hundredth.
  outgrows(slope) {
    const { before, x, rate, peak, dt } = this;
    for (let i = 0; i < this.model.states; i++) {
      const size = Math.abs(slope[i]);
      const matters = dt * size > 1e-2 * (Math.abs(before[i]) + Math.abs(x[i]));
      if (matters && !(size <= 2 * Math.max(peak[i], Math.abs(rate[i])))) return true;
    }
    return false;
  }

  oversteps() {
    const { model, k, stage, slope, x, before } = this;
    for (let s = 1; s < k.length; s++) if (this.outgrows(k[s])) return true;
    stage.set(x);
    for (let c = 0; c < 2 * CHORD; c++) {
      const near = Math.pow(0.5, Math.floor(c / 2) + 1),
        part = c % 2 ? 1 - near : near;
      for (let i = 0; i < model.states; i++) stage[i] = before[i] + (x[i] - before[i]) * part;
      model.field(stage, this.pw, slope);
      if (this.outgrows(slope)) return true;
    }
    return false;
  }

  // Whether a step, taken again in parts by the midpoint rule, leads elsewhere: farther than its
  // largest slope explains, or a state lies beyond its new end by more than that from the start
  // (and by more than a jump of the input between the step's start and end explains).
  leaves() {
    const { model, k, stage, slope, x, rate, before, dt } = this,
      n = model.states,
      part = dt / PARTS,
      end = Float64Array.from(x);
    const size = (i) => Math.abs(before[i]) + Math.abs(x[i]);
    const far = (i) => dt * Math.max(Math.abs(rate[i]), Math.abs(k[0][i])) > 0.25 * size(i);
    if (!before.some((_, i) => far(i))) return false;
    end.set(before);
    stage.set(x);
    stage.set(before);
    model.field(stage, this.pw, slope); // at the start, with the inputs of the end
    const jump = k[0].map((first, i) => 2 * dt * Math.abs(slope[i] - first));
    for (let made = 0; made < PARTS; made++) {
      model.field(end, this.pw, slope);
      for (let i = 0; i < n; i++) stage[i] = end[i] + 0.5 * part * slope[i];
      model.field(stage, this.pw, slope);
      for (let i = 0; i < n; i++) end[i] += part * slope[i];
      if (!end.every(isFinite)) return true;
    }
    for (let i = 0; i < n; i++) {
      const reach = dt * Math.max(Math.abs(rate[i]), ...k.map((one) => Math.abs(one[i])));
      const way = Math.abs(end[i] - before[i]),
        beyond = Math.abs(x[i] - end[i]);
      if (way > Math.max(0.1 * size(i), 1.5 * reach)) return true;
      if (beyond > Math.max(0.1 * size(i), 0.25 * reach, 1.35 * way, jump[i])) return true;
    }
    return false;
  }
}
