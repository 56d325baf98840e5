/* Welch's t test on the logarithms of errors, for a pair that no question asked about. Arithmetic only. */
((S6Live) => {
  "use strict";

  /** ln Γ(x): moved up until Stirling's series is exact enough, then back down. */
  function logGamma(x) {
    let below = 0;
    for (; x < 12; x++) below += Math.log(x);
    const series = 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5) - 1 / (1680 * x ** 7);
    return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - below;
  }

  /** The regularised incomplete beta function I_x(a, b) by its continued fraction (DLMF 8.17.22), from the far end. */
  function beta(x, a, b) {
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - beta(1 - x, b, a); // where the fraction would converge slowly
    let fraction = 1;
    for (let m = 300; m >= 1; m--) {
      const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
      const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
      fraction = 1 + even / (1 + odd / fraction);
    }
    const first = (-(a + b) * x) / (a + 1);
    const front = Math.exp(a * Math.log(x) + b * Math.log(1 - x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a;
    return front / (1 + first / fraction);
  }

  /** The two-sided p of Student's t. */
  const pOfT = (t, df) => beta(df / (df + t * t), df / 2, 0.5);

  /** The t beyond which, either way, a share of `alpha` lies. */
  function critical(alpha, df) {
    let [low, high] = [0, 1];
    while (pOfT(high, df) > alpha) high *= 2;
    for (let halved = 0; halved < 80; halved++) {
      const middle = (low + high) / 2;
      if (pOfT(middle, df) > alpha) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  /** The variance of a mean. */
  function spread(values) {
    const middle = mean(values);
    return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1) / values.length;
  }

  /** How many times b's errors (per cent) a's are: {ratio, low, high, p}; fewer than two runs have no interval.
      No error at all counts as half an error in 10,000 images, as in s6core/stats. */
  function welch(a, b) {
    const [logA, logB] = [a, b].map((errors) => errors.map((error) => Math.log(Math.max(error, 0.005))));
    const gap = mean(logA) - mean(logB);
    const ratio = Math.exp(gap);
    if (a.length < 2 || b.length < 2) return { ratio };
    const [va, vb] = [spread(logA), spread(logB)];
    if (va + vb < 1e-24) return { ratio }; // equal runs show no spread
    const df = (va + vb) ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1));
    const half = critical(0.05, df) * Math.sqrt(va + vb);
    return { ratio, low: Math.exp(gap - half), high: Math.exp(gap + half), p: pOfT(gap / Math.sqrt(va + vb), df) };
  }

  Object.assign(S6Live, { welch });
})((window.S6Live ??= {}));
