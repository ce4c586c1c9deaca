// Charts on canvases: a frame with ticks and lines, drawn sharp on any screen and on paper.

const CHART_MARGIN = { left: 50, right: 18, top: 8, bottom: 34 };
const INK = "#222",
  GRID = "#e4e4e0";

class Chart {
  // label: for readers of screens; height in pixels; labels of the axes are given with each drawing.
  constructor(label, height) {
    this.height = height;
    this.canvas = element("canvas", {
      class: "chart",
      role: "img",
      "aria-label": label,
      style: `height:${height}px`,
    });
  }

  // Draw lines [{ x, y, color, width, dash }], where x and y are functions of an index below `count`.
  // `sharp`: twice as fine as most screens, for paper; not while it changes from frame to frame.
  draw({ lines, x, y, across, up, bottom = true, bands = [], dots = [], equal = false, sharp }) {
    const { canvas, height } = this,
      ratio = Math.max(window.devicePixelRatio || 1, sharp ? 2 : 1);
    const width = canvas.clientWidth || 300,
      m = { ...CHART_MARGIN, bottom: bottom ? CHART_MARGIN.bottom : 8 };
    if (canvas.width !== width * ratio || canvas.height !== height * ratio) {
      canvas.width = width * ratio;
      canvas.height = height * ratio;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    let area = [m.left, width - m.right, height - m.bottom, m.top];
    if (equal) {
      const side = Math.min(area[1] - area[0], area[2] - area[3]),
        middle = (area[0] + area[1]) / 2;
      area = [middle - side / 2, middle + side / 2, area[3] + side, area[3]];
    }
    const [left, right, low, high] = area;
    const X = linear(x, [left, right]),
      Y = linear(y, [low, high]);
    pen.font = "11px system-ui, sans-serif";
    this.frame(pen, area, X, Y, { x, y, across, up, bottom });
    pen.save();
    pen.beginPath();
    pen.rect(left, high, right - left, low - high);
    pen.clip();
    for (const [from, to] of bands) {
      pen.fillStyle = "rgba(122, 81, 149, 0.10)";
      pen.fillRect(X(from), high, X(Math.min(to, x[1])) - X(from), low - high);
    }
    for (const line of lines) this.line(pen, X, Y, line, right - left);
    for (const dot of dots) {
      pen.beginPath();
      pen.arc(X(dot.x), Y(dot.y), dot.size || 4, 0, 7);
      pen.fillStyle = dot.color;
      pen.fill();
    }
    pen.restore();
  }

  frame(pen, [left, right, low, high], X, Y, { x, y, across, up, bottom }) {
    pen.lineWidth = 1;
    pen.fillStyle = INK;
    pen.textAlign = "center";
    for (const t of ticksBetween(x[0], x[1], Math.floor((right - left) / 65))) {
      const at = Math.round(X(t)) + 0.5;
      pen.strokeStyle = GRID;
      pen.beginPath();
      pen.moveTo(at, high);
      pen.lineTo(at, low);
      pen.stroke();
      if (bottom) pen.fillText(digits(t, 4, 0), at, low + 14);
    }
    pen.textAlign = "right";
    for (const t of ticksBetween(y[0], y[1], Math.max(2, Math.floor((low - high) / 30)))) {
      const at = Math.round(Y(t)) + 0.5;
      pen.strokeStyle = GRID;
      pen.beginPath();
      pen.moveTo(left, at);
      pen.lineTo(right, at);
      pen.stroke();
      pen.fillText(digits(t, 3, 0), left - 4, at + 4);
    }
    pen.strokeStyle = "#999";
    pen.strokeRect(left + 0.5, high + 0.5, right - left - 1, low - high - 1);
    pen.textAlign = "center";
    if (bottom) pen.fillText(across, (left + right) / 2, low + 29);
    pen.save();
    pen.translate(11, (low + high) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(up, 0, 0);
    pen.restore();
  }

  // Many more points than pixels are drawn as the range within each pixel where x increases.
  line(pen, X, Y, { x, y, count, color, width = 1.3, dash = [], ordered = false }, pixels) {
    if (!count) return;
    pen.beginPath();
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.setLineDash(dash);
    const each = ordered ? Math.max(1, Math.floor(count / (pixels * 2))) : 1;
    for (let k = 0; k < count; k += each) {
      let low = y(k),
        high = low;
      for (let j = k + 1; j < Math.min(k + each, count); j++) {
        const v = y(j);
        if (v < low) low = v;
        if (v > high) high = v;
      }
      const at = X(x(k));
      if (k === 0) pen.moveTo(at, Y(low));
      else pen.lineTo(at, Y(low));
      if (high !== low) pen.lineTo(at, Y(high));
    }
    pen.stroke();
    pen.setLineDash([]);
  }
}

// The span of an axis around values, with some room; never empty, and no closer look at what is
// small beside `size`.
function roomy([low, high], share = 0.05, size = 0) {
  if (!(low <= high)) return [0, 1];
  const least = 1e-3 * Math.max(Math.abs(low), Math.abs(high), size) || 1;
  const room = Math.max((high - low) * share, high - low < least ? 20 * least : 0);
  return [low - room, high + room];
}
