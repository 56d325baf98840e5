/* Taking a state elsewhere: a link to it, its own window, a piece of HTML for another page, PyTorch, a QR code. */
((S6Receptive) => {
  "use strict";

  const { h } = S6Receptive;
  const HOME = new URL("explorer.html", document.currentScript?.src ?? location.href).href;

  /** A state as a query: stack=conv3,max2&input=28&digit=3&unit=conv1:3,4. Commas and colons stay legible. */
  function query({ stack, input, digit, unit, paths, channels, hide }) {
    const legible = (text) => encodeURIComponent(text).replace(/%2C/g, ",").replace(/%3A/g, ":");
    const parts = { stack: stack.replaceAll(" ", ""), input, digit, unit, paths: paths ? "true" : null, channels: channels > 1 ? channels : null, hide: hide?.replaceAll(" ", ",") };
    return Object.entries(parts).filter(([, value]) => value != null && value !== "").map(([name, value]) => `${name}=${legible(value)}`).join("&");
  }

  const address = (state) => `${HOME}?${query(state)}`;

  const embed = (state) =>
    `<iframe src="${address(state).replaceAll("&", "&amp;")}" title="Receptive field explorer" allow="fullscreen; clipboard-write" ` +
    'style="width: 100%; height: 760px; border: 0"></iframe>\n' +
    '<script>addEventListener("message", ({data, source}) => {\n' +
    '  if (data?.type === "receptive-explorer") for (const frame of document.querySelectorAll("iframe"))\n' +
    "    if (frame.contentWindow === source) frame.style.height = `${data.height}px`;\n" +
    "});</script>";

  function code(text) {
    const modules = S6Receptive.qr(text);
    if (!modules) return h("p", {}, "This stack is too long for a QR code.");
    const size = modules.length + 8;
    const dark = modules.flatMap((row, y) => row.map((on, x) => (on ? `M${x + 4} ${y + 4}h1v1h-1Z` : ""))).join("");
    const picture = h("div", { class: "rx-qr", role: "img", "aria-label": "QR code of the link" });
    picture.innerHTML = `<svg viewBox="0 0 ${size} ${size}" aria-hidden="true" shape-rendering="crispEdges"><path fill="#fff" d="M0 0H${size}V${size}H0Z"/><path fill="#000" d="${dark}"/></svg>`;
    return picture;
  }

  /** Copy a text, or have `fallback` say where it stands. */
  function copy(text, done, fallback) {
    navigator.clipboard?.writeText(text).then(done, fallback) ?? fallback();
  }

  class Share {
    constructor() {
      this.dialog = h("dialog", { class: "rx-share", "aria-label": "Share" });
    }

    field(label, text, lines) {
      const area = h("textarea", { readonly: true, rows: lines, spellcheck: "false", "aria-label": label, onfocus: () => area.select() });
      area.value = text;
      const button = h("button", { type: "button", onclick: () => copy(text, () => (button.textContent = "Copied"), () => area.focus()) }, "Copy");
      return h("div", { class: "rx-share-field" }, h("b", {}, label), button, area);
    }

    open(state, rows) {
      const link = address(state);
      const local = link.startsWith("file:") ? [h("p", {}, "This page lies on this computer: the link and its code work here only. Put the book on a server, and they work for a whole class.")] : [];
      this.dialog.replaceChildren(
        h("form", { method: "dialog" }, h("h2", {}, "Share"), h("button", { "aria-label": "Close" }, "✕")),
        h("div", { class: "rx-share-body" },
          h("div", {}, code(link), ...local, h("a", { href: link, target: "_blank", rel: "noopener" }, "Open in a window of its own")),
          h("div", {}, this.field("Link", link, 3), this.field("To embed in a page or a course", embed(state), 5),
            this.field("As PyTorch", S6Receptive.toTorch(rows, state.channels), 8))));
      this.dialog.showModal();
    }
  }

  Object.assign(S6Receptive, { Share, query, address, embed, copy });
})((window.S6Receptive ??= {}));
