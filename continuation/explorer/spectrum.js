// Amplitude spectra of runs, and what a run comes to, in words.

// In-place fast Fourier transform of 2^k complex numbers.
function transform(real, imaginary) {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  for (let size = 2; size <= n; size *= 2) {
    for (let k = 0; k < size / 2; k++) {
      const angle = (-2 * Math.PI * k) / size,
        c = Math.cos(angle),
        s = Math.sin(angle);
      for (let i = k; i < n; i += size) {
        const j = i + size / 2,
          re = real[j] * c - imaginary[j] * s,
          im = real[j] * s + imaginary[j] * c;
        real[j] = real[i] - re;
        imaginary[j] = imaginary[i] - im;
        real[i] += re;
        imaginary[i] += im;
      }
    }
  }
}

// The amplitude spectrum of values `spacing` time units apart: Hann window, mean removed, padded to
// four times the length. `second`: time units in a second. Null for too few values.
function spectrumOf(values, spacing, second) {
  if (values.length < 64) return null;
  let n = 1;
  while (n < 4 * values.length) n *= 2;
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const real = new Float64Array(n),
    imaginary = new Float64Array(n);
  for (let i = 0; i < values.length; i++) {
    real[i] = ((values[i] - mean) * (1 - Math.cos((2 * Math.PI * i) / (values.length - 1)))) / 2;
  }
  transform(real, imaginary);
  const half = n / 2,
    amplitude = new Float64Array(half),
    step = second / (n * spacing);
  for (let k = 0; k < half; k++)
    amplitude[k] = (4 * Math.hypot(real[k], imaginary[k])) / values.length;
  return { amplitude, step, peak: peakOf(amplitude, step, n / values.length) };
}

// The frequency of the largest amplitude, between bins by a parabola; bins next to 0 do not count.
function peakOf(amplitude, step, padding) {
  let top = Math.ceil(2 * padding);
  for (let k = top; k < amplitude.length - 1; k++) if (amplitude[k] > amplitude[top]) top = k;
  const [a, b, c] = [amplitude[top - 1], amplitude[top], amplitude[top + 1]].map((v) =>
    Math.log(v + 1e-300),
  );
  const shift = a - 2 * b + c < 0 ? (a - c) / (2 * (a - 2 * b + c)) : 0;
  return { frequency: (top + shift) * step, amplitude: amplitude[top] };
}

// The highest frequency worth showing: where all but a hundredth of the power lies below.
function cornerOf(spectrum) {
  const { amplitude, step } = spectrum;
  let whole = 0,
    below = 0;
  for (const a of amplitude) whole += a * a;
  for (let k = 0; k < amplitude.length; k++) {
    below += amplitude[k] * amplitude[k];
    if (below > 0.99 * whole) return (k + 1) * step;
  }
  return amplitude.length * step;
}

// The last half of what was recorded of an observable.
function lastHalf(run, k) {
  return run.recorded[k].subarray(Math.floor(run.samples / 2), run.samples);
}

function rangeOf(values) {
  let low = Infinity,
    high = -Infinity;
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}

// Where a finished run came to, from the last half of its first observable; what is small beside
// the observable's usual `size` is at rest.
function verdictOf(run, model, spacing) {
  const { name, unit, size = 0 } = model.observables[0];
  if (run.stopped >= 0) {
    const when = withUnit(digits(run.stopped, 4), model.time_unit);
    return `stops at ${when}: no longer finite; try other values`;
  }
  const tail = lastHalf(run, 0);
  const [low, high] = rangeOf(tail);
  const late = rangeOf(tail.subarray(Math.floor(tail.length / 2)));
  if (late[1] - late[0] < 2e-3 * Math.max(...late.map(Math.abs), 0.02 * size, 1e-12)) {
    const value = Math.abs(late[1]) < 1e-5 * size ? 0 : late[1];
    return `rests at ${name} = ${withUnit(digits(value, 3), unit)}`;
  }
  const found = spectrumOf(tail, spacing, model.second);
  const fading = late[1] - late[0] < 0.6 * (high - low);
  const cycles = found ? (found.peak.frequency * tail.length * spacing) / model.second : 0;
  if (fading || cycles < 2.5) {
    const span = withUnit(spanWords(...late), unit);
    return `still on its way: ${name} ${span}; a longer run tells`;
  }
  const often = withUnit(digits(found.peak.frequency, 3), model.frequency_unit);
  return `${name} ${withUnit(spanWords(low, high), unit)}, mostly at ${often}`;
}
