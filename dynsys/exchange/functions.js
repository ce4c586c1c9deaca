// What printed models call: special functions, and tables read as quintic tensor-product B-splines.
// Packed tables: nx, ny, number of quantities, x0, hx, y0, hy, then the coefficients,
// quantity by quantity in each cell, as dynsys.compiled.splines has them. BERNOULLI comes before.

const TABLE_HEADER = 7;

// erf by the series 2/sqrt(pi) exp(-x^2) sum of 2^k x^(2k+1) / (1 3 5 ... (2k+1)): all of one sign.
function erfSeries(x) {
  let term = x,
    sum = x;
  for (let k = 1; k < 200; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
    if (Math.abs(term) <= 1e-17 * Math.abs(sum)) break;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

// erfc for x >= 2 by its continued fraction, from the far end: 60 levels are exact to rounding.
function erfcFraction(x) {
  let below = x;
  for (let k = 60; k > 0; k--) below = x + k / 2 / below;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * below);
}

function erfc(x) {
  if (x >= 2) return erfcFraction(x);
  return x <= -2 ? 2 - erfcFraction(-x) : 1 - erfSeries(x);
}

function erf(x) {
  return Math.abs(x) < 2 ? erfSeries(x) : x > 0 ? 1 - erfcFraction(x) : erfcFraction(-x) - 1;
}

// The k-th derivative of u / (1 - exp(-u)): closed form, series next to 0.
function linoid(u, k) {
  const w = Math.abs(u);
  if (k === 0) return u === 0 ? 1 : w > 745 ? Math.max(u, 0) : -u / Math.expm1(-u);
  if (w < 3) return linoidSeries(u, k);
  const tail = w > 745 ? 0 : linoidTail(w, k);
  if (u > 0) return k === 1 ? 1 + tail : tail;
  return k % 2 ? -tail : tail;
}

function linoidSeries(u, k) {
  const first = Math.max(2, k + (k % 2));
  let power = 1,
    total = k === 1 ? 0.5 : 0;
  for (let j = 0; j < k; j++) power *= first - j;
  for (let j = k; j < first; j++) power *= u;
  for (let i = first; i < 2 * BERNOULLI.length; i += 2) {
    const term = BERNOULLI[i / 2] * power;
    total += term;
    if (Math.abs(term) <= 1e-18 * Math.abs(total)) break;
    power *= (u * u * (i + 2) * (i + 1)) / ((i + 2 - k) * (i + 1 - k));
  }
  return total;
}

function linoidTail(w, k) {
  const step = Math.exp(-w);
  let decay = 1,
    total = 0;
  for (let m = 1; m < 200; m++) {
    decay *= step;
    const term = Math.pow(-m, k - 1) * (k - m * w) * decay;
    total += term;
    if (m * w > 2 * k && Math.abs(term) <= 1e-18 * Math.abs(total)) break;
  }
  return total;
}

// Row k: the k-th uniform quintic B-spline over a cell, times 120, by powers of u.
const SPLINE_BASIS = [
  [1, -5, 10, -10, 5, -1],
  [26, -50, 20, 20, -20, 5],
  [66, 0, -60, 0, 30, -10],
  [26, 50, 20, -20, -20, 10],
  [1, 5, 10, 10, 5, -5],
  [0, 0, 0, 0, 0, 1],
];

// The six basis functions at u in a cell of width h, differentiated d times, into w from `at`.
function splinePieces(u, h, d, w, at) {
  if (d === 0) {
    w[at] = (((((-u + 5) * u - 10) * u + 10) * u - 5) * u + 1) / 120;
    w[at + 1] = (((((5 * u - 20) * u + 20) * u + 20) * u - 50) * u + 26) / 120;
    w[at + 2] = (((-10 * u + 30) * u * u - 60) * u * u + 66) / 120;
    w[at + 3] = (((((10 * u - 20) * u - 20) * u + 20) * u + 50) * u + 26) / 120;
    w[at + 4] = (((((-5 * u + 5) * u + 10) * u + 10) * u + 5) * u + 1) / 120;
    w[at + 5] = (u * u * u * u * u) / 120;
    return;
  }
  for (let k = 0; k < 6; k++) {
    let value = 0;
    for (let m = 5; m >= d; m--) {
      let coefficient = SPLINE_BASIS[k][m] / 120;
      for (let r = 0; r < d; r++) coefficient *= (m - r) / h;
      value = value * u + coefficient;
    }
    w[at + k] = d > 5 ? 0 : value;
  }
}

// Weights (12) that read d^i_a d^j_b at a point; returns where the first quantity's cell begins.
// Outside the domain the polynomials of the edge cells go on; tableMargin tells.
function locate(t, a, b, i, j, w) {
  const u = (a - t[3]) / t[4],
    v = (b - t[5]) / t[6];
  const i0 = Math.min(Math.max(Math.floor(u), 0), t[0] - 2);
  const j0 = Math.min(Math.max(Math.floor(v), 0), t[1] - 2);
  splinePieces(u - i0, t[4], i, w, 0);
  splinePieces(v - j0, t[6], j, w, 6);
  return TABLE_HEADER + (i0 * (t[1] + 4) + j0) * t[2];
}

function tableRow(t, c, s, w) {
  return (
    w[6] * t[c] +
    w[7] * t[c + s] +
    (w[8] * t[c + 2 * s] + w[9] * t[c + 3 * s]) +
    (w[10] * t[c + 4 * s] + w[11] * t[c + 5 * s])
  );
}

// A quantity at a located point; `c` is its corner, NaN where the point is none.
function tableValue(t, c, w) {
  if (!(c >= 0)) return NaN;
  const s = t[2],
    down = (t[1] + 4) * s;
  return (
    w[0] * tableRow(t, c, s, w) +
    w[1] * tableRow(t, c + down, s, w) +
    (w[2] * tableRow(t, c + 2 * down, s, w) + w[3] * tableRow(t, c + 3 * down, s, w)) +
    (w[4] * tableRow(t, c + 4 * down, s, w) + w[5] * tableRow(t, c + 5 * down, s, w))
  );
}

// Smallest distance to an edge of a table in units of its axes; negative outside.
function tableMargin(t, a, b) {
  const u = (a - t[3]) / (t[4] * (t[0] - 1)),
    v = (b - t[5]) / (t[6] * (t[1] - 1));
  return Math.min(u, 1 - u, v, 1 - v);
}
