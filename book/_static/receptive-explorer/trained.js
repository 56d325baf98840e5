/* The maps of the trained reference net, in place of those with equal weights: the book's live net and its stored weights,
   loaded when somebody asks for them. Where they are not, as in a copy of this folder alone, that is said. */
((S6Receptive) => {
  "use strict";

  const { h } = S6Receptive;
  const HERE = document.currentScript?.src ?? location.href;
  const FILES = ["../live/net.js", "../live-data/net-reference.js"];
  let net = null;

  const load = (file) => new Promise((resolve, reject) => {
    document.head.append(h("script", { src: new URL(file, HERE).href, onload: resolve, onerror: () => reject(new Error(file)) }));
  });

  /** Resolve to the trained net, loaded once. */
  function trained() {
    return (net ??= FILES.reduce((before, file) => before.then(() => load(file)), Promise.resolve())
      .then(() => window.S6Live.open(window.S6Live.stored["net-reference"])).catch((error) => ((net = null), Promise.reject(error))));
  }

  /** One channel of what each row of the explorer's names gives, behind its ReLU, from the digit's bytes; null where the
      net has no such row. Channels count on from the first where a layer has fewer. */
  function channels({ rows, mean, deviation }, names, digit, channel) {
    const image = Uint8Array.from(atob(digit.pixels), (character) => character.charCodeAt(0));
    const outputs = window.S6Live.run({ rows, mean, deviation }, image);
    return names.map((name) => {
      const at = rows.findIndex((row) => row.name === name);
      if (at < 0) return null;
      const behind = rows[at + 1]?.op === "relu" ? at + 1 : at;
      const [count, height, width] = rows[at].output;
      const place = (channel % count) * height * width;
      const map = outputs[behind].subarray(place, place + height * width);
      const least = Math.min(0, ...map);
      return map.map((value) => value - least);
    });
  }

  Object.assign(S6Receptive, { trained, channels });
})((window.S6Receptive ??= {}));
