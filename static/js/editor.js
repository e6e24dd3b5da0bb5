// The editor of lists: saves as one types, takes blocks pasted from a spreadsheet.
// Without it every button still sends the whole page.
"use strict";

(() => {
  const form = document.querySelector("form[data-editor]");
  if (!form) {
    return;
  }
  form.dataset.scripted = "";
  const status = form.querySelector("[data-saved]");
  const waiting = new Set(); // rows typed in since they were last saved
  const PAUSE = 1200;
  const FEW = 5;
  const REFUSALS = new Set([401, 403, 404, 413]);
  let timer = 0;
  let isSaving = false;
  let isSignedOut = false; // and asked to sign in later: the next press of a button asks again
  let isStopped = false; // somebody else saved meanwhile: only a person decides now

  const isCell = (element) => element.name && element.name.includes(":") && element.closest("[data-row]");
  const rowOf = (element) => element.closest("[data-row]").dataset.row;

  function tell(state, text) {
    status.dataset.state = state;
    status.textContent = text;
  }

  // What the rows say now, as the form would send it.
  function bodyOf(rows) {
    const body = new FormData();
    const all = new FormData(form);
    body.set("csrfmiddlewaretoken", all.get("csrfmiddlewaretoken"));
    body.set("version", form.elements.version.value);
    if (form.elements.page) {
      body.set("page", form.elements.page.value);
    }
    for (const [name, value] of all) {
      if (rows.has(name.split(":")[0])) {
        body.append(name, value);
      }
    }
    return body;
  }

  // The snapshot follows what has been saved, so that a later conflict shows only what is new.
  function remember(body, unsaved) {
    for (const name of new Set(body.keys())) {
      if (unsaved.includes(name.split(":")[0])) {
        body.delete(name);
      }
    }
    const was = JSON.parse(form.elements.was.value);
    for (const [name, value] of body) {
      const [row, field] = name.split(":");
      if (field && was[row]) {
        was[row][field] = value;
      }
    }
    form.elements.was.value = JSON.stringify(was);
    if (window.session) {
      window.session.saved(form, new Map(body));
    }
  }

  function showFindings(rows) {
    for (const [row, fields] of Object.entries(rows)) {
      const seen = new Set();
      for (const input of form.querySelectorAll(`[name^="${row}:"]:not([type="hidden"])`)) {
        const field = input.name.split(":")[1];
        const found = fields[field] || { invalid: false, messages: [] };
        const list = document.getElementById(`${input.id}-loi`);
        if (!list || seen.has(field)) {
          continue;
        }
        seen.add(field);
        input.removeAttribute("aria-invalid");
        if (found.invalid) {
          input.setAttribute("aria-invalid", "true");
        }
        input.closest("td").classList.toggle("has-errors", found.invalid);
        list.replaceChildren(
          ...found.messages.map((message) => {
            const line = document.createElement("p");
            line.className = found.invalid ? "cell-error" : "cell-warning";
            line.textContent = message;
            return line;
          }),
        );
        showOffer(input, found.offer);
      }
    }
  }

  // A day that was understood is shown back in full, unless it is typed in again by now.
  function showDays(days, body) {
    for (const [name, full] of Object.entries(days)) {
      const input = form.querySelector(`[name="${name}"]`);
      if (input && input.value === body.get(name)) {
        input.value = full;
      }
      body.set(name, full);
    }
  }

  // A value that may be taken with one press.
  function showOffer(input, value) {
    const place = input.closest("td").querySelector("[data-offers]");
    if (!place) {
      return;
    }
    place.replaceChildren();
    if (value) {
      const button = document.createElement("button");
      button.className = "btn btn-sm btn-outline-primary";
      button.name = "do";
      button.value = `take:${input.name}`;
      button.dataset.offer = value; // portal.js puts it in place
      button.dataset.offerFor = input.id;
      button.textContent = status.dataset.offer.replace("{value}", value);
      const whose = document.createElement("span");
      whose.className = "visually-hidden";
      whose.textContent = ` ${input.labels[0].textContent}`;
      button.append(whose);
      place.append(button);
    }
  }

  // What is still to be mended in the whole list, and in a word beside each row that is folded.
  function showSummary(answer) {
    const place = form.querySelector("[data-problems]");
    if (place && answer.problems !== undefined) {
      const was = place.querySelector("details");
      const isFolded = was && !was.open;
      place.innerHTML = answer.problems; // the server's own template
      const now = place.querySelector("details");
      if (now && was) {
        now.open = !isFolded;
      }
    }
    for (const [row, [look, words]] of Object.entries(answer.states || {})) {
      const tag = form.querySelector(`[data-row="${row}"] [data-state]`);
      if (tag) {
        tag.className = `tag tag-${look}`;
        tag.textContent = words;
      }
    }
  }

  async function save({ isAgain = false } = {}) {
    clearTimeout(timer);
    if (isSaving || isStopped || isSignedOut || !waiting.size) {
      return;
    }
    isSaving = true;
    const rows = new Set(waiting);
    waiting.clear();
    const body = bodyOf(rows);
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "error",
        keepalive: rows.size <= FEW, // outlives the page; browsers allow 64 kB for it
      });
      if (REFUSALS.has(response.status) && !response.headers.get("Content-Type")?.includes("json")) {
        // Asking again would be refused again; the page that the button leads to says why.
        rows.forEach((row) => waiting.add(row));
        isStopped = true;
        tell("failed", status.dataset.refused);
        return;
      }
      const answer = await response.json();
      if (answer.signed_out || answer.stale) {
        // Who has to sign in first does so over the page; what was typed waits.
        rows.forEach((row) => waiting.add(row));
        tell("failed", status.dataset.signedOut || status.dataset.failed);
        isSignedOut = true;
        isSignedOut = isAgain || !window.session || !(await window.session.alive());
        isSaving = false;
        await save({ isAgain: true });
        return;
      }
      if (answer.conflict) {
        isStopped = true;
        tell("failed", status.dataset.conflict);
        return;
      }
      if (!response.ok) {
        throw new Error(String(response.status));
      }
      form.elements.version.value = answer.version;
      showDays(answer.days || {}, body);
      remember(body, answer.unsaved || []);
      showFindings(answer.rows);
      showSummary(answer);
      tell(waiting.size ? "typing" : "saved", waiting.size ? status.dataset.typing : answer.saved);
    } catch {
      rows.forEach((row) => waiting.add(row));
      tell("failed", status.dataset.failed);
      timer = setTimeout(save, 5 * PAUSE);
    } finally {
      isSaving = false;
      if (waiting.size && status.dataset.state === "typing") {
        timer = setTimeout(save, PAUSE);
      }
    }
  }

  form.addEventListener("input", (event) => {
    if (!isCell(event.target) || isStopped) {
      return;
    }
    waiting.add(rowOf(event.target));
    tell("typing", status.dataset.typing);
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  });

  // Leaving a row, the page or the window saves at once.
  form.addEventListener("focusout", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && !row.contains(event.relatedTarget)) {
      save();
    }
  });
  window.addEventListener("pagehide", () => save());
  document.addEventListener("session:again", () => {
    isSignedOut = false;
    save();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      save();
    }
  });

  // A button that is pressed while a save is under way waits for its version.
  form.addEventListener("submit", (event) => {
    if (!isSaving) {
      clearTimeout(timer);
      waiting.clear();
      return;
    }
    event.preventDefault();
    delete form.dataset.sent;
    const button = event.submitter;
    const wait = setInterval(() => {
      if (!isSaving) {
        clearInterval(wait);
        form.requestSubmit(button);
      }
    }, 50);
  }, true);

  // A block of cells pasted into one cell fills the rows from there on.
  form.addEventListener("paste", (event) => {
    const text = event.clipboardData ? event.clipboardData.getData("text/plain") : "";
    if (!form.elements.pasted || !isCell(event.target) || event.target.tagName === "TEXTAREA" || !/[\t\n]/.test(text.replace(/\r?\n$/, ""))) {
      return;
    }
    event.preventDefault();
    form.elements.pasted.value = text;
    form.elements.paste_at.value = event.target.name;
    form.requestSubmit(form.querySelector('button[name="do"][value="paste"]'));
  });

  // Enter in a cell goes to the cell below, as in a spreadsheet; it never presses a button.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !isCell(event.target) || event.target.tagName !== "INPUT") {
      return;
    }
    event.preventDefault();
    const field = event.target.name.split(":")[1];
    const next = event.target.closest("[data-row]").nextElementSibling;
    open(next);
    const below = next && next.querySelector(`[name="${next.dataset.row}:${field}"]:not([type="hidden"])`);
    (below || event.target).focus();
    save();
  });

  // A row may be folded to one line, on a narrow screen.
  function open(row) {
    const fold = row && row.querySelector("details.row-fold");
    if (fold) {
      fold.open = true;
    }
  }
  form.addEventListener("input", (event) => {
    const name = isCell(event.target) && event.target.closest("[data-row]").querySelector("[data-name]");
    if (name && event.target.name.endsWith(`:${name.dataset.name}`)) {
      name.textContent = event.target.value || "–";
    }
  });

  // A link to a cell, or the address after a button, puts the cursor there.
  function goToCell() {
    const cell = location.hash.startsWith("#o-") && document.getElementById(location.hash.slice(1));
    if (cell) {
      open(cell.closest("[data-row]"));
      cell.focus();
      cell.scrollIntoView({ block: "center", inline: "center" });
    }
  }
  window.addEventListener("hashchange", goToCell);
  if (!document.querySelector("[data-focus]")) {
    goToCell();
  }
})();
