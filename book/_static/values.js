// Shows where a number comes from when it is clicked or touched; a mouse that hovers gets the same text as a tooltip.
const close = () => document.querySelector(".value-note")?.remove();

document.addEventListener("keydown", ({ key }) => key === "Escape" && close());
document.addEventListener("click", ({ target }) => {
  close();
  const value = target.closest(".value[title]");
  if (!value || value.closest("a, summary")) return;
  const note = document.createElement("div");
  note.className = "value-note";
  note.setAttribute("role", "status");
  note.textContent = value.title;
  document.body.append(note);
  const place = value.getBoundingClientRect();
  const right = document.documentElement.clientWidth - note.offsetWidth - 12;
  note.style.top = `${place.bottom + scrollY + 8}px`;
  note.style.left = `${Math.max(12, Math.min(place.left + scrollX, right))}px`;
});
