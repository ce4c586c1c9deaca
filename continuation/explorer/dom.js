// Elements, numbers in words and scales. Text from a file only ever becomes textContent.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on")
      for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name === "text") node.textContent = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function shape(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// A number to so many digits, without trailing zeros: "22.5", "1.2e-5", "0"; less than `least`,
// which is rounding also where currents are in amperes, is "0".
function digits(value, count = 4, least = 1e-15) {
  if (value === null || value === undefined) return "";
  if (!isFinite(value)) return String(value);
  if (value === 0 || Math.abs(value) < least) return "0";
  const rounded = Number(Number(value).toPrecision(count)),
    size = Math.abs(rounded);
  return size < 1e-3 || size >= 1e6 ? rounded.toExponential() : String(rounded);
}

function withUnit(text, unit) {
  return unit ? `${text}\u00a0${unit}` : text;
}

// Round numbers between low and high, about `count` of them.
function ticksBetween(low, high, count) {
  const span = high - low;
  if (!(span > 0) || !isFinite(span)) return [];
  const raw = span / Math.max(count, 1),
    power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const result = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * span; k++) {
    result.push(Number((k * step).toPrecision(12)));
  }
  return result;
}

// From [a, b] to [c, d] and back.
function linear([a, b], [c, d]) {
  const slope = (d - c) / (b - a || 1);
  const there = (value) => c + (value - a) * slope;
  there.back = (value) => a + (value - c) / (slope || 1);
  return there;
}

// Arrays that Python packed: { type: "f4" | "f8", shape, data: base64 of little-endian numbers }.
function unpacked(text, type = "f8") {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return type === "f4" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
}
