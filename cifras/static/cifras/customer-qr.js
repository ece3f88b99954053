// The customer's page follows the affiliation by itself: the server draws the part that changes, and it is put in place.
(() => {
  "use strict";

  const state = document.getElementById("state");
  if (!state) return;
  const EVERY_MS = 5000;

  const isOver = () => Boolean(state.querySelector("[data-over='yes']"));

  const follow = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(state.dataset.address, { headers: { Accept: "text/html" }, cache: "no-store" });
        if (answer.status === 404 || answer.status === 410) {
          window.location.reload();
          return;
        }
        const drawn = answer.ok ? await answer.text() : state.innerHTML;
        // Only what differs is put in place, so that a screen reader does not say the same again.
        const fresh = document.createElement("template");
        fresh.innerHTML = drawn;
        for (const part of ["figure", ".progress"]) {
          const before = state.querySelector(part);
          const after = fresh.content.querySelector(part);
          if (before && !after) before.remove();
          else if (!before && after) state.prepend(after);
          else if (before && after && before.innerHTML.trim() !== after.innerHTML.trim()) {
            before.innerHTML = after.innerHTML;
            before.className = after.className;
            if (after.dataset.over) before.dataset.over = after.dataset.over;
          }
        }
      } catch {
        // Without a network the page stays as it is; the next turn asks again.
      }
    }
    if (!isOver()) window.setTimeout(follow, EVERY_MS);
  };

  if (!isOver()) window.setTimeout(follow, EVERY_MS);
})();
