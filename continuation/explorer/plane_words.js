// What the page says of a place in words, and where runs begin there.
Object.assign(PlaneView.prototype, {
  words(x, y) {
    const { content } = this,
      { model } = content,
      axis = (a, v) => `${a.name} = ${withUnit(digits(v), a.unit)}`;
    const parts = [
      element("p", { class: "where", text: `${axis(content.x, x)}, ${axis(content.y, y)}` }),
    ];
    if (x < content.x.low || x > content.x.high || y < content.y.low || y > content.y.high) {
      return [...parts, element("p", { text: "outside the diagram" })];
    }
    const number = regionAt(content, x, y);
    if (number < 0) return parts;
    const region = content.regions[number];
    parts.push(
      element(
        "p",
        { class: "region" },
        element("span", { class: "swatch", style: `background:${region.color}` }),
        region.unresolved ? `${region.label} (unresolved: ${region.unresolved})` : region.label,
      ),
    );
    parts.push(
      element(
        "ul",
        {},
        ...region.attractors.map((attractor) => {
          const { values, away } = knownNear(content, attractor, x, y);
          const near =
            away === null
              ? " (elsewhere in the region)"
              : away > 0.03
                ? ` (computed ${digits(100 * away, 1)}\u00a0% of the plane away)`
                : "";
          return element(
            "li",
            {},
            element("b", { text: attractor.name }),
            `: ${attractorWords(model, attractor, values)}${near}`,
          );
        }),
      ),
    );
    const boundary = nearestBoundary(content, number, x, y);
    if (boundary) {
      parts.push(
        element("p", {
          text: `nearest boundary: ${boundary.name}, ${boundary.words} away; beyond it ${boundary.beyond}`,
        }),
      );
    }
    return parts;
  },

  startsAt(x, y) {
    const { content } = this,
      number = regionAt(content, x, y);
    const [low, high] = number >= 0 ? content.regions[number].starts : content.starts;
    return [
      ["from the low start", low],
      ["from the high start", high],
    ];
  },
});
