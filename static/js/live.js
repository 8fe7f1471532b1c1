/* Live pages. The server sends hints ({"topics": [...]}), never content: each element whose
   data-live names one of them fetches itself again by its page's own URL (HX-Target says which
   part). Without a socket the same fetch runs every 15 s. */
"use strict";

const GAP_MS = 250; // hints come once a second; this only joins those of a reconnect
const POLL_MS = 15000;
const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 30000;

const lastBodies = new Map();
let openParts = [];

function refresh(topics) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const wanted = part.dataset.live.split(" ");
    if (topics && !wanted.some((topic) => topics.has(topic))) continue;
    const offer = part.querySelector("[data-live-offer]");
    if (offer) {
      offer.hidden = false;
      continue;
    }
    htmx.ajax("GET", location.pathname + location.search, {
      source: part,
      target: part,
      swap: part.dataset.liveSwap ?? "outerHTML",
    });
  }
}

customElements.define("live-socket", class extends HTMLElement {
  connectedCallback() {
    this.pending = new Set();
    this.retryMs = RETRY_MS_MIN;
    this.everOpened = false;
    this.onVisible = () => document.hidden || this.flush();
    document.addEventListener("visibilitychange", this.onVisible);
    this.poller = setInterval(() => this.isOpen || document.hidden || refresh(null), POLL_MS);
    this.connect();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.onVisible);
    clearInterval(this.poller);
    this.socket?.close();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    this.socket = new WebSocket(scheme + location.host + this.dataset.url);
    this.socket.onopen = () => this.opened();
    this.socket.onmessage = (event) => this.hinted(JSON.parse(event.data).topics);
    this.socket.onclose = () => this.closed();
  }

  opened() {
    this.retryMs = RETRY_MS_MIN;
    this.show("live");
    if (this.everOpened) refresh(null); // what happened while we were away
    this.everOpened = true;
  }

  closed() {
    this.show(navigator.onLine ? "delayed" : "offline");
    const waitMs = this.retryMs * (0.5 + Math.random());
    this.retryMs = Math.min(RETRY_MS_MAX, this.retryMs * 2);
    setTimeout(() => this.isConnected && this.connect(), waitMs);
  }

  hinted(topics) {
    for (const topic of topics) this.pending.add(topic);
    this.flush();
  }

  flush() {
    if (this.timer || document.hidden || !this.pending.size) return;
    const topics = this.pending;
    this.pending = new Set();
    refresh(topics);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.flush();
    }, GAP_MS);
  }

  show(state) {
    this.dataset.state = state;
    this.querySelector("[data-word]").textContent = this.dataset[`${state}Word`];
  }
});

/* Same answer as last time: leave the page alone, so that nothing is read out or loses its focus. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  if (!part.dataset?.live || !part.id) return;
  const body = event.detail.serverResponse.replace(/name="csrfmiddlewaretoken" value="\w+"/g, "");
  if (lastBodies.get(part.id) === body) event.detail.shouldSwap = false;
  lastBodies.set(part.id, body);
  openParts = [...part.querySelectorAll("details[open][id]")].map((details) => details.id);
});

document.addEventListener("htmx:afterSettle", () => {
  for (const id of openParts) document.getElementById(id)?.setAttribute("open", "");
  reflectAlert();
});

/* A stop of service shows in the tab too, where it is seen from another window. */
const calmTitle = document.title.replace(/^\(!\) /, "");

function reflectAlert() {
  const isRed = document.querySelector("#banners .banner-bad") !== null;
  document.title = (isRed ? "(!) " : "") + calmTitle;
  const favicon = document.querySelector("link[rel=icon]");
  favicon.href = isRed ? favicon.dataset.red : favicon.dataset.calm;
}

reflectAlert();
