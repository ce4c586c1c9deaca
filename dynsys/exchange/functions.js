// What printed models call: special functions, and tables read as quintic tensor-product B-splines.
// Packed tables: nx, ny, number of quantities, x0, hx, y0, hy, then the coefficients,
// quantity by quantity in each cell, as dynsys.compiled.splines has them. BERNOULLI comes before.

const TABLE_HEADER = 7;

// A packed table with its shape as whole numbers, which keeps reading it fast.
function tableOf(packed) {
  const [nx, ny, count, x0, hx, y0, hy] = packed;
  const cells = packed.subarray(TABLE_HEADER);
  return {
    nx: nx | 0,
    ny: ny | 0,
    step: count | 0,
    down: ((ny + 4) * count) | 0,
    x0,
    hx,
    y0,
    hy,
    cells,
  };
}

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

// Weights (12) that read d^i_a d^j_b at a point; returns where the first quantity's cell begins, -1
// where the point is none. Outside the domain the polynomials of the edge cells go on; tableMargin
// tells.
function locate(t, a, b, i, j, w) {
  const u = (a - t.x0) / t.hx;
  const v = (b - t.y0) / t.hy;
  if (!(u - u === 0) || !(v - v === 0)) return -1;
  const i0 = u < 0 ? 0 : u > t.nx - 2 ? t.nx - 2 : u | 0;
  const j0 = v < 0 ? 0 : v > t.ny - 2 ? t.ny - 2 : v | 0;
  splinePieces(u - i0, t.hx, i, w, 0);
  splinePieces(v - j0, t.hy, j, w, 6);
  return (i0 * t.down + j0 * t.step) | 0;
}

// A quantity at a located point, from the corner of its cell.
function tableValue(t, corner, quantity, w) {
  if (corner < 0) return NaN;
  const { cells, step, down } = t;
  const w0 = w[6];
  const w1 = w[7];
  const w2 = w[8];
  const w3 = w[9];
  const w4 = w[10];
  const w5 = w[11];
  let at = (corner + quantity) | 0;
  let sum = 0;
  for (let k = 0; k < 6; k++) {
    let c = at;
    let row = w0 * cells[c];
    c = (c + step) | 0;
    row += w1 * cells[c];
    c = (c + step) | 0;
    row += w2 * cells[c];
    c = (c + step) | 0;
    row += w3 * cells[c];
    c = (c + step) | 0;
    row += w4 * cells[c];
    c = (c + step) | 0;
    row += w5 * cells[c];
    sum += w[k] * row;
    at = (at + down) | 0;
  }
  return sum;
}

// Smallest distance to an edge of a table in units of its axes; negative outside.
function tableMargin(t, a, b) {
  const u = (a - t.x0) / (t.hx * (t.nx - 1));
  const v = (b - t.y0) / (t.hy * (t.ny - 1));
  return Math.min(u, 1 - u, v, 1 - v);
}
