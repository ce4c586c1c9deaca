// What a run shows: time series of the observables, the stimulus, the phase plane, the spectrum.

const START_COLORS = ["#1f6f8b", "#c8553d"]; // from the low start, from the high one
const STIMULUS_COLOR = "#7a5195",
  ORBIT_COLOR = "#7a3e9d",
  MEASURED_COLOR = "#2b2b29";
const MOST_PANELS = 3;

class Traces {
  constructor(record) {
    this.record = record;
    this.shown = record.observables.slice(0, MOST_PANELS).map((o) => o.name);
    this.phase = record.observables.slice(0, 2).map((o) => o.name);
    this.panels = new Map(
      record.observables.map((o) => [o.name, new Chart(`${o.name} over time`, 118)]),
    );
    this.stimulusChart = new Chart("the stimulus over time", 78);
    this.phaseChart = new Chart("phase plane", 220);
    this.spectrumChart = new Chart("amplitude spectrum of the last half of the run", 220);
    this.series = element("div", { class: "series" });
    this.words = element("ul", { class: "verdicts", "aria-live": "polite" });
    this.element = element(
      "div",
      { class: "traces" },
      this.chooser(),
      this.series,
      element(
        "div",
        { class: "pair" },
        element("div", {}, this.phaseChoice(), this.phaseChart.canvas),
        element(
          "div",
          {},
          element("p", { class: "choice", text: "spectrum, last half" }),
          this.spectrumChart.canvas,
        ),
      ),
      (this.response = new ResponseChart(record)).element,
      this.words,
    );
    this.arrange();
    new ResizeObserver(() => this.last && this.draw(this.last)).observe(this.element);
  }

  // Checkboxes where a model has more observables than panels.
  chooser() {
    const { observables } = this.record;
    if (observables.length <= MOST_PANELS) return null;
    return element(
      "p",
      { class: "choice" },
      ...observables.map(({ name }) =>
        element(
          "label",
          {},
          element("input", {
            type: "checkbox",
            checked: this.shown.includes(name),
            on: {
              change: (event) => {
                const chosen = new Set(this.shown);
                if (event.target.checked) chosen.add(name);
                else chosen.delete(name);
                this.shown = observables.map((o) => o.name).filter((n) => chosen.has(n));
                this.arrange();
                if (this.last) this.draw(this.last);
              },
            },
          }),
          ` ${name} `,
        ),
      ),
    );
  }

  phaseChoice() {
    const names = this.record.observables.map((o) => o.name);
    const select = (which) =>
      element(
        "select",
        {
          "aria-label": which ? "upward" : "across",
          on: {
            change: (event) => {
              this.phase[which] = event.target.value;
              if (this.last) this.draw(this.last);
            },
          },
        },
        ...names.map((name) =>
          element("option", { value: name, text: name, selected: name === this.phase[which] }),
        ),
      );
    return element(
      "p",
      { class: "choice" },
      "phase plane ",
      select(0),
      " against ",
      select(1 % Math.max(names.length, 1)),
    );
  }

  arrange() {
    this.series.replaceChildren(
      ...this.shown.map((name) => this.panels.get(name).canvas),
      this.stimulusChart.canvas,
    );
  }

  index(name) {
    return this.record.observables.findIndex((o) => o.name === name);
  }

  label(name) {
    const { unit } = this.record.observables[this.index(name)];
    return unit ? `${name} (${unit})` : name;
  }

  // state: { runs, spacing, duration, stimulus, orbit, response, measured }; orbit: values of a
  // computed cycle, response: its phase responses;
  // measured: { name, spacing, values: { observable: packed f4 } } from elsewhere; both may be null.
  draw(state) {
    this.last = state;
    const { runs, spacing, duration, stimulus } = state,
      acts = stimulus.shape !== "none";
    const [from, to] = stimulusSpan(stimulus);
    const bands = acts ? [[from, to]] : [];
    const time = `time (${this.record.time_unit || "time units"})`;
    this.stimulusChart.canvas.hidden = !acts;
    this.shown.forEach((name, position) => {
      const k = this.index(name),
        last = position === this.shown.length - 1 && !acts;
      const chart = this.panels.get(name);
      chart.canvas.style.height = `${(chart.height = last ? 144 : 118)}px`;
      chart.draw({
        sharp: state.done,
        lines: [
          ...runs.map(({ run }, r) => this.timeLine(run, k, spacing, r)),
          ...this.measuredLine(state, k),
        ],
        x: [0, duration],
        y: this.room(state, k),
        across: time,
        up: this.label(name),
        bottom: last,
        bands,
      });
    });
    if (acts) this.drawStimulus(state, time);
    this.drawPhase(state);
    this.drawSpectrum(state);
    this.response.draw(state);
    this.tell(state);
  }

  timeLine(run, k, spacing, r) {
    const values = run.recorded[k];
    return {
      x: (i) => i * spacing,
      y: (i) => values[i],
      count: run.samples,
      color: START_COLORS[r],
      ordered: true,
    };
  }

