// Keys for reading fast: j and k walk along what can be opened, / goes to the search. Every page works without this file.
(() => {
  "use strict";
  const steps = () => [...document.querySelectorAll("[data-step]")];
  const move = (by) => {
    const all = steps();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "center" });
  };
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input, textarea, select");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (field) {
      if (event.key === "Escape") field.blur();
      return;
    }
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "/") {
      const box = document.querySelector("input[type=search]");
      if (box) box.focus();
      else location.href = "/search";
      event.preventDefault();
    }
  });
})();
