// The page: a diagram on one side, the model at the point under the cursor on the other.

// Put a diagram into an element. `makeModel` may be null: then it is shown without runs. Returns an
// object whose `state`, `pick(parameters)` and `runner` belong to whoever embeds the page.
// hooks: picked(state) after a change, ran(runner) after finished runs.
function explore(root, content, makeModel, hooks = {}) {
  return new Explorer(root, content, makeModel, hooks);
}

class Explorer {
  constructor(root, content, makeModel, hooks) {
    Object.assign(this, { content, hooks });
    for (const observable of content.model.observables) {
      observable.size = sizeOf(content, observable.name);
    }
    const tables = content.tables.map((text) => unpacked(text));
    this.model = makeModel ? makeModel(tables) : null;
    this.opening = openingState(content);
    this.link = hooks.linked ? new AddressLink() : null;
    this.state = hooks.linked
      ? readLink(window.location.hash, this.opening)
      : structuredClone(this.opening);
    this.readout = element("div", { class: "readout", "aria-live": "polite" });
    this.notice = element("p", { class: "notice", hidden: true });
    this.measured = null; // what was measured at the point that was chosen
    const View = content.kind === "plane" ? PlaneView : LineView;
    this.view = new View(content, {
      hover: (...place) => this.tell(place),
      leave: () => this.tell(null),
      pick: (x, y) => this.pick({ [content.x.name]: x, [content.y.name]: y }),
      point: (point) => this.pick(point.parameters, point),
    });
    root.replaceChildren(
      element(
        "div",
        { class: "explorer" },
        this.head(),
        element(
          "div",
          { class: "sides" },
          element(
            "section",
            { class: "left", "aria-label": "diagram" },
            this.hint(),
            this.view.element,
            this.legend(),
            this.readout,
            this.table(),
            (this.others = element("div")),
          ),
          element(
            "section",
            { class: "right", "aria-label": "the model at the point" },
            ...this.right(),
          ),
        ),
        this.foot(),
      ),
    );
    this.view.draw();
    this.changed();
    if (hooks.linked) window.addEventListener("hashchange", () => this.follow());
  }

  head() {
    const { title, subtitle } = this.content;
    return element("header", {}, element("h1", { text: title }), element("p", { text: subtitle }));
  }

  hint() {
    const what =
      this.content.kind === "plane"
        ? "Move over the plane to see what is stable there; click or drag"
        : "Move over the branches to see what was computed there; click";
    return element("p", {
      class: "hint",
      text: this.model ? `${what}, and the model runs at the point.` : `${what}.`,
    });
  }

  legend() {
    return element(
      "ul",
      { class: "legend" },
      ...this.content.legend.map(({ word, color, width, dash }) => {
        const line = shape("path", {
          d: "M0 6H34",
          stroke: color,
          "stroke-width": width,
          "stroke-dasharray": dash,
        });
        return element(
          "li",
          {},
          shape("svg", { width: 34, height: 12, "aria-hidden": true }, line),
          word,
        );
      }),
    );
  }

  right() {
    if (!this.model)
      return [
        element("p", {
          class: "notice",
          text: `The model does not run in this page: ${this.content.missing}`,
        }),
      ];
    const { model } = this.content;
    this.traces = new Traces(model);
    this.runner = new Runner(this.model, model, () => this.drawRuns());
    this.controls = new Controls(this.content, this.state, () => this.changed());
    if (this.controls.others) this.others.append(this.controls.others);
    const duration = element("input", {
      type: "number",
      id: "duration",
      min: 0,
      step: "any",
      value: this.state.duration,
    });
    duration.addEventListener("change", () => {
      if (Number(duration.value) > 0)
        this.state.duration = Math.min(Number(duration.value), 20 * this.opening.duration);
      duration.value = this.state.duration;
      this.changed();
    });
    this.showDuration = () => {
      duration.value = this.state.duration;
    };
    const copy = element("button", {
      type: "button",
      text: "copy link to this view",
      hidden: !this.hooks.linked,
    });
    copy.addEventListener("click", async () => {
      this.link.write();
      try {
        await navigator.clipboard.writeText(window.location.href);
        copy.textContent = "link copied";
      } catch {
        copy.textContent = "the link is in the address bar";
      }
      setTimeout(() => {
        copy.textContent = "copy link to this view";
      }, 2000);
    });
    const reset = element("button", { type: "button", text: "reset" });
    reset.addEventListener("click", () => this.become(structuredClone(this.opening)));
    return [
      this.notice,
      this.traces.element,
      element(
        "p",
        { class: "bar" },
        element("label", { for: "duration", text: "run for" }),
        duration,
        element("span", { class: "unit", text: model.time_unit || "time units" }),
        reset,
        copy,
      ),
      this.controls.element,
    ];
  }

