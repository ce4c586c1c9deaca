// The state of a page in its address (after #), so that a link reproduces the view.

// What is not as the page opens, as "mu_e=1.3&shape=sine&...".
function linkOf(state, opening) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(state.parameters)) {
    if (value !== opening.parameters[name]) parts.set(`p.${name}`, value);
  }
  if (state.stimulus.shape !== "none") {
    for (const [key, value] of Object.entries(state.stimulus)) parts.set(key, value);
  }
  if (state.duration !== opening.duration) parts.set("duration", state.duration);
  return parts.toString();
}

// The state that a link describes; what it does not know, or is no number, is left as it was.
function readLink(text, opening) {
  const parts = new URLSearchParams(text.replace(/^#/, "")),
    state = structuredClone(opening);
  const number = (key) => {
    const value = parts.has(key) && parts.get(key).trim() !== "" ? Number(parts.get(key)) : NaN;
    return isFinite(value) ? value : null;
  };
  for (const name of Object.keys(opening.parameters))
    state.parameters[name] = number(`p.${name}`) ?? opening.parameters[name];
  const { stimulus } = state;
  if (Object.hasOwn(SHAPES, parts.get("shape") || "")) stimulus.shape = parts.get("shape");
  if (Object.hasOwn(opening.parameters, parts.get("input") || ""))
    stimulus.input = parts.get("input");
  for (const key of ["amplitude", "onset", "length", "frequency"])
    stimulus[key] = number(key) ?? stimulus[key];
  const duration = number("duration");
  if (duration > 0) state.duration = Math.min(duration, 20 * opening.duration);
  return state;
}

const LINK_PAUSE = 250; // milliseconds between two writes: an address is dear to write

// The link in the address, written a few times a second at most.
class AddressLink {
  constructor() {
    Object.assign(this, { text: "", timer: null, last: -Infinity });
  }

  changed(text) {
    this.text = text;
    if (this.timer !== null) return;
    const pause = this.last + LINK_PAUSE - performance.now();
    if (pause <= 0) this.write();
    else this.timer = setTimeout(() => this.write(), pause);
  }

  write() {
    clearTimeout(this.timer);
    Object.assign(this, { timer: null, last: performance.now() });
    const { pathname, search } = window.location;
    window.history.replaceState(null, "", this.text ? `#${this.text}` : pathname + search);
  }
}
