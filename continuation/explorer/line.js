// A diagram of one parameter: equilibria and cycles against an observable. A click shows the cycle
// or equilibrium that was computed there, with its multipliers or eigenvalues.

const BRANCH_COLOR = "#222",
  FREQUENCY = "frequency of the cycles";

class LineView {
  // content.branches: pieces of equilibria { p, stable, values: { observable: [...] }, states,
  // eigenvalues }; content.families: cycles { p, stable, period, frequency, least, most, states,
  // profiles, multipliers, inputs, responses }; packed arrays are unpacked when first asked for.
  constructor(content, hooks) {
    Object.assign(this, { content, hooks, chosen: null, cursor: null });
    const n = content.model.states.length;
    this.states = (item, k) =>
      Array.from((item.unpacked ??= unpacked(item.states)).subarray(k * n, (k + 1) * n));
    this.observable = content.model.observables[0].name;
    this.element = element("div", { class: "figure" });
    this.frame = new Frame(`${content.title}: arrow keys move along the parameter`, "line-area");
    this.svg = this.frame.svg;
    this.element.append(this.choice(), this.svg);
    this.svg.addEventListener("click", (event) => this.click(event));
    this.svg.addEventListener(
      "pointermove",
      (event) => event.pointerType === "mouse" && hooks.hover(...this.frame.valuesAt(event)),
    );
    this.svg.addEventListener("pointerleave", () => hooks.leave());
    this.svg.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  choice() {
    const names = this.content.model.observables.map((o) => o.name);
    if (this.content.families.length) names.push(FREQUENCY);
    const select = element(
      "select",
      {
        "aria-label": "observable",
        on: {
          change: (event) => {
            this.observable = event.target.value;
            this.frame.width = 0;
            this.draw();
          },
        },
      },
      ...names.map((name) => element("option", { value: name, text: name })),
    );
    return element("p", { class: "choice" }, "shown: ", select);
  }

  // Every drawn line: { p, y, stable, color, item } for an observable, that which is shown by default.
  lines(name = this.observable) {
    const { branches, families } = this.content;
    if (name === FREQUENCY) {
      return families.map((item) => ({
        p: item.p,
        y: item.frequency,
        stable: item.stable,
        color: ORBIT_COLOR,
        item,
      }));
    }
    return [
      ...branches.map((item) => ({
        p: item.p,
        y: item.values[name],
        stable: item.stable,
        color: BRANCH_COLOR,
        item,
      })),
      ...families.flatMap((item) =>
        [item.least, item.most].map((ends) => ({
          p: item.p,
          y: ends[name],
          stable: item.stable,
          color: ORBIT_COLOR,
          item,
        })),
      ),
    ];
  }

  draw() {
    const { frame, content } = this;
    const width = Math.max(280, this.element.clientWidth);
    if (width === frame.width) return;
    const { x, model } = content;
    const lines = this.lines();
    const within = ({ p, y }) => y.filter((v, k) => v !== null && p[k] >= x.low && p[k] <= x.high);
    const [low, high] = roomy(rangeOf(lines.flatMap(within)), 0.06);
    const shown = model.observables.find((o) => o.name === this.observable);
    const { unit } = shown || { unit: model.frequency_unit };
    const titled = { ...x, title: axisTitle(x.name, x.unit) };
    const upward = { low, high, title: axisTitle(this.observable, unit) };
    frame.setOut(width, Math.min(470, Math.round(width * 0.72)), titled, upward);
    this.cross = shape("g", { class: "cursor" });
    frame.show([], [...lines.flatMap((line) => this.paths(line)), this.cross], this.marks());
    this.place();
  }

  // Stable parts solid and wide, unstable ones dashed and thin, dotted where it is not known (null).
  paths({ p, y, stable, color }) {
    const parts = [];
    for (let from = 0; from < p.length;) {
      let to = from + 1;
      while (to < p.length && stable[to] === stable[from]) to += 1;
      const points = [];
      for (let k = from; k < Math.min(to + 1, p.length); k++) {
        if (y[k] !== null)
          points.push(`${this.frame.across(p[k]).toFixed(1)} ${this.frame.up(y[k]).toFixed(1)}`);
      }
      parts.push(
        shape("path", {
          d: `M${points.join("L")}`,
          fill: "none",
          stroke: color,
          "stroke-width": stable[from] ? 2.4 : 1.2,
          "stroke-dasharray": stable[from] ? null : stable[from] === null ? "1.5 3" : "5 3",
        }),
      );
      from = to;
    }
    return parts;
  }

  marks() {
    return this.content.points
      .filter((point) => Number.isFinite(point.values[this.observable]))
      .map((point) =>
        this.frame.point(point, point.x, point.values[this.observable], this.hooks.point),
      );
  }

  // The computed point nearest to a place of the figure: { item, k, p, y }.
  nearest(p, y, among = this.lines()) {
    let best = null,
      least = Infinity;
    for (const line of among) {
      for (let k = 0; k < line.p.length; k++) {
        if (line.y[k] === null) continue;
        const distance = Math.hypot(
          this.frame.across(line.p[k]) - this.frame.across(p),
          y === null ? 0 : this.frame.up(line.y[k]) - this.frame.up(y),
        );
        if (distance < least)
          [best, least] = [{ item: line.item, k, p: line.p[k], y: line.y[k] }, distance];
      }
    }
    return best;
  }

  click(event) {
    const found = this.nearest(...this.frame.valuesAt(event));
    if (found) this.hooks.point({ parameters: { [this.content.x.name]: found.p }, place: found });
  }

  // A point was chosen: by its place, or as a special point by name.
  select(parameters, chosen) {
    if (chosen && chosen.name)
      this.chosen = this.nearest(chosen.x, chosen.values[this.observable] ?? null);
    else this.chosen = chosen ? chosen.place : null;
  }

  key(event) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key],
      { x } = this.content;
    if (!way || event.target !== this.svg) return;
    event.preventDefault();
    const p = (this.cursor ?? x.low) + way * (event.shiftKey ? 0.05 : 0.005) * (x.high - x.low);
    this.hooks.point({
      parameters: { [x.name]: Math.min(x.high, Math.max(x.low, p)) },
      place: null,
    });
  }

  moveTo(p) {
    if (this.chosen && Math.abs(this.chosen.p - p) > 1e-5 * (Math.abs(p) + 1e-300))
      this.chosen = null;
    this.cursor = p;
    this.place();
  }

  place() {
    if (!this.cross || this.cursor === null) return;
    const at = this.frame.across(this.cursor),
      high = this.frame.up(this.frame.y.high),
      low = this.frame.up(this.frame.y.low);
    const dot = this.chosen
      ? [shape("circle", { cx: at, cy: this.frame.up(this.chosen.y), r: 6 })]
      : [];
    this.cross.replaceChildren(
      shape("path", { d: `M${at} ${low}V${high}`, "stroke-dasharray": "2 3" }),
      ...dot,
    );
  }

  // The orbit of the chosen cycle: values of every observable over one period, or null.
  orbit() {
    const { chosen, content } = this,
      count = content.model.observables.length;
    if (!chosen || !chosen.item.profiles) return null;
    const all = (chosen.item.waves ??= unpacked(chosen.item.profiles, "f4")),
      phases = content.phases;
    return Array.from({ length: count }, (_, o) =>
      all.subarray((chosen.k * count + o) * phases, (chosen.k * count + o + 1) * phases),
    );
  }

  // The phase responses of the chosen cycle: { inputs, period, phases, advances }, what is missing,
  // or null where no cycle is chosen.
  response() {
    const { item, k } = this.chosen || {};
    if (!item || !item.responses) return null;
    const found = item.responses[k];
    if (!found) return { missing: "this cycle has no phase response that can be trusted" };
    return {
      inputs: item.inputs,
      period: item.period[k],
      phases: unpacked(found.phases, "f4"),
      advances: found.advances.map((text) => unpacked(text, "f4")),
    };
  }

  // Where runs begin at a parameter: the lowest and the highest of what is stable nearby.
  startsAt(p) {
    const { x, model } = this.content,
      near = 0.02 * (x.high - x.low),
      found = [];
    for (const { item, y, p: at, stable } of this.lines(model.observables[0].name)) {
      for (let k = 0; k < at.length; k++) {
        if (stable[k] && y[k] !== null && Math.abs(at[k] - p) < near)
          found.push({ y: y[k], item, k, away: Math.abs(at[k] - p) });
      }
    }
    if (!found.length)
      return [["from the model's initial state", this.content.model.states.map((s) => s.initial)]];
    found.sort((a, b) => a.y - b.y || a.away - b.away);
    const state = ({ item, k }) => this.states(item, k);
    return [
      ["from the lowest stable state nearby", state(found[0])],
      ["from the highest", state(found[found.length - 1])],
    ];
  }
}
