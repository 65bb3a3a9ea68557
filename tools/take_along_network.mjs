// The network of a page to take along: pixels as Pillow makes them, and a forward pass in plain
// JavaScript. tools/take_along.py writes the list of operations; nothing here touches the page.

// Pixels: as helpers/photos.py -------------------------------------------------------------------

const BITS = 22; // of Pillow's fixed-point weights: 32 less 8 of the pixel, and 2 to spare
const LONGEST_SIDE = 2048; // pixels; as in helpers/photos.py

/** Pillow's weights of a bilinear resize from `from` pixels to `to`: where each output begins, its weights. */
function weightsOf(from, to) {
  const scale = from / to;
  const wide = Math.max(scale, 1); // the filter widens as the picture shrinks
  return Array.from({ length: to }, (_, at) => {
    const centre = (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - wide + 0.5));
    const end = Math.min(from, Math.trunc(centre + wide + 0.5));
    const values = [];
    for (let x = first; x < end; x++) {
      values.push(Math.max(0, 1 - Math.abs((x - centre + 0.5) * (1 / wide))));
    }
    const sum = values.reduce((total, value) => total + value, 0);
    return { first, values: Int32Array.from(values, (value) => Math.trunc(0.5 + (value / sum) * 2 ** BITS)) };
  });
}

/** Resize along one axis; each of `lines` lines has `from` pixels, `step` numbers apart. */
function resizeAxis(pixels, from, to, lines, step, lineStep, out, outStep, outLineStep) {
  const all = weightsOf(from, to);
  for (let line = 0; line < lines; line++) {
    for (let at = 0; at < to; at++) {
      const { first, values } = all[at];
      let place = line * lineStep + first * step;
      let red = 1 << (BITS - 1);
      let green = red;
      let blue = red;
      for (let tap = 0; tap < values.length; tap++, place += step) {
        red += pixels[place] * values[tap];
        green += pixels[place + 1] * values[tap];
        blue += pixels[place + 2] * values[tap];
      }
      const target = line * outLineStep + at * outStep;
      out[target] = red >> BITS; // out is clamped
      out[target + 1] = green >> BITS;
      out[target + 2] = blue >> BITS;
    }
  }
}

/**
 * Resize RGB pixels to the bit as Pillow's `resize((newWidth, newHeight), BILINEAR)` does: along the
 * rows, then along the columns, rounded to 8 bits each time.
 */
export function resize({ data, width, height }, newWidth, newHeight) {
  if (newWidth !== width) {
    const out = new Uint8ClampedArray(newWidth * height * 3);
    resizeAxis(data, width, newWidth, height, 3, width * 3, out, 3, newWidth * 3);
    [data, width] = [out, newWidth];
  }
  if (newHeight !== height) {
    const out = new Uint8ClampedArray(width * newHeight * 3);
    resizeAxis(data, height, newHeight, width, width * 3, 3, out, width * 3, 3);
    [data, height] = [out, newHeight];
  }
  return { data, width, height };
}

/** Make a picture of over 2048 pixels smaller, as Pillow's `thumbnail` does. */
function atMost(picture, side) {
  const { width, height } = picture;
  if (Math.max(width, height) <= side) return picture;
  const aspect = width / height;
  const nearer = (number, distance) => {
    const [below, above] = [Math.floor(number), Math.ceil(number)];
    return Math.max(1, distance(below) <= distance(above) ? below : above);
  };
  return aspect > 1
    ? resize(picture, side, nearer(side / aspect, (n) => (n ? Math.abs(aspect - side / n) : 0)))
    : resize(picture, nearer(side * aspect, (n) => Math.abs(aspect - n / side)), side);
}

/** Repeat the border pixels of the longer sides until the picture is square. */
function padToSquare({ data, width, height }) {
  if (width === height) return { data, width, height };
  const side = Math.max(width, height);
  const [left, top] = [Math.floor((side - width) / 2), Math.floor((side - height) / 2)];
  const out = new Uint8ClampedArray(side * side * 3);
  for (let y = 0; y < side; y++) {
    const row = Math.min(Math.max(y - top, 0), height - 1) * width;
    for (let x = 0; x < side; x++) {
      const from = (row + Math.min(Math.max(x - left, 0), width - 1)) * 3;
      const to = (y * side + x) * 3;
      for (let channel = 0; channel < 3; channel++) out[to + channel] = data[from + channel];
    }
  }
  return { data: out, width: side, height: side };
}

/** Make RGB pixels square and small, as `to_square_array` does. */
export function toSquare(picture, size) {
  return resize(padToSquare(atMost(picture, LONGEST_SIDE)), size, size).data;
}

