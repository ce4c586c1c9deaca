// What the page says of a point of a one-parameter diagram.

const SMALL_MULTIPLIER = 0.001;

Object.assign(LineView.prototype, {
  words(p, y, hovered) {
    const { content } = this,
      { model, x } = content;
    const found = hovered ? this.nearest(p, y) : this.chosen;
    const at = found ? found.p : p;
    const parts = [
      element("p", { class: "where", text: `${x.name} = ${withUnit(digits(at), x.unit)}` }),
    ];
    if (!found)
      return [...parts, element("p", { text: "click a branch for what was computed there" })];
    const { item, k } = found;
    if (item.period) {
      const values = { frequency: item.frequency[k], period: item.period[k] };
      for (const end of ["least", "most"])
        values[end] = Object.fromEntries(Object.entries(item[end]).map(([o, v]) => [o, v[k]]));
      parts.push(
        element("p", {
          text: `${item.stable[k] === null ? "(stability undetermined)" : item.stable[k] ? "stable" : "unstable"} cycle: ${attractorWords(model, { kind: "cycle" }, values)}`,
        }),
      );
      parts.push(
        element("p", {
          text: `largest multipliers, without the trivial one: ${multiplierWords(item.multipliers[k])}`,
        }),
        unitCircle(item.multipliers[k]),
      );
    } else {
      const values = {
        observables: Object.fromEntries(Object.entries(item.values).map(([o, v]) => [o, v[k]])),
      };
      parts.push(
        element("p", {
          text: `${item.stable[k] ? "stable" : "unstable"} equilibrium: ${attractorWords(model, { kind: "" }, values)}`,
        }),
      );
      parts.push(
        element("p", { text: `rightmost eigenvalues: ${complexWords(item.eigenvalues[k])}` }),
      );
    }
    if (!hovered && item.period)
      parts.push(
        element("p", {
          text: "the cycle is drawn thick in the phase plane, its phase response below it",
        }),
      );
    return parts;
  },
});

// Small multipliers say only that something decays: how fast, no mesh tells.
function multiplierWords(numbers) {
  const large = numbers.filter((parts) => Math.hypot(...parts) >= SMALL_MULTIPLIER),
    small = `${large.length ? "others" : "all"} below ${SMALL_MULTIPLIER}`;
  if (large.length === numbers.length) return complexWords(large);
  return large.length ? `${complexWords(large)}, ${small}` : small;
}

// Complex numbers in words, a pair once: "-0.61, 0.2 \u00b1 0.94i".
function complexWords(numbers) {
  return (
    numbers
      .filter(([, imaginary]) => imaginary >= 0)
      .map(([real, imaginary]) =>
        imaginary ? `${digits(real, 3)} \u00b1 ${digits(imaginary, 3)}i` : digits(real, 3),
      )
      .join(", ") || "none"
  );
}

// Multipliers on the unit circle; those far outside are drawn at the edge.
function unitCircle(multipliers) {
  const dots = multipliers.map(([a, b]) => {
    const size = Math.hypot(a, b),
      scale = size > 1.4 ? 1.4 / size : 1;
    return shape("circle", {
      cx: 50 + 32 * a * scale,
      cy: 50 - 32 * b * scale,
      r: 3.2,
      fill: size > 1 ? "#c8553d" : "#1f6f8b",
    });
  });
  return shape(
    "svg",
    {
      class: "circle",
      width: 100,
      height: 100,
      role: "img",
      "aria-label": "multipliers and the unit circle",
    },
    shape("path", { d: "M2 50H98M50 2V98", stroke: "#ccc" }),
    shape("circle", { cx: 50, cy: 50, r: 32, fill: "none", stroke: "#777" }),
    ...dots,
  );
}
