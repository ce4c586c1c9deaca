// The phase response of a computed cycle: how much a brief input advances it, over its phase.

const COURSE_COLOR = "#b5b5b0";

class ResponseChart {
  constructor(record) {
    this.record = record;
    this.chart = new Chart("phase response of the chosen cycle", 200);
    this.state = null;
    const again = () => this.state && this.draw(this.state);
    this.inputs = element("select", { "aria-label": "input", on: { change: again } });
    this.units = element(
      "select",
      { "aria-label": "unit of the advance", on: { change: again } },
      element("option", { value: "time", text: record.time_unit || "time units" }),
      element("option", { value: "phase", text: "rad" }),
      element("option", { value: "cycles", text: "cycles" }),
    );
    this.words = element("p", { class: "hint" });
    this.element = element(
      "div",
      { class: "response", hidden: true },
      element("p", { class: "choice" }, "phase response to ", this.inputs, " in ", this.units),
      this.chart.canvas,
      this.words,
    );
  }

  // state: { response, orbit }, of the chosen cycle; nothing is shown where there is none.
  draw(state) {
    this.state = state;
    const { response, orbit } = state;
    this.element.hidden = !response;
    if (!response) return;
    this.chart.canvas.hidden = Boolean(response.missing);
    this.words.textContent =
      response.missing ||
      `phase 0: the peak of ${this.record.observables[0].name}, whose course is drawn faint; ` +
        "above 0 the rhythm comes earlier";
    if (response.missing) return;
    this.offer(response.inputs);
    const advance = this.advance(response),
      input = response.inputs[this.inputs.selectedIndex];
    const count = advance.length,
      { phases } = response,
      y = roomy([Math.min(0, ...advance), Math.max(0, ...advance)], 0.08);
    const closed = { x: (i) => (i < count ? phases[i] : 1), y: (i) => advance[i % count] };
    this.chart.draw({
      sharp: state.done,
      lines: [
        ...this.course(orbit, y),
        { x: (i) => i, y: () => 0, count: 2, color: "#777", width: 0.8 },
        { ...closed, count: count + 1, color: ORBIT_COLOR, width: 2 },
      ],
      x: [0, 1],
      y,
      across: `phase (0: the peak of ${this.record.observables[0].name})`,
      up: this.label(input),
    });
  }

  // The inputs of a family of cycles, when they are not those on offer.
  offer(inputs) {
    const names = inputs.map((input) => input.name);
    if (names.join() === this.offered) return;
    this.offered = names.join();
    this.inputs.replaceChildren(
      ...names.map((name) => element("option", { value: name, text: name })),
    );
  }

  // Advances in the unit that is chosen.
  advance({ advances, period }) {
    const factor = { time: 1, phase: (2 * Math.PI) / period, cycles: 1 / period }[this.units.value];
    return Array.from(advances[this.inputs.selectedIndex], (value) => factor * value);
  }

  label({ unit }) {
    const own = this.units.selectedOptions[0].textContent;
    return unit ? `advance (${own} per ${unit})` : `advance (${own})`;
  }

  // The first observable over the cycle, as high as the chart.
  course(orbit, [low, high]) {
    if (!orbit) return [];
    const values = orbit[0],
      count = values.length,
      [least, most] = rangeOf(values);
    const room = 0.04 * (high - low),
      scale = linear([least, most], [low + room, high - room]);
    const y = (i) => scale(values[i % count]);
    return [{ x: (i) => i / count, y, count: count + 1, color: COURSE_COLOR, width: 1 }];
  }
}