  // What was measured of an observable, as a line over the runs; none where nothing was.
  measuredLine({ measured }, k) {
    const text = measured && measured.values[this.record.observables[k].name];
    if (!text) return [];
    const values = unpacked(text, "f4");
    const { spacing } = measured;
    const x = (i) => i * spacing;
    return [
      { x, y: (i) => values[i], count: values.length, color: MEASURED_COLOR, width: 1, values },
    ];
  }

  span({ runs, orbit, measured }, k) {
    const ends = runs.map(({ run }) => rangeOf(run.recorded[k].subarray(0, run.samples)));
    if (orbit) ends.push(rangeOf(orbit[k]));
    for (const { values } of this.measuredLine({ measured }, k)) ends.push(rangeOf(values));
    return [Math.min(...ends.map((e) => e[0])), Math.max(...ends.map((e) => e[1]))];
  }

  room(state, k) {
    return roomy(this.span(state, k), 0.05, this.record.observables[k].size);
  }

  drawStimulus({ stimulus, duration, done }, time) {
    const count = 2000,
      at = (i) => (i * duration) / count;
    const value = (i) => stimulusAt(stimulus, at(i), this.record.second);
    const { unit } = stimulusUnit(this.record.parameters.find((p) => p.name === stimulus.input));
    const ends =
      stimulus.shape === "sine"
        ? [-stimulus.amplitude, stimulus.amplitude]
        : [0, stimulus.amplitude];
    this.stimulusChart.draw({
      sharp: done,
      lines: [{ x: at, y: value, count: count + 1, color: STIMULUS_COLOR }],
      x: [0, duration],
      y: roomy([Math.min(...ends), Math.max(...ends)], 0.15),
      across: time,
      up: unit || "input",
    });
  }

  drawPhase(state) {
    const [a, b] = this.phase.map((name) => this.index(name)),
      { runs, orbit } = state;
    if (a < 0 || b < 0 || a === undefined) return;
    const lines = runs.map(({ run }, r) => ({
      x: (i) => run.recorded[a][i],
      y: (i) => run.recorded[b][i],
      count: run.samples,
      color: START_COLORS[r],
      width: 1,
    }));
    if (orbit) {
      const n = orbit[a].length;
      lines.unshift({
        x: (i) => orbit[a][i % n],
        y: (i) => orbit[b][i % n],
        count: n + 1,
        color: ORBIT_COLOR,
        width: 4,
      });
    }
    const dots = runs
      .filter(({ run }) => run.samples)
      .map(({ run }, r) => ({
        x: run.recorded[a][run.samples - 1],
        y: run.recorded[b][run.samples - 1],
        color: START_COLORS[r],
      }));
    this.phaseChart.draw({
      sharp: state.done,
      lines,
      dots,
      x: this.room(state, a),
      y: this.room(state, b),
      across: this.label(this.phase[0]),
      up: this.label(this.phase[1]),
    });
  }

  drawSpectrum({ runs, spacing, measured, done }) {
    const found = runs.map(
      ({ run }) => run.done && spectrumOf(lastHalf(run, 0), spacing, this.record.second),
    );
    for (const { values } of this.measuredLine({ measured }, 0)) {
      const late = values.subarray(values.length >> 1);
      found.push(spectrumOf(late, measured.spacing, this.record.second));
    }
    const ends = this.span(this.last, 0);
    const size = Math.max(...ends.map(Math.abs), this.record.observables[0].size || 0);
    const moving = found.filter((s) => s && s.peak.amplitude > 1e-4 * size); // others are at rest
    const high = Math.max(...moving.map((s) => s.peak.amplitude), 0) || 1;
    const reach =
      Math.max(...moving.filter((s) => s.peak.amplitude > 1e-3 * high).map(cornerOf), 0) * 1.3 ||
      this.record.second / (50 * spacing);
    this.spectrumChart.draw({
      sharp: done,
      lines: found.flatMap((s, r) =>
        moving.includes(s)
          ? [
              {
                x: (k) => k * s.step,
                y: (k) => s.amplitude[k],
                count: Math.min(s.amplitude.length, Math.ceil(reach / s.step) + 1),
                color: START_COLORS[r] || MEASURED_COLOR,
              },
            ]
          : [],
      ),
      x: [0, reach],
      y: [0, 1.08 * high],
      across: `frequency (${this.record.frequency_unit})`,
      up: this.label(this.record.observables[0].name),
    });
  }

  tell({ runs, spacing, trouble, measured }) {
    const { record } = this;
    const said = trouble ? [element("li", { class: "trouble", text: trouble })] : [];
    const swatch = (color) => element("span", { class: "swatch", style: `background:${color}` });
    if (measured) said.push(element("li", {}, swatch(MEASURED_COLOR), measured.name));
    runs.forEach(({ name, run }, r) => {
      let text = run.done ? verdictOf(run, record, spacing) : "running";
      if (run.left >= 0)
        text += `; outside a table of the model from ${withUnit(digits(run.left), record.time_unit)} on: means little`;
      if (run.overstepped >= 0)
        text += `; steps too long, or over a pole, at ${withUnit(digits(run.overstepped), record.time_unit)}: no solution after`;
      said.push(element("li", {}, swatch(START_COLORS[r]), `${name}: ${text}`));
    });
    const texts = said.map((item) => item.textContent).join("\n");
    if (texts !== this.said) this.words.replaceChildren(...said);
    this.said = texts;
  }
}
