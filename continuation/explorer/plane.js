// The parameter plane: regions, curves, special points and the cursor, as one SVG drawn to size.

class PlaneView {
  // hooks: hover(x, y), leave(), pick(x, y), all in parameter values.
  constructor(content, hooks) {
    this.content = content;
    this.hooks = hooks;
    this.cursor = null;
    this.window = { x: content.x, y: content.y }; // the part of the plane that is shown
    this.element = element("div", { class: "figure" });
    const label = `${content.title}: arrow keys move the point, with Shift in larger steps`;
    this.frame = new Frame(label, "plane-area");
    this.svg = this.frame.svg;
    this.element.append(this.svg, this.zooms());
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  // Buttons for a closer look, around the point.
  zooms() {
    const button = (text, label, act) =>
      element("button", {
        type: "button",
        "aria-label": label,
        title: label,
        text,
        on: { click: act },
      });
    return element(
      "p",
      { class: "zooms" },
      button("+", "closer, around the point", () => this.zoom(0.5)),
      button("\u2212", "farther", () => this.zoom(2)),
      button("whole plane", "the whole plane", () => this.zoom(Infinity)),
    );
  }

  zoom(factor) {
    const part = (axis, shown, middle) => {
      const span = Math.min((shown.high - shown.low) * factor, axis.high - axis.low);
      const low = Math.min(Math.max(middle - span / 2, axis.low), axis.high - span);
      return { ...axis, low, high: low + span };
    };
    const { content, window } = this;
    const [a, b] = this.cursor || [
      (content.x.low + content.x.high) / 2,
      (content.y.low + content.y.high) / 2,
    ];
    this.window = { x: part(content.x, window.x, a), y: part(content.y, window.y, b) };
    this.frame.width = 0;
    this.draw();
  }

  draw() {
    const { window, frame } = this;
    const width = Math.max(280, this.element.clientWidth);
    if (width === frame.width) return;
    const titled = (axis) => ({ ...axis, title: axisTitle(axis.name, axis.unit) });
    const height = Math.min(560, Math.round(width * (width < 500 ? 0.95 : 0.78)));
    frame.setOut(width, height, titled(window.x), titled(window.y));
    const points = this.points(); // their names are the first to take room
    const inside = [...this.regions(), ...this.curves(), ...this.labels(width)];
    frame.show([this.hatch()], inside, [...points, this.mark()]);
    this.place();
  }

  hatch() {
    return shape(
      "pattern",
      { id: "unresolved", width: 8, height: 8, patternUnits: "userSpaceOnUse" },
      shape("path", { d: "M0 8L8 0", stroke: "#222", "stroke-width": 0.7 }),
    );
  }

  path(lines, closed) {
    return lines
      .map((line) => {
        let text = "",
          pen = "M";
        for (let i = 0; i < line.length; i += 2) {
          if (line[i] === null || line[i + 1] === null) {
            pen = "M";
            continue;
          }
          text += `${pen}${this.frame.across(line[i]).toFixed(1)} ${this.frame.up(line[i + 1]).toFixed(1)}`;
          pen = "L";
        }
        return closed ? `${text}Z` : text;
      })
      .join("");
  }

  regions() {
    return this.content.regions.flatMap((region) => {
      const d = this.path(region.rings, true);
      const whole = shape("path", { d, fill: region.color, "fill-rule": "evenodd" });
      const doubt = region.unresolved
        ? [shape("path", { d, fill: "url(#unresolved)", "fill-rule": "evenodd" })]
        : [];
      return [whole, ...doubt];
    });
  }

  curves() {
    return this.content.curves.map((curve) =>
      shape("path", {
        d: this.path([curve.line], false),
        fill: "none",
        stroke: curve.color,
        "stroke-width": curve.width,
        "stroke-dasharray": curve.dash,
        "stroke-opacity": curve.opacity,
      }),
    );
  }

  // Names of regions with room for them, never one over another.
  labels(width) {
    const whole = this.window.x === this.content.x;
    return this.content.regions
      .filter((region) => (whole ? region.place : true))
      .map((region) => {
        const size = width < 500 ? 11 : 13,
          words = region.label.split(" + ");
        const place = whole ? region.place : this.placeIn(region);
        if (!place) return null;
        const x = this.frame.across(place[0]),
          y = this.frame.up(place[1]);
        const half = [
          Math.max(...words.map((w) => w.length)) * size * 0.32,
          words.length * size * 0.65,
        ];
        if (!this.frame.free(x, y, ...half)) return null;
        return shape(
          "text",
          { class: "region-name", "font-size": size, "text-anchor": "middle" },
          ...words.map((word, k) =>
            shape("tspan", {
              x,
              y: y + size * (0.35 + 1.1 * (k - (words.length - 1) / 2)),
              text: k < words.length - 1 ? `${word} +` : word,
            }),
          ),
        );
      });
  }

  // Where a region's name stands in a closer look: the middle of the widest row of a raster.
  placeIn(region) {
    const { x, y } = this.window,
      count = 40;
    let best = null,
      widest = 4;
    for (let j = 2; j < count - 1; j++) {
      for (let i = 0, run = 0; i <= count; i++) {
        const at = [
          x.low + ((x.high - x.low) * (i + 0.5)) / count,
          y.low + ((y.high - y.low) * (j + 0.5)) / count,
        ];
        if (i < count && insideRings(region.rings, ...at)) run += 1;
        else {
          if (run > widest) {
            widest = run;
            best = [x.low + ((x.high - x.low) * (i - run / 2)) / count, at[1]];
          }
          run = 0;
        }
      }
    }
    return best;
  }

  points() {
    const { x, y } = this.window;
    const inside = (point) =>
      point.x >= x.low && point.x <= x.high && point.y >= y.low && point.y <= y.high;
    return this.content.points
      .filter(inside)
      .map((point) => this.frame.point(point, point.x, point.y, this.hooks.point));
  }

  mark() {
    this.cross = shape(
      "g",
      { class: "cursor", visibility: "hidden" },
      shape("path", { d: "M-11 0H-4M4 0H11M0-11V-4M0 4V11" }),
      shape("circle", { r: 4 }),
    );
    return this.cross;
  }

  // Show the cursor at parameter values.
  moveTo(x, y) {
    this.cursor = [x, y];
    this.place();
  }

  place() {
    if (!this.cursor || !this.cross) return;
    const [x, y] = this.cursor,
      { window } = this;
    const inside =
      x >= window.x.low && x <= window.x.high && y >= window.y.low && y <= window.y.high;
    this.cross.setAttribute("visibility", inside ? "visible" : "hidden");
    this.cross.setAttribute("transform", `translate(${this.frame.across(x)} ${this.frame.up(y)})`);
  }

  listen() {
    let held = false;
    this.svg.addEventListener("pointerdown", (event) => {
      // A captured pointer clicks what captured it: never a point, which has its own click.
      const free = !event.target.closest(".point");
      if (event.pointerType === "mouse" && event.button === 0 && free) {
        held = true;
        this.svg.setPointerCapture(event.pointerId);
      }
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (held) this.hooks.pick(...this.frame.valuesAt(event));
      else if (event.pointerType === "mouse") this.hooks.hover(...this.frame.valuesAt(event));
    });
    this.svg.addEventListener("pointerup", () => {
      held = false;
    });
    this.svg.addEventListener("pointerleave", () => this.hooks.leave());
    this.svg.addEventListener("click", (event) => this.hooks.pick(...this.frame.valuesAt(event)));
    this.svg.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 0.5 : 2);
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[
      event.key
    ];
    if (!move || event.target !== this.svg) return;
    event.preventDefault();
    const { x, y } = this.window,
      step = event.shiftKey ? 0.05 : 0.005;
    const [a, b] = this.cursor || [(x.low + x.high) / 2, (y.low + y.high) / 2];
    const to = (value, axis, way) =>
      Math.min(axis.high, Math.max(axis.low, value + way * step * (axis.high - axis.low)));
    this.hooks.pick(to(a, x, move[0]), to(b, y, move[1]));
  }
}
