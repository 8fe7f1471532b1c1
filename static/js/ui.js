/* Small behaviours of the pages. Everything here is an extra: each page reads and posts without it.
   Never evaluates code, never writes HTML; words come from data-* attributes. */
"use strict";

const COPIED_MS = 2000;

/* <copy-button> copies its data-value, or the <code> beside it, and says so. */
customElements.define("copy-button", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", () => this.copy());
  }

  get source() {
    return this.closest(".copybox, .snippet")?.querySelector("code");
  }

  async copy() {
    const text = this.dataset.value ?? this.source?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      /* No clipboard on a plain-HTTP page: select the text, so that the keyboard can copy it. */
      if (this.source) getSelection().selectAllChildren(this.source);
      return;
    }
    const word = this.querySelector("[aria-live]");
    if (!word || this.timer) return;
    const before = word.textContent;
    word.textContent = this.dataset.copied;
    this.timer = setTimeout(() => {
      word.textContent = before;
      this.timer = undefined;
    }, COPIED_MS);
  }
});

/* An open menu closes on Escape, on a click elsewhere, and when another one opens. */
const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

/* data-opens="id" shows a <dialog>; data-closes closes the one it is in. */
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
});

/* A second click on a sent form does nothing: no key is made twice. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) return void event.preventDefault();
  form.dataset.sent = "1";
  form.querySelector("button:not([type=button])")?.setAttribute("aria-disabled", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
  }
});

/* A filter that changes is a filter that is wanted: send the form at once. */
document.addEventListener("change", (event) => {
  event.target.closest("form[data-autosubmit]")?.requestSubmit();
});

/* Tabs that need more room than there is: the current one is in sight. */
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.closest(".tabs").scrollLeft = tab.offsetLeft - tab.closest(".tabs").offsetLeft - 48;

document.querySelector("[data-focus]")?.focus();
