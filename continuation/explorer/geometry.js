// Where a point of the plane lies: in which region, how far from which boundary.

// Whether a point lies inside rings [x0, y0, x1, y1, ...]: outer and inner ones alike (even-odd).
function insideRings(rings, x, y) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
      const above = ring[i + 1] > y,
        before = ring[j + 1] > y;
      if (above === before) continue;
      const crossing =
        ring[i] + ((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]);
      if (x < crossing) inside = !inside;
    }
  }
  return inside;
}

// The nearest place on a line [x0, y0, x1, y1, ...], distances in units of (sx, sy).
function nearestOnLine(line, x, y, sx, sy) {
  let best = { distance: Infinity, x, y };
  for (let i = 0; i + 3 < line.length; i += 2) {
    const ax = (line[i] - x) / sx,
      ay = (line[i + 1] - y) / sy;
    const dx = (line[i + 2] - line[i]) / sx,
      dy = (line[i + 3] - line[i + 1]) / sy;
    const length = dx * dx + dy * dy;
    const part = length > 0 ? Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length)) : 0;
    const distance = Math.hypot(ax + part * dx, ay + part * dy);
    if (distance < best.distance) {
      best = { distance, x: line[i] + part * dx * sx, y: line[i + 1] + part * dy * sy };
    }
  }
  return best;
}

// The region that holds a point, or the one whose boundary is nearest (number in the list).
function regionAt(content, x, y) {
  const found = content.regions.findIndex((region) => insideRings(region.rings, x, y));
  if (found >= 0) return found;
  let best = -1,
    least = Infinity;
  content.regions.forEach((region, k) => {
    for (const ring of region.rings) {
      const { distance } = nearestOnLine(
        ring,
        x,
        y,
        content.x.high - content.x.low,
        content.y.high - content.y.low,
      );
      if (distance < least) [best, least] = [k, distance];
    }
  });
  return best;
}

// The nearest boundary of a region: its name, what is beyond it, the place, and the distance in the
// axes' common unit or, where they have none in common, as a part of the plane.
function nearestBoundary(content, region, x, y) {
  const alike = content.x.unit === content.y.unit;
  const sx = alike ? 1 : content.x.high - content.x.low,
    sy = alike ? 1 : content.y.high - content.y.low;
  let best = null;
  for (const boundary of content.boundaries) {
    if (boundary.regions[0] !== region && boundary.regions[1] !== region) continue;
    for (const line of boundary.lines) {
      const found = nearestOnLine(line, x, y, sx, sy);
      if (best === null || found.distance < best.distance) best = { ...found, boundary };
    }
  }
  if (best === null) return null;
  const [a, b] = best.boundary.regions;
  const distance = alike
    ? withUnit(digits(best.distance, 3), content.x.unit)
    : `${digits(100 * best.distance, 2)}\u00a0% of the plane`;
  return {
    ...best,
    name: best.boundary.name,
    beyond: content.regions[a === region ? b : a].label,
    words: distance,
  };
}

// What is known of an attractor of a region near a point: the nearest sample, or its own record.
function knownNear(content, attractor, x, y) {
  const { samples } = attractor;
  if (!samples || !samples.x.length) return { values: attractor, away: null };
  const sx = content.x.high - content.x.low,
    sy = content.y.high - content.y.low;
  let best = 0,
    least = Infinity;
  for (let k = 0; k < samples.x.length; k++) {
    const distance = Math.hypot((samples.x[k] - x) / sx, (samples.y[k] - y) / sy);
    if (distance < least) [best, least] = [k, distance];
  }
  const pick = (column) =>
    Object.fromEntries(Object.entries(column || {}).map(([k, v]) => [k, v[best]]));
  return {
    away: least,
    values: {
      ...attractor,
      observables: pick(samples.observables),
      least: pick(samples.least),
      most: pick(samples.most),
      frequency: samples.frequency ? samples.frequency[best] : null,
      period: samples.period ? samples.period[best] : null,
    },
  };
}

// "1.2 .. 40", or one number where both are the same.
function spanWords(low, high) {
  const [a, b] = [digits(low, 3), digits(high, 3)];
  return a === b ? a : `${a} .. ${b}`;
}

// An attractor in words: "LC_EI: 22.5 Hz, period 44.4 ms; r_E 0.8 .. 51 Hz".
function attractorWords(model, attractor, values) {
  const parts = [];
  if (values.frequency) parts.push(withUnit(digits(values.frequency, 3), model.frequency_unit));
  if (values.period) parts.push(`period ${withUnit(digits(values.period, 3), model.time_unit)}`);
  for (const { name, unit } of model.observables) {
    if (attractor.kind === "cycle") {
      if (values.least && values.least[name] !== undefined) {
        parts.push(`${name} ${withUnit(spanWords(values.least[name], values.most[name]), unit)}`);
      }
    } else if (values.observables && values.observables[name] !== undefined) {
      parts.push(`${name} ${withUnit(digits(values.observables[name], 3), unit)}`);
    }
  }
  return parts.slice(0, 6).join("; ");
}
