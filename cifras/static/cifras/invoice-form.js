"use strict";

/* Saves clicks on the page that writes an invoice. It computes nothing: every figure comes from the server. */
(() => {
  const form = document.getElementById("invoice-form");
  if (!form) return;
  const PATH = /^((?:id_)?(?:lines|payments|instalments)-)(?:\d+|__prefix__)(-)/;
  const named = (name) => form.elements.namedItem(name);
  const receiver = form.querySelector(".inv-receiver");
  form.classList.add("inv-live");

  /* Figures */

  let timer;
  let asking;

  async function refresh() {
    clearTimeout(timer);
    asking?.abort();
    asking = new AbortController();
    try {
      const response = await fetch(form.dataset.totals, {
        method: "POST",
        body: new FormData(form),
        signal: asking.signal,
      });
      form.classList.toggle("inv-stale", !response.ok);
      if (response.ok) show(await response.json());
    } catch (error) {
      if (error.name !== "AbortError") form.classList.add("inv-stale");
    }
  }

  function refreshSoon() {
    clearTimeout(timer);
    timer = setTimeout(refresh, 350);
  }

  function show(figures) {
    form.querySelector("[data-summary]").innerHTML = figures.summary;
    form.querySelector("[data-total]").textContent = figures.total;
    const standing = form.querySelector("[data-standing]");
    standing.textContent = figures.standing;
    standing.className = `inv-${figures.state}`;
    rowsOf("lines").forEach((row, index) => {
      row.querySelector("[data-net]").textContent = figures.lines[index] ?? "";
    });
    rowsOf("payments").forEach((row, index) => {
      row.querySelector("[data-complete]").dataset.fill = figures.fills[index] ?? "";
      row.querySelector("[name$='-amount']").placeholder = figures.fills[index] ?? "";
    });
    for (const [name, text] of Object.entries(figures.hints)) {
      const place = form.querySelector(`[data-hint="${name}"]`);
      if (place) place.textContent = text;
    }
  }

  /* Rows */

  const listOf = (part) => form.querySelector(`[data-rows="${part}"]`);
  const rowsOf = (part) => [...listOf(part).children];

  function renumber(part) {
    rowsOf(part).forEach((row, index) => {
      for (const element of row.querySelectorAll("[name], [id], [for], [aria-describedby]")) {
        for (const attribute of ["name", "id", "for"]) {
          const value = element.getAttribute(attribute);
          if (value) element.setAttribute(attribute, value.replace(PATH, `$1${index}$2`));
        }
        const described = element.getAttribute("aria-describedby");
        if (described) {
          const ids = described.split(" ").map((id) => id.replace(PATH, `$1${index}$2`));
          element.setAttribute("aria-describedby", ids.join(" "));
        }
        if (element.name === "_complete") element.value = index;
      }
    });
    named(`${part}-TOTAL_FORMS`).value = rowsOf(part).length;
    const add = form.querySelector(`[data-add="${part}"]`);
    add.disabled = rowsOf(part).length >= Number(listOf(part).dataset.most);
  }

  function addRow(part) {
    if (rowsOf(part).length >= Number(listOf(part).dataset.most)) return;
    const template = document.querySelector(`template[data-template="${part}"]`);
    listOf(part).append(template.content.cloneNode(true));
    renumber(part);
    const row = rowsOf(part).at(-1);
    if (part === "lines") {
      const fresh = JSON.parse(form.dataset.newLine);
      for (const [name, value] of Object.entries(fresh)) row.querySelector(`[name$="-${name}"]`).value = value;
    }
    row.querySelectorAll("[data-suggest]").forEach(suggest);
    row.querySelector("input:not([type=checkbox]), select").focus();
    refreshSoon();
  }

  function removeRow(row) {
    const part = row.dataset.row;
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    renumber(part);
    const target = neighbour?.querySelector("input:not([type=checkbox]), select") ?? form.querySelector(`[data-add="${part}"]`);
    target.focus();
    refresh();
  }

  function goOnFrom(input) {
    const row = input.closest(".inv-line");
    if (!row) return refresh();
    const next = row.nextElementSibling;
    if (!next) return addRow("lines");
    return next.querySelector("input:not([type=checkbox])").focus();
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.add) {
      event.preventDefault();
      addRow(button.dataset.add);
    } else if ("remove" in button.dataset) {
      removeRow(button.closest("[data-row]"));
    } else if ("complete" in button.dataset) {
      event.preventDefault();
      if (button.dataset.fill) {
        button.closest("[data-row]").querySelector("[name$='-amount']").value = button.dataset.fill;
        refresh();
      }
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.altKey && event.code === "KeyN") {
      event.preventDefault();
      addRow("lines");
    }
  });

  form.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input:not([type=checkbox], [type=radio]), select");
    if (event.key !== "Enter" || !isTyping || event.defaultPrevented) return;
    event.preventDefault();
    goOnFrom(event.target);
  });

  /* Tenant, receiver, payment */

  async function fetched(address, question) {
    try {
      const response = await fetch(`${address}?${new URLSearchParams(question)}`);
      return response.ok ? response : null;
    } catch {
      return null;
    }
  }

  async function loadPlaces() {
    const tenant = named("tenant").value;
    const answer = tenant ? await fetched(form.dataset.places, { tenant }) : null;
    const { places, is_sandbox: isSandbox, country } = answer ? await answer.json() : { places: [], is_sandbox: false };
    // Another country's page has other fields: the server draws it.
    if (country && country !== form.dataset.country) return form.requestSubmit(form.querySelector(".inv-default"));
    named("place").replaceChildren(...places.map(({ value, label }) => new Option(label, value)));
    form.querySelector("[data-sandbox]").hidden = !isSandbox;
    named("receiver-code").value = "";
    await loadReceiver();
  }

  async function loadReceiver() {
    const question = { tenant: named("tenant").value, code: named("receiver-code").value };
    const answer = question.tenant && question.code ? await fetched(form.dataset.receiver, question) : null;
    const place = form.querySelector("[data-card]");
    place.innerHTML = answer ? await answer.text() : "";
    const card = place.querySelector(".inv-card");
    receiver.dataset.receiverType = card?.dataset.receiverType ?? "";
    receiver.toggleAttribute("data-abroad", Boolean(card && "abroad" in card.dataset));
  }

  function suitPayment() {
    const rows = rowsOf("payments");
    if (rows.length !== 1) return;
    const method = rows[0].querySelector("[name$='-method']");
    const isCredit = named("payment_time").value === "CREDIT";
    if (isCredit && method.querySelector("[value='01']")) method.value = "01";
    else if (method.value === "01") method.value = "";
  }

  form.addEventListener("change", async (event) => {
    if (event.target.name === "tenant") await loadPlaces();
    if (event.target.name === "receiver-code") await loadReceiver();
    if (event.target.name === "payment_time") suitPayment();
    refresh();
  });
  form.addEventListener("input", refreshSoon);

  // The back button brings the company back, but not the places that were fetched for it.
  addEventListener("pageshow", async () => {
    const hasPlaces = [...named("place").options].some(({ value }) => value);
    if (!named("tenant").value || hasPlaces) return;
    await loadPlaces();
    refresh();
  });

  /* Suggestions: a combobox over a plain text field */

  let suggestions = 0;

  function suggest(input) {
    const list = document.createElement("ul");
    list.id = `suggestions-${(suggestions += 1)}`;
    list.className = "inv-suggestions";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    input.closest(".inv-field").append(list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");
    let pending;
    let chosen = -1;

    function close() {
      clearTimeout(pending);
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function mark(index) {
      chosen = index;
      [...list.children].forEach((option, position) => {
        option.setAttribute("aria-selected", String(position === index));
      });
      const option = list.children[index];
      if (!option) return;
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }

    function pick(option) {
      input.value = option.dataset.value;
      const unit = input.closest("[data-row]")?.querySelector("[name$='-cpbs_unit']");
      if (unit && option.dataset.unit) unit.value = option.dataset.unit;
      close();
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }

    async function ask() {
      const question = { q: input.value };
      if (input.dataset.suggest !== "locations") question.tenant = named("tenant").value;
      const typed = input.value;
      const answer = await fetched(form.dataset[input.dataset.suggest], question);
      if (!answer || typed !== input.value || document.activeElement !== input) return;
      const { found } = await answer.json();
      list.replaceChildren(...found.map(({ value, label, detail, unit }, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}_${index}`;
        option.dataset.value = value;
        option.dataset.unit = unit ?? "";
        option.setAttribute("role", "option");
        const small = document.createElement("small");
        small.textContent = detail;
        option.append(label, small);
        return option;
      }));
      list.hidden = found.length === 0;
      input.setAttribute("aria-expanded", String(found.length > 0));
      mark(-1);
    }

    input.addEventListener("input", () => {
      clearTimeout(pending);
      pending = setTimeout(ask, 200);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" && list.hidden) {
        ask();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const step = event.key === "ArrowDown" ? 1 : -1;
        mark((chosen + step + list.children.length) % list.children.length);
      } else if (event.key === "Enter" && !list.hidden && chosen >= 0) {
        pick(list.children[chosen]);
      } else if (event.key === "Escape" && !list.hidden) {
        close();
      } else {
        return;
      }
      event.preventDefault();
    });
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) pick(option);
    });
    input.addEventListener("blur", close);
  }

  form.querySelectorAll("[data-suggest]").forEach(suggest);

  /* One press, one request */

  form.addEventListener("submit", (event) => {
    if (form.classList.contains("inv-sending")) event.preventDefault();
    form.classList.add("inv-sending");
  });
  window.addEventListener("pageshow", () => form.classList.remove("inv-sending"));

  ["lines", "payments", "instalments"].forEach(renumber);
  refresh();
})();
