// Sliders for parameters, the stimulus, the length of a run. Every change calls `changed(state)`.

// The span of a slider: the axis' own, else around the model's value; numbers beyond widen it.
function sliderSpan(parameter, axes) {
  const axis = axes.find((a) => a.name === parameter.name),
    { value } = parameter;
  if (axis) return [axis.low, axis.high];
  if (value === 0) return parameter.unit ? [-50, 50] : [-1, 1];
  const least = parameter.positive ? 0.02 * value : 0;
  return value > 0 ? [least, 2 * value] : [2 * value, 0];
}

class Controls {
  constructor(content, state, changed) {
    Object.assign(this, { content, state, changed });
    this.fields = new Map();
    const axes = content.axes.map((a) => a.name),
      { parameters } = content.model;
    const slider = (p) => this.slider(p);
    this.element = element(
      "div",
      { class: "controls" },
      element(
        "fieldset",
        {},
        element("legend", { text: "Point" }),
        ...parameters.filter((p) => axes.includes(p.name)).map(slider),
      ),
      this.stimulus(),
    );
    const rest = parameters.filter((p) => !axes.includes(p.name));
    this.others = rest.length
      ? element(
          "details",
          { class: "others", open: window.innerWidth > 700 },
          element("summary", { text: `Other parameters (${rest.length})` }),
          element("div", { class: "rows" }, ...rest.map(slider)),
        )
      : null;
  }

  slider(parameter) {
    const { state } = this,
      [low, high] = sliderSpan(parameter, this.content.axes);
    const id = `parameter-${parameter.name}`,
      step = (high - low) / 500;
    const range = element("input", { type: "range", id, min: low, max: high, step: "any" });
    const box = element("input", {
      type: "number",
      step: "any",
      "aria-label": `${parameter.name}, as a number`,
    });
    const show = () => {
      const value = state.parameters[parameter.name];
      if (value < Number(range.min)) range.min = value;
      if (value > Number(range.max)) range.max = value;
      range.value = value;
      if (document.activeElement !== box) box.value = digits(value, 6);
      row.classList.toggle(
        "moved",
        value !== parameter.value && !this.content.axes.some((a) => a.name === parameter.name),
      );
    };
    const set = (value) => {
      if (!isFinite(value)) return;
      state.parameters[parameter.name] = value;
      show();
      this.changed();
    };
    range.addEventListener("input", () => set(Number(Number(range.value).toPrecision(12))));
    range.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      set(Number((Number(range.value) + way * step * (event.shiftKey ? 10 : 1)).toPrecision(12)));
    });
    box.addEventListener("change", () => {
      if (box.value !== "") set(Number(box.value));
    });
    const row = element(
      "div",
      { class: "parameter", title: parameter.meaning },
      element("label", { for: id, text: parameter.name }),
      range,
      box,
      element("span", { class: "unit", text: parameter.unit }),
    );
    this.fields.set(parameter.name, show);
    show();
    return row;
  }

  // The fieldset of the stimulus: only what its shape needs is shown.
  stimulus() {
    const { stimulus } = this.state,
      { model } = this.content,
      time = model.time_unit;
    const unit = element("span", { class: "unit" }),
      rows = {};
    const number = (key, label, after, least) => {
      const box = element("input", {
        type: "number",
        step: "any",
        min: least,
        id: `stimulus-${key}`,
      });
      box.addEventListener("input", () => {
        if (box.value === "" || !isFinite(Number(box.value))) return;
        stimulus[key] = Number(box.value);
        this.changed();
      });
      rows[key] = element(
        "div",
        { class: "parameter" },
        element("label", { for: box.id, text: label }),
        box,
        after,
      );
      rows[key].show = () => {
        if (document.activeElement !== box) box.value = digits(stimulus[key], 6);
      };
      return rows[key];
    };
    const choice = (key, options, label) => {
      const select = element(
        "select",
        { id: `stimulus-${key}` },
        ...options.map(([value, text]) => element("option", { value, text })),
      );
      select.addEventListener("change", () => {
        stimulus[key] = select.value;
        this.show();
        this.changed();
      });
      rows[key] = element(
        "div",
        { class: "parameter" },
        element("label", { for: select.id, text: label }),
        select,
      );
      rows[key].show = () => {
        select.value = stimulus[key];
      };
      return rows[key];
    };
    const plain = (text) => element("span", { class: "unit", text });
    const amplitude = number("amplitude", "amplitude", unit);
    const show = amplitude.show;
    amplitude.show = () => {
      show();
      unit.textContent = stimulusUnit(model.parameters.find((p) => p.name === stimulus.input)).unit;
    };
    const made = element(
      "fieldset",
      { class: "stimulus" },
      element("legend", { text: "Stimulus" }),
      choice("shape", Object.entries(SHAPES), "shape"),
      choice(
        "input",
        model.parameters.map((p) => [p.name, p.name]),
        "acts on",
      ),
      amplitude,
      number("onset", "onset", plain(time), 0),
      number("length", "length", plain(time), 0),
      number("frequency", "frequency", plain(model.frequency_unit), 0),
    );
    const needed = {
      none: ["shape"],
      step: ["shape", "input", "amplitude", "onset"],
      pulse: ["shape", "input", "amplitude", "onset", "length"],
      sine: ["shape", "input", "amplitude", "onset", "frequency"],
    };
    this.fields.set(" stimulus", () => {
      for (const [key, row] of Object.entries(rows)) {
        row.hidden = !needed[stimulus.shape].includes(key);
        row.show();
      }
    });
    this.fields.get(" stimulus")();
    return made;
  }

  // Show the state, after it was changed from elsewhere.
  show() {
    for (const show of this.fields.values()) show();
  }
}