/** Leave out the fourth number of each pixel of a canvas. */
export function withoutAlpha({ data, width, height }) {
  const out = new Uint8ClampedArray(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    out[to] = data[from];
    out[to + 1] = data[from + 1];
    out[to + 2] = data[from + 2];
  }
  return { data: out, width, height };
}

// Weights ----------------------------------------------------------------------------------------

/** Read float32 numbers, or whole ones of 16 bits that count units of their channel. */
function readNumbers(bytes, { at, length, units }) {
  if (!units) return new Float32Array(bytes, at, length);
  const [shorts, sizes] = [new Int16Array(bytes, at, length), readNumbers(bytes, units)];
  const numbers = new Float32Array(length);
  for (let place = 0; place < length; place++) numbers[place] = shorts[place] * sizes[place % sizes.length];
  return numbers;
}

/** Lay a matrix (depth, columns) out in panels of four columns; doubles, so that nothing is converted. */
function inPanels(matrix, depth, columns) {
  const out = new Float64Array(Math.ceil(columns / 4) * 4 * depth);
  for (let column = 0; column < columns; column++) {
    const panel = (column >> 2) * 4 * depth + (column & 3);
    for (let row = 0; row < depth; row++) out[panel + row * 4] = matrix[row * columns + column];
  }
  return out;
}

// Operations: each reads and writes arrays of shape (height, width, channels) ------------------------

/** rows x depth times depth x columns, plus bias, between low and high; four by four at a time. */
function multiply(a, rows, depth, panels, columns, bias, low, high, out, start) {
  for (let column = 0; column < columns; column += 4) {
    const panel = column * depth;
    const end = panel + 4 * depth;
    for (let row = 0; row < rows; row += 4) {
      const rowB = Math.min(row + 1, rows - 1); // the last rows may be done twice
      const rowC = Math.min(row + 2, rows - 1);
      const rowD = Math.min(row + 3, rows - 1);
      let [atA, atB, atC, atD] = [row * depth, rowB * depth, rowC * depth, rowD * depth];
      let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
      let c0 = 0, c1 = 0, c2 = 0, c3 = 0, d0 = 0, d1 = 0, d2 = 0, d3 = 0;
      for (let at = panel; at < end; at += 4) {
        const w0 = panels[at], w1 = panels[at + 1], w2 = panels[at + 2], w3 = panels[at + 3];
        const vA = a[atA++], vB = a[atB++], vC = a[atC++], vD = a[atD++];
        a0 += vA * w0; a1 += vA * w1; a2 += vA * w2; a3 += vA * w3;
        b0 += vB * w0; b1 += vB * w1; b2 += vB * w2; b3 += vB * w3;
        c0 += vC * w0; c1 += vC * w1; c2 += vC * w2; c3 += vC * w3;
        d0 += vD * w0; d1 += vD * w1; d2 += vD * w2; d3 += vD * w3;
      }
      store(out, start + row * columns, column, columns, bias, low, high, a0, a1, a2, a3);
      store(out, start + rowB * columns, column, columns, bias, low, high, b0, b1, b2, b3);
      store(out, start + rowC * columns, column, columns, bias, low, high, c0, c1, c2, c3);
      store(out, start + rowD * columns, column, columns, bias, low, high, d0, d1, d2, d3);
    }
  }
}

function store(out, row, column, columns, bias, low, high, s0, s1, s2, s3) {
  out[row + column] = Math.min(Math.max(s0 + bias[column], low), high);
  if (column + 1 < columns) out[row + column + 1] = Math.min(Math.max(s1 + bias[column + 1], low), high);
  if (column + 2 < columns) out[row + column + 2] = Math.min(Math.max(s2 + bias[column + 2], low), high);
  if (column + 3 < columns) out[row + column + 3] = Math.min(Math.max(s3 + bias[column + 3], low), high);
}

/** Lay the neighbourhoods of some output positions side by side, one a row; zeros beyond the border. */
function gather(input, [height, width, channels], { kernel, stride, pad }, outWidth, first, count, rows) {
  const run = kernel[1] * channels;
  let to = 0;
  for (let position = first; position < first + count; position++) {
    const top = Math.floor(position / outWidth) * stride[0] - pad[0];
    const left = (position % outWidth) * stride[1] - pad[1];
    const begin = Math.min(run, Math.max(0, -left) * channels);
    const end = Math.max(begin, Math.min(run, (width - left) * channels));
    for (let y = top; y < top + kernel[0]; y++, to += run) {
      const from = (y * width + left) * channels;
      if (y < 0 || y >= height) rows.fill(0, to, to + run);
      else {
        for (let at = 0; at < begin; at++) rows[to + at] = 0;
        for (let at = begin; at < end; at++) rows[to + at] = input[from + at];
        for (let at = end; at < run; at++) rows[to + at] = 0;
      }
    }
  }
}

