// The documents' pages: the reason's counter and its frequent texts, copying, closing a dialog, and a page that followed too long.
(() => {
  "use strict";

  const count = (field) => {
    const counter = document.getElementById(field.dataset.counter);
    if (!counter) return;
    const length = Array.from(field.value.trim()).length;
    const fits = length >= Number(counter.dataset.minimum) && length <= Number(counter.dataset.maximum);
    counter.querySelector("[data-count]").textContent = String(length);
    counter.classList.toggle("cf-fits", fits);
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-counter]")) count(event.target);
  });

  const fill = (button) => {
    const field = document.getElementById(button.dataset.fill);
    field.value = button.dataset.text;
    count(field);
    field.focus();
  };

  // Where the browser gives no clipboard (an address without https) the text is at least selected.
  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copy);
    window.getSelection().selectAllChildren(text);
    if (!navigator.clipboard) return;
    await navigator.clipboard.writeText(text.textContent);
    button.querySelector("span:last-child").textContent = button.dataset.copied;
  };

  // A dialog that lies over a page is closed; one that is a page of its own is left.
  const close = (link, event) => {
    if (!link.closest("#modal-content")) return;
    event.preventDefault();
    window.Alpine.$data(document.body).openModal = false;
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-fill], [data-copy], [data-close], [aria-disabled='true']");
    if (!target) return;
    if (target.matches("[data-fill]")) fill(target);
    else if (target.matches("[data-copy]")) copy(target);
    else if (target.matches("[data-close]")) close(target, event);
    else event.preventDefault();
  });

  // The theme writes a chosen file's name into the nearest text field: its own widget has one for that, elsewhere it is an answer.
  const keepFileNamesOut = () => {
    document.querySelectorAll("input[type=file]").forEach((input) => {
      if (!input.closest("label")?.querySelector("input[type=text]")) input.hasChangeListener = true;
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-counter]").forEach(count);
    keepFileNamesOut();
  });

  document.addEventListener("htmx:afterSwap", () => {
    keepFileNamesOut();
    document.querySelectorAll("[data-counter]").forEach(count);
  });

  // The address follows the open tab, so that reloading shows it again.
  document.addEventListener("htmx:afterOnLoad", (event) => {
    const tab = event.detail.requestConfig.elt.closest("a[data-tab]"); // by now it is no longer in the page
    if (tab) window.history.replaceState(window.history.state, "", tab.href);
  });

  // What came back is not the document, but the sign-in page: show it as a page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (target?.id !== "document-body" || !xhr.responseText) return;
    if (xhr.responseText.includes('id="document-body"')) return;
    event.detail.shouldSwap = false;
    window.location.reload();
  });
})();