  // Special points with their normal forms; a click shows the place.
  table() {
    const { points } = this.content;
    if (!points.length) return null;
    return element(
      "details",
      { class: "points", open: points.length < 8 },
      element("summary", { text: `Special points (${points.length})` }),
      element(
        "ul",
        {},
        ...points.map((point) =>
          element(
            "li",
            {},
            element("button", {
              type: "button",
              text: point.name,
              on: { click: () => this.pick(point.parameters, point) },
            }),
            ` ${point.words}`,
          ),
        ),
      ),
    );
  }

  foot() {
    return element("footer", {}, ...this.content.notes.map((note) => element("p", { text: note })));
  }

  // Go to parameter values; `chosen` is what was clicked, a special point for instance.
  pick(parameters, chosen = null) {
    for (const [name, value] of Object.entries(parameters)) {
      if (Object.hasOwn(this.state.parameters, name))
        this.state.parameters[name] = Number(value.toPrecision(6));
    }
    if (this.view.select) this.view.select(parameters, chosen);
    this.measured = chosen && chosen.trace ? { ...chosen.trace, at: this.place().join() } : null;
    if (this.controls) this.controls.show();
    this.changed();
  }

  become(state) {
    Object.assign(this.state.parameters, state.parameters);
    Object.assign(this.state.stimulus, state.stimulus);
    this.state.duration = state.duration;
    if (this.controls) this.controls.show();
    if (this.showDuration) this.showDuration();
    this.changed();
  }

  follow() {
    if (window.location.hash.replace(/^#/, "") !== linkOf(this.state, this.opening)) {
      this.become(readLink(window.location.hash, this.opening));
    }
  }

  // Parameters off the axes that are no longer those of the diagram.
  moved() {
    const axes = this.content.axes.map((axis) => axis.name);
    return Object.keys(this.state.parameters).filter(
      (name) =>
        !axes.includes(name) && this.state.parameters[name] !== this.opening.parameters[name],
    );
  }

  place() {
    return this.content.axes.map((axis) => this.state.parameters[axis.name]);
  }

  changed() {
    const moved = this.moved(),
      { model } = this.content,
      { state } = this;
    this.view.moveTo(...this.place());
    this.view.element.classList.toggle("elsewhere", moved.length > 0);
    this.notice.hidden = !moved.length;
    this.notice.textContent = moved.length
      ? `${moved
          .map(
            (name) =>
              `${name} = ${digits(state.parameters[name])} (diagram: ` +
              `${digits(this.opening.parameters[name])})`,
          )
          .join(", ")}: the diagram holds for other values; the runs do not.`
      : "";
    this.tell(null);
    if (this.link) this.link.changed(linkOf(state, this.opening));
    if (this.runner) {
      const values = model.parameters.map((p) => state.parameters[p.name]);
      this.runner.start(
        values,
        state.stimulus,
        state.duration,
        this.view.startsAt(...this.place()),
      );
    }
    if (this.hooks.picked) this.hooks.picked(state);
  }

  drawRuns() {
    const { runs, spacing, duration, trouble } = this.runner;
    const orbit = this.view.orbit ? this.view.orbit() : null;
    const response = this.view.response ? this.view.response() : null;
    const measured =
      this.measured && this.measured.at === this.place().join() ? this.measured : null;
    const { stimulus } = this.state;
    const { done } = this.runner;
    const shown = { runs, spacing, duration, trouble, stimulus, orbit, response, measured };
    this.traces.draw({ ...shown, done });
    if (done && this.hooks.ran) this.hooks.ran(this.runner);
  }

  // Say what is known at a place, that of the cursor where it is null.
  tell(place) {
    this.readout.replaceChildren(...this.view.words(...(place || this.place()), place !== null));
  }
}

// The largest value that a diagram knows of an observable.
function sizeOf(content, name) {
  let size = 0;
  const see = (values) => {
    for (const value of values || []) size = Math.max(size, Math.abs(value));
  };
  for (const { attractors } of content.regions || []) {
    for (const { observables, most, samples } of attractors) {
      see([observables[name] ?? 0, most[name] ?? 0]);
      if (samples) see(samples.observables ? samples.observables[name] : samples.most[name]);
    }
  }
  for (const { values } of content.branches || []) see(values[name]);
  for (const { most } of content.families || []) see(most[name]);
  return size;
}

// The state in which a page opens.
function openingState(content) {
  const { model, start } = content;
  const parameters = Object.fromEntries(model.parameters.map((p) => [p.name, p.value]));
  Object.assign(parameters, start);
  const driven =
    model.parameters.find((p) => p.capacitance) ||
    model.parameters.find((p) => p.name === content.axes[0].name);
  const { duration } = content,
    own = Math.abs(parameters[driven.name]) || 1;
  return {
    parameters,
    duration,
    stimulus: {
      shape: "none",
      input: driven.name,
      amplitude: driven.capacitance ? 40 : Number((0.2 * own).toPrecision(2)),
      onset: 0.3 * duration,
      length: 0.1 * duration,
      frequency: content.frequency,
    },
  };
}