const ROWS = 48; // positions whose neighbourhoods are laid out at once

function convolution(op, [shape], { weights, bias }) {
  const [outHeight, outWidth, columns] = op.shape;
  const depth = op.kernel[0] * op.kernel[1] * shape[2];
  const positions = outHeight * outWidth;
  const panels = inPanels(weights, depth, columns);
  const small = op.kernel[0] * op.kernel[1] === 1 && op.stride[0] * op.stride[1] === 1;
  if (small && shape[0] === outHeight && shape[1] === outWidth) {
    return ([input], out) => multiply(input, positions, depth, panels, columns, bias, op.low, op.high, out, 0);
  }
  const rows = new Float32Array(ROWS * depth);
  return ([input], out) => {
    for (let first = 0; first < positions; first += ROWS) {
      const count = Math.min(ROWS, positions - first);
      gather(input, shape, op, outWidth, first, count, rows);
      multiply(rows, count, depth, panels, columns, bias, op.low, op.high, out, first * columns);
    }
  };
}

function dense(op, _, { weights, bias }) {
  const columns = op.shape.at(-1);
  const positions = op.shape.slice(0, -1).reduce((product, side) => product * side, 1);
  const depth = weights.length / columns;
  const panels = inPanels(weights, depth, columns);
  return ([input], out) => multiply(input, positions, depth, panels, columns, bias, op.low, op.high, out, 0);
}

/** Call `use(y, x, first row, last row + 1, first column, ...)` with the part of each window that is inside. */
function overWindows({ kernel, stride, pad, shape: [outHeight, outWidth] }, [height, width], use) {
  for (let y = 0; y < outHeight; y++) {
    const top = y * stride[0] - pad[0];
    for (let x = 0; x < outWidth; x++) {
      const left = x * stride[1] - pad[1];
      use((y * outWidth + x), top, left, Math.max(0, -top), Math.min(kernel[0], height - top), Math.max(0, -left), Math.min(kernel[1], width - left));
    }
  }
}

/** Each channel by itself, the channels innermost; a row of three or five taps at once where it is whole. */
function depthwise(op, [shape], { weights: single, bias }) {
  const [, width, channels] = shape;
  const weights = Float64Array.from(single);
  const sums = new Float64Array(channels);
  const across = op.kernel[1];
  return ([input], out) =>
    overWindows(op, shape, (place, top, left, firstRow, endRow, firstColumn, endColumn) => {
      sums.set(bias);
      for (let row = firstRow; row < endRow; row++) {
        let column = firstColumn;
        const line = (top + row) * width + left;
        for (; column + 3 <= endColumn; column += 3) {
          addThree(sums, input, (line + column) * channels, weights, (row * across + column) * channels, channels);
        }
        for (; column < endColumn; column++) {
          addOne(sums, input, (line + column) * channels, weights, (row * across + column) * channels, channels);
        }
      }
      const to = place * channels;
      for (let c = 0; c < channels; c++) out[to + c] = Math.min(Math.max(sums[c], op.low), op.high);
    });
}

function addThree(sums, input, from, weights, tap, channels) {
  const [from1, from2, tap1, tap2] = [from + channels, from + 2 * channels, tap + channels, tap + 2 * channels];
  for (let c = 0; c < channels; c++) {
    sums[c] += input[from + c] * weights[tap + c] + input[from1 + c] * weights[tap1 + c] + input[from2 + c] * weights[tap2 + c];
  }
}

function addOne(sums, input, from, weights, tap, channels) {
  for (let c = 0; c < channels; c++) sums[c] += input[from + c] * weights[tap + c];
}

function pooling(op, [shape]) {
  const [, width, channels] = shape;
  const mean = op.kind === "average";
  return ([input], out) => {
    out.fill(mean ? 0 : -Infinity);
    overWindows(op, shape, (place, top, left, firstRow, endRow, firstColumn, endColumn) => {
      const to = place * channels;
      for (let row = firstRow; row < endRow; row++) {
        for (let column = firstColumn; column < endColumn; column++) {
          const from = ((top + row) * width + left + column) * channels;
          if (mean) for (let c = 0; c < channels; c++) out[to + c] += input[from + c];
          else for (let c = 0; c < channels; c++) if (input[from + c] > out[to + c]) out[to + c] = input[from + c];
        }
      }
      const count = (endRow - firstRow) * (endColumn - firstColumn); // those beyond the border do not count
      if (mean) for (let c = 0; c < channels; c++) out[to + c] /= count;
    });
  };
}

