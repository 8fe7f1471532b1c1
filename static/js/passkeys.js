/* <passkey-ceremony> has the browser make or use a passkey, and sends what comes of it with the form
   around it. What to ask for is in #passkey-options, or at data-options. Never stores anything. */
"use strict";

customElements.define("passkey-ceremony", class extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", () => this.perform());
  }

  async perform() {
    const line = this.querySelector("[role=alert]");
    line.textContent = "";
    const form = this.closest("form");
    try {
      const credential =
        this.dataset.act === "create" ? await this.create(form) : await this.use();
      form.elements.credential.value = JSON.stringify(credential);
    } catch {
      line.textContent = this.dataset.failed;
      return;
    }
    form.requestSubmit();
  }

  async create(form) {
    const { creation_options: options } = await this.options();
    const isAlone = form.elements.passwordless.checked;
    const wishes = options.publicKey.authenticatorSelection;
    wishes.residentKey = isAlone ? "required" : "discouraged";
    wishes.requireResidentKey = isAlone;
    if (isAlone) wishes.userVerification = "required";
    return window.webauthnJSON.create(options);
  }

  async use() {
    const { request_options: options } = await this.options();
    return window.webauthnJSON.get(options);
  }

  async options() {
    if (!this.dataset.options) {
      return JSON.parse(document.getElementById("passkey-options").textContent);
    }
    const headers = { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" };
    const answer = await fetch(this.dataset.options, { headers });
    if (!answer.ok) throw new Error(`options: ${answer.status}`);
    return answer.json();
  }
});
