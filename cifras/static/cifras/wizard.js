"use strict";

/* The onboarding's conveniences: the DV while the RUC is typed, rows that come and go, places by name, one press one request. */
(() => {
  const named = (form, name) => form.elements.namedItem(name);

  async function asked(address, question) {
    try {
      const response = await fetch(`${address}?${new URLSearchParams(question)}`);
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  /* The DV, computed by the server from the formula alone */

  /* What only one country asks disappears for the others */

  function followCountry(form) {
    const country = named(form, "country");
    if (!country?.options) return;
    const show = () =>
      form.querySelectorAll("[data-only-in]").forEach((part) => {
        part.hidden = part.dataset.onlyIn !== country.value;
      });
    country.addEventListener("change", show);
    show();
  }

  function followTaxId(form) {
    const hint = form.querySelector('[data-hint="dv"]');
    let timer;
    async function ask() {
      const question = { ruc: named(form, "ruc").value.trim(), ruc_type: named(form, "ruc_type").value };
      const answer = question.ruc ? await asked(form.dataset.dvAddress, question) : null;
      if (question.ruc !== named(form, "ruc").value.trim()) return;
      const typed = named(form, "dv");
      typed.placeholder = answer?.dv ?? "";
      const sign = answer?.dv && typed.value && typed.value !== answer.dv ? "≠" : "=";
      hint.textContent = answer?.dv ? `DV ${sign} ${answer.dv}` : (answer?.hint ?? "");
    }
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 250);
    });
    ask();
  }

  /* Offices and points: a row that is taken away is marked and hidden, so nothing is numbered anew */

  function copied(kind, marks) {
    const template = document.querySelector(`template[data-template="${kind}"]`);
    const holder = document.createElement("template");
    holder.innerHTML = Object.entries(marks).reduce(
      (text, [mark, value]) => text.replaceAll(mark, value),
      template.innerHTML,
    );
    return holder.content.firstElementChild;
  }

  function nextNumber(form, prefix) {
    const total = named(form, `${prefix}-TOTAL_FORMS`);
    if (Number(total.value) >= Number(named(form, `${prefix}-MAX_NUM_FORMS`).value)) return null;
    total.value = Number(total.value) + 1;
    return Number(total.value) - 1;
  }

  function append(list, row) {
    list.append(row);
    row.querySelector("input:not([type=hidden], [type=checkbox])").focus();
  }

  function followOffices(form) {
    form.classList.add("wz-scripted");

    form.addEventListener("click", (event) => {
      const button = event.target.closest("[data-add-office], [data-add-point]");
      if (!button) return;
      event.preventDefault();
      const office = button.closest("[data-row]");
      if ("addOffice" in button.dataset) {
        const number = nextNumber(form, "offices");
        if (number !== null) append(form.querySelector("[data-offices]"), copied("office", { __office__: number }));
      } else {
        const number = nextNumber(form, `${office.dataset.row}-points`);
        const marks = { "offices-__office__": office.dataset.row, __point__: number };
        if (number !== null) append(office.querySelector("[data-points]"), copied("point", marks));
      }
    });

    form.addEventListener("change", (event) => {
      if (!event.target.matches("[data-remove]") || !event.target.checked) return;
      const row = event.target.closest("[data-row]");
      row.hidden = true;
      const rows = [...row.parentElement.children].filter((each) => !each.hidden);
      const next = rows.at(-1)?.querySelector("input:not([type=hidden])") ?? form.querySelector("[data-add-office]");
      next.focus();
    });

    form.addEventListener("input", (event) => {
      if (!/^offices-\d+-code$/.test(event.target.name)) return;
      event.target.closest("[data-row]").querySelector("[data-office-title]").textContent = event.target.value;
    });

    let timer;
    form.addEventListener("input", (event) => {
      if (!("place" in event.target.dataset)) return;
      const field = event.target;
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const answer = await asked(form.dataset.placesAddress, { q: field.value });
        if (!answer) return;
        const choices = answer.found.map(({ value, label }) => new Option(`${value} · ${label}`, value));
        document.getElementById("wizard-places").replaceChildren(...choices);
        const chosen = answer.found.find(({ value }) => value === field.value.trim());
        field.closest(".wz-field").querySelector("[data-hint]").textContent = chosen?.label ?? "";
      }, 200);
    });
  }

  /* One press, one request */

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("wizard" in form.dataset)) return;
    if (form.classList.contains("wz-sending")) {
      event.preventDefault();
      return;
    }
    form.classList.add("wz-sending");
    const button = event.submitter;
    const word = button?.querySelector("[data-busy-word]");
    if (word) word.textContent = button.dataset.busy;
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });

  /* A fragment that is not one (the sign-in page) is shown as a page */

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (target?.id !== "wz-live" || !xhr.responseText || xhr.responseText.includes('id="wz-live"')) return;
    event.detail.shouldSwap = false;
    window.location.reload();
  });

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-dv-address]").forEach(followTaxId);
    document.querySelectorAll("[data-dv-address]").forEach(followCountry);
    document.querySelectorAll("[data-places-address]").forEach(followOffices);
    if (window.matchMedia("(max-width: 900px)").matches) document.querySelector(".wz-nav")?.removeAttribute("open");
    (document.querySelector(".wz-form [aria-invalid='true']") ?? document.querySelector("[role=alert]"))?.scrollIntoView({ block: "center" });
  });
})();