function affine(op, _, { weights, bias }) {
  const channels = weights.length; // one of each, or one for each channel
  return ([input], out) => {
    for (let at = 0; at < out.length; at++) {
      const channel = channels === 1 ? 0 : at % channels;
      out[at] = input[at] * weights[channel] + bias[channel];
    }
  };
}

function padding(op, [[height, width, channels]]) {
  const run = width * channels;
  return ([input], out) => {
    for (let y = 0; y < height; y++) {
      const to = ((y + op.pad[0]) * op.shape[1] + op.pad[1]) * channels;
      out.set(input.subarray(y * run, (y + 1) * run), to);
    }
  };
}

/** Bilinear, as TensorFlow: between the two nearest pixels, however much smaller the picture gets. */
function resizing(op, [[height, width, channels]]) {
  const places = (from, to) =>
    Array.from({ length: to }, (_, at) => {
      const place = Math.min(Math.max(((at + 0.5) * from) / to - 0.5, 0), from - 1);
      const first = Math.floor(place);
      return [first, Math.min(first + 1, from - 1), place - first];
    });
  const [rows, columns] = [places(height, op.shape[0]), places(width, op.shape[1])];
  return ([input], out) => {
    let to = 0;
    for (const [top, bottom, down] of rows) {
      for (const [left, right, across] of columns) {
        for (let c = 0; c < channels; c++, to++) {
          const at = (y, x) => input[(y * width + x) * channels + c];
          const upper = at(top, left) + (at(top, right) - at(top, left)) * across;
          const lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * across;
          out[to] = upper + (lower - upper) * down;
        }
      }
    }
  };
}

const add = () => (inputs, out) => {
  out.set(inputs[0]);
  for (const input of inputs.slice(1)) for (let at = 0; at < out.length; at++) out[at] += input[at];
};

const concatenate = (op) => (inputs, out) => {
  const whole = op.shape.at(-1);
  let start = 0;
  inputs.forEach((input, number) => {
    const part = op.parts[number];
    for (let at = 0; at < input.length; at++) out[Math.floor(at / part) * whole + start + (at % part)] = input[at];
    start += part;
  });
};

const FUNCTIONS = {
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  silu: (x) => x / (1 + Math.exp(-x)),
};

const KINDS = {
  convolution,
  depthwise,
  dense,
  affine,
  padding,
  resize: resizing,
  add,
  concatenate,
  max: pooling,
  average: pooling,
  clip: (op) => ([input], out) => {
    const slope = op.slope ?? 0;
    for (let at = 0; at < out.length; at++) {
      const value = input[at];
      out[at] = Math.min(value < 0 ? Math.max(slope * value, op.low) : value, op.high);
    }
  },
  function: (op) => ([input], out) => {
    const apply = FUNCTIONS[op.name];
    for (let at = 0; at < out.length; at++) out[at] = apply(input[at]);
  },
  softmax: (op) => ([input], out) => {
    const width = op.shape.at(-1);
    for (let start = 0; start < out.length; start += width) {
      let [highest, sum] = [-Infinity, 0];
      for (let at = start; at < start + width; at++) highest = Math.max(highest, input[at]);
      for (let at = start; at < start + width; at++) sum += out[at] = Math.exp(input[at] - highest);
      for (let at = start; at < start + width; at++) out[at] /= sum;
    }
  },
};

/** A trained network: `new Network(operations, weights).run(pixels)` gives the probabilities. */
export class Network {
  /**
   * @param operations a list; the first one's input is the picture, each writes one array.
   * @param {ArrayBuffer} bytes the weights; an operation says where its own begin.
   */
  constructor(operations, bytes) {
    this.size = operations[0].shape[0];
    this.arrays = operations.map(({ shape }) => new Float32Array(shape.reduce((product, side) => product * side, 1)));
    this.steps = operations.slice(1).map((op, number) => {
      const own = {};
      for (const name of ["weights", "bias"]) if (op[name]) own[name] = readNumbers(bytes, op[name]);
      const limits = { low: op.low ?? -Infinity, high: op.high ?? Infinity };
      const apply = KINDS[op.kind]({ ...op, ...limits }, op.from.map((one) => operations[one].shape), own);
      return { apply, inputs: op.from.map((one) => this.arrays[one]), out: this.arrays[number + 1] };
    });
  }

  /** Take size x size x 3 numbers, RGB, 0 to 255; return the probability of each class. */
  run(pixels) {
    this.arrays[0].set(pixels);
    for (const { apply, inputs, out } of this.steps) apply(inputs, out);
    const last = [...this.arrays.at(-1)];
    return last.length === 1 ? [1 - last[0], last[0]] : last; // a sigmoid: of the second class
  }
}
