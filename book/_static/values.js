// Where a number comes from: a click or a touch on it tells, as does a mouse that rests there. The switch in the bar, see
// book/_ext/values.py, makes every number a button, for the keyboard and for screen readers.
{
  const values = [...document.querySelectorAll("main .value[title]")].filter((value) => !value.closest("a, summary, label"));
  const note = document.createElement("div");
  note.className = "value-note";
  note.popover = "auto"; // a click elsewhere closes it
  note.setAttribute("role", "status");
  document.body.append(note);
  document.addEventListener("keydown", ({ key }) => key === "Escape" && note.hidePopover());

  function tell(value) {
    note.textContent = value.title;
    note.showPopover();
    const place = value.getBoundingClientRect();
    const right = document.documentElement.clientWidth - note.offsetWidth - 12;
    note.style.top = `${place.bottom + scrollY + 8}px`;
    note.style.left = `${Math.max(12, Math.min(place.left, right))}px`;
  }

  for (const value of values) {
    value.addEventListener("click", () => tell(value));
    value.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      tell(value);
    });
  }

  const button = document.querySelector(".btn-origins");
  button?.setAttribute("aria-pressed", "false");
  button?.addEventListener("click", () => {
    const on = document.body.classList.toggle("origins");
    button.setAttribute("aria-pressed", on);
    for (const value of values) {
      if (on) Object.assign(value, { role: "button", tabIndex: 0 });
      else for (const name of ["role", "tabindex"]) value.removeAttribute(name);
    }
  });
}
