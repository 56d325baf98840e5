/* A QR code (ISO/IEC 18004) of a text: byte mode, error correction M, versions 1 to 40, the mask that the standard's
   penalties choose. No library and no host: a link must become a code on a projector without a network. */
((S6Receptive) => {
  "use strict";

  // Codewords of error correction in each block, and blocks, of versions 1 to 40 at level M: table 9 of the standard.
  const CHECKS = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, ...new Array(19).fill(28)];
  const BLOCKS = [
    1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
  ];
  const MASKS = [
    (y, x) => (y + x) % 2, (y) => y % 2, (y, x) => x % 3, (y, x) => (y + x) % 3, (y, x) => ((y >> 1) + Math.floor(x / 3)) % 2,
    (y, x) => ((y * x) % 2) + ((y * x) % 3), (y, x) => (((y * x) % 2) + ((y * x) % 3)) % 2, (y, x) => (((y + x) % 2) + ((y * x) % 3)) % 2,
  ];

  const POWERS = [1]; // of 2 in the field of 256 elements
  while (POWERS.length < 255) POWERS.push((POWERS.at(-1) << 1) ^ (POWERS.at(-1) & 128 ? 0x11d : 0));
  const times = (a, b) => (a && b ? POWERS[(POWERS.indexOf(a) + POWERS.indexOf(b)) % 255] : 0);

  /** Codewords that a version holds, checks included. */
  function room(version) {
    let modules = (16 * version + 128) * version + 64;
    if (version >= 2) {
      const marks = Math.floor(version / 7) + 2;
      modules -= (25 * marks - 10) * marks - 55;
      if (version >= 7) modules -= 36;
    }
    return modules >> 3;
  }

  /** The remainder of a block's polynomial: its codewords of error correction. */
  function remainder(data, checks) {
    let generator = [1];
    for (let power = 0; power < checks; power++) {
      const next = [...generator, 0];
      generator.forEach((value, at) => (next[at + 1] ^= times(value, POWERS[power])));
      generator = next;
    }
    const rest = [...data, ...new Array(checks).fill(0)];
    for (let at = 0; at < data.length; at++) {
      const factor = rest[at];
      if (factor) generator.forEach((value, k) => (rest[at + k] ^= times(value, factor)));
    }
    return rest.slice(data.length);
  }

  /** The codewords of a text, blocks interleaved, with the version that holds them. */
  function codewords(text) {
    const bytes = [...new TextEncoder().encode(text)];
    let version = 1;
    const holds = () => room(version) - CHECKS[version - 1] * BLOCKS[version - 1];
    while (version <= 40 && 4 + (version < 10 ? 8 : 16) + 8 * bytes.length > 8 * holds()) version++;
    if (version > 40) return null;
    const bits = [4, bytes.length].map((value, at) => value.toString(2).padStart(at ? (version < 10 ? 8 : 16) : 4, "0")).join("") +
      bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const data = `${bits}0000`.slice(0, 8 * holds()).match(/.{1,8}/g).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
    for (let pad = 0; data.length < holds(); pad++) data.push(pad % 2 ? 0x11 : 0xec);
    const [count, checks] = [BLOCKS[version - 1], CHECKS[version - 1]];
    const short = Math.floor(holds() / count);
    const longer = count - (holds() % count); // blocks from here on hold one codeword more
    const blocks = Array.from({ length: count }, (_, at) => {
      const start = at * short + Math.max(0, at - longer);
      return data.slice(start, start + short + (at >= longer));
    });
    const ends = blocks.map((block) => remainder(block, checks));
    const woven = (parts, length) => Array.from({ length }, (_, at) => parts.map((part) => part[at])).flat().filter((value) => value !== undefined);
    return { version, words: [...woven(blocks, short + 1), ...woven(ends, checks)] };
  }

  /** Bits with their error correction: of the format (generator 0x537) and of the version (0x1f25). */
  function guarded(value, length, generator) {
    let rest = value << length;
    for (let at = 31 - Math.clz32(rest); at >= length; at--) if ((rest >> at) & 1) rest ^= generator << (at - length);
    return (value << length) | rest;
  }

  function places(version) {
    if (version === 1) return [];
    const count = Math.floor(version / 7) + 2;
    const step = version === 32 ? 26 : Math.ceil((4 * version + 4) / (2 * count - 2)) * 2;
    return [6, ...Array.from({ length: count - 1 }, (_, at) => 4 * version + 10 - (count - 2 - at) * step)];
  }

  /** The patterns that stand in every code; null where data will stand. */
  function frame(version) {
    const size = 4 * version + 17;
    const grid = Array.from({ length: size }, () => new Array(size).fill(null));
    for (let at = 0; at < size; at++) grid[6][at] = grid[at][6] = (at + 1) % 2;
    for (const [y, x] of [[3, 3], [3, size - 4], [size - 4, 3]]) {
      for (let dy = -4; dy <= 4; dy++) for (let dx = -4; dx <= 4; dx++) {
        const ring = Math.max(Math.abs(dy), Math.abs(dx));
        if (grid[y + dy]?.[x + dx] !== undefined) grid[y + dy][x + dx] = Number(ring !== 2 && ring !== 4);
      }
    }
    const marks = places(version);
    marks.forEach((y, a) => marks.forEach((x, b) => {
      if ((!a && !b) || (!a && b === marks.length - 1) || (!b && a === marks.length - 1)) return;
      for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) grid[y + dy][x + dx] = Number(Math.max(Math.abs(dy), Math.abs(dx)) !== 1);
    }));
    sign(grid, 0);
    if (version >= 7) {
      const bits = guarded(version, 12, 0x1f25);
      for (let at = 0; at < 18; at++) {
        const [a, b] = [size - 11 + (at % 3), Math.floor(at / 3)];
        grid[a][b] = grid[b][a] = (bits >> at) & 1;
      }
    }
    return grid;
  }

  /** Write the format: level M (00) and the mask. */
  function sign(grid, mask) {
    const size = grid.length;
    const bits = guarded(mask, 10, 0x537) ^ 0x5412;
    for (let at = 0; at < 15; at++) {
      const bit = (bits >> at) & 1;
      const near = at < 6 ? at : at < 8 ? at + 1 : 14 - at + (at === 8);
      if (at < 8) grid[near][8] = bit;
      else grid[8][near] = bit;
      if (at < 8) grid[8][size - 1 - at] = bit;
      else grid[size - 15 + at][8] = bit;
    }
    grid[size - 8][8] = 1;
  }

  function fill(grid, words, mask) {
    const size = grid.length;
    const result = grid.map((row) => [...row]);
    let bit = 0;
    for (let right = size - 1; right > 0; right -= 2) {
      if (right === 6) right = 5;
      for (let step = 0; step < size; step++) for (const x of [right, right - 1]) {
        const y = (right + 1) & 2 ? step : size - 1 - step;
        if (grid[y][x] !== null) continue;
        const value = bit < 8 * words.length ? (words[bit >> 3] >> (7 - (bit & 7))) & 1 : 0;
        result[y][x] = value ^ Number(MASKS[mask](y, x) === 0);
        bit++;
      }
    }
    sign(result, mask);
    return result;
  }

  /** The standard's penalty: long runs, blocks of 2 × 2, what looks like a finder, and too much of one colour. */
  function penalty(grid) {
    const size = grid.length;
    let total = 0;
    for (const lines of [grid, grid[0].map((_, x) => grid.map((row) => row[x]))]) {
      for (const line of lines) {
        const text = line.join("");
        for (const run of text.match(/0+|1+/g)) if (run.length >= 5) total += run.length - 2;
        for (let at = 0; at <= size - 11; at++) if (/^(10111010000|00001011101)/.test(text.slice(at, at + 11))) total += 40;
      }
    }
    for (let y = 1; y < size; y++) for (let x = 1; x < size; x++) {
      if (grid[y][x] === grid[y - 1][x] && grid[y][x] === grid[y][x - 1] && grid[y][x] === grid[y - 1][x - 1]) total += 3;
    }
    const dark = grid.flat().reduce((a, b) => a + b, 0) / size ** 2;
    return total + 10 * Math.floor(Math.abs(dark * 20 - 10));
  }

  /** The modules of a text's code, rows of 0 and 1 (dark), or null: it is too long for one. */
  function qr(text) {
    const coded = codewords(text);
    if (!coded) return null;
    const grid = frame(coded.version);
    const all = MASKS.map((_, mask) => fill(grid, coded.words, mask));
    return all.reduce((a, b) => (penalty(b) < penalty(a) ? b : a));
  }

  Object.assign(S6Receptive, { qr });
})((window.S6Receptive ??= {}));
