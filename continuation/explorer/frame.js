// A figure as one SVG drawn to size: axes, an area that clips, special points, texts that do not
// cover one another.

const FRAME_MARGIN = { left: 56, right: 14, top: 10, bottom: 42 };

class Frame {
  // label: for readers of screens; id: of the clipping area, unlike others of the page.
  constructor(label, id) {
    this.id = id;
    this.svg = shape("svg", {
      class: "plane",
      tabindex: 0,
      role: "application",
      "aria-label": label,
    });
    this.width = 0;
  }

  // Set out an area: x and y are { low, high, title }; `across` and `up` then map values to pixels.
  setOut(width, height, x, y) {
    const m = FRAME_MARGIN;
    Object.assign(this, { width, height, x, y, taken: [] });
    this.across = linear([x.low, x.high], [m.left, width - m.right]);
    this.up = linear([y.low, y.high], [height - m.bottom, m.top]);
    fill(this.svg, { width, height, viewBox: `0 0 ${width} ${height}` }, []);
  }

  // Show nodes: `inside` are clipped to the area, `above` are not.
  show(definitions, inside, above) {
    const clip = shape("clipPath", { id: this.id }, shape("rect", this.area()));
    this.svg.replaceChildren(
      shape("defs", {}, clip, ...definitions),
      shape("g", { "clip-path": `url(#${this.id})` }, ...inside.filter(Boolean)),
      ...this.axes(),
      ...above,
    );
  }

  area() {
    const m = FRAME_MARGIN;
    const size = { width: this.width - m.left - m.right, height: this.height - m.top - m.bottom };
    return { x: m.left, y: m.top, ...size };
  }

  axes() {
    const m = FRAME_MARGIN;
    const low = this.height - m.bottom;
    const middle = [(m.left + this.width - m.right) / 2, (m.top + low) / 2];
    const text = (attributes, words) => shape("text", { ...attributes, text: words });
    const parts = [shape("rect", { class: "frame", ...this.area() })];
    for (const t of ticksBetween(this.x.low, this.x.high, this.width < 500 ? 4 : 7)) {
      const at = this.across(t);
      parts.push(shape("path", { class: "tick", d: `M${at} ${low}v5` }));
      parts.push(text({ x: at, y: low + 17, "text-anchor": "middle" }, digits(t, 4, 0)));
    }
    for (const t of ticksBetween(this.y.low, this.y.high, 6)) {
      const at = this.up(t);
      parts.push(shape("path", { class: "tick", d: `M${m.left} ${at}h-5` }));
      parts.push(text({ x: m.left - 8, y: at + 4, "text-anchor": "end" }, digits(t, 4, 0)));
    }
    const named = { class: "axis-name", "text-anchor": "middle" };
    const turned = `translate(14 ${middle[1]}) rotate(-90)`;
    parts.push(text({ ...named, x: middle[0], y: this.height - 6 }, this.x.title));
    parts.push(text({ ...named, transform: turned }, this.y.title));
    return parts;
  }

  // Whether the box of a text around (x, y) is free; if so it is taken.
  free(x, y, halfWidth, halfHeight) {
    const hits = ([a, b, c, d]) =>
      Math.abs(a - x) < c + halfWidth && Math.abs(b - y) < d + halfHeight;
    if (this.taken.some(hits)) return false;
    this.taken.push([x, y, halfWidth, halfHeight]);
    return true;
  }

  // A special point at (x, y) with its name where there is room; it can be chosen.
  point(point, x, y, choose) {
    const at = [this.across(x), this.up(y)];
    const half = point.name.length * 4;
    const fits = ([side, down]) => {
      const middle = at[0] + side * (8 + half);
      const within = middle > 55 && middle < this.width - 15 - half / 2;
      return within && this.free(middle, at[1] + down - 4, half, 7);
    };
    // A name without room is told by its mark, and in the list.
    const place = [
      [1, -8],
      [1, 12],
      [-1, -8],
      [-1, 12],
      [1, 2],
      [-1, 2],
    ].find(fits);
    const act = (event) => {
      event.stopPropagation();
      choose(point);
    };
    const words = `${point.name} ${point.words}`;
    const on = { click: act, keydown: (event) => event.key === "Enter" && act(event) };
    const name = place && {
      x: at[0] + place[0] * 7,
      y: at[1] + place[1],
      "text-anchor": place[0] < 0 ? "end" : "start",
      text: point.name,
    };
    return shape(
      "g",
      { class: "point", tabindex: 0, role: "button", "aria-label": words, on },
      shape("title", { text: words }),
      shape("circle", { cx: at[0], cy: at[1], r: 4.5, fill: point.color }),
      name ? shape("text", name) : null,
    );
  }

  // The values under a pointer, within the axes.
  valuesAt(event) {
    const box = this.svg.getBoundingClientRect();
    const scale = this.width / box.width;
    const within = (value, { low, high }) => Math.min(high, Math.max(low, value));
    return [
      within(this.across.back((event.clientX - box.left) * scale), this.x),
      within(this.up.back((event.clientY - box.top) * scale), this.y),
    ];
  }
}

// The title of an axis: a name with its unit.
function axisTitle(name, unit) {
  return unit ? `${name} (${unit})` : name;
}
